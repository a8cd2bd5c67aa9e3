"""Reading what a seller took in: orders, money that came and went, disputes, sealed settlements, and those to come."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from kernel.calendar import DAY, Period, business_date, start_of_day
from kernel.errors import NotAllowed
from kernel.identity import SELLERS, Actor
from kernel.money import ZERO, Money
from kernel.policy import PolicyBook
from market.disputes.model import Dispute
from market.disputes.rules import OPEN
from market.orders.model import Order
from market.payments.model import Payment
from market.refunds.model import ProviderDispute, Refund
from market.refunds.rules import DisputeStage, RefundState
from registry.products.model import Product
from settlement.earnings.rules import PARK_TITLES
from settlement.ledger.model import JournalLine
from settlement.ledger.rules import unearned
from settlement.replays.queries import ahead
from settlement.revenue.model import RevenueLine
from settlement.runs.model import SettlementRun
from settlement.runs.rules import RunState
from settlement.splits.model import ShareLine
from settlement.takings.rules import Expected, Taking, Waiting, gathered
from settlement.workings.queries import Worked

Orgs = Collection[UUID]


class NotASeller(NotAllowed):
    """Only sellers have takings, and each sees its own."""

    code = "takings.not_a_seller"
    title = "只有供方可以查看自己的收入"
    title_en = "Only sellers see takings, each its own"


def own(actor: Actor) -> list[UUID]:
    """Return the organisations for which the actor sells; a seller's role without an organisation has sold nothing.

    Raises:
        NotASeller: the actor holds no seller's role.
    """
    found = [grant.org_id for grant in actor.grants if grant.role in SELLERS]
    if not found:
        raise NotASeller(
            "本页只供数据商、运营机构查看本单位的收入；请以供方单位的账号登录",
            detail_en="Sign in for an organisation that sells",
        )
    return sorted({org_id for org_id in found if org_id is not None})


def takings(session: Session, orgs: Orgs, year: Period) -> tuple[Taking, ...]:
    """Return what these sellers sold, took in, gave back and earned in a year, by product and month."""
    return gathered(
        fact
        for read in (_ordered, _paid, _refunded, _charged_back, _held, _earned)
        for fact in read(session, orgs, year)
    )


def unearned_of(session: Session, orgs: Orgs) -> dict[str, Money]:
    """Return, by code of the product, what the ledger holds of the sellers' orders that is paid and not yet earned."""
    query = (
        sa.select(Product.code, sa.func.sum(JournalLine.amount))
        .join(Order, Order.product_id == Product.id)
        .join(JournalLine, JournalLine.account == sa.literal(unearned("")) + Order.number)
        .where(Order.seller_id.in_(orgs))
        .group_by(Product.code)
        .order_by(Product.code)
    )
    return {code: -amount for code, amount in session.execute(query) if amount}


def expected(session: Session, orgs: Orgs, *, now: datetime, book: PolicyBook) -> Expected:
    """Return what the settlements still to come would give these sellers if they were made now, by their own schedules.

    Source:
        REV-01 – REV-03; the very reading of the facts that a settlement's dry run makes.
    """
    until = business_date(now) + DAY
    places = sa.select(Order.place).where(Order.seller_id.in_(orgs)).distinct().order_by(Order.place)
    facts: list[Taking] = []
    waiting: list[Waiting] = []
    for place in session.scalars(places).all():
        last: Worked | None = None
        for worked in ahead(session, place=place, until=until, received_until=now, book=book):
            facts += _of(worked, orgs)
            last = worked
        for parked in last.parked if last else ():
            sale = parked.sale
            if sale.seller.id in orgs:
                waiting.append(
                    Waiting(sale.order.number, sale.product.code, PARK_TITLES[parked.reason], parked.detail,
                            parked.amount)
                )  # fmt: skip
    return Expected(gathered(facts), tuple(waiting))


def _of(worked: Worked, orgs: Orgs) -> Iterator[Taking]:
    month = _month(worked.period.start)
    for line in worked.lines:
        if line.sale.seller.id in orgs:
            product = line.sale.product
            yield Taking(product.code, product.title, month, gross=line.gross, tax=line.tax, net=line.net)
    for share in worked.shares:
        if share.party.id in orgs and share.line.sale.seller.id in orgs:
            product = share.line.sale.product
            yield Taking(product.code, product.title, month, share=share.amount)


def _month(day: date) -> str:
    return Period.month_of(day).text()


def _within(moment: Any, year: Period) -> sa.ColumnElement[bool]:
    return sa.and_(moment >= start_of_day(year.start), moment < start_of_day(year.end))


