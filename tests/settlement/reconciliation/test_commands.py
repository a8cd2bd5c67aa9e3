"""Runs on a real database: what agrees, what is late, what is removed, and who may close a break."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from kernel.calendar import Period, WorkingCalendar
from kernel.db import Database, write_transaction
from kernel.errors import DomainError
from kernel.identity import Role
from kernel.money import ZERO, Money
from kernel.policy import PolicyBook
from market.payments.rules import PaymentState
from settlement.breaks import commands as breaks
from settlement.breaks import queries as found_breaks
from settlement.breaks.model import Break, BreakStep
from settlement.breaks.rules import BreakState, NotHealed, ProposalChanged, Resolution, SamePerson, WrongState
from settlement.ledger.commands import book
from settlement.ledger.queries import balance
from settlement.ledger.rules import Cause, transfer_entry
from settlement.matching.rules import Kind, Side
from settlement.provider_lines import commands as reports
from settlement.provider_lines.sheets import ReportRefused
from settlement.reconciliation import commands, queries
from settlement.reconciliation.rules import PeriodNotOver
from tests.make import paying
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.rig.databases import ROOT

DAY = date(2026, 7, 20)
PERIOD = Period(DAY, DAY + timedelta(days=1))
NOW = datetime(2026, 7, 22, 2, 0, tzinfo=UTC)
CALENDAR = WorkingCalendar()
HEADING = ("balance_transaction_id,created_utc,reporting_category,gross,fee,net,currency,source_id,payment_intent_id,"
           "automatic_payout_id,huiyi_attempt")  # fmt: skip


def report(session: Session, *rows: str, name: str = "day.csv", now: datetime = NOW):
    content = "\n".join([HEADING, *rows, ""]).encode()
    return reports.import_file(session, make.preparer(), place=base.PLACE, file_name=name, content=content, now=now,
                               book=make.LAW)  # fmt: skip


def run(session: Session, *, now: datetime = NOW, period: Period = PERIOD):
    return commands.reconcile(session, make.preparer(), place=base.PLACE, period=period, now=now, book=make.LAW)


def kinds(session: Session, made) -> set[tuple[str, str | None, str]]:
    numbers = [number for number, _, _ in made.found]
    query = sa.select(Break).where(Break.number.in_(numbers))
    return {(one.kind, one.side, one.reference) for one in session.scalars(query)}


def make_paid(session: Session) -> tuple[str, str]:
    """One order paid by a line of the bank; return the serial and the number of the order."""
    (due,) = paying.make_due(session)
    line = paying.enter(session, "BK-1", "800.00", due.reference, paying.name_of(session, due))
    assert session.get_one(type(due), due.id).state is PaymentState.CAPTURED
    return line.serial, due.number


@pytest.mark.both_databases
def test_a_transfer_that_paid_an_order_agrees_on_all_sides(session):
    make_paid(session)
    made = run(session)
    assert made.found == []
    assert made.agreed["receipt"] == 1
    assert made.agreed["account"] == 1
    assert made.inputs["bank"]["count"] == 1
    assert len(made.inputs_sha256) == 64


@pytest.mark.both_databases
def test_a_row_that_was_removed_since_an_earlier_run_is_named(session):
    serial, _ = make_paid(session)
    first = run(session)
    assert queries.changes(session, first) == []
    drop = "DROP TRIGGER {0}" if session.get_bind().dialect.name == "sqlite" else "ALTER TABLE {1} DISABLE TRIGGER ALL"
    for table in ("market_bank_line_share", "market_bank_line"):
        names = session.execute(sa.text(TRIGGERS[session.get_bind().dialect.name]), {"table": table}).scalars().all()
        for name in names if "sqlite" in str(session.get_bind().url) else ["all"]:
            session.execute(sa.text(drop.format(name, table)))
        session.execute(sa.text(f"DELETE FROM {table}"))
    session.expire_all()
    gone = {(one.what, one.side, one.key) for one in queries.changes(session, first)}
    assert ("gone", Side.BANK, serial) in gone
    again = run(session)
    assert (Kind.MISSING, Side.BANK, serial) in kinds(session, again)
    assert serial in {one["key"] for one in again.gone}
    assert {one["what"] for one in again.gone} == {"gone"}


TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table",
    "postgresql": "SELECT 'all' WHERE :table <> ''",
}


@pytest.mark.both_databases
def test_a_late_line_is_linked_to_its_break_and_closes_nothing(session):
    report(session, "txn_p,2026-07-20 01:00:00,payout,-99.40,0,-99.40,cny,po_abcdef01,,,",
           "txn_c,2026-07-20 00:30:00,charge,100.00,0.60,99.40,cny,ch_1,pi_x,po_abcdef01,")  # fmt: skip
    first = run(session)
    assert kinds(session, first) == {(Kind.UNKNOWN_REFERENCE, Side.PROVIDER, "pi_x"),
                                     (Kind.MISSING, Side.BANK, "po_abcdef01"),
                                     (Kind.MISSING, Side.LEDGER, "po_abcdef01")}  # fmt: skip
    late = found_breaks.by_fingerprint(session, base.PLACE, session.scalars(sa.select(Break.fingerprint)).all())
    waiting = next(one for one in late.values() if one.side is Side.BANK)
    breaks.explain(session, make.preparer(), waiting.number, note="跨行在途", now=NOW)
    with pytest.raises(NotHealed):
        breaks.propose(session, make.preparer(), waiting.number, resolution=Resolution.LATE_LINE, note="已到", now=NOW)
    paying.enter(session, "BK-PO", "99.40", "STRIPE PAYOUT po_abcdef01", "支付机构")
    second = run(session)
    assert (second.healed, second.new_breaks) == (1, 0)
    session.refresh(waiting)
    assert (waiting.state, waiting.healed_by_run) == (BreakState.EXPLAINED, second.number)
    assert any(fact["key"] == "BK-PO" for step in found_breaks.steps(session, waiting.id) for fact in step.facts)
    breaks.propose(session, make.preparer(), waiting.number, resolution=Resolution.LATE_LINE, note="已到", now=NOW)
    assert waiting.state is BreakState.PROPOSED


def test_a_payout_is_booked_once_with_its_fees_and_leaves_the_provider(session):
    report(session, "txn_p,2026-07-20 01:00:00,payout,-99.40,0,-99.40,cny,po_abcdef01,,,",
           "txn_c,2026-07-20 00:30:00,charge,100.00,0.60,99.40,cny,ch_1,pi_x,po_abcdef01,")  # fmt: skip
    assert commands.book_payouts(session, make.preparer(), place=base.PLACE, now=NOW) == 0
    held = transfer_entry(
        place=base.PLACE, cause=Cause.SURPLUS_RECEIVED, cause_id=uuid4().hex, debit=f"asset:psp:{base.PLACE}",
        credit=f"liability:unapplied:{base.PLACE}", amount=Money.yuan("100.00"), entry_date=DAY, text="在线收款",
    )  # fmt: skip
    book(session, make.preparer(), held, now=NOW)
    assert commands.book_payouts(session, make.preparer(), place=base.PLACE, now=NOW) == 1
    assert commands.book_payouts(session, make.preparer(), place=base.PLACE, now=NOW) == 0
    assert balance(session, f"asset:transit:{base.PLACE}") == Money.yuan("99.40")
    assert balance(session, f"expense:provider_fee:{base.PLACE}") == Money.yuan("0.60")
    assert balance(session, f"asset:psp:{base.PLACE}") == ZERO


PAYOUT_DAYS = """
title: 与支付机构的协议
documents:
  contract: {title: 服务协议, number: 无, in_force: 2024-01-01, read_on: 2026-11-22, status: demonstration, note: 测试}
