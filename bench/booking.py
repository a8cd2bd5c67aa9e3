"""S8: a month of 100,000 order lines divided among five parties, booked, sealed and stated on PostgreSQL.

The orders are copies of one that was bought through the real commands; their payments are booked by the real
commands. Then the month is prepared, checked and sealed, while another process keeps asking for the list of
settlements: what that costs it is part of the promise. Sums are compared with plain arithmetic.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from datetime import date
from typing import Any

import sqlalchemy as sa

from bench import pg
from bench.harness import MIB, Result, at_most, peak_memory, percentile
from kernel import clock
from kernel.db import Base, Database, write_transaction
from kernel.money import Money
from market.entitlements.model import Entitlement
from market.orders.model import Order, Quote
from market.payments.model import Payment
from pricing.costs.rules import ChargeUnit
from settlement.intake import commands as intake
from settlement.ledger.commands import book_new
from settlement.ledger.rules import capture_entry
from settlement.revenue.model import RevenueLine
from settlement.runs import commands as runs
from settlement.splits.commands import freeze_terms
from settlement.splits.model import ShareLine
from settlement.statements.model import Statement
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.rig.databases import build_schema

LINES, PARTIES = int(os.environ.get("HUIYI_BENCH_LINES", "100000")), 5
SECONDS_MAX, MIB_MAX, SLOWER_MAX = 30, 600, 2
CALM_SECONDS, SHOWN = 5, 50
KEYS = {"id", "order_id", "quote_id"}
NAMES = {"number", "reference", "client_reference", "bank_line"}


def make_orders(url: str) -> None:
    """Sell one subscription through the commands, then copy it until there are enough; book every payment."""
    build_schema(url)
    database = Database(url)
    with database.new_session() as session, write_transaction(session):
        world = make.make_world(session, quantity=3, unit=ChargeUnit.PER_PERIOD, has_schedule=False)
        parties = (world.operator, world.bureau, world.hospital, world.merchant)
        rates = ("0.4", "0.2", "0.15", "0.1")
        steps: list[dict[str, Any]] = [
            {"kind": "rate", "party": party.uscc, "value": rate, "base": "net_of_tax"}
            for party, rate in zip(parties, rates, strict=True)
        ]
        steps.append({"kind": "rest", "party": world.platform.uscc})
        make.make_schedule(session, world.agreement, steps, signers=[*parties, world.platform])
        intake.take_in_payments(session, make.preparer(), now=make.NOW, place=base.PLACE)
        order = session.get_one(Order, world.scores_bought.order_id)
        payment = session.scalars(sa.select(Payment.id).where(Payment.order_id == order.id)).one()
        session.flush()
        sources = {Quote: order.quote_id, Order: order.id, Payment: payment, Entitlement: world.scores_bought.id}
        for model, source in sources.items():
            session.execute(sa.text(copies(model)), {"source": source.hex, "last": LINES - 1})
        rows = session.execute(
            sa.select(Payment.id, Order.number, Payment.amount)
            .join(Order, Order.id == Payment.order_id)
            .where(Order.quote_id != order.quote_id, Order.number.startswith(f"{order.number}-"))
        ).all()
        entries = [
            capture_entry(place=base.PLACE, payment_id=paid.hex, order_number=number, amount=amount,
                          entry_date=date(2026, 7, 20))
            for paid, number, amount in rows
        ]  # fmt: skip
        book_new(session, make.preparer(), entries, now=make.NOW)
    with database.new_session() as session:  # as the daily job does, long before a month is settled
        left = LINES
        while left:
            with write_transaction(session):
                left = freeze_terms(session, make.preparer(), place=base.PLACE, now=make.NOW)
            session.expunge_all()
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    database.engine.dispose()


def copies(model: type[Base]) -> str:
    """Return the statement that copies one row many times under new names."""
    table: Any = model.__table__
    values = []
    for column in table.columns:
        name = f's."{column.name}"'
        if column.name in KEYS:
            name = f"md5({name}::text || g)::uuid"
        elif column.name in NAMES:
            name = f"{name} || '-' || lpad(g::text, 6, '0')"
        values.append(name)
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    return (
        f"INSERT INTO {table.name} ({columns}) SELECT {', '.join(values)} FROM {table.name} AS s,"
        " generate_series(1, :last) AS g WHERE s.id = CAST(:source AS uuid)"
    )


def settle(url: str) -> tuple[float, float]:
    """Prepare, then check and seal with statements; return the seconds of both."""
    database, person = Database(url), make.checker()
    with database.new_session() as session:
        began = time.perf_counter()
        with write_transaction(session):
            number = make.prepare(session).number
    prepared = time.perf_counter()
    with database.new_session() as session:
        with write_transaction(session):
            runs.check(session, person, number, now=make.NOW)
        with write_transaction(session):
            runs.seal(session, person, number, now=make.NOW, book=make.LAW)
    sealed = time.perf_counter()
    database.engine.dispose()
    return prepared - began, sealed - prepared


def prepare_only(url: str) -> None:
    """Prepare, in a process that is measured."""
    database = Database(url)
    with database.new_session() as session, write_transaction(session):
        make.prepare(session)
    database.engine.dispose()


def seal_only(url: str) -> None:
    """Check and seal what was prepared, in a process that is measured."""
    database, person = Database(url), make.checker()
    with database.new_session() as session:
        number = session.execute(sa.text("SELECT number FROM settlement_run")).scalar_one()
        with write_transaction(session):
            runs.check(session, person, number, now=make.NOW)
        with write_transaction(session):
            runs.seal(session, person, number, now=make.NOW, book=make.LAW)
    database.engine.dispose()


def ask(url: str, ready: Any, until: Any, answers: Any) -> None:
    """Read orders as a page does until told to stop; send the seconds of every answer with its moment."""
    database, taken = Database(url), []
    query = sa.select(Order).order_by(Order.placed_at.desc(), Order.id).limit(SHOWN)
    while not until.is_set():
        began = time.perf_counter()
        with database.new_session() as session:
            assert len(session.scalars(query).all()) == SHOWN
        ready.set()
        taken.append((began, time.perf_counter() - began))
        time.sleep(0.01)
    answers.send(taken)
    database.engine.dispose()


def beside(url: str, work: Callable[[], tuple[float, float]]) -> tuple[tuple[float, float], float]:
    """Work while somebody reads; return the result, and how much slower the reader's p95 was than before."""
    context = multiprocessing.get_context("spawn")
    ready, until = context.Event(), context.Event()
    receiving, sending = context.Pipe(duplex=False)
    reader = context.Process(target=ask, args=(url, ready, until, sending))
    reader.start()
    ready.wait()
    time.sleep(CALM_SECONDS)
    began = time.perf_counter()
    done = work()
    until.set()
    taken = receiving.recv()
    reader.join()
    calm = [seconds for at, seconds in taken if began - CALM_SECONDS <= at < began]
    busy = [seconds for at, seconds in taken if at >= began]
    return done, percentile(busy, 0.95) / percentile(calm, 0.95)


