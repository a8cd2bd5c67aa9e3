"""S2: orders per second over HTTP (key, gates, idempotency, audit, answer), against the script of S1.

The application runs behind gunicorn with two processes, the program that asks on the same machine. Its delay is
measured under half of the load that it can bear, from the moment in which each order was due.
"""

from __future__ import annotations

import json
import socket
import statistics
import threading
import time
from typing import Any

from bench import orders, pg
from bench.exchange import serving
from bench.harness import ROUNDS, Result, at_least, at_most, percentile
from kernel import db
from kernel.db import Database
from kernel.identity import Actor, Grant, Role
from registry.accounts import commands as accounts
from registry.parties.model import Party
from tests.make import market as make
from tests.make import registry_base as base

SECONDS = orders.SECONDS
TARGET, DELAY_MAX = 0.12, 0.060


def keys_for(url: str, stacks: list[orders.Stack]) -> list[str]:
    """Give each buyer a key."""
    database, keys = Database(url), []
    with database.new_session() as session, db.write_transaction(session):
        for org_id, _ in stacks:
            party = session.get_one(Party, org_id)
            account = base.make_account(session, Role.BUYER, party=party, now=make.SALE)
            person = Actor(account.id, "bench", org_id=party.id, grants=(Grant(Role.BUYER, org_id=party.id),))
            keys.append(accounts.create_key(session, person, name="bench", days=90, now=make.SALE)[1])
    database.engine.dispose()
    return keys


class Caller:
    """One program of one buyer, with its connection."""

    def __init__(self, port: int, key: str, numbers: list[str]) -> None:
        """Keep what it orders, and where."""
        self.port, self.key, self.numbers, self.taken = port, key, numbers, list[float]()

    def connect(self) -> None:
        """Connect anew: the server has closed a connection that was idle while the script had its turn."""
        self.connection = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self.answers = self.connection.makefile("rb")

    def order(self) -> None:
        """Order the next quote.

        Raises:
            RuntimeError: the answer was not 201.
        """
        number = self.numbers.pop()
        body = json.dumps({"quote_number": number, "client_reference": number}).encode()
        head = (
            f"POST /api/v1/orders HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.key}\r\n"
            f"Idempotency-Key: bench-{number:0>12}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self.connection.sendall(head.encode() + body)
        status, length = self.answers.readline(), 0
        while (line := self.answers.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        answer = self.answers.read(length)
        if b" 201 " not in status:
            raise RuntimeError(f"{status!r} {answer!r}")

    def order_until(self, until: float, every: float) -> None:
        """Order until the moment: one after the other, or one ``every`` so many seconds."""
        self.connect()
        due = time.perf_counter()
        while due < until:
            time.sleep(max(0.0, due - time.perf_counter()))
            self.order()
            self.taken.append(time.perf_counter() - due)
            due = due + every if every else time.perf_counter()


def order_together(callers: list[Caller], *, every: float = 0.0) -> list[float]:
    """Order over all connections for some seconds; return how long each order took."""
    until, errors = time.perf_counter() + SECONDS, list[BaseException]()

    def run(caller: Caller) -> None:
        try:
            caller.order_until(until, every)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(caller,)) for caller in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    taken = [seconds for caller in callers for seconds in caller.taken]
    for caller in callers:
        caller.taken.clear()
    return taken


def measure(bench: pg.Bench, callers: list[Caller]) -> tuple[float, float, list[float]]:
    """Return the medians of our rate and of the script's, taken in turns, and the delays under half of our rate."""
    order_together(callers)  # warm
    orders.prepare_baseline(bench)
    rates, limits = list[float](), list[float]()
    for _ in range(ROUNDS):
        rates.append(len(order_together(callers)) / SECONDS)
        limits.append(orders.scripted(bench))
    rate = statistics.median(rates)
    return rate, statistics.median(limits), order_together(callers, every=2 * len(callers) / rate)


def run() -> list[Result]:
    """Measure ours over HTTP and the script in turns and compare."""
    with pg.running() as bench:
        stacks = orders.prepare(bench.url)
        keys: list[Any] = keys_for(bench.url, stacks)
        bench.execute("ANALYZE")
        with serving("ours", bench.url) as port:
            callers = [Caller(port, key, numbers) for key, (_, numbers) in zip(keys, stacks, strict=True)]
            rate, limit, taken = measure(bench, callers)
    delay = percentile(taken, 0.99)
    return [
        at_least(
            "S2 order over HTTP ÷ pgbench script", f"{rate:.0f} against {limit:.0f} orders/s", rate / limit, TARGET
        ),
        at_most("S2 p99 under half of that load ÷ 60 ms", f"{delay * 1000:.0f} ms", delay / DELAY_MAX, 1),
    ]
