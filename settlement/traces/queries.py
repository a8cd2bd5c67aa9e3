"""Reads behind an explanation: one line of a statement down to the events, by indexes only; nothing is written."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from kernel.errors import NotFound
from kernel.identity import Actor
from kernel.money import Money
from market.entitlements.model import Entitlement
from market.orders.model import Order
from pricing.ceilings.model import Ceiling, FeeCap
from pricing.tariffs.model import Tariff
from registry.agreements.model import Agreement
from registry.parties.model import Party
from registry.products.model import Product
from settlement.ledger.model import JournalEntry, JournalLine
from settlement.metering.model import UsageEvent
from settlement.metering.queries import Day, is_counted
from settlement.revenue.model import RevenueLine
from settlement.runs.model import SettlementRun
from settlement.runs.rules import RunState
from settlement.splits.model import ScheduleSignature, ShareLine, ShareSchedule
from settlement.statements import queries as statements
from settlement.statements.model import Statement
from settlement.statements.queries import Issued, NoSuchStatement
from settlement.steps.rules import Over, StepKind
from settlement.traces.model import UsageDay
from settlement.traces.rules import Held, Taken, flow

WORKING = {
    "postgresql": "SELECT convert_to(CAST(report AS text), 'UTF8') FROM settlement_run WHERE id = %s",
    "sqlite": "SELECT CAST(report AS BLOB) FROM settlement_run WHERE id = ?",
}
LINE = {
    "postgresql": "SELECT lines->CAST(:at AS integer) FROM settlement_statement WHERE id = :run",
    "sqlite": "SELECT json_extract(lines, '$[' || :at || ']') FROM settlement_statement WHERE id = :run",
}
CARRYING = (StepKind.FIXED, StepKind.RECOVER)  # they take less when they took something before


class NoSuchLine(NotFound):
    """The statement has no such line."""

    code = "settlement.statement_line_not_found"


@dataclass(frozen=True, slots=True)
class Traced:
    """One line of a statement with the rows it came from."""

    issued: Issued
    number: int
    line: dict[str, Any]
    run: SettlementRun
    revenue: RevenueLine
    order: Order
    entitlement: Entitlement
    product: Product
    agreement: Agreement
    tariff: Tariff | None
    cap: FeeCap | None
    ceiling: Ceiling | None
    share: ShareLine | None
    schedule: ShareSchedule | None


class KeptGroup(msgspec.Struct):
    """What a settlement kept of the lines that one schedule divided together."""

    product: str
    schedule: str | None
    weights: dict[str, dict[str, str]]
    steps: list[dict[str, Any]]


class Kept(msgspec.Struct):
    """What an explanation needs of the working of a settlement."""

    groups: list[KeptGroup]
    vat: dict[str, Any] | None = None  # the rate as it was cited then


@dataclass(frozen=True, slots=True)
class Group:
    """What a schedule divided together: sums, what the step found of each line, and what it gave the party."""

    gross: Money
    tax: Money
    held: tuple[Held, ...]
    given: Money  # to this party by this step, of all lines
    out: dict[int, dict[str, Money]]  # by step and party, as booked
    earlier: Taken  # in earlier settlements
    now: Taken  # of products that came first in this one
    weights: dict[str, dict[str, str]]
    steps: list[dict[str, Any]]  # as the settlement kept them: inflow, out, left


def traced(session: Session, actor: Actor, number: str, line: int) -> Traced:
    """Return one line of a statement, counted from 1, with everything it rests on.

    Raises:
        NoSuchStatement: there is none that the actor may know of.
        NoSuchLine: it has fewer lines.
    """
    issued = _issued(session, actor, number)
    found = issued.statement
    said = _json(session, LINE, {"run": found.id, "at": line - 1}) if line > 0 else None
    if said is None:
        raise NoSuchLine(f"结算单 {number} 没有第 {line} 行", detail_en=f"{number} has no line {line}")
    query = (
        sa.select(RevenueLine, Order, Entitlement, Product, Agreement, Tariff, FeeCap, Ceiling)
        .join(Entitlement, Entitlement.id == RevenueLine.entitlement_id)
        .join(Order, Order.id == RevenueLine.order_id)
        .join(Product, Product.id == RevenueLine.product_id)
        .join(Agreement, Agreement.id == RevenueLine.agreement_id)
        .outerjoin(Tariff, Tariff.id == Order.tariff_id)
        .outerjoin(FeeCap, FeeCap.id == Tariff.cap_id)
        .outerjoin(Ceiling, Ceiling.id == FeeCap.ceiling_id)
        .where(Entitlement.number == said["entitlement"], RevenueLine.run_id == found.run_id)
    )
    rows = session.execute(query).one()
    run = session.scalars(
        sa.select(SettlementRun).options(sa.orm.defer(SettlementRun.report)).where(SettlementRun.id == found.run_id)
    ).one()
    share, schedule = _share(session, rows[0].id, found.party_id, said["step"])
    return Traced(issued, line, said, run, *rows, share, schedule)


def _issued(session: Session, actor: Actor, number: str) -> Issued:
    """Return a statement without its lines, of which there may be ten thousand.

    Raises:
        NoSuchStatement: there is none that the actor may know of.
    """
    query = statements.listed(actor).where(Statement.number == number).options(sa.orm.defer(Statement.lines))
    found = session.scalar(query)
    if found is None:
        raise NoSuchStatement(f"没有结算单 {number}，或不属于本单位", detail_en=f"No statement {number}")
    return Issued(found, session.get_one(Party, found.party_id))


def _share(
    session: Session, revenue_line_id: UUID, party_id: UUID, step: int | None
) -> tuple[ShareLine | None, ShareSchedule | None]:
    if step is None:
        return None, None
    query = (
        sa.select(ShareLine, ShareSchedule)
        .join(ShareSchedule, ShareSchedule.id == ShareLine.schedule_id)
        .where(ShareLine.revenue_line_id == revenue_line_id, ShareLine.step == step, ShareLine.party_id == party_id)
    )
    share, schedule = session.execute(query).one()
    return share, schedule


def kept_of(session: Session, run_id: UUID) -> Kept:
    """Return what a settlement kept for explanations: its rate of VAT, and how each group was divided.

    Nearly all of a working is lines, of which there may be ten thousand: passing over them in its bytes takes a quarter
    of the time that the database takes to find the two parts, each by itself.
    """
    connection = session.connection()
    driver: Any = connection.connection.driver_connection
    name = connection.dialect.name
    if name == "postgresql":
        with driver.cursor(binary=True) as cursor:  # as text, bytes come as twice as many hexadecimal digits
            (text,) = cursor.execute(WORKING[name], (run_id,)).fetchone()
    else:
        (text,) = driver.execute(WORKING[name], (run_id.hex,)).fetchone()
    return msgspec.json.decode(text, type=Kept)


def group_of(session: Session, one: Traced, kept: Kept) -> Group:
    """Return what the line's schedule divided together with it, from the rows that were booked."""
    assert one.share is not None
    assert one.schedule is not None
    uscc, own_step = one.issued.uscc, one.share.step
    out: dict[int, dict[str, Money]] = {}
    first = list[UUID]()  # whom the same step served before
    for step, party_id, party, amount in _given(session, one):
        out.setdefault(step, {})[party] = amount
        if step == own_step and party < uscc:
            first.append(party_id)
    rows = _left_of_lines(session, one, first)
    gross, tax = Money(sum(row[2] for row in rows)), Money(sum(row[3] for row in rows))
    steps = one.schedule.steps
    weights: dict[str, dict[str, str]] = {}
    flows = flow(gross - tax, out, len(steps))
    if any("contributors" in step for step in steps):
        key = (one.product.code, one.schedule.number)
        found = next((group for group in kept.groups if (group.product, group.schedule) == key), None)
        weights, flows = (found.weights, found.steps) if found is not None else ({}, [])
    carries = any(step["kind"] in CARRYING or step.get("over") == Over.TERM for step in steps)
    earlier_on, now = _taken_before(session, one) if carries else (Taken(), Taken())
    held = tuple(Held(number, net - taken) for number, net, _, _, taken in rows)
    return Group(gross, tax, held, out[own_step][uscc], out, earlier_on, now, weights, flows)


