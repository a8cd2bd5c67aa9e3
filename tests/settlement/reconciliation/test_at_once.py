"""Two runs of the same day at once: every break is found once, every payout is booked once, both runs are kept."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread
from uuid import uuid4

import pytest
import sqlalchemy as sa

from kernel.calendar import Period
from kernel.db import Database, write_transaction
from kernel.money import Money
from settlement.breaks.model import Break, BreakStep
from settlement.ledger.commands import book
from settlement.ledger.model import JournalEntry
from settlement.ledger.rules import Cause, transfer_entry
from settlement.provider_lines import commands as reports
from settlement.reconciliation import commands
from settlement.reconciliation.model import ReconciliationRun
from tests.make import paying
from tests.make import registry_base as base
from tests.make import settlement as make

DAY = date(2026, 7, 20)
PERIOD = Period(DAY, DAY + timedelta(days=1))
NOW = datetime(2026, 7, 22, 2, 0, tzinfo=UTC)
REPORT = (
    "balance_transaction_id,created_utc,reporting_category,gross,fee,net,currency,source_id,payment_intent_id,"
    "automatic_payout_id\n"
    "txn_p,2026-07-20 01:00:00,payout,-99.40,0,-99.40,cny,po_abcdef01,,\n"
    "txn_c,2026-07-20 00:30:00,charge,100.00,0.60,99.40,cny,ch_1,pi_x,po_abcdef01\n"
)


@pytest.mark.both_databases
def test_of_two_runs_of_a_day_at_once_each_break_is_found_by_one(database_url):
    database = Database(database_url)
    with database.new_session() as session, write_transaction(session):
        paying.enter(session, "BK-9", "12.00", "没有编号", "过路人")
        reports.import_file(session, make.preparer(), place=base.PLACE, file_name="a.csv", content=REPORT.encode(),
                            now=NOW, book=make.LAW)  # fmt: skip
        held = transfer_entry(
            place=base.PLACE, cause=Cause.SURPLUS_RECEIVED, cause_id=uuid4().hex, debit=f"asset:psp:{base.PLACE}",
            credit=f"liability:unapplied:{base.PLACE}", amount=Money.yuan("100.00"), entry_date=DAY, text="在线收款",
        )  # fmt: skip
        book(session, make.preparer(), held, now=NOW)
    barrier, failed = Barrier(3), list[str]()

    def run() -> None:
        with database.new_session() as opened:
            barrier.wait()
            try:
                with write_transaction(opened):
                    commands.reconcile(opened, make.preparer(), place=base.PLACE, period=PERIOD, now=NOW, book=make.LAW)
            except Exception as error:
                failed.append(repr(error))

    hands = [Thread(target=run) for _ in range(3)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    with database.new_session() as session:
        made = session.scalars(sa.select(ReconciliationRun).order_by(ReconciliationRun.number)).all()
        found = session.scalars(sa.select(Break)).all()
        steps = session.scalars(sa.select(BreakStep).where(BreakStep.act == "find")).all()
        payouts = session.scalars(sa.select(JournalEntry).where(JournalEntry.cause == Cause.PROVIDER_PAYOUT)).all()
    database.engine.dispose()
    assert failed == []
    assert sorted(one.new_breaks for one in made) == [0, 0, len(found)]
    assert len({one.inputs_sha256 for one in made}) == 1
    assert len(steps) == len(found) > 1
    assert len(payouts) == 1
