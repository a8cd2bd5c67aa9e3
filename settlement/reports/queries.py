"""Sums over sealed settlements, made by the database: one statement per report, however many lines there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from kernel.calendar import Period
from kernel.identity import Actor, Permission
from kernel.money import ZERO, Money
from kernel.policy import Cited, PolicyBook
from market.orders.model import Order
from pricing.assessments.model import Assessment
from pricing.assessments.queries import latest as latest_assessment
from pricing.assessments.rules import Deviation, deviation, share_text
from pricing.ceilings.queries import latest as latest_ceiling
from pricing.costs.queries import within_reach
from pricing.headroom.model import HeadroomReading
from pricing.headroom.queries import last as last_reading
from pricing.policy import PricingPolicy
from pricing.tariffs.model import Tariff
from pricing.tariffs.rules import SERVICE_FEES
from registry.agreements.model import Agreement
from registry.parties.model import Party, PartyCapacity
from registry.parties.rules import Capacity
from registry.products.model import Product
from settlement.ledger.model import JournalEntry, JournalLine
from settlement.ledger.rules import OF_THE_SALE, Cause
from settlement.reports.rules import OTHERS, Dimension, Grain, Measure, Row, gathered, part_of
from settlement.revenue.model import RevenueLine
from settlement.runs.model import SettlementRun
from settlement.runs.rules import RunState
from settlement.scopes.rules import Scope
from settlement.splits.model import ShareLine, ShareSchedule
from settlement.splits.rules import PayeeKind

SUM, COUNT = sa.func.sum, sa.func.count
operator = aliased(Party)
receiver = aliased(Party)
EMPTY = sa.literal("")
UNEARNED = "liability:unearned"
OF_LINES = (Dimension.PRODUCT, Dimension.OPERATOR, Dimension.DOMAIN)  # told by the line that was divided


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a report is asked for: whose figures, which days, by what, how fine; a place narrows it further."""

    scope: Scope
    period: Period
    dimension: Dimension = Dimension.PRODUCT
    grain: Grain = Grain.MONTH
    measure: Measure = Measure.REVENUE
    place: str = ""


@dataclass(frozen=True, slots=True)
class Poured:
    """What one kind of step gave one party on one kind of account."""

    kind: str
    key: str
    party: str
    name: str
    payee: PayeeKind
    amount: Money


@dataclass(frozen=True, slots=True)
class Waterfall:
    """How the money of a period ran: earned gross, refunds paid, tax, and every share.

    ``returned`` is what of the refunds came out of what had been earned; the rest was not income yet. ``is_own``: only
    the reader's own shares are in it, and ``gross`` is their sum.
    """

    gross: Money
    tax: Money
    refunded: Money
    shares: tuple[Poured, ...]
    returned: Money = ZERO
    is_own: bool = False

    @property
    def kept(self) -> Money:
        """What was earned less what of it went back, tax included."""
        return self.gross - self.returned

    @property
    def net(self) -> Money:
        """What there was to divide."""
        return self.gross - self.tax


def rows(session: Session, wanted: Wanted) -> list[Row]:
    """Return the rows of a report; revenue of departments is what they received of it, the rest stands under no key.

    Source:
        REV-04, REV-06; the amounts are those of the sealed lines, which the ledger booked to the fen.
    """
    by_share = wanted.measure is Measure.SHARE or wanted.dimension is Dimension.DEPARTMENT
    return _by_share(session, wanted) if by_share else _by_revenue(session, wanted)


