"""Reads of revenue: what was sold, what was used of it, and what earlier settlements took."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from kernel.calendar import Period
from kernel.db import Entity, MomentType
from kernel.identity import FINANCE, SELLERS, WATCHERS, Actor
from kernel.money import ZERO, Money, total
from market.entitlements.model import Entitlement
from market.orders.model import Order, Quote
from market.payments.model import Payment
from pricing.exemptions.rules import Purpose
from pricing.tariffs.model import Tariff
from pricing.tariffs.rules import PriceReason, TariffModel
from registry.agreements.model import Agreement
from registry.parties.model import Party
from registry.products.model import Product
from settlement.ledger import queries as ledger
from settlement.ledger.rules import unearned
from settlement.metering.model import UsageEvent
from settlement.metering.queries import is_counted
from settlement.revenue.model import RevenueLine
from settlement.usage import queries as usage

SUM = sa.func.sum
BATCH = 2_000
Row = TypeVar("Row", bound=Entity)
# settlements are a floor above revenue, which knows of them only which periods were worked out until when
RUN = sa.table(
    "settlement_run",
    sa.column("id", sa.Uuid),
    sa.column("place", sa.Text),
    sa.column("number", sa.Text),
    sa.column("state", sa.Text),
    sa.column("period_start", sa.Date),
    sa.column("period_end", sa.Date),
    sa.column("received_until", MomentType),
)


@dataclass(frozen=True, slots=True)
class Used:
    """What was used of an entitlement since it began, by kind of subject: units, and those that are charged."""

    quantity: int
    billable: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What earlier settlements took of an entitlement."""

    quantity: int = 0
    billable: int = 0
    gross: Money = ZERO
    shadow: Money = ZERO
    lines: int = 0  # how often something was taken
    last: UUID | None = None  # the newest line
    run: str = ""  # number of the settlement of the newest line


@dataclass(frozen=True, slots=True)
class Moved:
    """What an order would have cost under other terms; a what-if hands it in, the books hold none."""

    amount: Money
    shadow: Money
    bought: int
    model: TariffModel


class Right(NamedTuple):
    """What a settlement needs of an entitlement; a month has a hundred thousand of them."""

    id: UUID
    number: str
    valid_from: date
    valid_until: date


class Bought(NamedTuple):
    """What a settlement needs of an order."""

    id: UUID
    number: str
    amount: Money
    shadow_amount: Money
    quantity: int
    purpose: Purpose
    reason: PriceReason
    product_id: UUID
    version_id: UUID
    agreement_id: UUID
    placed_at: datetime
    buyer_id: UUID
    subject_kind: str | None


@dataclass(frozen=True, slots=True)
class Sale:
    """One entitlement with everything that its settlement needs."""

    entitlement: Right
    order: Bought
    product: Product
    agreement_number: str
    tariff: Tariff | None
    buyer: str
    seller: Party
    is_paid: bool
    grounds: dict[str, Any] | None = None  # what the quote of a negotiated order rests on; None of any other
    graded: str | None = None  # contribution grade of the buyer on the day of the quote
    moved: Moved | None = None
    returns: tuple[tuple[date, datetime, Money], ...] = ()  # given back unearned: for which day, when booked, how much

    def limit(self, end: date, sealed_at: datetime | None) -> Money:
        """Return the most that can be earned before a day: the amount, less what was given back unearned.

        What went back after the period, but before it was settled, is gone all the same; of a settlement that was
        sealed, only what had gone back by then counts.
        """
        gone = (amount for day, at, amount in self.returns if sealed_at is None or day < end or at <= sealed_at)
        return self.amount - total(gone)

    @property
    def amount(self) -> Money:
        """What the order costs."""
        return self.moved.amount if self.moved else self.order.amount

    @property
    def shadow(self) -> Money:
        """What the tariff would have asked of a free order."""
        return self.moved.shadow if self.moved else self.order.shadow_amount

    @property
    def bought(self) -> int:
        """Units of the order."""
        return self.moved.bought if self.moved else self.order.quantity

    @property
    def model(self) -> TariffModel:
        """The way of charging: what both sides agreed on, else the tariff; only of a sale with a tariff."""
        if self.moved:
            return self.moved.model
        if self.agreed is not None:
            return TariffModel.from_dict(self.agreed["model"])
        assert self.tariff is not None
        return self.tariff.tariff_model()

    @property
    def grade(self) -> str | None:
        """The contribution grade of the buyer, where the way of charging has a coefficient for it."""
        return self.graded if self.graded and self.graded in dict(self.model.contribution) else None

    @property
    def agreed(self) -> dict[str, Any] | None:
        """The negotiated price of the order as its quote keeps it: number, model and rule (SEP-03)."""
        return self.grounds["agreed"] if self.grounds else None