def _given(session: Session, one: Traced) -> Sequence[Any]:
    """Return what each step gave each party of the lines that were divided together: added up before names are read."""
    given = (
        sa.select(ShareLine.step, ShareLine.party_id, sa.func.sum(ShareLine.amount).label("amount"))
        .join(RevenueLine, RevenueLine.id == ShareLine.revenue_line_id)
        .where(*_is_divided_with(one), RevenueLine.run_id == one.run.id, RevenueLine.product_id == one.product.id)
        .group_by(ShareLine.step, ShareLine.party_id)
        .subquery()
    )
    query = sa.select(given.c.step, Party.id, Party.uscc, given.c.amount).join(Party, Party.id == given.c.party_id)
    return session.execute(query.order_by(given.c.step, Party.uscc)).all()


def _left_of_lines(session: Session, one: Traced, first: Sequence[UUID]) -> Sequence[Any]:
    """Return number, net, gross and tax of each line in fen, and what came before the share in the order of division.

    Args:
        session: the session to read with.
        one: the line that is explained.
        first: the parties whom its step served before this one.
    """
    assert one.share is not None
    step = one.share.step
    is_earlier = sa.or_(ShareLine.step < step, sa.and_(ShareLine.step == step, ShareLine.party_id.in_(first)))
    before = sa.func.sum(sa.case((is_earlier, sa.type_coerce(ShareLine.amount, sa.BigInteger)), else_=0))
    taken = (
        sa.select(ShareLine.revenue_line_id, sa.cast(before, sa.BigInteger).label("fen"))
        .where(*_is_divided_with(one))
        .group_by(ShareLine.revenue_line_id)
        .subquery()
    )
    fen = [sa.type_coerce(column, sa.BigInteger) for column in (RevenueLine.net, RevenueLine.gross, RevenueLine.tax)]
    query = (
        sa.select(Entitlement.number, *fen, taken.c.fen)
        .join(RevenueLine, RevenueLine.entitlement_id == Entitlement.id)
        .join(taken, taken.c.revenue_line_id == RevenueLine.id)
        .where(RevenueLine.run_id == one.run.id, RevenueLine.product_id == one.product.id)
    )
    return session.execute(query).all()