def _sold(orgs: Orgs, *columns: Any) -> sa.Select[Any]:
    """Return the query of orders of these sellers with code and title of the product first."""
    query = sa.select(Product.code, Product.title, *columns).select_from(Order)
    return query.join(Product, Product.id == Order.product_id).where(Order.seller_id.in_(orgs))


def _ordered(session: Session, orgs: Orgs, year: Period) -> Iterator[Taking]:
    query = _sold(orgs, Order.placed_at, Order.amount).where(_within(Order.placed_at, year))
    for code, title, at, amount in session.execute(query):
        yield Taking(code, title, _month(business_date(at)), orders=1, ordered=amount)


def _paid(session: Session, orgs: Orgs, year: Period) -> Iterator[Taking]:
    query = _sold(orgs, Payment.captured_at, Payment.amount).join(Payment, Payment.order_id == Order.id)
    for code, title, at, amount in session.execute(query.where(_within(Payment.captured_at, year))):
        yield Taking(code, title, _month(business_date(at)), paid=amount)


def _refunded(session: Session, orgs: Orgs, year: Period) -> Iterator[Taking]:
    """Yield what went back of what an order cost; a surplus that went back was never taken in."""
    query = (
        _sold(orgs, Refund.done_at, Refund.amount)
        .join(Payment, Payment.order_id == Order.id)
        .join(Refund, Refund.payment_id == Payment.id)
        .where(Refund.state == RefundState.DONE, Refund.attempt_id.is_(None), _within(Refund.done_at, year))
    )
    for code, title, at, amount in session.execute(query):
        yield Taking(code, title, _month(business_date(at)), refunded=amount)


def _charged_back(session: Session, orgs: Orgs, year: Period) -> Iterator[Taking]:
    """Yield what the payer's bank took back: held while the dispute runs, gone once it is lost."""
    ended = aliased(ProviderDispute)
    over = sa.exists().where(ended.provider_id == ProviderDispute.provider_id, ended.stage != DisputeStage.OPENED)
    query = (
        _sold(orgs, ProviderDispute.stage, ProviderDispute.at, ProviderDispute.amount)
        .join(Payment, Payment.order_id == Order.id)
        .join(ProviderDispute, ProviderDispute.payment_id == Payment.id)
        .where(_within(ProviderDispute.at, year))
        .where(sa.or_(ProviderDispute.stage == DisputeStage.LOST,
                      sa.and_(ProviderDispute.stage == DisputeStage.OPENED, ~over)))
    )  # fmt: skip
    for code, title, stage, at, amount in session.execute(query):
        is_lost = stage is DisputeStage.LOST
        yield Taking(code, title, _month(business_date(at)), refunded=amount if is_lost else ZERO,
                     held=ZERO if is_lost else amount)  # fmt: skip


def _held(session: Session, orgs: Orgs, year: Period) -> Iterator[Taking]:
    query = (
        _sold(orgs, Dispute.filed_at, Dispute.amount)
        .join(Dispute, Dispute.order_id == Order.id)
        .where(Dispute.state.in_(OPEN), _within(Dispute.filed_at, year))
    )
    for code, title, at, amount in session.execute(query):
        yield Taking(code, title, _month(business_date(at)), held=amount)


def _earned(session: Session, orgs: Orgs, year: Period) -> Iterator[Taking]:
    """Yield what sealed settlements say: revenue of the sellers' orders, and the sellers' shares of it."""
    sealed = (
        SettlementRun.state == RunState.SEALED, SettlementRun.period_start >= year.start,
        SettlementRun.period_start < year.end,
    )  # fmt: skip
    amounts = (RevenueLine.gross, RevenueLine.tax, RevenueLine.net)
    lines = (
        _sold(orgs, SettlementRun.period_start, *(sa.func.sum(amount) for amount in amounts))
        .join(RevenueLine, RevenueLine.order_id == Order.id)
        .join(SettlementRun, SettlementRun.id == RevenueLine.run_id)
        .where(*sealed)
        .group_by(Product.code, Product.title, SettlementRun.period_start)
    )
    for code, title, start, gross, tax, net in session.execute(lines):
        yield Taking(code, title, _month(start), gross=gross, tax=tax, net=net)
    shares = (
        _sold(orgs, SettlementRun.period_start, sa.func.sum(ShareLine.amount))
        .join(RevenueLine, RevenueLine.order_id == Order.id)
        .join(ShareLine, ShareLine.revenue_line_id == RevenueLine.id)
        .join(SettlementRun, SettlementRun.id == RevenueLine.run_id)
        .where(*sealed, ShareLine.party_id.in_(orgs))
        .group_by(Product.code, Product.title, SettlementRun.period_start)
    )
    for code, title, start, amount in session.execute(shares):
        yield Taking(code, title, _month(start), share=amount)
