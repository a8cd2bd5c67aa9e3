"""Sign what waits for the seller's signature, and list offers and orders.

HUIYI_URL=https://huiyi.example HUIYI_KEY=… python seller.py
"""

from __future__ import annotations

import os
import sys

from huiyi_client import Huiyi, Refused


def main() -> int:
    """Sign every order that is placed."""
    huiyi = Huiyi(os.environ["HUIYI_URL"], os.environ["HUIYI_KEY"])
    for listing in huiyi.listings():
        print(f"{listing.number} {listing.title}")
    for order in huiyi.orders(state="placed"):
        contract = huiyi.sign(huiyi.contract_of(order.number))
        print(f"{order.number} {order.amount} yuan: contract {contract.number} is {contract.state}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Refused as refused:
        sys.exit(f"{refused.code}: {refused.detail}")
