"""H1: orders, splits, statements, the books and the files for the bank and the treasury say the same to the fen.

Each world has a schedule, orders, free use, disputes and refunds of its own, and two months: the first is paid to the
last fen that nobody holds back, the second puts right what came late and takes back what was paid out already. What is
disclosed of the year is what the journal says (M12).
"""

from __future__ import annotations

import csv
import io
import random
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.calendar import Period
from kernel.identity import Role
from kernel.money import ZERO, Money, total
from market.orders import queries as orders
from settlement.ledger.model import JournalEntry, JournalLine
from settlement.ledger.queries import trial_balance
from settlement.ledger.rules import PAYEE_ACCOUNTS, Cause
from settlement.packs import queries as packs
from settlement.packs.rules import PackKind
from settlement.payouts import commands as paying_out
from settlement.payouts import queries as paid
from settlement.payouts.model import Payout, PayoutBatch
from settlement.payouts.rules import BatchState, Channel, NothingToPay
from settlement.revenue.model import RevenueLine
from settlement.runs.model import SettlementRun
from settlement.splits.model import ShareLine
from settlement.statements.model import Statement
from tests.make import paying, payouts, random_months, settled_months
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.make.clients import as_person, send
from tests.make.random_months import AUGUST, SEPTEMBER, Told
from tests.rig import sizes
from web import disclosing
from web.checker import verify

WORLDS, ON_POSTGRESQL = sizes.of("H1"), sizes.of("H1_on_postgresql")
PAID, BEFORE, AFTER = payouts.PAY, make.NOW - timedelta(hours=5), payouts.PAY + timedelta(hours=3)
YEAR = Period.year(2026)
OCTOBER = make.NOW + timedelta(days=31)
HEADS, CLAIMS = tuple(PAYEE_ACCOUNTS.values()), ("asset:clawback", "asset:treasury_claim")


def summed(session: Session, column: Any, *conditions: Any) -> Money:
    """Return the sum of a column of money."""
    found: Money | None = session.scalar(sa.select(sa.func.sum(column)).where(*conditions))
    return found or ZERO


def payee_credit(session: Session, *causes: Cause) -> Money:
    """Return what entries of these causes credited to the accounts of parties, all told."""
    owed = sa.or_(*(JournalLine.account.startswith(f"{head}:") for head in HEADS))
    entries = sa.select(JournalEntry.id).where(JournalEntry.cause.in_(causes))
    return -summed(session, JournalLine.amount, owed, JournalLine.entry_id.in_(entries))


def must_tie(session: Session, told: Told) -> Money:
    """Compare what every sealed month says in four places with what was used of each order; return what is owed."""
    for run in session.scalars(sa.select(SettlementRun)):
        net = summed(session, RevenueLine.net, RevenueLine.run_id == run.id)
        assert net == summed(session, ShareLine.amount, ShareLine.run_id == run.id)
        assert net == summed(session, Statement.total, Statement.run_id == run.id)
        for statement in session.scalars(sa.select(Statement).where(Statement.run_id == run.id)):
            assert total(Money.yuan(amount) for amount in statement.payees.values()) == statement.total
    owed = summed(session, Statement.total)
    assert payee_credit(session, Cause.REVENUE_EARNED) == owed
    return owed


