"""How old an open balance is: the oldest part is settled first. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from kernel.money import ZERO, Money, total


class Standing(StrEnum):
    """Whether a balance is owed to somebody or claimed from somebody."""

    PAYABLE = "payable"
    RECEIVABLE = "receivable"


PAYABLE = ("liability:payable", "liability:treasury", "liability:held", "liability:in_transit")
RECEIVABLE = ("asset:receivable", "asset:disputed", "asset:clawback", "asset:treasury_claim")
HEADS = {Standing.PAYABLE: PAYABLE, Standing.RECEIVABLE: RECEIVABLE}
HEAD_TITLES = {
    "liability:payable": "应付各方", "liability:treasury": "应缴国库", "liability:held": "暂挂",
    "liability:in_transit": "付款在途", "asset:receivable": "应收月结款", "asset:disputed": "争议占用",
    "asset:clawback": "应收各方退回", "asset:treasury_claim": "应收国库退付",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Aged:
    """The open balance of one account by age, the youngest first; they add up to its balance."""

    account: str
    head: str
    holder: str
    parts: tuple[Money, ...]

    @property
    def balance(self) -> Money:
        """Everything that is open."""
        return total(self.parts)


def aged(risen: Sequence[Money], fallen: Money) -> tuple[Money, ...]:
    """Return what is still open of each age when what fell settled the oldest first.

    Args:
        risen: what came onto the account by age, the youngest first; none negative.
        fallen: what left it, whenever that was.

    Returns:
        As many parts; should more have left than came, the youngest part is negative by the difference.
    """
    left, parts = fallen, []
    for amount in reversed(risen):
        settled = min(amount, left)
        parts.append(amount - settled)
        left -= settled
    parts.reverse()
    if left and parts:
        parts[0] -= left
    return tuple(parts)


def closed(rows: Sequence[Aged], ages: int) -> tuple[Money, ...]:
    """Return the sum of each age over all accounts."""
    return tuple(total(row.parts[age] for row in rows) if rows else ZERO for age in range(ages))
