"""By which words a credit is recognised as a payout of the provider, and when it is. Pure, nothing guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kernel.errors import Conflict, Invalid
from kernel.money import ZERO, Money, total

PAYOUT = re.compile(r"(?<![0-9A-Za-z_])po_[0-9A-Za-z_]{6,64}")


class DoesNotFit(Invalid):
    """A credit is more than what is left of a payout, or the payout is of another place."""

    code = "payout_arrival.does_not_fit"
    title = "流水与结算款不符"
    title_en = "The credit is not that payout"


class NotBooked(Conflict):
    """The books do not know yet that the provider paid out."""

    code = "payout_arrival.not_booked"
    title = "该笔结算尚未入账"
    title_en = "The payout is not in the books"


def payout_in(remark: str) -> str:
    """Return the provider's name of a payout that the words of a credit carry, or an empty text."""
    found = PAYOUT.search(remark)
    return found[0] if found else ""


def is_arrived(left: Money, credits: Sequence[Money]) -> bool:
    """Say whether credits that name a payout are, to the fen, what is left of it; one or several of them."""
    return left > ZERO and total(credits) == left


def must_fit(reference: str, left: Money, amount: Money) -> None:
    """Refuse a credit that is more than what is left of a payout.

    Raises:
        DoesNotFit: the words name both amounts.
    """
    if amount > left:
        raise DoesNotFit(
            f"结算 {reference} 尚待到账 {left.text()} 元，流水为 {amount.text()} 元；请核对结算单号，或按退回办理",
            detail_en=f"{left.text()} of {reference} is still to arrive, the credit is {amount.text()}",
        )
