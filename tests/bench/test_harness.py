"""The bench harness measures what it says, and a broken promise is not printed as kept."""

from __future__ import annotations

import pytest
from rich.console import Console

from bench import harness, pg

MIB = 1024 * 1024


def fill(mebibytes: int) -> None:
    """Hold some memory, in the process that is being measured."""
    assert len(bytearray(b"x") * (mebibytes * MIB)) == mebibytes * MIB


def fail() -> None:
    """Fail, quietly for the reader of the test's output."""
    raise SystemExit(1)


def test_works_take_turns_and_every_other_round_goes_backwards() -> None:
    done: list[str] = []
    medians = harness.alternate({"a": lambda: done.append("a"), "b": lambda: done.append("b")}, rounds=3)
    assert "".join(done) == "abbaab"
    assert medians.keys() == {"a", "b"}


def test_peak_memory_is_that_of_the_work_alone() -> None:
    held_by_the_parent = bytearray(b"x") * (300 * MIB)
    small, large = harness.peak_memory(fill, 1), harness.peak_memory(fill, 101)
    assert len(held_by_the_parent) > large
    assert 90 * MIB < large - small < 110 * MIB


def test_a_work_that_fails_has_no_peak() -> None:
    with pytest.raises(RuntimeError, match="fail failed in its own process"):
        harness.peak_memory(fail)


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.95, 95), (0.99, 99), (1, 100), (0, 1)])
def test_a_percentile_is_one_of_the_samples(share: float, expected: int) -> None:
    assert harness.percentile(list(range(100, 0, -1)), share) == expected


@pytest.mark.parametrize(
    ("result", "is_kept"),
    [
        (harness.at_least("orders", "900 /s", 0.20, 0.20), True),
        (harness.at_least("orders", "890 /s", 0.19, 0.20), False),
        (harness.at_most("settle", "1.2 s", 3, 3), True),
        (harness.at_most("settle", "1.3 s", 3.1, 3), False),
    ],
)
def test_a_promise_is_kept_up_to_its_limit_and_the_table_says_so(result: harness.Result, is_kept: bool) -> None:
    console = Console(width=100)
    with console.capture() as shown:
        console.print(harness.table_of([result]))
    assert result.is_kept is is_kept
    assert ("yes" in shown.get(), "NO" in shown.get()) == (is_kept, not is_kept)


def test_an_unknown_program_is_named() -> None:
    with pytest.raises(LookupError, match="no bench program nonsense"):
        list(harness.programs(["nonsense"]))


def test_pgbench_runs_a_script_on_a_durable_server() -> None:
    with pg.running() as bench:
        bench.execute("CREATE TABLE taken (n bigint)")
        assert bench.pgbench("INSERT INTO taken VALUES (:amount);", clients=2, seconds=1, define={"amount": 3}) > 0
        with pytest.raises(RuntimeError, match="no_such_table"):
            bench.pgbench("SELECT * FROM no_such_table;", clients=1, seconds=1)
