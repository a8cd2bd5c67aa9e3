"""Reading holds: signed receipts against what was metered, and open disputes, for all orders of a place at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import Period
from kernel.money import total
from kernel.policy import Cited, PolicyBook
from market.disputes import queries as disputes
from market.receipts.model import DeliveryReceipt
from market.receipts.queries import SETTLED
from pricing.costs.rules import ChargeUnit
from settlement.holds.rules import NOTHING_HELD, Counted, Hold, hold_of
from settlement.metering.model import UsageEvent
from settlement.metering.queries import is_counted
from settlement.policy import SettlementPolicy
from settlement.revenue.queries import Sale, Used


def needs_receipts(book: PolicyBook, place: str, on: date) -> Cited | None:
    """Return the rule by which only countersigned counts are settled, or None where the provider's count stands."""
    found = SettlementPolicy.at(book, place, on).settlement_receipt_required
    return found if found is not None and found.boolean() else None


def holds(
    session: Session,
    sales: Iterable[Sale],
    used: Mapping[UUID, Mapping[str | None, Used]],
    *,
    place: str,
    period: Period,
    received_until: datetime,
    book: PolicyBook,
) -> dict[UUID, Hold]:
    """Return, by entitlement, what the settlement of a period must leave aside; those without anything are left out.

    Where both sides signed a month their common count takes the place of what was metered; of the other months the
    provider's count stands, unless the place settles countersigned counts only. Charges by time rest on no count.

    Source:
        DSP-04.
    """
    counted = _counted(session, place, period.end, received_until)
    frozen = disputes.frozen_at(session, place)
    is_needed = needs_receipts(book, place, period.last_day) is not None
    found: dict[UUID, Hold] = {}
    for sale in sales:
        key = sale.entitlement.id
        matters = [one for one in frozen.get(sale.order.id, ()) if one.units is None]
        counts, unsigned = counted.get(key, []), 0
        if sale.tariff is None or sale.tariff.charge_unit is ChargeUnit.PER_PERIOD or not sale.order.amount:
            counts = []
        elif is_needed:
            metered = sum(one.quantity for one in used.get(key, {}).values())
            unsigned = max(metered - sum(one.metered for one in counts), 0)
        amount = min(total(one.amount for one in matters), sale.order.amount)
        one = hold_of(counts, unsigned=unsigned, frozen=amount, matters=[held.source for held in matters])
        if one != NOTHING_HELD:
            found[key] = one
    return found


def _counted(session: Session, place: str, before: date, received_until: datetime) -> dict[UUID, list[Counted]]:
    """Return the signed receipts of months that end by a day, each with what was metered in its month."""
    receipt = DeliveryReceipt
    signed = (receipt.place == place, receipt.period_end <= before, receipt.state.in_(SETTLED))
    metered = (
        sa.select(UsageEvent.entitlement_id, UsageEvent.day_number, sa.func.sum(UsageEvent.quantity))
        .where(
            UsageEvent.entitlement_id.in_(sa.select(receipt.entitlement_id).where(*signed)),
            UsageEvent.day_number < before.toordinal(), UsageEvent.stored_at <= received_until,
            is_counted(UsageEvent),
        )
        .group_by(UsageEvent.entitlement_id, UsageEvent.day_number)
    )  # fmt: skip
    by_day: dict[UUID, list[tuple[int, int]]] = {}
    for entitlement_id, day, units in session.execute(metered):
        by_day.setdefault(entitlement_id, []).append((day, int(units)))
    found: dict[UUID, list[Counted]] = {}
    for one in session.scalars(sa.select(receipt).where(*signed).order_by(receipt.number)):
        standing, days = one.standing, by_day.get(one.entitlement_id, [])
        assert standing is not None, "both have counted"
        first, end = one.period_start.toordinal(), one.period_end.toordinal()
        units = sum(units for day, units in days if first <= day < end)
        found.setdefault(one.entitlement_id, []).append(
            Counted(one.number, units, standing.agreed, standing.in_dispute)
        )
    return found
