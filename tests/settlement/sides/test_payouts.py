"""What was paid to payees meets the lines of the bank, the provider's transfers and the books."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import DAY, Period, business_date
from market.bank_lines.model import BankLine
from market.bank_lines.rules import LineState
from settlement.breaks.model import Break
from settlement.matching.rules import Flow, Kind, Side
from settlement.payouts import commands as payouts
from settlement.payouts import queries
from settlement.payouts.model import Payout, PayoutBatch
from settlement.payouts.rules import Channel, Result
from settlement.reconciliation import commands
from settlement.sides.queries import items
from tests.make import payouts as make
from tests.make import registry_base as base
from tests.make import settlement

PERIOD = Period(business_date(make.PAY), business_date(make.PAY) + DAY)
LATER = make.PAY + 2 * DAY


def sent_to_bank(session: Session) -> PayoutBatch:
    make.make_settled(session)
    (batch,) = [one for one in make.prepare(session) if one.channel is Channel.BANK]
    return make.send(session, batch)


def answer(session: Session, batch: PayoutBatch, *, lines: bool, is_confirmed: bool = True) -> list[Payout]:
    """Take the bank's answer; ``lines`` says whether it names a line of its own for each payout."""
    paid = list(queries.payouts_of(session, batch.id))
    results = [Result(n, one.number, one.amount, is_confirmed, f"OUT-{n}" if lines else "", "账号不符")
               for n, one in enumerate(paid, start=1)]  # fmt: skip
    payouts.take_results(session, make.PREPARER, batch.number, results=results, now=make.PAY + timedelta(hours=1))
    return paid


def debit(session: Session, serial: str, amount, remark: str) -> None:
    session.add(BankLine(
        place=base.PLACE, serial=serial, booked_at=make.PAY + timedelta(minutes=5), amount=amount, payer_name="收款方",
        payer_account="", remark=remark, references=[], line_number=0, entered_at=make.PAY, entered_by="经办",
        state=LineState.OUTGOING,
    ))  # fmt: skip
    session.flush()


def found(session: Session) -> set[tuple[Kind, str | None, Flow, str]]:
    made = commands.reconcile(session, settlement.preparer(), place=base.PLACE, period=PERIOD, now=LATER,
                              book=settlement.LAW)  # fmt: skip
    numbers = [number for number, _, _ in made.found]
    query = sa.select(Break).where(Break.number.in_(numbers))
    return {(one.kind, one.side, one.flow, one.reference) for one in session.scalars(query)}


@pytest.mark.both_databases
def test_payouts_with_lines_of_their_own_agree_with_bank_and_books(session: Session) -> None:
    batch = sent_to_bank(session)
    for number, one in enumerate(answer(session, batch, lines=True), start=1):
        debit(session, f"OUT-{number}", one.amount, "代付")
    said = [one for one in items(session, place=base.PLACE, period=PERIOD) if one.flow is Flow.SENT]
    assert {(one.side, one.reference) for one in said} == {
        (side, name) for side in (Side.BANK, Side.ORDERS, Side.LEDGER) for name in ("OUT-1", "OUT-2")
    }
    assert found(session) == set()


@pytest.mark.both_databases
def test_one_debit_for_a_whole_batch_meets_all_of_its_payouts(session: Session) -> None:
    batch = sent_to_bank(session)
    answer(session, batch, lines=False)
    debit(session, "OUT-9", batch.total, f"批量代付 {batch.number}")
    assert found(session) == set()


def test_debits_that_name_payouts_meet_their_batch(session: Session) -> None:
    batch = sent_to_bank(session)
    for number, one in enumerate(answer(session, batch, lines=False), start=1):
        debit(session, f"OUT-{number}", one.amount, f"{one.number} 收益拨付")
    assert found(session) == set()


def test_a_payout_that_the_bank_never_debited_is_named(session: Session) -> None:
    batch = sent_to_bank(session)
    first, _ = answer(session, batch, lines=True)
    debit(session, "OUT-1", first.amount, "代付")
    assert found(session) == {(Kind.MISSING, Side.BANK, Flow.SENT, "OUT-2")}


def test_a_debit_of_a_payout_that_nobody_confirmed_is_missing_with_us_and_not_unknown(session: Session) -> None:
    batch = sent_to_bank(session)
    debit(session, "OUT-9", batch.total, f"批量代付 {batch.number}")
    assert found(session) == {(Kind.MISSING, Side.ORDERS, Flow.SENT, batch.number)}


def test_a_payout_that_came_back_after_the_bank_sent_it_is_missing_in_the_books(session: Session) -> None:
    batch = sent_to_bank(session)
    first, second = answer(session, batch, lines=True, is_confirmed=False)
    debit(session, "OUT-1", first.amount, "代付")
    assert second.bank_line == "OUT-2"
    assert found(session) == {(Kind.MISSING, Side.LEDGER, Flow.SENT, "OUT-1")}
