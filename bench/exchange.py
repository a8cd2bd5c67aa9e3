"""S4: calls of the data plane per second over HTTP on PostgreSQL, against a bare Flask route that reads one row.

Both run behind gunicorn with two processes, on the same database, asked by the same program. A call knows its key,
asks every gate, serves the record, counts it and leaves an audit line, all of it committed; the bare route only reads.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from flask import Flask, Response, jsonify

from bench import pg
from bench.harness import ROUNDS, Result, at_least, percentile
from kernel import clock, db
from kernel.db import Database
from kernel.identity import Actor, Grant, Role
from registry.accounts import commands as accounts
from registry.parties.model import Party
from settlement.calls.queries import new_event
from settlement.metering.model import UsageEvent
from tests.make import market as make
from tests.make import registry_base as base
from tests.rig.databases import build_schema

ROOT = Path(__file__).resolve().parent.parent
WORKERS, THREADS, CALLERS = 2, 4, 8
SECONDS = 6
RECORDS, QUOTA = 1_000, 90_000_000
KNOWN, A_DAY_AGO = 20_000, make.SALE - timedelta(days=1)  # calls of the day before: the planner knows the table's size
TARGET = 0.5
URL = "HUIYI_BENCH_URL"


def bare() -> Flask:
    """The route to compare with: one row by its key, as JSON."""
    app = Flask("bare")
    engine = sa.create_engine(os.environ[URL], pool_size=10)
    query = sa.text("SELECT key, body FROM market_data_set_row WHERE key = :key")

    @app.get("/rows/<key>")
    def row(key: str) -> Response:
        with engine.connect() as connection:
            found = connection.execute(query, {"key": key}).one()
        return jsonify(key=found.key, record=found.body)

    return app


def ours() -> Flask:
    """The application, on the day on which the entitlements were opened."""
    from web import Config, create_app

    clock.run_from(make.SALE)
    overlay = ROOT / "policies" / "overlays" / "demonstration.yaml"
    settings = {"HUIYI_DATABASE_URL": os.environ[URL], "HUIYI_ENV": "test", "HUIYI_POLICY_OVERLAYS": str(overlay)}
    return create_app(Config.from_environment(settings))


def prepare(url: str) -> tuple[str, list[str]]:
    """Make one product with its records, and a key for each of the callers, who all bought it; return its code."""
    build_schema(url)
    database = Database(url)
    with database.new_session() as session, db.write_transaction(session):
        product = make.make_offer(session)
        rows = [{"key": f"r{turn}", "score": str(turn), "level": "A"} for turn in range(RECORDS)]
        make.load_data(session, product, rows)
        keys = []
        for _ in range(CALLERS):
            buyer = make.buyer_of(session)
            held = make.make_entitlement(session, product, buyer, quantity=QUOTA)
            session.execute(sa.insert(UsageEvent), [
                new_event(held.place, held.id, product.id, f"known-{turn}", None, "", A_DAY_AGO, is_hit=False)
                for turn in range(KNOWN // CALLERS)
            ])  # fmt: skip
            party = session.get_one(Party, buyer.org_id)
            account = base.make_account(session, Role.BUYER, party=party, now=make.SALE)
            person = Actor(account.id, "bench", org_id=party.id, grants=(Grant(Role.BUYER, org_id=party.id),))
            keys.append(accounts.create_key(session, person, name="bench", days=90, now=make.SALE)[1])
        code = product.code
    database.engine.dispose()
    return code, keys


@contextmanager
def serving(target: str, url: str) -> Iterator[int]:
    """Serve an application as ``huiyi serve`` does, on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", str(WORKERS), "--threads",
               str(THREADS), "--log-level", "warning", f"bench.exchange:{target}()"]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, URL: url})
    try:
        for _ in range(200):
            time.sleep(0.1)
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
        time.sleep(1)
        yield port
    finally:
        process.terminate()
        process.wait()


def ask(port: int, path: str, headers: str, turn: str, until: float, taken: list[float]) -> None:
    """Ask for one record after the other over one connection until the time is over.

    Raises:
        RuntimeError: an answer was not 200.
    """
    number = 0
    with socket.create_connection(("127.0.0.1", port)) as connection:
        answers = connection.makefile("rb")
        while time.perf_counter() < until:
            number += 1
            began = time.perf_counter()
            words = f"GET {path}/r{number % RECORDS} HTTP/1.1\r\nHost: localhost\r\n{headers}"
            connection.sendall(f"{words}Client-Reference: {turn}-{number}\r\n\r\n".encode())
            status, length = answers.readline(), 0
            while (line := answers.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            body = answers.read(length)
            if b" 200 " not in status:
                raise RuntimeError(f"{status!r} {body!r}")
            taken.append(time.perf_counter() - began)


def rate(port: int, path: str, headers: list[str], name: str) -> tuple[float, list[float]]:
    """Ask over all connections at once; return the answers per second and how long each took."""
    taken: list[list[float]] = [[] for _ in headers]
    until = time.perf_counter() + SECONDS
    threads = [
        threading.Thread(target=ask, args=(port, path, header, f"{name}-{turn}", until, taken[turn]))
        for turn, header in enumerate(headers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everything = [seconds for one in taken for seconds in one]
    return len(everything) / SECONDS, everything


def compare(url: str, code: str, keys: list[str]) -> tuple[float, float, list[float]]:
    """Measure both in turns; return the medians of their rates, and the seconds of each of our calls."""
    headers = [f"Authorization: Bearer {key}\r\n" for key in keys]
    called, read, taken = list[float](), list[float](), list[float]()
    with serving("ours", url) as our_port, serving("bare", url) as bare_port:
        for turn in ("warm", *(f"round{number}" for number in range(ROUNDS))):
            calls, seconds = rate(our_port, f"/exchange/v1/products/{code}/records", headers, turn)
            reads, _ = rate(bare_port, "/rows", [""] * CALLERS, turn)
            if turn != "warm":
                called.append(calls)
                read.append(reads)
                taken += seconds
    return statistics.median(called), statistics.median(read), taken


def run() -> list[Result]:
    """Measure calls and bare reads in one run and compare."""
    with pg.running() as bench:
        code, keys = prepare(bench.url)
        bench.execute("ANALYZE")
        calls, reads, taken = compare(bench.url, code, keys)
    figure = f"{calls:.0f} against {reads:.0f} a second, p99 {percentile(taken, 0.99) * 1000:.0f} ms"
    return [at_least("S4 exchange call ÷ bare Flask route that reads one row", figure, calls / reads, TARGET)]