def sales(session: Session, *, place: str, before: date) -> list[Sale]:
    """Return the entitlements of a place that began before a day, by number.

    One query reads columns; products, tariffs, agreements and organisations, which are few, are read once each.
    """
    paid = sa.exists().where(Payment.order_id == Order.id, Payment.captured_at.is_not(None))
    grounds = sa.case((Order.reason == PriceReason.NEGOTIATED, Quote.inputs))
    right = [getattr(Entitlement, name) for name in Right._fields]
    bought = [getattr(Order, name) for name in Bought._fields]
    query = (
        sa.select(*right, *bought, Order.tariff_id, Order.seller_id, paid, grounds, Quote.inputs["grade"].as_string())
        .join(Order, Order.id == Entitlement.order_id)
        .join(Quote, Quote.id == Order.quote_id)
        .where(Entitlement.place == place, Entitlement.valid_from < before)
        .order_by(Entitlement.number)
    )
    returned = ledger.returned_unearned(session, place=place)
    products, tariffs, parties = _Once(session, Product), _Once(session, Tariff), _Once(session, Party)
    agreements, found = _Once(session, Agreement), []
    session.flush()
    for row in session.connection().execute(query.execution_options(yield_per=BATCH)):
        order = Bought(*row[len(right) : len(right) + len(bought)])
        tariff_id, seller_id, is_paid, rests_on, graded = row[len(right) + len(bought) :]
        found.append(
            Sale(
                Right(*row[: len(right)]), order, products[order.product_id], agreements[order.agreement_id].number,
                tariffs[tariff_id] if tariff_id is not None else None, parties[order.buyer_id].name,
                parties[seller_id], is_paid, rests_on, graded,
                returns=tuple(returned.get(unearned(order.number), ())),
            )
        )  # fmt: skip
    return found


class _Once(dict[UUID, Row]):
    """Rows of one table by id, each read when it is asked for first."""

    def __init__(self, session: Session, table: type[Row]) -> None:
        super().__init__()
        self._session, self._table = session, table

    def __missing__(self, key: UUID) -> Row:
        self[key] = self._session.get_one(self._table, key)
        return self[key]


def usage_totals(
    session: Session, *, place: str, before: date, received_until: datetime
) -> dict[UUID, dict[str | None, Used]]:
    """Return what was used of each entitlement of a place before a day, by kind of subject.

    Charged are the calls that found something (查得计费), or every call where the tariff says so (查询即计); whatever
    engine adds up the use is asked for them (:func:`settlement.usage.queries.totals`). Where the tariff has a window
    (``dedup_days``), of the calls about one subject only the one that opens a window is, and the database is asked: the
    recursion goes from one opening to the next, so it needs as many steps as a subject has windows, not events.

    Args:
        session: the session to read with.
        place: whose entitlements.
        before: first Beijing date that does not count any more.
        received_until: events that came in later belong to the next settlement.

    Source:
        发改价格〔2025〕668号: 同一用户同一对象在期限内重复查询按一次计费.
    """
    charging = _with_tariff(session, place, Tariff.charges_misses)
    windowed = _with_tariff(session, place, Tariff.dedup_days.is_not(None))
    totals = usage.totals(session, place=place, period=Period(date.min, before), stored_until=received_until)
    found: dict[UUID, dict[str | None, Used]] = {}
    for key, kinds in totals.items():
        if key not in windowed:
            units = {kind: one.counted(charges_misses=key in charging) for kind, one in kinds.items()}
            found[key] = {kind: Used(count, count) for kind, count in units.items()}
    if not windowed:
        return found
    for entitlement_id, kind, quantity, billable in session.execute(
        _charged_units(place, before.toordinal(), received_until)
    ):
        found.setdefault(entitlement_id, {})[kind] = Used(int(quantity), int(billable))
    return found


def _with_tariff(session: Session, place: str, condition: sa.ColumnExpressionArgument[bool]) -> set[UUID]:
    """Return the entitlements of a place whose order has such a tariff."""
    query = sa.select(Entitlement.id).join(Order, Order.id == Entitlement.order_id)
    query = query.join(Tariff, Tariff.id == Order.tariff_id).where(Entitlement.place == place, condition)
    return set(session.scalars(query))


