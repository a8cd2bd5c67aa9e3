"""A month of 100,000 credit reports imported and settled, on SQLite and on PostgreSQL.

Time and peak memory of the whole, against what nobody can go below: writing the same rows into a bare table, and
DuckDB counting the same file. Every settlement is compared to the fen with plain arithmetic on the same queries.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import duckdb
import psycopg
import sqlalchemy as sa

from bench import pg
from bench.harness import MIB, ROUNDS, Result, at_most, peak_memory
from kernel.db import Database, write_transaction
from settlement.ledger import checks
from settlement.metering.commands import import_usage
from settlement.revenue.model import RevenueLine
from settlement.runs import commands as runs
from settlement.statements.model import Statement
from tests.make import credit_centre as centre
from tests.make import settlement as make
from tests.rig.databases import build_schema

EVENTS, BUYERS = 100_000, 20
SECONDS_MAX, MIB_MAX = 30, 600
IMPORT_RATIO_MAX, SETTLEMENT_RATIO_MAX = 25, 80
COUNT = "SELECT entitlement, subject_kind, count(*) FROM read_csv(?, all_varchar=true) GROUP BY ALL"
RAW = """CREATE TABLE raw_event (id text PRIMARY KEY, entitlement text, client_reference text, occurred_at text,
    subject_kind text, subject text, hit text)"""


@dataclass(frozen=True)
class Taken:
    """Seconds of one round."""

    imported: float
    prepared: float
    sealed: float
    raw: float
    counted: float

    @property
    def settled(self) -> float:
        """Seconds of the settlement without the import."""
        return self.prepared + self.sealed


@cache
def asked() -> list[centre.Asked]:
    """Return the queries of the month."""
    return centre.queries_of_the_month(EVENTS, BUYERS)


def prepare_world(url: str, file: Path) -> None:
    """Build the schema, sell the reports, and write the file of their use."""
    build_schema(url)
    database = Database(url)
    with database.new_session() as session, write_transaction(session):
        made = centre.make_centre(session, buyers=BUYERS, quantity=-(-EVENTS // BUYERS))
        file.write_bytes(centre.usage_file(made, asked()))
    database.engine.dispose()


def import_month(url: str, file: Path) -> float:
    """Import the file; return the seconds until it was committed."""
    database, content = Database(url), file.read_bytes()
    with database.new_session() as session:
        began = time.perf_counter()
        with write_transaction(session):
            result = import_usage(session, make.preparer(centre.PLACE), place=centre.PLACE, file_name=file.name,
                                  content=content, now=make.NOW)  # fmt: skip
        taken = time.perf_counter() - began
    assert result.accepted == EVENTS
    database.engine.dispose()
    return taken


def settle_month(url: str) -> tuple[float, float]:
    """Prepare, then check and seal with statements; return the seconds of both."""
    database, person = Database(url), make.checker(centre.PLACE)
    with database.new_session() as session:
        began = time.perf_counter()
        with write_transaction(session):
            number = make.prepare(session, place=centre.PLACE).number
        prepared = time.perf_counter()
        with write_transaction(session):
            runs.check(session, person, number, now=make.NOW)
        with write_transaction(session):
            runs.seal(session, person, number, now=make.NOW, book=make.LAW)
        sealed = time.perf_counter()
    database.engine.dispose()
    return prepared - began, sealed - prepared


def whole(url: str, file: Path) -> None:
    """Import and settle, in a process that is measured."""
    import_month(url, file)
    settle_month(url)


def must_be_right(url: str) -> None:
    """Compare revenue and statements with plain arithmetic, and look over the books."""
    database, by_hand = Database(url), centre.by_hand(asked())
    net = sum(sums.net for sums in by_hand.values())
    with database.new_session() as session:
        lines = session.scalars(sa.select(RevenueLine)).all()
        booked = sorted((line.quantity, line.billable, line.gross.fen, line.net.fen) for line in lines)
        expected = sorted((sums.quantity, sums.billable, sums.gross, sums.net) for sums in by_hand.values())
        assert booked == expected, "revenue differs from plain arithmetic"
        stated = sorted(one.total.fen for one in session.scalars(sa.select(Statement)))
        assert stated == sorted(centre.shares_by_hand(net).values()), "statements differ from plain arithmetic"
        assert checks.run(session) == []
    database.engine.dispose()


def write_raw(url: str) -> float:
    """Write the same rows into a table that has nothing but a primary key; return the seconds."""
    rows = [
        (f"{number:032x}", f"ENT-{one.buyer}-{one.kind}", f"R{number:08d}", one.at.isoformat(), one.kind, one.subject,
         str(one.hit))
        for number, one in enumerate(asked())
    ]  # fmt: skip
    database = Database(url)
    with database.engine.connect() as connection:
        connection.exec_driver_sql(RAW)
        connection.commit()
        began = time.perf_counter()
        if connection.dialect.name == "postgresql":
            driver: psycopg.Connection = connection.connection.driver_connection  # type: ignore[assignment]
            with driver.cursor() as cursor, cursor.copy("COPY raw_event FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            connection.exec_driver_sql("INSERT INTO raw_event VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        connection.commit()
        taken = time.perf_counter() - began
    database.engine.dispose()
    return taken


def count_bare(file: Path) -> float:
    """Let DuckDB count the file by entitlement and kind of subject; return the seconds."""
    with duckdb.connect() as engine:
        began = time.perf_counter()
        found = engine.execute(COUNT, [str(file)]).fetchall()
        taken = time.perf_counter() - began
    assert sum(count for *_, count in found) == EVENTS
    return taken


@contextmanager
def sqlite_copies(folder: Path, file: Path) -> Iterator[Callable[[str], str]]:
    """Make the world once; hand out copies of it."""
    template = folder / "template.sqlite"
    prepare_world(f"sqlite:///{template}", file)

    def copy(name: str) -> str:
        path = folder / f"{name}.sqlite"
        shutil.copyfile(template, path)
        return f"sqlite:///{path}"

    yield copy


@contextmanager
def postgresql_copies(file: Path) -> Iterator[Callable[[str], str]]:
    """Make the world once on a durable server; hand out copies of it."""
    with pg.running() as bench:
        prepare_world(bench.url, file)
        admin = pg.Bench(bench.server, "postgres")

        def copy(name: str) -> str:
            admin.execute(f"CREATE DATABASE {name} TEMPLATE {bench.database}")
            return bench.server.url(name)

        yield copy


def one_round(url: str, file: Path) -> Taken:
    """Take ours and the bare work one after the other, and check the result."""
    imported = import_month(url, file)
    raw = write_raw(url)
    prepared, sealed = settle_month(url)
    counted = count_bare(file)
    must_be_right(url)
    return Taken(imported, prepared, sealed, raw, counted)


def results_of(kind: str, copy: Callable[[str], str], file: Path) -> list[Result]:
    """Measure on one kind of database."""
    rounds = [one_round(copy(f"round_{number}"), file) for number in range(ROUNDS)]
    peak = peak_memory(whole, copy("peak"), file)
    name = f"month of {EVENTS:,} events, {kind}"
    median = partial(_median, rounds)
    imported, settled = median(lambda one: one.imported), median(lambda one: one.settled)
    parts = f"prepare {median(lambda one: one.prepared):.2f} s, seal {median(lambda one: one.sealed):.2f} s"
    return [
        at_most(f"{name}: import ÷ bare table", f"{imported:.2f} s, {EVENTS / imported:,.0f} /s",
                median(lambda one: one.imported / one.raw), IMPORT_RATIO_MAX),
        at_most(f"{name}: settlement ÷ DuckDB count of the file", parts,
                median(lambda one: one.settled / one.counted), SETTLEMENT_RATIO_MAX),
        at_most(f"{name}: import and settlement ÷ {SECONDS_MAX} s", f"{imported + settled:.2f} s",
                (imported + settled) / SECONDS_MAX, 1),
        at_most(f"{name}: peak memory ÷ {MIB_MAX} MiB", f"{peak / MIB:.0f} MiB", peak / MIB / MIB_MAX, 1),
    ]  # fmt: skip


def _median(rounds: list[Taken], figure: Callable[[Taken], float]) -> float:
    return statistics.median(figure(one) for one in rounds)


def run() -> list[Result]:
    """Measure on both databases."""
    with tempfile.TemporaryDirectory(prefix="huiyi-bench-") as name:
        folder = Path(name)
        with sqlite_copies(folder, folder / "sqlite.csv") as copy:
            found = results_of("SQLite", copy, folder / "sqlite.csv")
        with postgresql_copies(folder / "postgresql.csv") as copy:
            found += results_of("PostgreSQL", copy, folder / "postgresql.csv")
    return found
