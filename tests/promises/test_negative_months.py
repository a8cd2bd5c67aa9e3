"""H6: where more goes back than was sold, nobody is paid less than nothing: what is owed goes on into later months."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import Period
from kernel.money import ZERO, Money, total
from settlement.clawbacks import queries as clawbacks
from settlement.clawbacks.model import Clawback
from settlement.clawbacks.rules import ClawbackKind
from settlement.intake.commands import take_in_payments
from settlement.ledger.queries import balance, trial_balance
from settlement.payouts import queries as paid
from settlement.payouts.model import Payout, PayoutBatch
from settlement.payouts.rules import NothingToPay
from settlement.revenue.model import RevenueLine
from settlement.runs.model import SettlementRun
from settlement.statements.model import Statement
from tests.make import market, paying, settlement
from tests.make import payouts as make
from tests.make import registry_base as base

MONTHS = [Period.month(f"{year}-{month:02d}") for year, month in ((2026, 9), (2026, 10), (2026, 11))]


def settled(session: Session, period: Period) -> datetime:
    """Settle a month on the second of the next one; return the moment."""
    now = datetime.combine(period.end, datetime.min.time(), UTC) + timedelta(days=1, hours=2)
    settlement.settle(session, period=period, now=now)
    return now


def paid_out(session: Session, now: datetime) -> Money:
    """Pay whatever can be paid; return the sum, which is never less than nothing."""
    try:
        batches = make.pay_all(session, now)
    except NothingToPay:
        return ZERO
    payouts = [one for batch in batches for one in paid.payouts_of(session, batch.id)]
    assert all(ZERO < one.amount <= one.gross and ZERO <= one.netted for one in payouts)
    return total(one.amount for one in payouts)


def still_owed(session: Session) -> Money:
    """What parties have to give back of what they were paid."""
    found = session.scalars(sa.select(Clawback).where(Clawback.kind == ClawbackKind.RECEIVABLE)).all()
    return total(one.left for one in clawbacks.left(session, found))


def sell(session: Session, world: settlement.World, units: int, period: Period) -> None:
    """Sell and use something within a month."""
    held = market.make_entitlement(session, world.levels, world.buyer, quantity=units)
    at = datetime.combine(period.start, datetime.min.time(), UTC) + timedelta(days=8)
    settlement.use(session, held, units, prefix=f"{period.start:%m}", at=at, now=at + timedelta(hours=1))


@pytest.mark.both_databases
@pytest.mark.parametrize("units", [0, 10])
def test_h6_refunds_above_the_sales_of_a_month_are_carried_on_until_they_are_made_good(
    session: Session, units: int
) -> None:
    world = make.make_settled(session)
    make.pay_all(session)
    make.give_back(session, world, "1060.00", line="ALL", now=make.PAY + timedelta(hours=1))
    # who was paid has not given it back yet: until then the account needs money from elsewhere
    paying.enter(session, "LENT", "2000.00", "垫付资金", "平台公司", now=make.PAY + timedelta(hours=2))
    take_in_payments(session, make.PREPARER, now=make.PAY + timedelta(hours=3))
    owed = still_owed(session)
    assert owed > Money.yuan("500")
    operator, netted = f"asset:clawback:{world.operator.uscc}", []
    for number, period in enumerate(MONTHS):
        month_sold = units if number == 0 else 30
        if month_sold:
            sell(session, world, month_sold, period)
        before = still_owed(session)
        now = settled(session, period)
        run = session.scalars(sa.select(SettlementRun).where(SettlementRun.period_start == period.start)).one()
        gross = session.scalar(sa.select(sa.func.sum(RevenueLine.gross)).where(RevenueLine.run_id == run.id))
        assert (gross or ZERO) == Money(month_sold * 530)
        for statement in session.scalars(sa.select(Statement).where(Statement.run_id == run.id)):
            assert statement.total >= ZERO
        paid_out(session, now)
        netted.append(before - still_owed(session))
        assert netted[-1] >= ZERO
        assert balance(session, operator) >= ZERO
        assert sum(amount.fen for _, amount in trial_balance(session, place=base.PLACE)) == 0
    assert netted[0] < owed, "the refunds are more than the month can make good"
    assert total(netted) > netted[0], "what was left goes on into the months after"
    assert session.scalars(sa.select(Payout).where(Payout.amount < ZERO)).all() == []
    assert session.scalars(sa.select(PayoutBatch).where(PayoutBatch.total <= ZERO)).all() == []


@pytest.mark.both_databases
def test_h6_a_month_in_which_nothing_happened_is_settled_and_pays_nothing(session: Session) -> None:
    make.make_settled(session)
    make.pay_all(session)
    before = trial_balance(session, place=base.PLACE)
    for period in MONTHS[:2]:
        now = settled(session, period)
        run = session.scalars(sa.select(SettlementRun).where(SettlementRun.period_start == period.start)).one()
        stated = sa.select(Statement).where(Statement.run_id == run.id, Statement.total != ZERO)
        assert session.scalars(stated).all() == []
        assert paid_out(session, now) == ZERO
    assert trial_balance(session, place=base.PLACE) == before
