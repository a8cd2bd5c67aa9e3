"""S12: the site answers its first request within 3 s of a cold start; the demonstration is told within 60 s."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.harness import ROUNDS, Result, at_most

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS_MAX = 3.0
DEMO_SECONDS_MAX = 60.0
FIRST_REQUEST = """
from web import Config, create_app
client = create_app(Config.from_environment()).test_client()
assert client.get("/healthz").status_code == 200
"""


def seconds(command: list[str], environment: dict[str, str]) -> float:
    """Return the wall seconds of a whole process, which must succeed."""
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def run() -> list[Result]:
    """Measure the cold start and the demonstration, each as a share of its limit."""
    with tempfile.TemporaryDirectory() as folder:
        place = {"HUIYI_DATABASE_URL": f"sqlite:///{folder}/start.sqlite"}
        starts = [seconds([sys.executable, "-c", FIRST_REQUEST], place) for _ in range(ROUNDS)]
    demo = seconds([sys.executable, "-m", "web.cli", "demo", "--no-serve"], {})
    start = statistics.median(starts)
    return [
        at_most("S12 cold start ÷ 3 s", f"{start:.2f} s", start / START_SECONDS_MAX, 1),
        at_most("S12 demonstration ÷ 60 s", f"{demo:.1f} s", demo / DEMO_SECONDS_MAX, 1),
    ]