def must_be_right(url: str) -> None:
    """Compare what was settled with plain arithmetic."""
    database = Database(url)
    with database.new_session() as session:
        count, gross, tax = session.execute(
            sa.select(sa.func.count(), sa.func.sum(RevenueLine.gross), sa.func.sum(RevenueLine.tax))
        ).one()
        shares, parts = session.execute(sa.select(sa.func.count(), sa.func.sum(ShareLine.amount))).one()
        stated: Money = session.scalars(sa.select(sa.func.sum(Statement.total))).one()
    database.engine.dispose()
    one = 1590 * 43 // 92  # 43 of 92 days until the end of August; 15.90 yuan, tax included
    assert (count, shares, gross.fen // count) == (LINES, LINES * PARTIES, one), (count, shares, gross)
    assert gross - tax == parts == stated


def run() -> list[Result]:
    """Measure on a durable server."""
    with pg.running() as bench:
        make_orders(bench.url)
        admin = pg.Bench(bench.server, "postgres")
        admin.execute(f"CREATE DATABASE peak TEMPLATE {bench.database}")
        with clock.set_to(make.NOW):
            (prepared, sealed), slower = beside(bench.url, lambda: settle(bench.url))
        must_be_right(bench.url)
        preparing = peak_memory(prepare_only, bench.server.url("peak"))
        sealing = peak_memory(seal_only, bench.server.url("peak"))
    name = f"{LINES:,} order lines × {PARTIES} parties, PostgreSQL"
    peak = max(preparing, sealing)
    figures = f"prepare {preparing / MIB:.0f} MiB, seal {sealing / MIB:.0f} MiB"
    took = f"{sealed:.1f} s (prepare {prepared:.1f} s)"
    return [
        at_most(f"{name}: seal with booking and statements ÷ {SECONDS_MAX} s", took,
                sealed / SECONDS_MAX, 1),
        at_most(f"{name}: peak memory ÷ {MIB_MAX} MiB", figures, peak / MIB / MIB_MAX, 1),
        at_most(f"{name}: p95 of a reader meanwhile ÷ before", f"{slower:.2f} ×", slower, SLOWER_MAX),
    ]  # fmt: skip
