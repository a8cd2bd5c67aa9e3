"""F1: whenever the process dies while money of several orders and five parties is settled, paid or given back.

Until the commit nothing may be there, afterwards everything, once; and the month ends as an undisturbed one. Where an
act has more statements than ``POINTS_MAX`` they are sampled evenly (:mod:`tests.rig.dying`), twice as closely for a
smaller settlement and a closing, beside their concepts; ``make soak`` leaves none out.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.db import Database
from kernel.errors import DomainError
from kernel.identity import Role
from kernel.money import Money
from market.orders.model import Order
from market.refunds import commands as refunds
from market.refunds.model import Refund
from market.refunds.rules import RefundAct
from settlement.clawbacks.model import Clawback
from settlement.intake.commands import take_in_payments
from settlement.ledger import checks
from settlement.ledger.queries import trial_balance
from settlement.payouts import commands as payouts
from settlement.payouts import queries as paid
from settlement.payouts.model import Payout, PayoutBatch
from settlement.payouts.rules import Channel, Result
from settlement.runs import commands as runs
from settlement.runs.model import SettlementRun
from settlement.statements.model import Statement
from tests.make import payouts as paying
from tests.make import registry_base as base
from tests.make import settled_months as months
from tests.make import settlement as make
from tests.rig import sizes
from tests.rig.databases import Databases
from tests.rig.dying import Act, dies_at, do, points_of, sampled

POINTS_MAX, POINTS_MIN = sizes.of("F1"), 6
LATER = paying.PAY + timedelta(hours=2)
TABLES = ("settlement_run", "settlement_revenue_line", "settlement_share_line", "settlement_journal_entry",
          "settlement_journal_line", "settlement_statement", "settlement_payout_batch", "settlement_payout",
          "settlement_payout_item", "settlement_clawback", "market_refund", "number_series", "audit_line")  # fmt: skip


def prepare(session: Session) -> None:
    """Take everything in and prepare August."""
    take_in_payments(session, make.preparer(), now=make.NOW, place=base.PLACE)
    make.prepare(session)


def seal(session: Session) -> None:
    """Seal August."""
    number = session.scalars(sa.select(SettlementRun.number)).one()
    runs.seal(session, make.checker(), number, now=make.NOW, book=make.LAW)


def check(session: Session) -> None:
    """Check August."""
    runs.check(session, make.checker(), session.scalars(sa.select(SettlementRun.number)).one(), now=make.NOW)


def bank_batch(session: Session) -> PayoutBatch:
    """The batch that goes to the bank."""
    return session.scalars(sa.select(PayoutBatch).where(PayoutBatch.channel == Channel.BANK)).one()


def pay(session: Session) -> None:
    """Prepare, check and send what can be paid, as three people."""
    paying.pay_all(session)


def answer(session: Session) -> None:
    """Take the bank's answer: one payout is returned, the others arrived."""
    batch = bank_batch(session)
    found = paid.payouts_of(session, batch.id)
    results = [Result(number, one.number, one.amount, number > 1, f"L-{number}" if number > 1 else "", "户名不符")
               for number, one in enumerate(found, start=1)]  # fmt: skip
    payouts.take_results(session, paying.PREPARER, batch.number, results=results, now=LATER)


def ask_back(session: Session) -> None:
    """Ask for most of the first order back, and agree to it."""
    order = session.scalars(sa.select(Order).order_by(Order.number).limit(1)).one()
    payment = paying.payment_of(session, order.id)
    buyer = base.actor(Role.BUYER, org_id=payment.buyer_id)
    asked = refunds.ask(session, buyer, payment.id, amount=Money.yuan("200.00"), reason="数据不符合约定",
                        client_reference="R-1", now=LATER)  # fmt: skip
    refunds.decide(session, paying.CHECKER, asked.id, act=RefundAct.APPROVE, reason="属实", now=LATER)


def give_back(session: Session) -> None:
    """Transfer it, book it, and spread it over the statements: part is owed by parties that were paid."""
    asked = session.scalars(sa.select(Refund)).one()
    refunds.confirm_transfer(session, paying.PAYER, asked.id, bank_line="OUT-1", paid_at=LATER, now=LATER)
    take_in_payments(session, paying.PREPARER, now=LATER)


ACTS: dict[str, Act] = {"prepare": prepare, "check": check, "seal": seal, "pay": pay, "answer": answer,
                        "ask_back": ask_back, "give_back": give_back}  # fmt: skip


def sizes(database: Database) -> list[int]:
    """How many rows there are of everything that these acts write."""
    with database.engine.connect() as connection:
        found = [connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() for table in TABLES]
    database.engine.dispose()
    return found


def outcome(database: Database) -> dict[str, Any]:
    """What remains, by business keys."""
    with database.new_session() as session:
        run = session.scalars(sa.select(SettlementRun)).one()
        found = {
            "run": (run.state, run.number, run.report_sha256),
            "statements": session.execute(
                sa.select(Statement.number, Statement.sha256).order_by(Statement.number)).all(),
            "payouts": session.execute(
                sa.select(Payout.number, Payout.amount, Payout.state).order_by(Payout.number)).all(),
            "clawbacks": session.execute(
                sa.select(Clawback.account, Clawback.kind, Clawback.amount).order_by(Clawback.account, Clawback.kind,
                                                                                    Clawback.amount)).all(),
            "books": trial_balance(session, place=base.PLACE), "findings": checks.run(session),
        }  # fmt: skip
    database.engine.dispose()
    return found


@pytest.mark.soak
@pytest.mark.both_databases
def test_money_survives_death_at_any_statement_from_settlement_to_refund(
    databases: Databases, database_kind: str
) -> None:
    urls = {name: databases.fresh(database_kind) for name in ("undisturbed", "killed")}
    opened = {name: Database(url) for name, url in urls.items()}
    for database in opened.values():
        do(database, lambda session: months.make_month(session, [7, 20, 31, 1]))
        do(database, months.make_accounts)
    for act in ACTS.values():
        do(opened["undisturbed"], act)
    killed, tried = opened["killed"], 0
    for act in ACTS.values():
        before = sizes(killed)
        for point in sampled(points_of(killed, act), POINTS_MAX):
            tried += 1
            assert sizes(killed) == before  # nothing is left of whoever died before
            assert dies_at(killed, act, point)
        assert sizes(killed) != before  # the last one died behind its commit
    assert tried >= len(ACTS) * (POINTS_MIN + 2)
    assert outcome(killed) == outcome(opened["undisturbed"])
    assert outcome(killed)["findings"] == []
    after = sizes(killed)
    do(killed, lambda session: take_in_payments(session, paying.PREPARER, now=LATER))
    for again in (prepare, check, seal):
        with pytest.raises(DomainError):
            do(killed, again)
    assert sizes(killed) == after
    for url in urls.values():
        databases.discard(url)