places:
  national:
    settlement.provider_payout.working_days:
      - from: 2024-01-01
        value: "3"
        source: {document: contract, article: 第一条, evidence: I, rule: PRC-09, quote: 到账}
"""


def test_a_payout_is_on_its_way_until_its_agreed_days_are_over_and_only_then_a_break(session, tmp_path):
    overlay = tmp_path / "contract.yaml"
    overlay.write_text(PAYOUT_DAYS, encoding="utf-8")
    law = PolicyBook.load(ROOT / "policies", [ROOT / "policies" / "overlays" / "demonstration.yaml", overlay])
    report(session, "txn_p,2026-07-20 01:00:00,payout,-99.40,0,-99.40,cny,po_abcdef01,,,",
           "txn_c,2026-07-20 00:30:00,charge,100.00,0.60,99.40,cny,ch_1,pi_x,po_abcdef01,")  # fmt: skip
    held = transfer_entry(
        place=base.PLACE, cause=Cause.SURPLUS_RECEIVED, cause_id=uuid4().hex, debit=f"asset:psp:{base.PLACE}",
        credit=f"liability:unapplied:{base.PLACE}", amount=Money.yuan("100.00"), entry_date=DAY, text="在线收款",
    )  # fmt: skip
    book(session, make.preparer(), held, now=NOW)

    def after(days: int):  # type: ignore[no-untyped-def]
        now, day = NOW + timedelta(days=days), DAY + timedelta(days=days)
        made = commands.reconcile(session, make.preparer(), place=base.PLACE, period=Period(day, day + timedelta(1)),
                                  now=now, book=law, calendar=CALENDAR)  # fmt: skip
        waiting = queries.under_way(session, now, book=law, calendar=CALENDAR, places=[base.PLACE])
        return {found for found in kinds(session, made) if found[2] == "po_abcdef01"}, waiting

    found, (waiting,) = after(0)
    assert found == set()
    assert (waiting.reference, waiting.due, waiting.amount) == ("po_abcdef01", date(2026, 7, 23), Money.yuan("99.40"))
    assert after(2) == ({(Kind.MISSING, Side.BANK, "po_abcdef01")}, [])  # looked at again on the day after its last
    assert after(3)[0] == {(Kind.MISSING, Side.BANK, "po_abcdef01")}


def one_break(session: Session) -> Break:
    paying.enter(session, "BK-9", "12.00", "没有编号", "过路人")
    made = run(session)
    (number, _, _), *_ = made.found
    return found_breaks.visible(session, make.preparer(), number)


@pytest.mark.both_databases
def test_a_break_is_closed_by_another_person_of_exactly_what_was_proposed(session):
    one, maker = one_break(session), make.preparer()
    assert (one.kind, one.owner, one.reference) == (Kind.UNKNOWN_REFERENCE, "finance", "BK-9")
    with pytest.raises(WrongState):
        breaks.propose(session, maker, one.number, resolution=Resolution.NO_FAULT, note="x", now=NOW)
    breaks.explain(session, maker, one.number, note="误汇，退回", now=NOW)
    breaks.propose(session, maker, one.number, resolution=Resolution.REFUNDED, note="已退回", now=NOW)
    proposal = found_breaks.waiting_proposal(session, one.id)
    assert proposal is not None
    both = base.actor(Role.FINANCE_CHECKER, place=base.PLACE)
    same = type(both)(id=maker.id, name="同一人", grants=both.grants)
    with pytest.raises(SamePerson):
        breaks.confirm(session, same, one.number, sha256=proposal.sha256, now=NOW)
    with pytest.raises(ProposalChanged):
        breaks.confirm(session, both, one.number, sha256="0" * 64, now=NOW)
    breaks.confirm(session, both, one.number, sha256=proposal.sha256, now=NOW)
    assert one.state is BreakState.CLOSED
    run(session, now=NOW + timedelta(hours=1))
    assert one.state is BreakState.CLOSED
    breaks.reopen(session, make.checker(), one.number, note="退汇被退", now=NOW)
    assert (one.state, one.closed_at) == (BreakState.OPEN, None)


@pytest.mark.both_databases
def test_the_database_itself_refuses_a_break_closed_by_nobody_else(session):
    one = one_break(session)
    session.flush()
    with pytest.raises(DatabaseError), session.begin_nested():
        session.execute(sa.update(Break).where(Break.id == one.id).values(state=BreakState.CLOSED, closed_at=NOW))
    with pytest.raises(DatabaseError), session.begin_nested():
        session.execute(sa.delete(BreakStep))


@pytest.mark.both_databases
def test_of_two_closers_at_once_one_closes_and_the_other_is_told(database_url):
    database = Database(database_url)
    with database.new_session() as session, write_transaction(session):
        one = one_break(session)
        breaks.explain(session, make.preparer(), one.number, note="误汇", now=NOW)
        breaks.propose(session, make.preparer(), one.number, resolution=Resolution.REFUNDED, note="已退", now=NOW)
        proposal = found_breaks.waiting_proposal(session, one.id)
        number, sha256 = one.number, proposal.sha256
    barrier, told = Barrier(2), list[str]()

    def close(act) -> None:
        with database.new_session() as opened:
            barrier.wait()
            try:
                with write_transaction(opened):
                    act(opened)
                told.append("done")
            except DomainError as error:
                told.append(error.code)

    acts = (lambda s: breaks.confirm(s, make.checker(), number, sha256=sha256, now=NOW),
            lambda s: breaks.confirm(s, make.checker(), number, sha256=sha256, now=NOW))  # fmt: skip
    hands = [Thread(target=close, args=(act,)) for act in acts]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert sorted(told) == ["break.wrong_state", "done"]
    with database.new_session() as session:
        steps = session.scalars(sa.select(BreakStep).where(BreakStep.act == "confirm")).all()
        assert len(steps) == 1
    database.engine.dispose()


def test_what_stands_too_long_is_told_with_the_breaks_that_speak_of_it(session):
    one = one_break(session)
    assert queries.uncleared(session, NOW, calendar=CALENDAR, places=[base.PLACE]) == []
    (late,) = queries.uncleared(session, NOW + timedelta(days=9), calendar=CALENDAR, places=[base.PLACE])
    assert (late.account, abs(late.amount)) == (f"liability:unapplied:{base.PLACE}", Money.yuan("12.00"))
    assert (late.breaks, late.is_owned) == ((one.number,), False)
    breaks.explain(session, make.preparer(), one.number, note="误汇", now=NOW)
    (late,) = queries.uncleared(session, NOW + timedelta(days=9), calendar=CALENDAR, places=[base.PLACE])
    assert late.is_owned


def test_a_day_that_is_not_over_and_a_person_without_the_duty_are_refused(session):
    with pytest.raises(PeriodNotOver):
        run(session, now=datetime(2026, 7, 20, 3, 0, tzinfo=UTC))
    with pytest.raises(DomainError) as refused:
        commands.reconcile(session, base.actor(Role.BUYER), place=base.PLACE, period=PERIOD, now=NOW, book=make.LAW)
    assert refused.value.status == 403


def test_a_report_is_taken_once_as_a_whole_and_never_differently(session):
    row = "txn_c,2026-07-20 00:30:00,charge,100.00,0.60,99.40,cny,ch_1,pi_x,,"
    made = report(session, row)
    assert report(session, row).id == made.id
    assert report(session, row, row.replace("txn_c", "txn_d"), name="b.csv").known == 1
    with pytest.raises(ReportRefused) as refused:
        report(session, row.replace("99.40", "99.41"), name="c.csv")
    assert "txn_c" in refused.value.detail


def test_a_run_can_neither_be_changed_nor_removed(session):
    made = run(session)
    for statement in (sa.update(type(made)).values(healed=9), sa.delete(type(made))):
        with pytest.raises(DatabaseError), session.begin_nested():
            session.execute(statement)