def _by_revenue(session: Session, wanted: Wanted) -> list[Row]:
    key, title = _named(wanted.dimension)
    amounts = (RevenueLine.gross, RevenueLine.tax, RevenueLine.net, RevenueLine.shadow)
    query = sa.select(
        key, title, SettlementRun.period_start, SettlementRun.period_end, COUNT(), SUM(RevenueLine.quantity),
        SUM(RevenueLine.billable), *(SUM(amount) for amount in amounts),
    )  # fmt: skip
    query = _joined(query.select_from(RevenueLine), wanted).where(_reach_of_sales(wanted.scope))
    query = query.group_by(key, title, SettlementRun.period_start, SettlementRun.period_end)
    return gathered(
        Row(code, name, part_of(Period(start, end), wanted.grain), lines, int(quantity), int(billable), *sums)
        for code, name, start, end, lines, quantity, billable, *sums in session.execute(query)
    )


def _by_share(session: Session, wanted: Wanted) -> list[Row]:
    """Add up by keys first, and look up names for the few sums."""
    of_lines = (RevenueLine.product_id, RevenueLine.agreement_id) if wanted.dimension in OF_LINES else ()
    keys = (ShareLine.run_id, ShareLine.party_id, ShareLine.payee_kind, *of_lines)
    columns: tuple[Any, ...] = (*keys, COUNT().label("lines"), SUM(ShareLine.amount).label("amount"))
    added = sa.select(*columns)
    added = _of_shares(added.select_from(ShareLine), wanted).group_by(*keys)
    if of_lines:
        added = added.join(RevenueLine, RevenueLine.id == ShareLine.revenue_line_id)
    sums = added.subquery("sums").c
    key, title = _named(wanted.dimension)
    query = sa.select(
        key, title, SettlementRun.period_start, SettlementRun.period_end, sums.payee_kind, SUM(sums.lines),
        SUM(sums.amount),
    )  # fmt: skip
    query = query.join(SettlementRun, SettlementRun.id == sums.run_id).join(receiver, receiver.id == sums.party_id)
    if of_lines:
        query = query.join(Product, Product.id == sums.product_id).join(Agreement, Agreement.id == sums.agreement_id)
        query = query.join(operator, operator.id == Agreement.operating_institution_id)
    query = query.group_by(key, title, SettlementRun.period_start, SettlementRun.period_end, sums.payee_kind)
    found = []
    for code, name, start, end, payee, lines, amount in session.execute(query):
        accounts = {"treasury" if payee is PayeeKind.TREASURY_NON_TAX else str(payee): amount}
        part = part_of(Period(start, end), wanted.grain)
        found.append(Row(code, name, part, int(lines), share=amount, **accounts))
    return gathered(found)


def _of_shares(query: sa.Select[Any], wanted: Wanted) -> sa.Select[Any]:
    query = query.join(SettlementRun, SettlementRun.id == ShareLine.run_id)
    query = query.where(*sealed_within(wanted.period), reach_of_shares(wanted.scope))
    return query.where(SettlementRun.place == wanted.place) if wanted.place else query


def _named(dimension: Dimension) -> tuple[Any, Any]:
    """Return the columns by which a dimension names its rows."""
    is_department = sa.exists().where(
        PartyCapacity.party_id == receiver.id, PartyCapacity.capacity == Capacity.SOURCE_DEPARTMENT
    )
    named = {
        Dimension.PRODUCT: (Product.code, Product.title),
        Dimension.OPERATOR: (operator.uscc, operator.name),
        Dimension.PLACE: (SettlementRun.place, EMPTY),
        Dimension.DOMAIN: (Product.domain, EMPTY),
        Dimension.DEPARTMENT: (
            sa.case((is_department, receiver.uscc), else_=OTHERS), sa.case((is_department, receiver.name), else_=OTHERS)
        ),
    }  # fmt: skip
    return named[dimension]


def _joined(query: sa.Select[Any], wanted: Wanted) -> sa.Select[Any]:
    query = (
        query.join(SettlementRun, SettlementRun.id == RevenueLine.run_id)
        .join(Product, Product.id == RevenueLine.product_id)
        .join(Agreement, Agreement.id == RevenueLine.agreement_id)
        .join(operator, operator.id == Agreement.operating_institution_id)
        .join(Order, Order.id == RevenueLine.order_id)
        .where(*sealed_within(wanted.period))
    )
    return query.where(SettlementRun.place == wanted.place) if wanted.place else query


