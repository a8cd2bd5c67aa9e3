"""Rows of the extracts in the order of their columns, streamed; a party reads its own, watchers their places."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from kernel.calendar import Period
from kernel.identity import Actor, Permission
from kernel.money import Money
from market.entitlements.model import Entitlement
from market.orders.model import Order
from registry.agreements.model import Agreement
from registry.parties.model import Party
from registry.products.model import Product
from settlement.extracts.rules import DataSet
from settlement.ledger.model import JournalEntry, JournalLine
from settlement.reports.queries import reach_of_shares, sealed_within
from settlement.revenue.model import RevenueLine
from settlement.runs.model import SettlementRun
from settlement.scopes.queries import scope_of
from settlement.scopes.rules import Scope
from settlement.splits.model import ShareLine, ShareSchedule
from settlement.statements.model import Statement

AT_ONCE = 20_000
seller, operator, receiver = aliased(Party), aliased(Party), aliased(Party)
PERIOD: tuple[Any, ...] = (
    SettlementRun.number,
    SettlementRun.place,
    SettlementRun.period_start,
    SettlementRun.period_end,
)
SOLD: tuple[Any, ...] = (
    Order.number, Entitlement.number, Product.code, Product.domain, Agreement.number, seller.uscc, operator.uscc,
    RevenueLine.use_class,
)  # fmt: skip


def batches(
    session: Session, actor: Actor, data_set: DataSet, period: Period, *, place: str = ""
) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows of an extract, at most ``AT_ONCE`` together; money as whole fen.

    Raises:
        NothingToReport: the actor neither takes part in settlements nor watches over them.
        NotAllowed: the journal is asked for by somebody who may not read the ledger.
    """
    if data_set is DataSet.JOURNAL:
        actor.must(Permission.LEDGER_READ, place=place or None)
    scope = scope_of(actor)
    query = {
        DataSet.REVENUE: _revenue, DataSet.SHARES: _shares, DataSet.STATEMENTS: _statements,
        DataSet.JOURNAL: _journal,
    }[data_set](scope, period, place)  # fmt: skip
    found = session.execute(query.execution_options(yield_per=AT_ONCE))
    for rows in found.partitions(AT_ONCE):
        yield [tuple(_plain(value) for value in row) for row in rows]


def _plain(value: Any) -> Any:
    return value.fen if isinstance(value, Money) else value


def _of_lines(query: sa.Select[Any], period: Period, place: str) -> sa.Select[Any]:
    query = (
        query.join(SettlementRun, SettlementRun.id == RevenueLine.run_id)
        .join(Order, Order.id == RevenueLine.order_id)
        .join(Entitlement, Entitlement.id == RevenueLine.entitlement_id)
        .join(Product, Product.id == RevenueLine.product_id)
        .join(Agreement, Agreement.id == RevenueLine.agreement_id)
        .join(seller, seller.id == Order.seller_id)
        .join(operator, operator.id == Agreement.operating_institution_id)
        .where(*sealed_within(period))
    )
    return query.where(RevenueLine.place == place) if place else query


def _revenue(scope: Scope, period: Period, place: str) -> sa.Select[Any]:
    columns = (RevenueLine.quantity, RevenueLine.billable, RevenueLine.gross, RevenueLine.tax, RevenueLine.net,
               RevenueLine.shadow)  # fmt: skip
    query = _of_lines(sa.select(*PERIOD, *SOLD, *columns).select_from(RevenueLine), period, place)
    at_places = sa.true() if scope.places is None else RevenueLine.place.in_(sorted(scope.places))
    own = Order.seller_id.in_(sorted(scope.orgs))
    return query.where(sa.or_(at_places, own)).order_by(SettlementRun.number, Entitlement.number)


def _shares(scope: Scope, period: Period, place: str) -> sa.Select[Any]:
    columns = (receiver.uscc, ShareSchedule.number, ShareLine.step, ShareLine.payee_kind, ShareLine.reason_code,
               ShareLine.amount)  # fmt: skip
    query: sa.Select[Any] = sa.select(*PERIOD, *SOLD, *columns).select_from(ShareLine)
    query = query.join(RevenueLine, RevenueLine.id == ShareLine.revenue_line_id)
    query = query.join(receiver, receiver.id == ShareLine.party_id)
    query = _of_lines(query.join(ShareSchedule, ShareSchedule.id == ShareLine.schedule_id), period, place)
    order = (SettlementRun.number, Entitlement.number, ShareLine.step, receiver.uscc)
    return query.where(reach_of_shares(scope)).order_by(*order)


def _statements(scope: Scope, period: Period, place: str) -> sa.Select[Any]:
    columns: tuple[Any, ...] = (*PERIOD, Statement.number, receiver.uscc, Statement.total, Statement.sha256)
    query = sa.select(*columns)
    query = query.select_from(Statement).join(SettlementRun, SettlementRun.id == Statement.run_id)
    query = query.join(receiver, receiver.id == Statement.party_id).where(*sealed_within(period))
    at_places = sa.true() if scope.places is None else Statement.place.in_(sorted(scope.places))
    query = query.where(sa.or_(at_places, Statement.party_id.in_(sorted(scope.orgs))))
    return (query.where(Statement.place == place) if place else query).order_by(Statement.number)


def _journal(scope: Scope, period: Period, place: str) -> sa.Select[Any]:
    entry, line = JournalEntry, JournalLine
    columns: tuple[Any, ...] = (
        entry.place, entry.year, entry.number, entry.entry_date, entry.cause, entry.cause_id, line.position,
        line.account, line.amount,
    )  # fmt: skip
    query = sa.select(*columns).join(line, line.entry_id == entry.id)
    query = query.where(entry.entry_date >= period.start, entry.entry_date < period.end)
    if scope.places is not None:
        query = query.where(entry.place.in_(sorted(scope.places)))
    query = query.where(entry.place == place) if place else query
    return query.order_by(entry.place, entry.year, entry.number, line.position)
