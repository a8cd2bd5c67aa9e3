"""D6: sixteen workers take money in, give it back, settle and pay out, while somebody adds up the whole journal.

Whatever moment the reader meets, the journal sums to nothing, knows every account, and none stands on the wrong side.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from threading import Event, Thread
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel.db import Database, write_transaction
from kernel.errors import DomainError
from kernel.identity import Role
from kernel.money import ZERO, Money
from market.payments.model import Payment
from market.refunds import commands as refunds
from market.refunds.model import Refund
from market.refunds.rules import RefundAct
from settlement.intake.commands import take_in_payments
from settlement.ledger import checks
from settlement.ledger.model import JournalLine
from settlement.ledger.rules import side_of
from settlement.payouts import commands as payouts
from settlement.payouts import queries as paid
from settlement.payouts.model import PayoutBatch
from settlement.payouts.rules import BatchState, Result
from settlement.runs import commands as runs
from settlement.runs.model import SettlementRun
from tests.make import payouts as paying
from tests.make import registry_base as base
from tests.make import settled_months as months
from tests.make import settlement as make
from web.checker import verify

WORKERS, TURNS = 16, 8
NOW = paying.PAY
Act = Callable[[Session], Any]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Twenty orders, used up, and accounts of those who share; the independent checker has the last word."""
    opened = Database(database_url)
    with opened.new_session() as session, write_transaction(session):
        months.make_month(session, [5 + number for number in range(18)])
        months.make_accounts(session)
    yield opened
    with opened.new_session() as session:
        assert checks.run(session) == []
        assert [line for line in verify(session.connection()) if "封存" not in line] == []
    opened.engine.dispose()


def refund(chance: random.Random, worker: int, turn: int) -> list[Act]:
    """Ask for some of an order back, agree, and transfer it: three steps of three people."""
    name, amount = f"R-{worker}-{turn}", Money(chance.randrange(1, 2000))

    def ask(session: Session) -> None:
        payment = chance.choice(session.scalars(sa.select(Payment).order_by(Payment.number)).all())
        buyer = base.actor(Role.BUYER, org_id=payment.buyer_id)
        refunds.ask(session, buyer, payment.id, amount=amount, reason="数据不符合约定", client_reference=name, now=NOW)

    def found(session: Session) -> UUID:
        return session.scalars(sa.select(Refund.id).where(Refund.client_reference == name)).all()[0]

    return [
        ask,
        lambda session: refunds.decide(session, paying.CHECKER, found(session), act=RefundAct.APPROVE, reason="属实",
                                       now=NOW),
        lambda session: refunds.confirm_transfer(session, paying.PAYER, found(session), bank_line=name, paid_at=NOW,
                                                 now=NOW),
    ]  # fmt: skip


def take_in(session: Session) -> None:
    """Book whatever waits."""
    take_in_payments(session, make.preparer(), now=NOW, place=base.PLACE)


def settle() -> list[Act]:
    """Prepare, check and seal August; whoever comes too late is refused."""

    def number(session: Session) -> str:
        return session.scalars(sa.select(SettlementRun.number)).all()[0]

    return [
        lambda session: make.prepare(session, now=NOW),
        lambda session: runs.check(session, make.checker(), number(session), now=NOW),
        lambda session: runs.seal(session, make.checker(), number(session), now=NOW, book=make.LAW),
    ]


def pay(chance: random.Random) -> list[Act]:
    """Prepare what can be paid, and bring any batch one step further."""

    def further(session: Session) -> None:
        batch = chance.choice(session.scalars(sa.select(PayoutBatch).order_by(PayoutBatch.number)).all())
        if batch.state is BatchState.PREPARED:
            payouts.check(session, paying.CHECKER, batch.number, now=NOW, book=make.LAW)
        elif batch.state is BatchState.CHECKED:
            payouts.send(session, paying.PAYER, batch.number, now=NOW, book=make.LAW)
        else:
            results = [Result(2, one.number, one.amount, chance.random() < 0.7, f"L-{one.number}", "户名不符")
                       for one in paid.payouts_of(session, batch.id)]  # fmt: skip
            payouts.take_results(session, paying.PREPARER, batch.number, results=results, now=NOW)

    return [lambda session: paying.prepare(session, NOW), further, further, further]


def work(database: Database, worker: int, outcomes: Counter[str]) -> None:
    """Do one thing after another, each in its own transaction; refusals and lost races are part of the day."""
    chance = random.Random(worker)
    for turn in range(TURNS):
        kind = (turn + worker) % 4
        acts = {0: refund(chance, worker, turn), 1: [take_in], 2: settle(), 3: pay(chance)}[kind]
        for act in acts:
            try:
                with database.new_session() as session, write_transaction(session):
                    act(session)
                outcomes["done"] += 1
            except (DomainError, DBAPIError, IndexError) as error:
                outcomes[getattr(error, "code", type(error).__name__) or type(error).__name__] += 1


def read(database: Database, is_over: Event, faults: list[str]) -> int:
    """Add up the whole journal, one statement and so one moment at a time, until the day is over; return how often."""
    query = sa.select(JournalLine.account, sa.func.sum(JournalLine.amount)).group_by(JournalLine.account)
    readings = 0
    while not faults:
        last = is_over.is_set()
        with database.new_session() as session:
            balances = dict(session.execute(query).all())
        if sum(amount.fen for amount in balances.values()):
            faults.append(f"sums to {sum(amount.fen for amount in balances.values())}")
        for account, amount in balances.items():
            if (amount < ZERO) if side_of(account) == "debit" else (amount > ZERO):
                faults.append(f"{account} {amount.text()}")
        readings += 1
        if last:
            break
    return readings


@pytest.mark.both_databases
def test_d6_the_journal_sums_to_nothing_at_every_moment_of_a_busy_day(database: Database) -> None:
    outcomes, faults, broken, is_over = Counter[str](), list[str](), list[BaseException](), Event()
    readings = list[int]()

    def guarded(act: Callable[[], Any]) -> Callable[[], None]:
        def run() -> None:
            try:
                act()
            except BaseException as error:
                broken.append(error)

        return run

    reader = Thread(target=guarded(lambda: readings.append(read(database, is_over, faults))))
    workers = [Thread(target=guarded(lambda worker=worker: work(database, worker, outcomes)))
               for worker in range(WORKERS)]  # fmt: skip
    for thread in (reader, *workers):
        thread.start()
    for thread in workers:
        thread.join()
    is_over.set()
    reader.join()
    assert (broken, faults) == ([], [])
    assert readings[0] > 1
    assert outcomes["done"] > WORKERS * TURNS // 4
    with database.new_session() as session:
        assert session.scalars(sa.select(SettlementRun.state)).all() == ["sealed"]
        with write_transaction(session):
            while take_in_payments(session, make.preparer(), now=NOW):
                pass