def _charged_units(place: str, before: int, received_until: datetime) -> sa.Select[Any]:
    event, later = aliased(UsageEvent), aliased(UsageEvent)
    windows = (
        sa.select(Entitlement.id.label("entitlement_id"), Tariff.dedup_days.label("days"))
        .join(Order, Order.id == Entitlement.order_id)
        .join(Tariff, Tariff.id == Order.tariff_id)
        .where(Entitlement.place == place, Tariff.dedup_days.is_not(None))
        .cte("windows")
    )
    units = (
        sa.select(
            event.entitlement_id.label("entitlement_id"), event.subject_kind.label("kind"),
            SUM(sa.case((is_counted(event), event.quantity), else_=0)).label("quantity"),
            SUM(sa.case((is_counted(event) & event.subject.is_(None), event.quantity), else_=0)).label("billable"),
        )
        .join(windows, windows.c.entitlement_id == event.entitlement_id)
        .where(event.place == place, event.day_number < before, event.stored_at <= received_until)
        .group_by(event.entitlement_id, event.subject_kind)
    )  # fmt: skip
    opening = (
        sa.select(
            event.entitlement_id.label("entitlement_id"), event.subject_kind.label("kind"),
            event.subject.label("subject"), windows.c.days.label("days"), sa.func.min(event.day_number).label("day"),
        )
        .join(windows, windows.c.entitlement_id == event.entitlement_id)
        .where(
            is_counted(event), event.subject.is_not(None), event.day_number < before,
            event.stored_at <= received_until,
        )
        .group_by(event.entitlement_id, event.subject_kind, event.subject, windows.c.days)
        .cte("opening", recursive=True)
    )  # fmt: skip
    following = (
        sa.select(sa.func.min(later.day_number))
        .where(
            later.entitlement_id == opening.c.entitlement_id, later.subject == opening.c.subject,
            later.day_number >= opening.c.day + opening.c.days, later.day_number < before, is_counted(later),
            later.stored_at <= received_until,
        )
        .correlate(opening)
        .scalar_subquery()
    )  # fmt: skip
    step = sa.select(opening.c.entitlement_id, opening.c.kind, opening.c.subject, opening.c.days, following).where(
        opening.c.day.is_not(None)
    )
    openings = opening.union_all(step)
    opened = (
        sa.select(openings.c.entitlement_id, openings.c.kind, sa.literal(0).label("quantity"),
                  sa.func.count().label("billable"))
        .where(openings.c.day.is_not(None))
        .group_by(openings.c.entitlement_id, openings.c.kind)
    )  # fmt: skip
    both = sa.union_all(units, opened).subquery("counted")
    return (
        sa.select(both.c.entitlement_id, both.c.kind, SUM(both.c.quantity), SUM(both.c.billable))
        .group_by(both.c.entitlement_id, both.c.kind)
        .order_by(both.c.entitlement_id, both.c.kind)
    )


def taken_before(session: Session, place: str) -> dict[UUID, Taken]:
    """Return what sealed settlements of a place took of each entitlement, and the newest line of each."""
    line = RevenueLine
    query = (
        sa.select(line.entitlement_id, SUM(line.quantity), SUM(line.billable), SUM(line.gross), SUM(line.shadow),
                  sa.func.count())
        .where(line.place == place)
        .group_by(line.entitlement_id)
    )  # fmt: skip
    sums = session.execute(query).all()
    ranked = (
        sa.select(line.entitlement_id, line.id, RUN.c.number,
                  sa.func.row_number().over(partition_by=line.entitlement_id, order_by=RUN.c.period_start.desc())
                  .label("rank"))
        .join(RUN, RUN.c.id == line.run_id)
        .where(line.place == place)
        .subquery()
    )  # fmt: skip
    newest = {row.entitlement_id: row for row in session.execute(sa.select(ranked).where(ranked.c.rank == 1))}
    return {
        key: Taken(int(quantity), int(billable), gross, shadow, lines, newest[key].id, newest[key].number)
        for key, quantity, billable, gross, shadow, lines in sums
    }


def late_units(session: Session, *, place: str, period: Period, received_until: datetime) -> dict[UUID, int]:
    """Return, by entitlement, the units used before a period that came in after that earlier period was worked out.

    They are the deltas of sealed periods: their settlement stays as it is, and this one takes them (H4).
    """
    sealed_until = session.scalar(
        sa.select(sa.func.max(RUN.c.received_until)).where(
            RUN.c.place == place, RUN.c.state == "sealed", RUN.c.period_end <= period.start
        )
    )
    if sealed_until is None:
        return {}
    query = (
        sa.select(UsageEvent.entitlement_id, SUM(UsageEvent.quantity))
        .where(
            UsageEvent.place == place, UsageEvent.day_number < period.start.toordinal(), is_counted(UsageEvent),
            UsageEvent.stored_at > sealed_until, UsageEvent.stored_at <= received_until,
        )
        .group_by(UsageEvent.entitlement_id)
    )  # fmt: skip
    return {entitlement_id: int(units) for entitlement_id, units in session.execute(query)}


def listed(actor: Actor) -> sa.Select[RevenueLine]:
    """Return the query of the lines of revenue that the actor may read: a seller's own, finance those of its places."""
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role in WATCHERS or grant.role in FINANCE:
            reached.append(sa.true() if grant.place is None else RevenueLine.place == grant.place)
        elif grant.role in SELLERS and grant.org_id is not None:
            reached.append(Order.seller_id == grant.org_id)
    query = sa.select(RevenueLine).join(Order, Order.id == RevenueLine.order_id)
    return query.where(sa.or_(sa.false(), *reached))