def must_be_what_was_used(session: Session, told: Told, unsettled: set[Any]) -> None:
    """Each order whose money nobody questioned earned its units times its price, and a free one nothing."""
    for one in told.bought:
        order = orders.get(session, one.order_id)
        if one.number in told.given_back or order.id in unsettled:
            continue
        units = told.used.get(one.number, 0)
        expected = Money(order.amount.fen * units // order.quantity)  # every price here is whole fen per unit
        assert summed(session, RevenueLine.gross, RevenueLine.order_id == order.id) == expected


def must_be_disclosed(session: Session, told: Told) -> None:
    """Compare what each report and disclosure of the year says was earned with the entries of the journal alone."""
    entries = sa.select(JournalEntry.id).where(JournalEntry.cause == Cause.REVENUE_EARNED)
    unearned = JournalLine.account.startswith("liability:unearned:")
    booked = summed(session, JournalLine.amount, unearned, JournalLine.entry_id.in_(entries))
    agreement, on = told.world.agreement, OCTOBER.date()
    for kind in PackKind:
        made = packs.pack(session, make.checker(), kind, agreement.number, YEAR.start.year, on=on)
        assert all(tie.holds for tie in made.ties)
        (sales,) = [section for section in made.sections if section.title == "各产品销量和收入"]
        assert sales.rows[-1][sales.headings.index("收入（含税）")] == booked
    disclosing.must_tie_to_the_ledger(session, [agreement], YEAR.start.year)
    assert disclosing.settled_fen(session, [agreement.id], YEAR) == booked.fen


def files_of(app: Flask, moment: Any) -> Money:
    """Pay everything that can be paid, as three people; return what the files for bank and treasury add up to."""
    with app.app_context(), db.transaction() as session:
        try:
            batches = payouts.prepare(session, moment)
        except NothingToPay:
            return ZERO
        for batch in batches:
            if batch.state is BatchState.PARKED:
                paying_out.release(session, payouts.SUPERVISOR, batch.number, reason="已核对", now=moment)
            payouts.send(session, batch, moment)
        numbers = [(batch.number, batch.channel) for batch in batches]
    found = ZERO
    with clock.set_to(moment):
        payer = as_person(app, Role.FINANCE_PAYER, place=base.PLACE)
        for number, channel in numbers:
            assert channel in (Channel.BANK, Channel.TREASURY)
            sent = send(payer, f"/payouts/{number}/file", {"form": "csv"}, form_at=f"/payouts/{number}")
            assert sent.status_code == 200
            rows = csv.DictReader(io.StringIO(sent.get_data(as_text=True).removeprefix("\ufeff")))
            found += total(Money.yuan(row["金额"]) for row in rows)
    return found


def first_month(app: Flask, chance: random.Random, seed: int) -> tuple[Told, Money]:
    """Sell, use, dispute and give back, settle August, pay it, and compare; return what the files say."""
    with app.app_context(), db.transaction() as session:
        told = random_months.tell(session, seed)
        settled_months.make_accounts(session)
        random_months.import_rows(session, told, random_months.rows(told, chance, AUGUST), now=BEFORE)
        random_months.quarrel(session, told, chance, now=make.NOW)
        if chance.random() < 0.5:
            random_months.give_back(session, told, chance, now=make.NOW)
        make.settle(session)
        owed = must_tie(session, told)
        must_be_what_was_used(session, told, {one.order_id for one in told.disputed})
        _, held = paid.payables(session, place=base.PLACE, now=PAID, book=make.LAW)
        held_back = total(one.due.amount for one in held)
    files = files_of(app, PAID)
    assert owed == files + held_back
    return told, files


def second_month(app: Flask, chance: random.Random, told: Told, files: Money) -> None:
    """Go on with what came late and what goes back after it was paid, settle September, pay it, and compare."""
    with app.app_context(), db.transaction() as session:
        random_months.make_up(session, told, now=AFTER)
        late = random_months.rows(told, chance, AUGUST + timedelta(hours=2))
        random_months.import_rows(session, told, late, now=AFTER)
        if chance.random() < 0.7:
            random_months.give_back(session, told, chance, now=AFTER)
        # who was paid already has not given it back yet: until then the account needs money from elsewhere
        paying.enter(session, "LENT", "99999.00", "垫付资金", "平台公司", now=AFTER)
        random_months.import_rows(session, told, random_months.rows(told, chance, SEPTEMBER), now=OCTOBER)
        make.settle(session, period=Period.month("2026-09"), now=OCTOBER)
    files += files_of(app, OCTOBER)
    with app.app_context(), db.transaction() as session:
        owed = must_tie(session, told)
        must_be_what_was_used(session, told, set())
        must_be_disclosed(session, told)
        assert files == summed(session, Payout.amount)
        balances = trial_balance(session, place=base.PLACE)
        left = -total(amount for account, amount in balances if account.startswith(HEADS))
        claims = total(amount for account, amount in balances if account.startswith(CLAIMS))
        # what parties were credited for sales is paid, still owed to them, or went back, at last from who was paid
        assert owed == files + left - claims - payee_credit(session, Cause.REFUND_PAID)
        assert summed(session, PayoutBatch.total) == files
        assert [line for line in verify(session.connection()) if "封存" not in line] == []


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(WORLDS))
def test_h1_every_month_of_a_random_world_ties_out_to_the_payout_file(app: Flask, seed: int) -> None:
    chance = random.Random(f"H1-{seed}")
    told, files = first_month(app, chance, seed)
    second_month(app, chance, told, files)


@pytest.mark.soak
@pytest.mark.postgresql_only
@pytest.mark.parametrize("seed", range(ON_POSTGRESQL))
def test_h1_on_postgresql_every_month_of_a_random_world_ties_out_as_well(app: Flask, seed: int) -> None:
    chance = random.Random(f"H1-{seed}")
    told, files = first_month(app, chance, seed)
    second_month(app, chance, told, files)
