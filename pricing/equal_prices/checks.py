"""What the auditors look for among prices: different prices for the same, and deviations without a published rule."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy.orm import Session

from kernel.identity import Actor
from pricing.equal_prices.queries import deals
from pricing.equal_prices.rules import Deal, EqualFinding, unequal


def run(
    session: Session, *, on: date, place: str | None = None, sales: Iterable[Deal] = (), reader: Actor | None = None
) -> list[EqualFinding]:
    """Return what deviates on a day.

    Args:
        session: the session to read with.
        on: the day.
        place: one place, or all.
        sales: what buyers were charged that day, from the floor that knows it; each with the rule of its deviation.
        reader: who looks; others' negotiated prices are left out. None is shown everything.
    """
    return unequal([*deals(session, on, place=place, reader=reader), *sales])
