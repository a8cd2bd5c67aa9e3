"""S11: sealing a million audit lines by both hash functions and verifying them, against bare hashing of the bytes.

The lines are as long as real ones (600 bytes). Verified is what ``huiyi verify`` does: every line read, hashed as a
leaf and into the chain, and compared with what was sealed. Afterwards one changed line among the million is found.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from bench import pg
from bench.harness import MIB, Result, at_most, peak_memory
from kernel import audit
from kernel.db import Database, write_transaction
from tests.rig.databases import build_schema
from web.checker.chain import audit_seals

LINES = 1_000_000
SECONDS_MAX = 60
MIB_MAX = 250
BARE_MAX = 20  # how many times the bare hashing of the same bytes, by both functions, on one core
BYTES = 600
NOW = datetime(2026, 9, 1, tzinfo=UTC)
NOTE = "x" * 180
FILL = {
    "postgresql": f"""INSERT INTO audit_line SELECT
        (lpad(to_hex(1700000000000 + n / 4096), 12, '0') || '7' || lpad(to_hex(mod(n, 4096)), 3, '0')
            || '8000000000000000')::uuid,
        '2026-08-01+00'::timestamptz + n * interval '1 microsecond', '018f0000-0000-7000-8000-000000000001'::uuid,
        '经办人', '018f0000-0000-7000-8000-000000000002'::uuid, 'web', 'usage.import', 'settlement_usage_event',
        '018f0000-0000-7000-8000-' || lpad(n::text, 12, '0'), '{NOTE}',
        ('{{"rows":' || n || ',"sha256":"' || md5(n::text) || md5(n::text) || '"}}')::json
        FROM generate_series(1, {LINES}) AS n""",
    "sqlite": f"""WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {LINES})
        INSERT INTO audit_line SELECT printf('%012x7%03x8000000000000000', 1700000000000 + n / 4096, n % 4096),
        strftime('%Y-%m-%d %H:%M:%S', 1785542400 + n / 1000000, 'unixepoch') || printf('.%06d', n % 1000000),
        '018f000000007000800000000000' || '0001', '经办人', '018f000000007000800000000000' || '0002', 'web',
        'usage.import', 'settlement_usage_event', printf('018f0000-0000-7000-8000-%012d', n), '{NOTE}',
        json_object('rows', n, 'sha256', printf('%064d', n)) FROM counted""",
}  # fmt: skip


def fill(url: str) -> None:
    """Write the lines as a busy month would have left them."""
    build_schema(url)
    database = Database(url)
    with database.engine.connect() as connection:
        connection.exec_driver_sql(FILL[connection.dialect.name], execution_options={"no_parameters": True})
        connection.commit()
    database.engine.dispose()


def seal_all(url: str) -> int:
    """Seal every line; return how many seals that took."""
    database, seals = Database(url), 0
    with database.new_session() as session:
        while True:
            with write_transaction(session):
                made = audit.seal(session, now=NOW, before=NOW)
            session.expunge_all()
            if made is None:
                break
            seals += 1
    database.engine.dispose()
    return seals


def verify_all(url: str) -> list[str]:
    """Recompute every seal, as the independent checker does."""
    database = Database(url)
    with database.engine.connect() as connection:
        found = audit_seals(connection)
    database.engine.dispose()
    return found


def seal_and_verify(url: str) -> None:
    """Do both, in a process that is measured."""
    seal_all(url)
    assert verify_all(url) == []


def hash_bare() -> float:
    """Hash as many bytes by both functions in blocks; return the seconds."""
    block, began = b"x" * MIB, time.perf_counter()
    for name in ("sha256", "sm3"):
        made = hashlib.new(name)
        for _ in range(LINES * BYTES // MIB):
            made.update(block)
        made.digest()
    return time.perf_counter() - began


def change_one(url: str) -> str:
    """Change one line as a superuser; return its identifier."""
    database = Database(url)
    with database.engine.connect() as connection:
        is_postgresql = connection.dialect.name == "postgresql"
        connection.exec_driver_sql(
            "ALTER TABLE audit_line DISABLE TRIGGER ALL" if is_postgresql else "DROP TRIGGER audit_line_no_update"
        )
        query = sa.select(audit.AuditLine.id).order_by(audit.AuditLine.id).offset(LINES // 3).limit(1)
        name = connection.execute(query).scalar_one()
        connection.execute(sa.update(audit.AuditLine).where(audit.AuditLine.id == name).values(note="changed"))
        connection.commit()
    database.engine.dispose()
    return str(name)


def results_of(kind: str, url: str, copy: Callable[[], str]) -> list[Result]:
    """Measure on one kind of database."""
    again = copy()
    began = time.perf_counter()
    seals = seal_all(url)
    sealed = time.perf_counter()
    assert verify_all(url) == []
    verified = time.perf_counter()
    changed = change_one(url)
    assert any(changed in words for words in verify_all(url)), "the changed line was not named"
    peak, taken = peak_memory(seal_and_verify, again), verified - began
    figure = f"seal {sealed - began:.1f} s in {seals} seals, verify {verified - sealed:.1f} s"
    name = f"{LINES:,} audit lines, {kind}: seal and verify"
    return [
        at_most(f"{name} ÷ {SECONDS_MAX} s", figure, taken / SECONDS_MAX, 1),
        at_most(f"{name} ÷ bare SHA-256 + SM3 of the bytes", f"{taken:.1f} s", taken / hash_bare(), BARE_MAX),
        at_most(f"{name}, peak memory ÷ {MIB_MAX} MiB", f"{peak / MIB:.0f} MiB", peak / MIB / MIB_MAX, 1),
    ]


@contextmanager
def on_sqlite() -> Iterator[tuple[str, Callable[[], str]]]:
    """Lines in a file, and a way to a second file of the same."""
    with tempfile.TemporaryDirectory(prefix="huiyi-bench-") as folder:

        def copy() -> str:
            return made(Path(folder) / "peak.sqlite")

        yield made(Path(folder) / "lines.sqlite"), copy


def made(path: Path) -> str:
    """Make the lines in a file; return its URL."""
    url = f"sqlite:///{path}"
    fill(url)
    return url


def run() -> list[Result]:
    """Measure on both databases."""
    with on_sqlite() as (url, copy):
        found = results_of("SQLite", url, copy)
    with pg.running() as bench:
        fill(bench.url)

        def second() -> str:
            pg.Bench(bench.server, "postgres").execute(f"CREATE DATABASE peak TEMPLATE {bench.database}")
            return bench.server.url("peak")

        found += results_of("PostgreSQL", bench.url, second)
    return found
