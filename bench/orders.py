"""S1: orders per second through our command on PostgreSQL, against a pgbench script that writes the same rows.

Ours reads every gate, prices again, writes order, contract and audit lines under gapless numbers; the script only
writes. Two processes of four threads order from one product each; every order uses a quote made beforehand.
"""

from __future__ import annotations

import multiprocessing
import threading
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
SECONDS = 5
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


def copies(session: Any, quote: Quote, count: int) -> list[str]:
    """Make ``count`` more quotes like ``quote``; return their numbers."""
    row = {column.key: getattr(quote, column.key) for column in sa.inspect(Quote).columns}
    valid = quote.valid_until + timedelta(days=1)
    made = [row | {"id": new_id(), "number": f"{quote.number}-{turn}", "valid_until": valid} for turn in range(count)]
    session.execute(sa.insert(Quote), made)
    return [str(one["number"]) for one in made]


def prepare(url: str) -> list[tuple[UUID, list[str]]]:
    """Make one product, buyer and stack of quotes per thread; return buyer and quotes."""
    build_schema(url)
    database = Database(url)
    stacks = []
    for _ in range(PROCESSES * THREADS):
        with database.new_session() as session, db.write_transaction(session):
            product = make.make_offer(session)
            buyer = make.buyer_of(session)
            assert buyer.org_id is not None
            quote = make.make_quote(session, product, buyer)
            stacks.append((buyer.org_id, copies(session, quote, QUOTES_PER_THREAD)))
    database.engine.dispose()
    return stacks


def order_for(url: str, stacks: list[tuple[UUID, list[str]]], first: int, result: Any) -> None:
    """Place orders with one thread per stack for some seconds; report how many and how long each took."""
    database, book, taken = Database(url), make.LAW, list[float]()
    stop = threading.Event()

    def work(org_id: UUID, numbers: list[str]) -> None:
        buyer = Actor(new_id(), "bench", org_id=org_id, grants=(Grant(Role.BUYER, org_id=org_id),), channel="api")
        for number in numbers[first:]:
            if stop.is_set():
                return
            began = time.perf_counter()
            with database.new_session() as session, db.write_transaction(session):
                place_order(session, buyer, quote_number=number, client_reference=number, now=make.SALE, book=book)
            taken.append(time.perf_counter() - began)

    with ThreadPoolExecutor(len(stacks)) as pool:
        running = [pool.submit(work, *stack) for stack in stacks]
        time.sleep(SECONDS)
        stop.set()
        for one in running:
            one.result()
    result.put(taken)


def ours(url: str, stacks: list[tuple[UUID, list[str]]], first: int) -> list[float]:
    """Run the processes; return the seconds of every order."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    shares = [stacks[turn::PROCESSES] for turn in range(PROCESSES)]
    processes = [context.Process(target=order_for, args=(url, share, first, results)) for share in shares]
    for process in processes:
        process.start()
    taken = [seconds for _ in processes for seconds in results.get()]
    for process in processes:
        process.join()
    return taken


def prepare_baseline(bench: pg.Bench) -> None:
    """Keep one row of each kind as a pattern, and the unused quotes in a numbered table."""
    for table, pattern in (("order", "market_order"), ("contract", "market_contract"), ("audit", "audit_line")):
        bench.execute(f"CREATE TABLE bench_{table} AS SELECT * FROM {pattern} ORDER BY id DESC LIMIT 1")
    bench.execute("INSERT INTO number_series VALUES ('BENCH-ORD', 0), ('BENCH-CON', 0)")
    bench.execute(
        "CREATE TABLE bench_quote AS SELECT row_number() OVER (ORDER BY number DESC) AS n, id FROM market_quote q "
        "WHERE NOT EXISTS (SELECT 1 FROM market_order o WHERE o.quote_id = q.id)"
    )
    bench.execute("CREATE UNIQUE INDEX ON bench_quote (n)")
    bench.execute("CREATE SEQUENCE bench_turn")
    bench.execute("ANALYZE")


def run() -> list[Result]:
    """Measure ours and the script in one run and compare."""
    with pg.running() as bench:
        stacks = prepare(bench.url)
        first, rates, taken = 0, [], list[float]()
        for _ in range(ROUNDS):
            seconds = ours(bench.url, stacks, first)
            first += len(seconds)
            rates.append(len(seconds) / SECONDS)
            taken += seconds
        prepare_baseline(bench)
        scripted = bench.pgbench(SCRIPT, clients=PROCESSES * THREADS, seconds=SECONDS)
    rate = sorted(rates)[len(rates) // 2]
    figure = f"{rate:.0f} against {scripted:.0f} orders/s, p99 {percentile(taken, 0.99) * 1000:.0f} ms"
    return [at_least("S1 order through the command ÷ pgbench script", figure, rate / scripted, TARGET)]
