"""S5: events of use taken in per second on PostgreSQL, against a raw ``COPY`` of the same rows with a primary key.

Once as a file of a million events, once through HTTP with 500 events a request, behind gunicorn with two processes.
Either way each event is read, checked against its entitlement, kept apart from those that are known, written with its
four indexes, and added to what is used up; the raw copy only writes rows.
"""

from __future__ import annotations

import json
import socket
import statistics
import threading
import time
from datetime import timedelta

import psycopg

from bench import pg
from bench.exchange import serving
from bench.harness import ROUNDS, Result, at_least
from kernel import db
from kernel.db import Database
from kernel.identity import Role
from registry.accounts import commands as accounts
from settlement.metering.commands import import_usage
from tests.make import market as make
from tests.make import registry_base as base
from tests.make.settlement import preparer
from tests.rig.databases import build_schema

EVENTS, SENT, A_REQUEST = 1_000_000, 100_000, 500
ENTITLEMENTS, SENDERS = 200, 4
QUOTA = 90_000_000
PLACE = base.PLACE
FILE_TARGET, HTTP_TARGET = 0.5, 0.25
USED_AT = make.SALE - timedelta(minutes=1)
HEADING = "entitlement,client_reference,occurred_at"
RAW = "CREATE TABLE IF NOT EXISTS raw_event (LIKE settlement_usage_event INCLUDING DEFAULTS, PRIMARY KEY (id))"


def prepare(url: str) -> tuple[list[str], list[str]]:
    """Sell one product to many buyers; return the numbers of the entitlements and a token for each sender."""
    build_schema(url)
    database, numbers, keys = Database(url), list[str](), list[str]()
    with database.new_session() as session, db.write_transaction(session):
        product = make.make_offer(session)
        for _ in range(ENTITLEMENTS):
            held = make.make_entitlement(session, product, make.buyer_of(session), quantity=QUOTA)
            numbers.append(held.number)
        for _ in range(SENDERS):
            account = base.make_account(session, Role.FINANCE_PREPARER, place=PLACE, now=make.SALE)
            person = base.security_administrator()
            keys.append(accounts.start_session(session, person, account.id, now=make.SALE).token)
    database.engine.dispose()
    return numbers, keys


def file_of(numbers: list[str], at: str) -> bytes:
    """Return a file of events as a platform delivers it."""
    rows = (f"{numbers[turn % len(numbers)]},R{turn:09d},{at}" for turn in range(EVENTS))
    return "\n".join([HEADING, *rows]).encode()


def import_file(url: str, content: bytes, source: str) -> float:
    """Take a file in; return the events per second until it was committed."""
    database = Database(url)
    with database.new_session() as session:
        began = time.perf_counter()
        with db.write_transaction(session):
            done = import_usage(session, preparer(PLACE), place=PLACE, file_name="usage.csv", content=content,
                                now=make.SALE, source=source)  # fmt: skip
        taken = time.perf_counter() - began
    assert done.accepted == EVENTS
    database.engine.dispose()
    return EVENTS / taken


def rows_of(bench: pg.Bench) -> bytes:
    """Return the rows that were written, as ``COPY`` reads them."""
    with psycopg.connect(bench.url.replace("+psycopg", "", 1)) as connection, connection.cursor() as cursor:
        text = f"COPY (SELECT * FROM settlement_usage_event LIMIT {EVENTS}) TO STDOUT"
        with cursor.copy(text.encode()) as copy:
            return b"".join(copy)


def copy_raw(bench: pg.Bench, rows: bytes) -> float:
    """Write the same rows by a bare COPY into a table with a primary key; return the rows per second."""
    bench.execute(f"DROP TABLE IF EXISTS raw_event; {RAW}")
    with psycopg.connect(bench.url.replace("+psycopg", "", 1)) as connection, connection.cursor() as cursor:
        began = time.perf_counter()
        with cursor.copy("COPY raw_event FROM STDIN") as copy:
            for start in range(0, len(rows), 1 << 20):
                copy.write(rows[start : start + (1 << 20)])
        connection.commit()
        return EVENTS / (time.perf_counter() - began)


def requests_of(numbers: list[str], keys: list[str], source: str, at: str) -> list[list[bytes]]:
    """Return the requests of each sender, ready to be sent."""
    found: list[list[bytes]] = [[] for _ in keys]
    for batch in range(SENT // A_REQUEST):
        first = batch * A_REQUEST
        events = [
            {"entitlement": numbers[turn % len(numbers)], "client_reference": f"R{turn:09d}", "occurred_at": at}
            for turn in range(first, first + A_REQUEST)
        ]
        body = json.dumps({"place": PLACE, "source": source, "events": events}).encode()
        sender = batch % len(keys)
        head = (
            f"POST /api/v1/usage/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {keys[sender]}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        found[sender].append(head.encode() + body)
    return found


def send(port: int, requests: list[bytes]) -> None:
    """Send requests one after the other over one connection.

    Raises:
        RuntimeError: an answer was not 200, or events were known.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        answers = connection.makefile("rb")
        for request in requests:
            connection.sendall(request)
            status, length = answers.readline(), 0
            while (line := answers.readline()) not in (b"\r\n", b""):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            body = answers.read(length)
            if b" 200 " not in status or json.loads(body)["accepted"] != A_REQUEST:
                raise RuntimeError(f"{status!r} {body!r}")


def send_all(port: int, requests: list[list[bytes]]) -> float:
    """Send over all connections at once; return the events per second."""
    errors = list[BaseException]()

    def run(own: list[bytes]) -> None:
        try:
            send(port, own)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(own,)) for own in requests]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return SENT / (time.perf_counter() - began)


def run() -> list[Result]:
    """Take turns: the file, the requests, the raw copy."""
    files, sent, raw = list[float](), list[float](), list[float]()
    with pg.running() as bench:
        numbers, keys = prepare(bench.url)
        at = USED_AT.isoformat()
        content = file_of(numbers, at)
        import_file(bench.url, content, "warm")
        rows = rows_of(bench)
        with serving("ours", bench.url) as port:
            send_all(port, requests_of(numbers, keys, "warm-http", at))
            for turn in range(ROUNDS):
                raw.append(copy_raw(bench, rows))
                files.append(import_file(bench.url, content, f"file-{turn}"))
                sent.append(send_all(port, requests_of(numbers, keys, f"http-{turn}", at)))
    limit, filed, asked = (statistics.median(one) for one in (raw, files, sent))
    return [
        at_least(f"S5 a file of {EVENTS:,} events ÷ raw COPY", f"{filed:,.0f} against {limit:,.0f} /s", filed / limit,
                 FILE_TARGET),
        at_least(f"S5 HTTP, {A_REQUEST} events a request ÷ raw COPY", f"{asked:,.0f} /s", asked / limit, HTTP_TARGET),
    ]  # fmt: skip
