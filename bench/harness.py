"""What the bench programs share: fair rounds, medians, peak memory, and the table of ratios.

A bench program is a file of this folder with ``run() -> list[Result]``. Absolute figures depend on the machine;
a ratio of two figures taken alternately in one run does not, so limits are stated on ratios.
"""

from __future__ import annotations

import importlib
import multiprocessing
import pkgutil
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

ROUNDS = 3
SHARED = {"harness", "pg", "__main__"}
MIB = 1024 * 1024


@dataclass(frozen=True)
class Result:
    """One line of the table: what was measured, and whether the promise holds."""

    name: str
    figure: str
    ratio: float
    limit: float
    sense: Literal["at least", "at most"]

    @property
    def is_kept(self) -> bool:
        """Whether the ratio is on the right side of the limit."""
        return self.ratio >= self.limit if self.sense == "at least" else self.ratio <= self.limit


def at_least(name: str, figure: str, ratio: float, limit: float) -> Result:
    """Return a promise that holds when ``ratio`` reaches ``limit`` (throughput against a baseline)."""
    return Result(name, figure, ratio, limit, "at least")


def at_most(name: str, figure: str, ratio: float, limit: float) -> Result:
    """Return a promise that holds when ``ratio`` stays under ``limit`` (time or memory against a baseline)."""
    return Result(name, figure, ratio, limit, "at most")


def alternate(works: Mapping[str, Callable[[], object]], *, rounds: int = ROUNDS) -> dict[str, float]:
    """Run each work once per round, in turns; return the median seconds of each.

    Taking turns spreads a noisy neighbour over all of them; every other round goes backwards, so that none always
    runs on a warm cache.
    """
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for round_number in range(rounds):
        order = list(works.items())
        for name, work in order if round_number % 2 == 0 else reversed(order):
            started = time.perf_counter()
            work()
            seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(taken) for name, taken in seconds.items()}


def percentile(samples: Sequence[float], share: float) -> float:
    """Return the smallest sample that at least ``share`` (0.95, 0.99) of the samples do not exceed."""
    ranked = sorted(samples)
    return ranked[min(len(ranked) - 1, max(0, -(-len(ranked) * round(share * 1000) // 1000) - 1))]


def peak_memory(work: Callable[..., object], *arguments: Any) -> int:
    """Run ``work`` (a function of a module, with plain arguments) in a process of its own; return its peak in bytes.

    Raises:
        RuntimeError: the work failed.
    """
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_measure, args=(sending, work, arguments))
    process.start()
    sending.close()
    try:
        peak: int = receiving.recv()
    except EOFError:
        raise RuntimeError(f"{work.__qualname__} failed in its own process") from None
    finally:
        process.join()
    return peak


def _measure(sending: Any, work: Callable[..., object], arguments: Sequence[Any]) -> None:
    work(*arguments)
    # not getrusage: its peak survives exec and so tells the parent's memory
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak_kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    sending.send(int(peak_kib) * 1024)


def programs(only: Sequence[str] = ()) -> Iterator[tuple[str, ModuleType]]:
    """Yield the bench programs by name, all of them or the named ones.

    Raises:
        LookupError: a name is not a bench program.
    """
    here = importlib.import_module("bench")
    known = sorted(found.name for found in pkgutil.iter_modules(here.__path__) if found.name not in SHARED)
    unknown = sorted(set(only) - set(known))
    if unknown:
        raise LookupError(f"no bench program {', '.join(unknown)}; there are: {', '.join(known)}")
    for name in known:
        if not only or name in only:
            yield name, importlib.import_module(f"bench.{name}")


def table_of(results: Sequence[Result]) -> Table:
    """Return the table that ``make bench`` prints."""
    table = Table("name", "figure", "ratio", "limit", "ok")
    for result in results:
        sign = "≥" if result.sense == "at least" else "≤"
        mark = "[green]yes[/]" if result.is_kept else "[bold red]NO[/]"
        table.add_row(result.name, result.figure, f"{result.ratio:.3g}", f"{sign} {result.limit:.3g}", mark)
    return table


def main(only: Sequence[str]) -> int:
    """Run the programs one after the other and print one table; return 1 when a promise is broken."""
    console, results = Console(), list[Result]()
    try:
        chosen = list(programs(only))
    except LookupError as error:
        console.print(str(error))
        return 2
    for name, program in chosen:
        with console.status(name):
            results += program.run()
    console.print(table_of(results))
    return 0 if all(result.is_kept for result in results) else 1
