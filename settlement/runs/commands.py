"""Preparing, checking and sealing a settlement; each is one transaction, and each may be repeated after a crash."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import audit, bulk, numbering, progress
from kernel.calendar import Period, business_date
from kernel.canonical import Digested
from kernel.db import new_id
from kernel.identity import Actor, Permission
from kernel.money import Money
from kernel.policy import PolicyBook
from registry.accounts.queries import accounts_behind
from settlement.bookings.commands import book_revenue
from settlement.earnings.queries import NOTHING_TAKEN
from settlement.intake.commands import take_in_payments
from settlement.ledger.queries import lock_books
from settlement.revenue.model import RevenueLine
from settlement.roots.commands import bind
from settlement.runs import queries
from settlement.runs.model import SettlementRun
from settlement.runs.rules import (
    InputsChanged,
    PeriodOverlaps,
    RunEvent,
    RunState,
    after,
    must_be_in_order,
    must_be_over,
    must_be_two_people,
    must_tie,
)
from settlement.splits.commands import freeze_terms
from settlement.splits.model import ShareLine
from settlement.statements.commands import issue
from settlement.usage.queries import grace_hours
from settlement.usage.rules import cut
from settlement.workings.queries import Worked, digest, digest_of, work_out

SEALING = ("试算", "记账", "出单", "核对")  # what comes next, for who looks on


def prepare(
    session: Session, actor: Actor, *, place: str, period: Period, now: datetime, book: PolicyBook
) -> SettlementRun:
    """Work out the settlement of a place for a period and store it for checking; again, while it is not sealed.

    Raises:
        NotAllowed: the actor prepares no settlements of this place.
        PeriodNotOver: the period has not ended.
        PeriodOverlaps: another settlement of the place covers part of the period.
        WrongState: the settlement of this period is sealed.
        OutOfOrder: a later period is sealed.
        GraceRunning: use of the period may still come in, by what the place agreed on.
    """
    actor.must(Permission.SETTLEMENT_PREPARE, place=place)
    book.place(place)
    must_be_over(period, business_date(now))
    until = cut(period, grace_hours(book, place, period.last_day), now)
    run = queries.of_period(session, place, period)
    if run is not None and run.period_end != period.end:
        raise _overlapping(place, period)
    if run is not None:
        after(run.state, RunEvent.PREPARE)
    must_be_in_order(period, unsealed_before=None, sealed_after=queries.neighbours(session, place, period)[1])
    with progress.track("settlement.prepare", 2, about=f"{place} {period.text()}") as told:
        while freeze_terms(session, actor, place=place, now=now):
            pass
        told.step()
        worked = work_out(session, place=place, period=period, received_until=until, book=book)
        told.step()
    assert actor.id is not None
    written = Digested(worked.written())
    report, totals = bulk.long_json(session, written), worked.totals()
    facts: dict[str, Any] = {
        "state": RunState.PREPARED, "received_until": until, "prepared_by": actor.id, "prepared_by_name": actor.name,
        "prepared_at": now, "checked_by": None, "checked_by_name": None, "checked_at": None,
        "inputs_sha256": digest(worked.inputs()), "report_sha256": written.hex(), "totals": totals,
        "parked": [one.to_dict() for one in worked.parked], "report": report,
    }  # fmt: skip
    if run is None:
        run = _insert_run(session, place, period, facts, now)
    else:
        for name, value in facts.items():
            setattr(run, name, value)
        session.flush()
    session.expire(run, ["report"])
    audit.record(
        session, actor, "settlement.prepare", run, at=now, note=run.number,
        detail={"report_sha256": run.report_sha256, "lines": totals["lines"], "parked": len(run.parked)},
    )  # fmt: skip
    return run


def check(session: Session, actor: Actor, number: str, *, now: datetime) -> SettlementRun:
    """Confirm a prepared settlement; by somebody else than its preparer.

    Raises:
        NoSuchRun: there is none that the actor may know of.
        NotAllowed: the actor checks no settlements of this place.
        SamePerson: the actor prepared it.
        WrongState: it is not waiting for a check.
    """
    run = _locked(session, actor, number)
    actor.must(Permission.SETTLEMENT_CHECK, place=run.place)
    _must_be_somebody_else(session, actor, run)
    run.state = after(run.state, RunEvent.CHECK)
    run.checked_by, run.checked_by_name, run.checked_at = actor.id, actor.name, now
    session.flush()
    audit.record(session, actor, "settlement.check", run, at=now, note=run.number,
                 detail={"report_sha256": run.report_sha256})  # fmt: skip
    return run


def seal(session: Session, actor: Actor, number: str, *, now: datetime, book: PolicyBook) -> SettlementRun:
    """Book a checked settlement, issue its statements and close the period; nothing can be added afterwards.

    The settlement is worked out once more from what was received before it was prepared. What was checked is
    what is sealed: any difference refuses.

    Raises:
        NoSuchRun: there is none that the actor may know of.
        NotAllowed: the actor checks no settlements of this place.
        SamePerson: the actor prepared it.
        WrongState: it is not checked.
        OutOfOrder: an earlier period is not sealed, or a later one is.
        InputsChanged: the facts give another result than the one that was checked.
        DoesNotTie: the sums of revenue, journal, shares and statements differ.
    """
    run = _locked(session, actor, number)
    actor.must(Permission.SETTLEMENT_CHECK, place=run.place)
    _must_be_somebody_else(session, actor, run)
    state = after(run.state, RunEvent.SEAL)
    period = Period(run.period_start, run.period_end)
    unsealed_before, sealed_after = queries.neighbours(session, run.place, period)
    must_be_in_order(period, unsealed_before=unsealed_before, sealed_after=sealed_after)
    with progress.track("settlement.seal", len(SEALING), about=run.number) as told:
        booked, issued, ties = _sealed(session, actor, run, period, told, now=now, book=book)
    run.totals = {**run.totals, "statements": issued, "entries": booked,
                  "tie_out": {name: amount.text() for name, amount in ties.items()}}  # fmt: skip
    run.state, run.sealed_by, run.sealed_by_name, run.sealed_at = state, actor.id, actor.name, now
    session.flush()
    bind(session, actor, queries.sealed(run), now=now)
    audit.record(session, actor, "settlement.seal", run, at=now, note=run.number,
                 detail={"report_sha256": run.report_sha256, "statements": issued})  # fmt: skip
    return run


def _sealed(
    session: Session, actor: Actor, run: SettlementRun, period: Period, told: progress.Track, *, now: datetime,
    book: PolicyBook,
) -> tuple[int, int, dict[str, Money]]:  # fmt: skip
    """Take in, work out, book, issue and tie; return how many entries and statements, and the sums that agree."""
    while take_in_payments(session, actor, now=now, place=run.place):
        pass
    told.step(SEALING[0])
    lock_books(session, run.place)  # what is given back from here on finds what this settlement booked
    worked = work_out(session, place=run.place, period=period, received_until=run.received_until, book=book)
    if digest_of(worked.written()) != run.report_sha256:
        raise InputsChanged(
            f"结算 {run.number} 编制之后数据已变化（用量、方案或参数），请重新编制并复核后再封存",
            detail_en="The facts give another result now: prepare and check it again",
        )
    told.step(SEALING[1])
    booked = _write(session, actor, run, worked, now)
    told.step(SEALING[2])
    issued = issue(session, actor, worked, run_id=run.id, run_number=run.number, now=now)
    told.step(SEALING[3])
    ties = queries.tie_out(session, run)
    must_tie(ties)
    return booked, issued, ties


def _must_be_somebody_else(session: Session, actor: Actor, run: SettlementRun) -> None:
    must_be_two_people(is_same=actor.id in accounts_behind(session, run.prepared_by))


def _locked(session: Session, actor: Actor, number: str) -> SettlementRun:
    found = queries.visible(session, actor, number)
    query = sa.select(SettlementRun).where(SettlementRun.id == found.id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def _insert_run(session: Session, place: str, period: Period, facts: dict[str, Any], now: datetime) -> SettlementRun:
    run = SettlementRun(
        id=new_id(), number=numbering.number(session, f"SET-{place}", period.start), place=place,
        period_start=period.start, period_end=period.end, **facts,
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(run)
    except IntegrityError as error:
        raise _overlapping(place, period) from error
    return run


def _overlapping(place: str, period: Period) -> PeriodOverlaps:
    return PeriodOverlaps(
        f"{place} 已有覆盖 {period.text()} 部分日期的结算，同一地方的结算期间不得重叠",
        detail_en=f"Another settlement of {place} covers part of {period.text()}",
    )


def _write(session: Session, actor: Actor, run: SettlementRun, worked: Worked, now: datetime) -> int:
    """Write revenue, shares and entries, and return how many entries; a sealed run would be refused by the triggers."""
    ids = {line.sale.entitlement.number: new_id() for line in worked.lines}
    rows = (
        {
            "id": ids[line.sale.entitlement.number], "version": 1, "run_id": run.id,
            "entitlement_id": line.sale.entitlement.id, "order_id": line.sale.order.id,
            "product_id": line.sale.product.id, "agreement_id": line.sale.order.agreement_id, "place": run.place,
            "use_class": line.use_class, "quantity": line.quantity, "billable": line.billable, "gross": line.gross,
            "tax": line.tax, "net": line.net, "shadow": line.shadow, "rating": line.rating,
            "sequence": taken.lines + 1, "continues_id": taken.last,
            "late": line.rating.get("late", {}).get("units", 0),
        }
        for line in worked.lines
        for taken in [worked.taken.get(line.sale.entitlement.id, NOTHING_TAKEN)]
    )  # fmt: skip
    bulk.insert_many(session, RevenueLine, rows)
    bulk.insert_alike(session, ShareLine, ("id", "revenue_line_id", "amount"), _share_blocks(run, worked, ids))
    period = Period(run.period_start, run.period_end)
    return book_revenue(session, actor, run_id=run.id, place=run.place, period=period, now=now)


def _share_blocks(
    run: SettlementRun, worked: Worked, ids: dict[str, UUID]
) -> Iterator[tuple[dict[str, Any], Iterator[tuple[UUID, UUID, Money]]]]:
    """Yield the shares by step and party: what they have in common, then identity, line and amount of each."""
    for group in worked.groups:
        for _, found in groupby(group.shares, key=lambda share: id(share.rule)):
            shares = list(found)
            share = shares[0]
            assert group.terms is not None, "nobody shares without a schedule"
            same = {
                "version": 1, "run_id": run.id, "schedule_id": group.terms.row.id, "party_id": share.party.id,
                "step": share.step, "payee_kind": share.payee.kind, "reason_code": share.payee.reason_code,
                "rule": share.rule,
            }  # fmt: skip
            yield same, ((new_id(), ids[one.line.sale.entitlement.number], one.amount) for one in shares)