def sealed_within(period: Period) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions by which a settlement is sealed and lies within a period."""
    return (
        SettlementRun.state == RunState.SEALED, SettlementRun.period_start >= period.start,
        SettlementRun.period_end <= period.end,
    )  # fmt: skip


def _at_places(scope: Scope) -> sa.ColumnElement[bool]:
    return sa.true() if scope.places is None else SettlementRun.place.in_(sorted(scope.places))


def _reach_of_sales(scope: Scope) -> sa.ColumnElement[bool]:
    return sa.or_(_at_places(scope), Order.seller_id.in_(sorted(scope.orgs)))


def reach_of_shares(scope: Scope) -> sa.ColumnElement[bool]:
    """Return the condition by which the shares of a scope are read."""
    return sa.or_(_at_places(scope), ShareLine.party_id.in_(sorted(scope.orgs)))


def league(session: Session, wanted: Wanted) -> list[Row]:
    """Return what each source department contributed, by amount; whatever goes to the treasury stays attributed.

    Source:
        REV-04, REV-05 (归属不因上缴国库而改变), REV-08.
    """
    found = _by_share(session, replace(wanted, dimension=Dimension.DEPARTMENT, grain=Grain.WHOLE))
    return sorted((row for row in found if row.key != OTHERS), key=lambda row: (-row.share.fen, row.key))


def waterfall(session: Session, wanted: Wanted) -> Waterfall:
    """Return how the money of a period ran: for watchers the whole of their places, for parties their own shares."""
    if wanted.scope.is_of_parties:
        shares = _poured(session, wanted)
        net = sum((one.amount for one in shares), ZERO)
        return Waterfall(net, ZERO, ZERO, shares, is_own=True)
    wanted = replace(wanted, scope=Scope(wanted.scope.places, frozenset()))
    whole = _by_revenue(session, replace(wanted, dimension=Dimension.PLACE, grain=Grain.WHOLE))
    gross, tax = (sum((getattr(row, name) for row in whole), ZERO) for name in ("gross", "tax"))
    earned = tuple(head for head in OF_THE_SALE if head != UNEARNED)
    refunded, returned = (_refunded(session, wanted, heads) for heads in (OF_THE_SALE, earned))
    return Waterfall(gross, tax, refunded, _poured(session, wanted), returned)


def _poured(session: Session, wanted: Wanted) -> tuple[Poured, ...]:
    """Add up by schedule and step; what a step is, its schedule says, which nobody can change once it is signed."""
    keys = (ShareLine.schedule_id, ShareLine.step, ShareLine.party_id, ShareLine.payee_kind)
    columns: tuple[Any, ...] = (*keys, SUM(ShareLine.amount).label("amount"))
    added = sa.select(*columns).select_from(ShareLine)
    sums = _of_shares(added, wanted).group_by(*keys).subquery("sums").c
    query = sa.select(ShareSchedule.steps, sums.step, receiver.uscc, receiver.name, sums.payee_kind, sums.amount)
    query = query.join(ShareSchedule, ShareSchedule.id == sums.schedule_id)
    query = query.join(receiver, receiver.id == sums.party_id)
    found: dict[tuple[str, str, str, str, PayeeKind], Money] = {}
    for steps, step, uscc, name, payee, amount in session.execute(query):
        words = steps[step - 1]
        key = (str(words["kind"]), str(words.get("key", "")), uscc, name, payee)
        found[key] = found.get(key, ZERO) + amount
    return tuple(
        sorted((Poured(*key, amount) for key, amount in found.items()), key=lambda one: (one.party, one.kind, one.key))
    )


def _refunded(session: Session, wanted: Wanted, heads: Sequence[str]) -> Money:
    """Return what refunds and lost disputes took from those who held something of the sales, by the ledger."""
    of_the_sale = sa.or_(*(JournalLine.account.startswith(head) for head in heads))
    query = (
        sa.select(SUM(JournalLine.amount))
        .join(JournalEntry, JournalEntry.id == JournalLine.entry_id)
        .where(
            JournalEntry.cause.in_((Cause.REFUND_PAID, Cause.DISPUTE_LOST)), of_the_sale,
            JournalEntry.entry_date >= wanted.period.start, JournalEntry.entry_date < wanted.period.end,
        )
    )  # fmt: skip
    places = wanted.scope.places if not wanted.place else frozenset((wanted.place,)) & (
        wanted.scope.places if wanted.scope.places is not None else frozenset((wanted.place,))
    )  # fmt: skip
    if places is not None:
        query = query.where(JournalEntry.place.in_(sorted(places)))
    found: Money | None = session.scalar(query)
    return found or ZERO


@dataclass(frozen=True, slots=True)
class Deviating:
    """Where an operator's revenue of a year stands against what is permitted; without a ceiling there is no share."""

    agreement: Agreement
    operator: str
    permitted: Money | None
    actual: Money
    result: Deviation | None
    threshold: Cited | None
    assessment: Assessment | None
    reading: HeadroomReading | None

    @property
    def share(self) -> str:
        """The deviation as a percentage, or a dash."""
        return share_text(self.permitted, self.actual) if self.permitted else "—"


