"""Search, ask for a quote, order, sign, and read one record once both have signed and the order is paid.

HUIYI_URL=https://huiyi.example HUIYI_KEY=… python buyer.py 企业信用 913306240000000018
"""

from __future__ import annotations

import os
import sys

from huiyi_client import Huiyi, Refused


def main(words: str, key: str) -> int:
    """Buy what fits best, or use what was bought already."""
    huiyi = Huiyi(os.environ["HUIYI_URL"], os.environ["HUIYI_KEY"])
    found = next(huiyi.search(words), None)
    if found is None:
        print(f"nothing fits {words}")
        return 1
    print(f"{found.code} {found.title}, from {min(one.unit_price_max for one in found.prices)} yuan")
    reference = os.environ.get("HUIYI_REFERENCE", "example-1")
    known = next((one for one in huiyi.orders() if one.client_reference == reference), None)
    if known is None:
        quote = huiyi.quote(found.code, purpose="industry_development", scenario="企业贷款贷前核验", quantity=1000)
        print(f"{quote.number}: {quote.amount} yuan until {quote.valid_until:%Y-%m-%d}")
        known = huiyi.order(quote.number, client_reference=reference)
        contract = huiyi.sign(huiyi.contract_of(known.number))
        print(f"{known.number} is {known.state}; contract {contract.number} is {contract.state}")
    payment = huiyi.payment_of(known)
    if payment is not None:
        print(f"payment {payment.state}: {payment.amount} yuan with reference {payment.reference}")
    if huiyi.get_order(known.number).state != "fulfilled":
        return 0
    answer = huiyi.call(found.code, key, client_reference=f"{reference}-{key}")
    print(f"hit {answer.hit}, left {answer.remaining}: {dict(answer.record or {})}")
    for one in huiyi.usage():
        print(f"{one.entitlement}: {one.used} used, {one.remaining} left")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:3]))
    except Refused as refused:
        sys.exit(f"{refused.code}: {refused.detail}")
