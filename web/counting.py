"""What the market counts in public: products, registrations, agreements, orders and use; nothing that tells one trade.

How often something was used is said of a part only when enough buyers stand behind it; where parts are left out, so
many others are left out with them that no difference within a table tells what fewer buyers used.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import Period, add_months, business_date, start_of_day
from kernel.money import ZERO
from kernel.policy import PolicyBook
from market.entitlements.model import Entitlement
from market.listings.model import Listing
from market.listings.queries import open_condition
from market.orders.model import Order
from registry.agreements.model import Agreement
from registry.agreements.queries import in_force_clause
from registry.products.model import Product
from registry.registrations.model import Registration
from registry.registrations.queries import effective_clause
from settlement.metering.model import UsageTotal
from settlement.revenue.model import RevenueLine
from settlement.runs.model import SettlementRun
from settlement.runs.rules import RunState

BUYERS_MIN = 3  # so many buyers must stand behind a figure of use that is said of a part
MONTHS_SHOWN = 12
PartName = Literal["place", "domain", "month"]
Use = Mapping[str, Mapping[UUID, int]]  # part → buyer → uses


@dataclass(frozen=True, slots=True)
class Counted:
    """The counts of one part; ``None`` where nothing is counted by such parts, or where too few buyers used it."""

    key: str
    orders: int = 0
    free_orders: int = 0
    calls: int | None = 0
    listed: int | None = None
    registrations: int | None = None
    agreements: int | None = None


@dataclass(frozen=True, slots=True)
class Statistics:
    """All parts of one kind with their sum."""

    rows: tuple[Counted, ...]
    total: Counted


def told(use: Use, least: int = BUYERS_MIN) -> tuple[dict[str, int | None], int | None]:
    """Return the use of each part, or ``None``, and the sum of all parts, or ``None``.

    A part behind which fewer than ``least`` buyers stand is left out. Together with those left out, the smallest
    others are, until ``least`` buyers stand behind all of them: else the sum less the rest would tell.
    """
    used = {key: {buyer: times for buyer, times in buyers.items() if times} for key, buyers in use.items()}
    hidden = {key for key, buyers in used.items() if 0 < len(buyers) < least}
    behind = {buyer for key in hidden for buyer in used[key]}
    rest = sorted((sum(buyers.values()), key) for key, buyers in used.items() if buyers and key not in hidden)
    for _times, key in rest:
        if not hidden or len(behind) >= least:
            break
        hidden.add(key)
        behind |= set(used[key])
    total = sum(sum(buyers.values()) for buyers in used.values())
    is_telling = bool(hidden) and len(behind) < least
    return {key: None if key in hidden else sum(used[key].values()) for key in used}, None if is_telling else total


def by_place(session: Session, *, now: datetime, book: PolicyBook) -> Statistics:
    """Return the counts of every place that the law of this site knows."""
    found = _offered(session, Listing.place, Registration.place, now=now, book=book)
    in_force = sa.select(Agreement.place, sa.func.count()).where(in_force_clause(business_date(now)))
    found["agreements"] = _counts(session, in_force.group_by(Agreement.place))
    return _gathered(book.places(), _ordered(session, Order.place), _used(session, Entitlement.place), found)


def by_domain(session: Session, *, now: datetime, book: PolicyBook) -> Statistics:
    """Return the counts of every domain of which something is registered, offered or sold, the largest first."""
    found = _offered(session, Product.domain, Product.domain, now=now, book=book)
    ordered, used = _ordered(session, Product.domain), _used(session, Product.domain)
    keys = {*ordered, *used, *found["listed"], *found["registrations"]}
    largest = sorted(keys, key=lambda key: (-found["listed"].get(key, 0), -ordered.get(key, (0, 0))[0], key))
    return _gathered(largest, ordered, used, found)


def by_month(session: Session, *, now: datetime) -> Statistics:
    """Return the orders of the last twelve months, and what of them was used in those that are settled."""
    months = last_months(business_date(now))
    month = sa.case(
        *((Order.placed_at >= start_of_day(one.start), one.text()) for one in reversed(months)), else_=""
    )  # fmt: skip
    ordered = _ordered(session, month, Order.placed_at >= start_of_day(months[0].start))
    query = (
        sa.select(SettlementRun.period_start, Order.buyer_id, sa.func.sum(RevenueLine.quantity))
        .join(RevenueLine, RevenueLine.run_id == SettlementRun.id)
        .join(Order, Order.id == RevenueLine.order_id)
        .where(SettlementRun.state == RunState.SEALED, SettlementRun.period_start >= months[0].start)
        .group_by(SettlementRun.period_start, Order.buyer_id)
    )
    used: defaultdict[str, defaultdict[UUID, int]] = defaultdict(lambda: defaultdict(int))
    for start, buyer, times in session.execute(query):
        used[Period.month_of(start).text()][buyer] += int(times)
    return _gathered([one.text() for one in months], ordered, used, {})


def last_months(today: date) -> list[Period]:
    """Return the last twelve months with the running one, the earliest first."""
    first = today.replace(day=1)
    return [Period.month_of(add_months(first, -back)) for back in reversed(range(MONTHS_SHOWN))]


def _offered(
    session: Session, listed: Any, registered: Any, *, now: datetime, book: PolicyBook
) -> dict[str, dict[str, int]]:
    """Return what may be bought now and what is registered, by a column of each."""
    offered = sa.select(listed, sa.func.count()).select_from(Listing).join(Product, Product.id == Listing.product_id)
    effective = sa.select(registered, sa.func.count()).select_from(Registration)
    effective = effective.join(Product, Product.id == Registration.product_id)
    return {
        "listed": _counts(session, offered.where(open_condition(now, book)).group_by(listed)),
        "registrations": _counts(
            session, effective.where(effective_clause(business_date(now))).group_by(registered)
        ),
    }  # fmt: skip


def _counts(session: Session, query: Any) -> dict[str, int]:
    return {str(key): int(count) for key, count in session.execute(query)}


def _ordered(session: Session, by: Any, *conditions: sa.ColumnElement[bool]) -> dict[str, tuple[int, int]]:
    """Return how many orders there are by part, and how many of them are free."""
    free = sa.func.sum(sa.case((Order.amount == ZERO, 1), else_=0))
    part = by.label("part")
    query = sa.select(part, sa.func.count(), free).select_from(Order).join(Product, Product.id == Order.product_id)
    found = session.execute(query.where(*conditions).group_by(part))
    return {str(key): (int(count), int(times)) for key, count, times in found}


def _used(session: Session, by: Any) -> dict[str, dict[UUID, int]]:
    """Return how much each buyer used, by part."""
    query = (
        sa.select(by, Entitlement.buyer_id, sa.func.sum(UsageTotal.used))
        .join(Entitlement, Entitlement.id == UsageTotal.entitlement_id)
        .join(Product, Product.id == Entitlement.product_id)
        .group_by(by, Entitlement.buyer_id)
    )
    found: defaultdict[str, dict[UUID, int]] = defaultdict(dict)
    for key, buyer, times in session.execute(query):
        found[str(key)][buyer] = int(times)
    return found


def _gathered(
    keys: Any, ordered: Mapping[str, tuple[int, int]], used: Use, counted: Mapping[str, Mapping[str, int]]
) -> Statistics:
    calls, all_calls = told(used)
    rows = [
        Counted(key, *ordered.get(key, (0, 0)), calls.get(key, 0),
                **{name: counts.get(key, 0) for name, counts in counted.items()})
        for key in keys
    ]  # fmt: skip
    sums = {name: sum(counts.values()) for name, counts in counted.items()}
    orders = (sum(one.orders for one in rows), sum(one.free_orders for one in rows))
    return Statistics(tuple(rows), Counted("", *orders, all_calls, **sums))