def deviations(session: Session, actor: Actor, year: int, book: PolicyBook) -> list[Deviating]:
    """Return, for every agreement within reach, what its operator's service fees earned and what is permitted.

    Source:
        PRC-07, PRC-08, REV-06: net of tax, before the operator's own distribution.
    """
    reach = within_reach(actor, Permission.COST_READ, Agreement.place, Agreement.operating_institution_id)
    earned = _service_fees(session, year)
    query = sa.select(Agreement, Party.name).join(Party, Party.id == Agreement.operating_institution_id).where(reach)
    found = []
    for agreement, name in session.execute(query.order_by(Agreement.number)):
        ceiling = latest_ceiling(session, agreement.id, year)
        actual = earned.get(agreement.id, ZERO)
        if ceiling is None and not actual:
            continue
        permitted = ceiling.max_permitted_revenue if ceiling else None
        threshold = PricingPolicy.at(book, agreement.place, Period.year(year).last_day).deviation_threshold
        result = deviation(permitted, actual, threshold.decimal()) if permitted and threshold else None
        found.append(
            Deviating(
                agreement, name, permitted, actual, result, threshold, latest_assessment(session, agreement.id, year),
                last_reading(session, agreement.id, year),
            )
        )  # fmt: skip
    return found


def _service_fees(session: Session, year: int) -> dict[UUID, Money]:
    """Return what the operators' own service fees earned in a year without tax, by agreement."""
    query = (
        sa.select(RevenueLine.agreement_id, SUM(RevenueLine.net))
        .join(SettlementRun, SettlementRun.id == RevenueLine.run_id)
        .join(Agreement, Agreement.id == RevenueLine.agreement_id)
        .join(Order, Order.id == RevenueLine.order_id)
        .join(Tariff, Tariff.id == Order.tariff_id)
        .where(
            *sealed_within(Period.year(year)), Order.seller_id == Agreement.operating_institution_id,
            Tariff.regime.in_(SERVICE_FEES),
        )
        .group_by(RevenueLine.agreement_id)
    )  # fmt: skip
    return dict(session.execute(query).all())


def places_of(session: Session, scope: Scope) -> list[str]:
    """Return the places of which a scope can have figures."""
    query = sa.select(SettlementRun.place).where(SettlementRun.state == RunState.SEALED).distinct()
    found = session.scalars(query.order_by(SettlementRun.place)).all()
    return [one for one in found if scope.places is None or not scope.places or one in scope.places]
