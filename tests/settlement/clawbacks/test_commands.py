"""A refund before payout lowers what is paid, after payout it is owed, netted next time, or written off by two."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel.calendar import Period
from kernel.errors import NotAllowed
from kernel.identity import Role
from kernel.money import ZERO, Money, total
from settlement.clawbacks import commands, queries
from settlement.clawbacks.commands import BankLineUsed, SecondPersonNeeded
from settlement.clawbacks.model import Clawback, ClawbackNetting
from settlement.clawbacks.rules import (
    ClawbackKind,
    MoreThanOwed,
    RecoveryAct,
    RecoveryKind,
    TreasuryNotWrittenOff,
    WrongState,
)
from settlement.intake.commands import take_in_payments
from settlement.ledger.queries import balance, trial_balance
from settlement.payouts import queries as payouts
from settlement.payouts.commands import take_results
from settlement.payouts.rules import Channel, Result
from tests.make import payouts as make
from tests.make import registry_base as base
from tests.make import settlement

NEXT = datetime(2026, 10, 2, 2, 0, tzinfo=UTC)


def by_party(session: Session, kind: ClawbackKind) -> dict[str, str]:
    found = session.scalars(sa.select(Clawback).where(Clawback.kind == kind)).all()
    names = {one.account.rsplit(":", 1)[-1]: ZERO for one in found}
    for one in found:
        names[one.account.rsplit(":", 1)[-1]] += one.amount
    return {uscc: amount.text() for uscc, amount in names.items()}


@pytest.mark.both_databases
def test_a_refund_before_payout_lowers_what_each_party_is_paid(session: Session) -> None:
    world = make.make_settled(session)
    make.give_back(session, world, "106.00", line="OUT-1")
    assert by_party(session, ClawbackKind.REDUCED) == {
        world.operator.uscc: "60.00", world.bureau.uscc: "16.46", world.hospital.uscc: "13.54",
        world.platform.uscc: "10.00",
    }  # fmt: skip
    assert by_party(session, ClawbackKind.RECEIVABLE) == {}
    batches = make.pay_all(session)
    assert {one.channel: one.total.text() for one in batches} == {Channel.BANK: "980.00", Channel.TREASURY: "298.17"}
    assert balance(session, f"liability:payable:{world.operator.uscc}") == ZERO


@pytest.mark.both_databases
def test_a_refund_after_payout_is_owed_and_netted_in_the_next_run_but_never_from_the_treasury(session: Session) -> None:
    world = make.make_settled(session)
    make.pay_all(session)
    make.give_back(session, world, "530.00", line="OUT-1", now=make.PAY + timedelta(hours=1))
    owed = by_party(session, ClawbackKind.RECEIVABLE)
    assert owed == {world.operator.uscc: "300.00", world.bureau.uscc: "82.31", world.platform.uscc: "50.00"}
    assert by_party(session, ClawbackKind.REDUCED) == {world.hospital.uscc: "67.69"}  # it is still held
    assert balance(session, f"asset:clawback:{world.operator.uscc}") == Money.yuan("300")
    assert balance(session, f"asset:treasury_claim:{world.bureau.uscc}") == Money.yuan("82.31")
    assert balance(session, f"liability:payable:{world.operator.uscc}") == ZERO
    late = settlement.market.make_entitlement(session, world.levels, world.buyer, quantity=100)
    settlement.use(session, late, 100, prefix="sep", at=datetime(2026, 9, 9, 2, 0, tzinfo=UTC), now=NEXT)
    settlement.settle(session, period=Period.month("2026-09"), now=NEXT)
    to_bank, to_treasury = sorted(make.prepare(session, NEXT), key=lambda one: one.channel)
    lines = {one.party_id: one for one in payouts.payouts_of(session, to_bank.id)}
    operator, platform = lines[world.operator.id], lines[world.platform.id]
    assert (operator.gross.text(), operator.netted.text(), operator.amount.text()) == ("300.00", "150.00", "150.00")
    assert (platform.gross.text(), platform.netted.text(), platform.amount.text()) == ("50.00", "25.00", "25.00")
    assert [(one.gross, one.netted) for one in payouts.payouts_of(session, to_treasury.id)] == [
        (Money.yuan("150"), ZERO)
    ]
    make.send(session, to_bank, NEXT)
    assert balance(session, f"asset:clawback:{world.operator.uscc}") == Money.yuan("150")
    assert balance(session, f"liability:payable:{world.operator.uscc}") == ZERO
    # what comes back is owed again, both ways
    answer = [Result(2, operator.number, operator.amount, False, "", "户名不符")]

    take_results(session, make.PREPARER, to_bank.number, results=answer, now=NEXT)
    assert balance(session, f"asset:clawback:{world.operator.uscc}") == Money.yuan("300")
    assert balance(session, f"liability:payable:{world.operator.uscc}") == -Money.yuan("300")
    assert sum(amount.fen for _, amount in trial_balance(session, place=base.PLACE)) == 0


def test_partial_refunds_of_the_whole_take_back_all_that_was_divided(session: Session) -> None:
    world = make.make_settled(session)
    make.give_back(session, world, "333.33", line="OUT-1")
    make.pay_all(session)
    for number, amount in enumerate(("0.01", "400.00", "326.66"), start=2):
        make.give_back(session, world, amount, line=f"OUT-{number}", now=make.PAY + timedelta(hours=number))
    taken = total(session.scalars(sa.select(Clawback.amount)))
    assert taken == Money.yuan("1000.00")
    assert take_in_payments(session, make.PREPARER, now=NEXT) == 0
    assert commands.take_up(session, make.PREPARER, now=NEXT) == 0


def owing(session: Session) -> tuple[settlement.World, Clawback, Clawback]:
    """The operator's and the treasury's receivable."""
    world = make.make_settled(session)
    make.pay_all(session)
    make.give_back(session, world, "530.00", line="OUT-1")
    found = session.scalars(sa.select(Clawback).where(Clawback.kind == ClawbackKind.RECEIVABLE)).all()
    by_id = {one.party_id: one for one in found}
    return world, by_id[world.operator.id], by_id[world.bureau.id]


@pytest.mark.both_databases
def test_a_receivable_is_written_off_by_two_people_with_a_reason(session: Session) -> None:
    world, debt, treasury = owing(session)

    def ask(one: Clawback, amount: str, kind: RecoveryKind = RecoveryKind.WRITTEN_OFF, line: str = "") -> object:
        return commands.ask_recovery(session, make.PREPARER, one.id, kind=kind, amount=Money.yuan(amount),
                                     reason="破产终结", bank_line=line, now=make.PAY)  # fmt: skip

    with pytest.raises(TreasuryNotWrittenOff):
        ask(treasury, "1.00")
    with pytest.raises(MoreThanOwed):
        ask(debt, "300.01")
    asked = ask(debt, "200.00")
    with pytest.raises(MoreThanOwed):
        ask(debt, "100.01")
    repaid = ask(debt, "100.00", RecoveryKind.REPAID, "IN-1")
    with pytest.raises(BankLineUsed):
        ask(treasury, "1.00", RecoveryKind.REPAID, "IN-1")
    both = base.actor(Role.FINANCE_CHECKER, place=base.PLACE)
    own = type(both)(make.PREPARER.id, "一人", None, both.grants)
    kin = base.actor(Role.FINANCE_CHECKER, org_id=world.operator.id, place=base.PLACE)
    for person in (own, kin):
        with pytest.raises(SecondPersonNeeded):
            commands.decide_recovery(session, person, asked.id, act=RecoveryAct.CONFIRM, reason="x", now=make.PAY)
    with pytest.raises(NotAllowed):
        commands.decide_recovery(session, make.PAYER, asked.id, act=RecoveryAct.CONFIRM, reason="x", now=make.PAY)
    for one in (asked, repaid):
        commands.decide_recovery(session, make.CHECKER, one.id, act=RecoveryAct.CONFIRM, reason="属实", now=make.PAY)
    with pytest.raises(WrongState):
        commands.decide_recovery(session, make.CHECKER, asked.id, act=RecoveryAct.CONFIRM, reason="x", now=make.PAY)
    assert balance(session, f"asset:clawback:{world.operator.uscc}") == ZERO
    assert balance(session, f"expense:written_off:{base.PLACE}") == Money.yuan("200")
    assert [one.left for one in queries.left(session, [debt])] == [ZERO]


@pytest.mark.both_databases
def test_the_database_refuses_to_take_more_than_is_owed_or_to_change_what_was_raised(session: Session) -> None:
    _, debt, _ = owing(session)
    session.commit()
    payout = payouts.of_statement(session, debt.statement_id)[0]
    session.add(ClawbackNetting(clawback_id=debt.id, payout_id=payout.id, amount=debt.amount + Money(1)))
    with pytest.raises(DBAPIError, match="more than is owed"):
        session.flush()
    session.rollback()
    for change in ("UPDATE settlement_clawback SET amount = amount - 1", "DELETE FROM settlement_clawback"):
        with pytest.raises(DBAPIError, match="append-only"):
            session.execute(sa.text(change))
        session.rollback()
