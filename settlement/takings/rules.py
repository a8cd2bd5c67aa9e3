"""What was sold, paid, given back, held and earned of one product in one month, and how it adds up. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from kernel.money import ZERO, Money


@dataclass(frozen=True, slots=True)
class Taking:
    """One product in one month; every amount in yuan with tax, ``net`` and ``share`` without.

    ``orders`` and ``ordered`` count by the day of the order, ``paid`` by the day on which the money came, ``refunded``
    by the day on which it left, ``held`` by the day of the dispute that still holds it, the others by the settlement.
    """

    product: str
    title: str
    month: str
    orders: int = 0
    ordered: Money = ZERO
    paid: Money = ZERO
    refunded: Money = ZERO
    held: Money = ZERO
    gross: Money = ZERO
    tax: Money = ZERO
    net: Money = ZERO
    share: Money = ZERO

    @property
    def kept(self) -> Money:
        """What came less what went back; below zero where more left in a month than came."""
        return self.paid - self.refunded


@dataclass(frozen=True, slots=True)
class Waiting:
    """An order that the next settlements leave out, as a whole or with an amount, until somebody acts."""

    order: str
    product: str
    reason: str
    detail: str
    amount: Money | None


@dataclass(frozen=True, slots=True)
class Expected:
    """What settlements that are still to come would give if they were made now."""

    rows: tuple[Taking, ...]
    waiting: tuple[Waiting, ...]


NAMES = ("product", "title", "month")
SUMMED = tuple(one.name for one in fields(Taking) if one.name not in NAMES)


def gathered(facts: Iterable[Taking]) -> tuple[Taking, ...]:
    """Return one row for each product and month, in the order of months and then of products."""
    found: dict[tuple[str, str], Taking] = {}
    for fact in facts:
        key = (fact.month, fact.product)
        found[key] = _added(found[key], fact) if key in found else fact
    return tuple(found[key] for key in sorted(found))


def by_month(rows: Iterable[Taking]) -> tuple[Taking, ...]:
    """Return the sums of all products, month by month."""
    return gathered(_renamed(row, "", "", row.month) for row in rows)


def by_product(rows: Iterable[Taking]) -> tuple[Taking, ...]:
    """Return the sums of all months, product by product."""
    return gathered(_renamed(row, row.product, row.title, "") for row in rows)


def summed(rows: Iterable[Taking]) -> Taking:
    """Return the sum of everything."""
    found = gathered(_renamed(row, "", "", "") for row in rows)
    return found[0] if found else Taking("", "", "")


def _added(one: Taking, other: Taking) -> Taking:
    return Taking(
        one.product, one.title, one.month, **{name: getattr(one, name) + getattr(other, name) for name in SUMMED}
    )


def _renamed(one: Taking, product: str, title: str, month: str) -> Taking:
    return Taking(product, title, month, **{name: getattr(one, name) for name in SUMMED})
