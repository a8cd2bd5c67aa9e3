"""S1: orders per second through our command on PostgreSQL, against a pgbench script that writes the same rows.

Ours reads every gate, prices again, writes order, contract and audit lines under gapless numbers; the script only
writes. Two processes of four threads order from one product each; every order uses a quote made beforehand. Both take
turns; the connections of ours are as warm as those of a server that runs for a while.
"""

from __future__ import annotations

import multiprocessing
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from bench import pg
from bench.harness import ROUNDS, Result, at_least, percentile
from kernel import db
from kernel.db import Database, new_id
from kernel.identity import Actor, Grant, Role
from market.contracts.commands import place_order
from market.orders.model import Quote
from tests.make import market as make
from tests.rig.databases import build_schema

PROCESSES, THREADS = 2, 4
SECONDS, WARM = 5, 15
QUOTES_PER_THREAD = 6_000
TARGET = 0.20
AUDIT = """
INSERT INTO audit_line
  SELECT (jsonb_populate_record(a, jsonb_build_object('id', gen_random_uuid()))).* FROM bench_audit a;
"""
SCRIPT = f"""
SELECT nextval('bench_turn') AS turn \\gset
BEGIN;
SELECT id AS quote FROM bench_quote WHERE n = :turn \\gset
UPDATE number_series SET last_number = last_number + 1 WHERE series = 'BENCH-ORD';
INSERT INTO market_order
  SELECT (jsonb_populate_record(o, jsonb_build_object('id', gen_random_uuid(), 'number', gen_random_uuid(),
    'quote_id', CAST(:quote AS text), 'client_reference', gen_random_uuid()))).* FROM bench_order o;
{AUDIT}
UPDATE number_series SET last_number = last_number + 1 WHERE series = 'BENCH-CON';
INSERT INTO market_contract
  SELECT (jsonb_populate_record(c, jsonb_build_object('id', gen_random_uuid(), 'number', gen_random_uuid(),
    'order_id', (SELECT id FROM market_order WHERE quote_id = CAST(:quote AS uuid))))).* FROM bench_contract c;
{AUDIT}
COMMIT;
"""
Stack = tuple[UUID, list[str]]


def copies(session: Any, quote: Quote, count: int) -> list[str]:
    """Make ``count`` more quotes like ``quote``; return their numbers."""
    row = {column.key: getattr(quote, column.key) for column in sa.inspect(Quote).columns}
    valid = quote.valid_until + timedelta(days=1)
    made = [row | {"id": new_id(), "number": f"{quote.number}-{turn}", "valid_until": valid} for turn in range(count)]
    session.execute(sa.insert(Quote), made)
    return [str(one["number"]) for one in made]


def prepare(url: str, stacks: int = PROCESSES * THREADS) -> list[Stack]:
    """Make a product, a buyer and a stack of quotes as often as asked; return buyers and quotes."""
    build_schema(url)
    database = Database(url)
    made = []
    for _ in range(stacks):
        with database.new_session() as session, db.write_transaction(session):
            product = make.make_offer(session)
            buyer = make.buyer_of(session)
            assert buyer.org_id is not None
            quote = make.make_quote(session, product, buyer)
            made.append((buyer.org_id, copies(session, quote, QUOTES_PER_THREAD)))
    database.engine.dispose()
    return made


def order_until(database: Database, buyer: Actor, numbers: list[str], until: float) -> list[float]:
    """Order quote after quote, taking them off the stack, until the moment; return the seconds of each."""
    taken = []
    while numbers and time.perf_counter() < until:
        number, began = numbers.pop(), time.perf_counter()
        with database.new_session() as session, db.write_transaction(session):
            place_order(session, buyer, quote_number=number, client_reference=number, now=make.SALE, book=make.LAW)
        taken.append(time.perf_counter() - began)
    return taken


