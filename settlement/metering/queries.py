"""Reads of use: which entitlement answers a call, and what is used up."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from kernel.calendar import Period
from market.entitlements.model import Entitlement
from market.orders.model import Order
from pricing.tariffs.model import Tariff
from settlement.metering.model import UsageEvent, UsageTotal

REFERENCES_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Day:
    """The use of one day: how many calls, how many of them found something, how many units they counted."""

    calls: int
    hits: int
    units: int


def is_counted(event: type[UsageEvent]) -> sa.ColumnElement[bool]:
    """Return the condition that a use counts: it found something, or the order's tariff charges every query.

    Args:
        event: the table of uses, or an alias of it that the statement reads.
    """
    held, order, tariff = aliased(Entitlement), aliased(Order), aliased(Tariff)
    charges_misses = sa.exists().where(
        held.id == event.entitlement_id, order.id == held.order_id, tariff.id == order.tariff_id, tariff.charges_misses
    )
    return sa.or_(event.hit, charges_misses)


def charging_misses(session: Session, numbers: Iterable[str]) -> set[str]:
    """Return those of the entitlements whose order's tariff charges what finds nothing too."""
    wanted, found = sorted(set(numbers)), set[str]()
    for start in range(0, len(wanted), REFERENCES_AT_ONCE):
        query = (
            sa.select(Entitlement.number)
            .join(Order, Order.id == Entitlement.order_id)
            .join(Tariff, Tariff.id == Order.tariff_id)
            .where(Tariff.charges_misses, Entitlement.number.in_(wanted[start : start + REFERENCES_AT_ONCE]))
        )
        found.update(session.scalars(query))
    return found


def inserting(session: Session, table: type[UsageEvent] | type[UsageTotal]) -> Any:
    """Return an INSERT into a table of use that can be told what to do about rows that are there already."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(table)


def using_up(entitlement_id: UUID, units: int) -> Any:
    """Return the UPDATE that adds to what is used and returns it: its condition keeps the quota, whoever else adds."""
    return (
        sa.update(UsageTotal)
        .where(
            UsageTotal.entitlement_id == entitlement_id,
            sa.or_(UsageTotal.quota.is_(None), UsageTotal.used + UsageTotal.reserved + units <= UsageTotal.quota),
        )
        .values(used=UsageTotal.used + units)
        .returning(UsageTotal.used)
        .execution_options(synchronize_session=False)
    )


def used_of(session: Session, entitlement_id: UUID) -> int:
    """Return the units used up of an entitlement."""
    found = session.scalar(sa.select(UsageTotal.used).where(UsageTotal.entitlement_id == entitlement_id))
    return found or 0


def by_day(session: Session, entitlement_id: UUID, period: Period) -> dict[date, Day]:
    """Return calls, what they found and what they counted of each day of a period on which there was any use."""
    units = sa.case((is_counted(UsageEvent), UsageEvent.quantity), else_=0)
    query = (
        sa.select(
            UsageEvent.day_number, sa.func.count(), sa.func.sum(sa.case((UsageEvent.hit, 1), else_=0)),
            sa.func.sum(units),
        )
        .where(
            UsageEvent.entitlement_id == entitlement_id, UsageEvent.day_number >= period.start.toordinal(),
            UsageEvent.day_number < period.end.toordinal(),
        )
        .group_by(UsageEvent.day_number)
        .order_by(UsageEvent.day_number)
    )  # fmt: skip
    return {
        date.fromordinal(number): Day(int(calls), int(hits), int(counted))
        for number, calls, hits, counted in session.execute(query)
    }


def by_numbers(session: Session, place: str, numbers: Iterable[str]) -> dict[str, Entitlement]:
    """Return the entitlements of a place with these numbers."""
    wanted = sorted(set(numbers))
    found: dict[str, Entitlement] = {}
    for start in range(0, len(wanted), REFERENCES_AT_ONCE):
        part = wanted[start : start + REFERENCES_AT_ONCE]
        query = sa.select(Entitlement).where(Entitlement.place == place, Entitlement.number.in_(part))
        found |= {entitlement.number: entitlement for entitlement in session.scalars(query)}
    return found


def references_known(session: Session, entitlement_id: UUID, references: Sequence[str]) -> set[str]:
    """Return those of the references under which a use of the entitlement is recorded already."""
    found: set[str] = set()
    for start in range(0, len(references), REFERENCES_AT_ONCE):
        part = references[start : start + REFERENCES_AT_ONCE]
        query = sa.select(UsageEvent.client_reference).where(
            UsageEvent.entitlement_id == entitlement_id, _is_one_of(session, part)
        )
        found.update(session.scalars(query))
    return found


def _is_one_of(session: Session, references: Sequence[str]) -> sa.ColumnElement[bool]:
    """Compare with a whole list in one parameter: a parameter for each costs more than the look-up itself."""
    if session.get_bind().dialect.name == "postgresql":
        asked = sa.literal(list(references), postgresql.ARRAY(sa.Text))
        return UsageEvent.client_reference == sa.any_(asked)
    listed = sa.func.json_each(json.dumps(list(references))).table_valued("value")
    return UsageEvent.client_reference.in_(sa.select(listed.c.value))
