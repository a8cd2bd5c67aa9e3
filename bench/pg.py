"""PostgreSQL for the benches: a server as in production (fsync on), and pgbench as the limit to compare with."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.rig import postgres

# what one would set on the machine of 2 cores and 24 GiB that the figures speak of
SETTINGS = ("shared_buffers=512MB", "max_wal_size=4GB", "checkpoint_timeout=30min", "wal_compression=on")


@dataclass(frozen=True)
class Bench:
    """A running server with one empty database."""

    server: postgres.Server
    database: str = "bench"

    @property
    def url(self) -> str:
        """The SQLAlchemy URL of the database."""
        return self.server.url(self.database)

    def execute(self, statement: str) -> None:
        """Run statements outside of any transaction block."""
        with psycopg.connect(self.url.replace("+psycopg", "", 1), autocommit=True) as connection:
            connection.execute(statement.encode())

    def pgbench(self, script: str, *, clients: int, seconds: int, define: dict[str, int] | None = None) -> float:
        """Run a pgbench script with prepared statements; return the transactions per second.

        Raises:
            RuntimeError: pgbench failed; the message is its own.
        """
        path = self.server.folder / "script.sql"
        path.write_text(script, encoding="utf-8")
        command = [self.server.programs / "pgbench", "-n", "-M", "prepared", "-h", self.server.folder, "-U", "postgres"]
        command += ["-c", str(clients), "-j", "2", "-T", str(seconds), "-f", path]
        for name, value in (define or {}).items():
            command += ["-D", f"{name}={value}"]
        words = [str(part) for part in (*command, self.database)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        found = re.search(r"^tps = ([0-9.]+)", done.stdout, flags=re.MULTILINE)
        if done.returncode or found is None:
            raise RuntimeError(f"pgbench failed:\n{done.stdout}{done.stderr}")
        return float(found[1])


@contextmanager
def running() -> Iterator[Bench]:
    """Start a durable server with an empty database ``bench``; stop and remove it afterwards.

    Raises:
        NoPostgres: PostgreSQL cannot be had; the message says what to install.
    """
    folder: Path = postgres.new_folder("huiyi-bench-")
    try:
        server = postgres.start(folder, durable=True, settings=SETTINGS)
        try:
            bench = Bench(server)
            Bench(server, "postgres").execute("CREATE DATABASE bench")
            yield bench
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