def order_for(url: str, stacks: list[Stack], asked: Any) -> None:
    """Warm up, then order with one thread per stack for a while each time when asked, until asked for nothing."""
    database = Database(url)
    buyers = [
        Actor(new_id(), "bench", org_id=org_id, grants=(Grant(Role.BUYER, org_id=org_id),), channel="api")
        for org_id, _ in stacks
    ]
    with ThreadPoolExecutor(len(stacks)) as pool:

        def together(count: int | None) -> list[float]:
            until = time.perf_counter() + (SECONDS if count is None else 600)
            own = [numbers if count is None else [numbers.pop() for _ in range(count)] for _, numbers in stacks]
            running = [pool.submit(order_until, database, *one, until) for one in zip(buyers, own, strict=True)]
            return [seconds for one in running for seconds in one.result()]

        together(WARM)
        asked.send(None)
        while asked.recv():
            asked.send(together(None))


class Workers:
    """The processes that order, told through pipes."""

    def __init__(self, url: str, stacks: list[Stack]) -> None:
        """Start them, and wait until they are warm."""
        context = multiprocessing.get_context("spawn")
        self.pipes, self.processes = [], []
        for turn in range(PROCESSES):
            ours, theirs = context.Pipe()
            process = context.Process(target=order_for, args=(url, stacks[turn::PROCESSES], theirs))
            process.start()
            theirs.close()
            self.pipes.append(ours)
            self.processes.append(process)
        for pipe in self.pipes:
            pipe.recv()

    def order(self) -> list[float]:
        """Order for some seconds; return how long each order took."""
        for pipe in self.pipes:
            pipe.send(True)
        return [seconds for pipe in self.pipes for seconds in pipe.recv()]

    def stop(self) -> None:
        """Let them end."""
        for pipe in self.pipes:
            pipe.send(False)
        for process in self.processes:
            process.join()


def prepare_baseline(bench: pg.Bench) -> None:
    """Keep one row of each kind as a pattern, and quotes of its own for the script in a numbered table."""
    for table, pattern in (("order", "market_order"), ("contract", "market_contract"), ("audit", "audit_line")):
        bench.execute(f"CREATE TABLE bench_{table} AS SELECT * FROM {pattern} ORDER BY id DESC LIMIT 1")
    bench.execute("INSERT INTO number_series VALUES ('BENCH-ORD', 0), ('BENCH-CON', 0)")
    # ours take the quotes with high numbers first; a round of the script never comes as far
    bench.execute(
        "CREATE TABLE bench_quote AS SELECT row_number() OVER (ORDER BY turn, id) AS n, id FROM ("
        " SELECT id, CAST(split_part(number, '-', 4) AS integer) AS turn FROM market_quote q"
        " WHERE number LIKE 'QUO-%-%-%' AND NOT EXISTS (SELECT 1 FROM market_order o WHERE o.quote_id = q.id)) free"
    )
    bench.execute("CREATE UNIQUE INDEX ON bench_quote (n)")
    bench.execute("CREATE SEQUENCE bench_turn")
    bench.execute("ANALYZE")


def scripted(bench: pg.Bench) -> float:
    """Run the script for some seconds; return its transactions per second."""
    return bench.pgbench(SCRIPT, clients=PROCESSES * THREADS, seconds=SECONDS)


def run() -> list[Result]:
    """Measure ours and the script in turns and compare."""
    rates, limits, taken = list[float](), list[float](), list[float]()
    with pg.running() as bench:
        stacks = prepare(bench.url)
        bench.execute("ANALYZE")
        workers = Workers(bench.url, stacks)
        prepare_baseline(bench)
        try:
            for _ in range(ROUNDS):
                seconds = workers.order()
                rates.append(len(seconds) / SECONDS)
                taken += seconds
                limits.append(scripted(bench))
        finally:
            workers.stop()
    rate, limit = statistics.median(rates), statistics.median(limits)
    figure = f"{rate:.0f} against {limit:.0f} orders/s, p99 {percentile(taken, 0.99) * 1000:.0f} ms"
    return [at_least("S1 order through the command ÷ pgbench script", figure, rate / limit, TARGET)]
