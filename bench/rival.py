"""S3: orders per second of one client through our command, against django-oscar on the same PostgreSQL server.

django-oscar lives in an environment of its own, which this program makes when it is missing: nothing of it is a
dependency of ours. ``BENCH_OSCAR`` names the Python of an environment that has it already.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
import venv
from pathlib import Path

from bench import orders, pg
from bench.harness import ROUNDS, Result, at_least
from kernel.db import Database, new_id
from kernel.identity import Actor, Grant, Role

ROOT = Path(__file__).resolve().parent.parent
OSCAR = "BENCH_OSCAR"
NEEDED = ("django-oscar==4.2.1", "psycopg[binary]>=3.3,<4")
SECONDS = orders.SECONDS
TARGET = 5.0


def oscar_python() -> str:
    """Return the Python that has django-oscar; make its environment under ``var/`` when there is none."""
    if named := os.environ.get(OSCAR):
        return named
    folder = ROOT / "var" / "bench-oscar"
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *NEEDED], check=True)
        (folder / "ready").touch()
    return str(python)


class Oscar:
    """The shop that runs beside us."""

    def __init__(self, bench: pg.Bench) -> None:
        """Start it on a database of its own and wait until its baskets are filled.

        Raises:
            RuntimeError: it did not start; its own words are on the terminal.
        """
        pg.Bench(bench.server, "postgres").execute("CREATE DATABASE oscar")
        script = Path(__file__).parent / "rivals" / "oscar_shop.py"
        command = [oscar_python(), str(script), str(bench.server.folder), "oscar", str(SECONDS), str(ROUNDS)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/")
        if self._line() != "ready":
            raise RuntimeError("django-oscar did not start")

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def rate(self) -> float:
        """Let it place orders for some seconds; return how many a second."""
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return float(self._line())

    def stop(self) -> None:
        """Let it end."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def ours(database: Database, stack: orders.Stack) -> float:
    """Place orders from one stack of quotes for some seconds; return how many a second."""
    org_id, numbers = stack
    buyer = Actor(new_id(), "bench", org_id=org_id, grants=(Grant(Role.BUYER, org_id=org_id),), channel="api")
    return len(orders.order_until(database, buyer, numbers, time.perf_counter() + SECONDS)) / SECONDS


def run() -> list[Result]:
    """Measure both in turns and compare."""
    print("django-oscar comes from", oscar_python(), file=sys.stderr)
    mine, theirs = list[float](), list[float]()
    with pg.running() as bench:
        stack = orders.prepare(bench.url, stacks=1)[0]
        database, oscar = Database(bench.url), Oscar(bench)
        bench.execute("ANALYZE")
        try:
            ours(database, stack)  # warm
            for _ in range(ROUNDS):
                mine.append(ours(database, stack))
                theirs.append(oscar.rate())
        finally:
            oscar.stop()
            database.engine.dispose()
    own, other = statistics.median(mine), statistics.median(theirs)
    figure = f"{own:.0f} against {other:.0f} orders/s"
    return [at_least("S3 order through the command ÷ django-oscar, one client", figure, own / other, TARGET)]