def _is_divided_with(one: Traced) -> tuple[sa.ColumnElement[bool], ...]:
    assert one.share is not None
    return ShareLine.run_id == one.run.id, ShareLine.schedule_id == one.share.schedule_id


def _json(session: Session, texts: dict[str, str], values: dict[str, Any]) -> Any:
    query = sa.text(texts[session.get_bind().dialect.name]).bindparams(sa.bindparam("run", type_=sa.Uuid()))
    found = session.execute(query, values).scalar_one_or_none()
    return json.loads(found) if isinstance(found, str) else found


def rate_of_tax(one: Traced, vat: dict[str, Any] | None) -> Decimal | None:
    """Return the rate of tax in the price: the seller's own where it has one, else the settlement's."""
    own = one.revenue.rating.get("levy_rate")
    text = own or (vat["value"] if vat else None)
    return None if text is None else Decimal(str(text))


def _taken_before(session: Session, one: Traced) -> tuple[Taken, Taken]:
    """Return what the steps had taken before: in earlier settlements, and of products that came first in this one."""
    assert one.schedule is not None
    run, product = aliased(SettlementRun), aliased(Product)
    is_now = run.id == one.run.id
    joined = (
        sa.select(ShareLine)
        .join(RevenueLine, RevenueLine.id == ShareLine.revenue_line_id)
        .join(run, run.id == ShareLine.run_id)
        .join(product, product.id == RevenueLine.product_id)
        .where(
            ShareLine.schedule_id == one.schedule.id,
            sa.or_(run.period_start < one.run.period_start, sa.and_(is_now, product.code < one.product.code)),
        )
    )
    amounts = (
        joined.join(Party, Party.id == ShareLine.party_id)
        .with_only_columns(is_now, ShareLine.step, Party.uscc, sa.func.sum(ShareLine.amount))
        .group_by(is_now, ShareLine.step, Party.uscc)
    )
    lines = joined.with_only_columns(is_now.label("is_now"), RevenueLine.id, RevenueLine.gross, RevenueLine.net)
    divided = lines.distinct().subquery()
    sums = sa.select(divided.c.is_now, sa.func.sum(divided.c.gross), sa.func.sum(divided.c.net))
    found: dict[bool, Taken] = {False: Taken(), True: Taken()}
    for now, gross, net in session.execute(sums.group_by(divided.c.is_now)):
        found[bool(now)].gross, found[bool(now)].net = gross, net
    for now, step, uscc, amount in session.execute(amounts):
        found[bool(now)].by_step.setdefault(step, {})[uscc] = amount
    return found[False], found[True]


def signatures(session: Session, schedule_id: UUID) -> Sequence[Any]:
    """Return who signed a schedule and when: organisations, no persons."""
    query = (
        sa.select(Party.name, ScheduleSignature.signed_at)
        .join(Party, Party.id == ScheduleSignature.party_id)
        .where(ScheduleSignature.schedule_id == schedule_id)
        .order_by(ScheduleSignature.signed_at, Party.uscc)
    )
    return session.execute(query).all()


