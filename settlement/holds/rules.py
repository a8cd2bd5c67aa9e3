"""What of a count stands, and what of an amount is frozen. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kernel.money import ZERO, Money


@dataclass(frozen=True, slots=True)
class Counted:
    """One receipt that both sides signed, beside what was metered in its month, in charge units."""

    number: str
    metered: int
    agreed: int
    in_dispute: int


@dataclass(frozen=True, slots=True)
class Hold:
    """What moves the units that an order is charged for, and what of its amount is frozen.

    Units are differences to what was metered: ``standing`` leads to what both sides let stand, ``claimed`` to the
    larger of their counts. ``unsigned`` units belong to months that both sides still have to sign.
    """

    standing: int = 0
    claimed: int = 0
    unsigned: int = 0
    frozen: Money = ZERO
    matters: tuple[str, ...] = field(default=())

    def stands(self, billable: int) -> int:
        """Return how many of the charged units are settled."""
        return max(billable + self.standing, 0)

    def claims(self, billable: int) -> int:
        """Return how many charged units there would be if the larger count stood everywhere."""
        return max(billable + self.claimed, 0)

    def settles(self, firm: Money, before: Money) -> Money:
        """Return what is settled since the order began: what stands less what is frozen, never less than before.

        Args:
            firm: the price of the units that stand, since the order began.
            before: what earlier settlements took.
        """
        return max(firm - self.frozen, before)

    def to_dict(self) -> dict[str, Any]:
        """Return it as a line of revenue keeps it."""
        return {
            "standing": self.standing, "claimed": self.claimed, "unsigned": self.unsigned,
            "frozen": self.frozen.text(), "matters": list(self.matters),
        }  # fmt: skip

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Hold:
        """Read what a line of revenue keeps."""
        return cls(
            kept["standing"], kept["claimed"], kept["unsigned"], Money.yuan(kept["frozen"]), tuple(kept["matters"])
        )


NOTHING_HELD = Hold()


def hold_of(counts: Iterable[Counted], *, unsigned: int, frozen: Money, matters: Iterable[str]) -> Hold:
    """Return the hold of one order.

    Args:
        counts: its signed receipts; what is metered outside their months stands as it is.
        unsigned: metered units of months that have to be signed and are not.
        frozen: by disputes that are not about a count, in yuan with tax.
        matters: the numbers of these disputes.

    Source:
        DSP-04: disputed settlement lines are frozen, undisputed lines are paid.
    """
    counted = list(counts)
    return Hold(
        standing=sum(one.agreed - one.metered for one in counted) - unsigned,
        claimed=sum(one.agreed + one.in_dispute - one.metered for one in counted), unsigned=unsigned, frozen=frozen,
        matters=(*matters, *(one.number for one in counted if one.in_dispute)),
    )  # fmt: skip