def entry_of(session: Session, one: Traced) -> tuple[JournalEntry, list[JournalLine]] | None:
    """Return the voucher under which the revenue was booked, with its legs."""
    cause_id = f"{one.run.place}/{one.run.period_start}/{one.entitlement.number}"
    query = sa.select(JournalEntry).where(JournalEntry.cause == "revenue_earned", JournalEntry.cause_id == cause_id)
    header = session.scalar(query)
    if header is None:
        return None
    legs = sa.select(JournalLine).where(JournalLine.entry_id == header.id).order_by(JournalLine.position)
    return header, list(session.scalars(legs))


def days_of(session: Session, one: Traced) -> dict[date, Day]:
    """Return the use that a settlement took of an entitlement, by day: from the sums, or before they exist by index."""
    kept = sa.select(UsageDay).where(UsageDay.run_id == one.run.id, UsageDay.entitlement_id == one.entitlement.id)
    rows = session.scalars(kept.order_by(UsageDay.day_number)).all()
    if rows:
        return {date.fromordinal(row.day_number): Day(row.calls, row.hits, row.units) for row in rows}
    charges_misses = one.tariff is not None and one.tariff.charges_misses
    query = summing(session, one.run, sa.true() if charges_misses else UsageEvent.hit)
    query = query.where(UsageEvent.entitlement_id == one.entitlement.id)
    return {
        date.fromordinal(day): Day(int(calls), int(hits), int(units))
        for _, day, calls, hits, units in session.execute(query.order_by(UsageEvent.day_number))
    }


def summing(
    session: Session, run: SettlementRun, counts: sa.ColumnElement[bool] | InstrumentedAttribute[bool] | None = None
) -> sa.Select[UUID, int, int, Any, Any]:
    """Return the query of the use that a settlement took, by entitlement and day.

    Args:
        session: the session to read with.
        run: the settlement.
        counts: when a use counts, where that is known; else each event's tariff is asked.
    """
    units = sa.case((is_counted(UsageEvent) if counts is None else counts, UsageEvent.quantity), else_=0)
    return (
        sa.select(
            UsageEvent.entitlement_id, UsageEvent.day_number, sa.func.count(),
            sa.func.sum(sa.case((UsageEvent.hit, 1), else_=0)), sa.func.sum(units),
        )
        .where(UsageEvent.place == run.place, _belongs(session, run))
        .group_by(UsageEvent.entitlement_id, UsageEvent.day_number)
    )  # fmt: skip


def _belongs(session: Session, run: SettlementRun) -> sa.ColumnElement[bool]:
    """Return the condition that a settlement took an event: within its cut, and not within that of the one before."""
    within = (UsageEvent.day_number < run.period_end.toordinal()) & (UsageEvent.stored_at <= run.received_until)
    query = (
        sa.select(SettlementRun.period_end, SettlementRun.received_until)
        .where(
            SettlementRun.place == run.place, SettlementRun.state == RunState.SEALED,
            SettlementRun.period_start < run.period_start,
        )
        .order_by(SettlementRun.period_start.desc())
        .limit(1)
    )  # fmt: skip
    before = session.execute(query).first()
    if before is None:
        return within
    end, until = before
    return within & ((UsageEvent.day_number >= end.toordinal()) | (UsageEvent.stored_at > until))


def events_of(
    session: Session, one: Traced, day: date | None, *, after: UUID | None, limit: int
) -> Sequence[UsageEvent]:  # fmt: skip
    """Return the events that the settlement took, of one day or of all, by day and id, ``limit`` after a given one."""
    on = UsageEvent.day_number
    query = sa.select(UsageEvent).where(UsageEvent.entitlement_id == one.entitlement.id, _belongs(session, one.run))
    query = query if day is None else query.where(on == day.toordinal())
    if after is not None:
        last = sa.select(on).where(UsageEvent.id == after).scalar_subquery()
        query = query.where((on > last) | ((on == last) & (UsageEvent.id > after)))
    return session.scalars(query.order_by(on, UsageEvent.id).limit(limit)).all()


def without_sums(session: Session) -> Sequence[SettlementRun]:
    """Return sealed settlements that took something and whose use by day is not summed up yet."""
    took = sa.exists().where(RevenueLine.run_id == SettlementRun.id, RevenueLine.quantity > 0)
    query = (
        sa.select(SettlementRun)
        .options(sa.orm.defer(SettlementRun.report))
        .where(SettlementRun.state == RunState.SEALED, took, ~sa.exists().where(UsageDay.run_id == SettlementRun.id))
        .order_by(SettlementRun.period_start, SettlementRun.place)
    )
    return session.scalars(query).all()
