"""S6 and S7: ten million events from Parquet to statements, without booking, against DuckDB's bare aggregation.

10,000 entitlements of 2,000 products, 200 departments and 30 operators; the events are counted by the question that
every engine answers (settlement/usage), then priced, taxed and divided in whole numbers with the largest remainder.
The result of the smallest size is compared with plain arithmetic and with ``allocate`` to the fen. Growth is taken
from one to ten to fifty million events; each size runs in a process of its own, for its peak memory.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from datetime import date
from fractions import Fraction
from pathlib import Path

import duckdb

from bench.harness import MIB, ROUNDS, Result, at_most, peak_memory
from kernel.calendar import Period
from kernel.money import Money, allocate
from settlement.usage import gateway
from settlement.usage.gateway import Archive
from settlement.usage.rules import ARCHIVE, Engine, totals_text

SIZES = (1_000_000, 10_000_000, 50_000_000)
ENTITLEMENTS, PRODUCTS, DEPARTMENTS, OPERATORS, DAYS = 10_000, 2_000, 200, 30, 31
PLACE, MONTH = "xinchang", Period.month("2026-08")
TIME_MAX, MIB_MAX, MEMORY_GROWTH_MAX = 3, 500, 1.2
UNITS_PER_FEN = 1_000_000  # a price is a whole number of 10⁻⁸ yuan
VAT = 6
# one file a day, as the archive keeps them: the bare aggregation reads the same
EVENTS = f"""COPY (SELECT '{PLACE}' AS place, {{day}}::BIGINT AS day_number,
    'E' || lpad((hash(i) % {ENTITLEMENTS})::VARCHAR, 5, '0') AS entitlement_id, 1785895200000000 + i AS stored_us,
    (1 + i % 3)::BIGINT AS quantity, CASE i % 2 WHEN 0 THEN 'person' ELSE 'enterprise' END AS subject_kind,
    i % 20 <> 0 AS hit
  FROM range({{first}}, {{end}}) numbers(i)) TO '{{path}}' (FORMAT parquet)"""
BARE = "SELECT entitlement_id, subject_kind, count(*), sum(quantity) FROM read_parquet(?) GROUP BY ALL"
TERMS = f"""CREATE TABLE term AS SELECT 'E' || lpad(i::VARCHAR, 5, '0') AS entitlement_id, i % {PRODUCTS} AS product,
    (12345678 + i * 977)::BIGINT AS price, i % 10 = 0 AS charges_misses FROM range({ENTITLEMENTS}) numbers(i)"""
# 60 % to the operator, 10 % to the platform, 30 % to three departments by what they contributed
SHARES = f"""CREATE TABLE share AS
SELECT i AS product, 'O' || lpad((i % {OPERATORS})::VARCHAR, 3, '0') AS party, 6000::HUGEINT AS weight
    FROM range({PRODUCTS}) numbers(i)
UNION ALL SELECT i, 'P000', 1000 FROM range({PRODUCTS}) numbers(i)
UNION ALL SELECT i, 'D' || lpad(((i + 7 * k) % {DEPARTMENTS})::VARCHAR, 3, '0'), 500 + 500 * k
    FROM range({PRODUCTS}) numbers(i), range(3) contributors(k)"""
# whole numbers only: half-up for the gross amount and its tax, the largest remainder for the shares
STATEMENTS = f"""WITH counted AS (
    SELECT entitlement_id, sum(units) AS units, sum(units_hit) AS units_hit FROM ({{totals}}) GROUP BY entitlement_id
), priced AS (
    SELECT product, (CASE WHEN charges_misses THEN units ELSE units_hit END * price * 2 + {UNITS_PER_FEN})
        // (2 * {UNITS_PER_FEN}) AS gross FROM counted JOIN term USING (entitlement_id)
), taxed AS (
    SELECT product, sum(gross) AS gross, sum(gross - (gross * {VAT} * 2 + {100 + VAT}) // (2 * {100 + VAT})) AS net
    FROM priced GROUP BY product
), whole AS (
    SELECT product, net, sum(weight) AS weights FROM taxed JOIN share USING (product) GROUP BY product, net
), poured AS (
    SELECT product, party, net, net * weight // weights AS part,
        row_number() OVER (PARTITION BY product ORDER BY net * weight % weights DESC, party) AS turn,
        net - sum(net * weight // weights) OVER (PARTITION BY product) AS rest
    FROM share JOIN whole USING (product)
)
SELECT party, count(*) AS lines, sum(part + CASE WHEN turn <= rest THEN 1 ELSE 0 END)::BIGINT AS fen
FROM poured GROUP BY party ORDER BY party"""


def files_of(folder: Path, events: int) -> list[Path]:
    """Return the files of so many events, one a day."""
    return [folder / f"{events}-{day:02d}.parquet" for day in range(DAYS)]


def write_events(folder: Path, events: int) -> None:
    """Write so many events of a month."""
    with duckdb.connect() as engine:
        for day, path in enumerate(files_of(folder, events)):
            bounds = {"first": events * day // DAYS, "end": events * (day + 1) // DAYS}
            engine.execute(EVENTS.format(day=date(2026, 8, 1 + day).toordinal(), path=path, **bounds))


def settle(folder: str, events: int) -> tuple[list[tuple[str, int, int]], float]:
    """Settle the month; return what stands on each statement, and the seconds from the files to the statements."""
    names = [str(path) for path in files_of(Path(folder), events)]
    with duckdb.connect(config={"memory_limit": gateway.MEMORY}) as engine:
        engine.execute(f"SET enable_progress_bar = false; {TERMS}; {SHARES}")
        began = time.perf_counter()
        engine.read_parquet(names).create_view(ARCHIVE)
        found = engine.execute(STATEMENTS.format(totals=totals_text(PLACE, MONTH, None))).fetchall()
        return found, time.perf_counter() - began


def settle_only(folder: str, events: int) -> None:
    """Settle in a process that is measured."""
    settle(folder, events)


def bare(folder: Path, events: int) -> float:
    """Let DuckDB count the same files by entitlement and kind of subject, and nothing else; return the seconds."""
    names = [str(path) for path in files_of(folder, events)]
    with duckdb.connect() as engine:
        engine.execute("SET enable_progress_bar = false")
        began = time.perf_counter()
        found = engine.execute(BARE, [names]).fetchall()
        taken = time.perf_counter() - began
    assert sum(count for *_, count, _ in found) == events
    return taken


def half_up(amount: Fraction) -> int:
    """Return a fraction of fen rounded half up."""
    return int(amount + Fraction(1, 2))


def must_be_right(folder: Path, events: int) -> None:
    """Compare the statements with plain arithmetic on the totals, and with ``allocate`` for every product."""
    archive = Archive(Engine.DUCKDB, folder)
    units: dict[str, list[int]] = {}
    for key, _, _, _, counted, hit in gateway.ask(archive, files_of(folder, events), totals_text(PLACE, MONTH, None)):
        one = units.setdefault(key, [0, 0])
        one[0], one[1] = one[0] + int(counted), one[1] + int(hit)
    with duckdb.connect() as engine:
        engine.execute(f"{TERMS}; {SHARES}")
        terms = engine.execute("SELECT * FROM term").fetchall()
        weights: dict[int, dict[str, int]] = {}
        for product, party, weight in engine.execute("SELECT * FROM share").fetchall():
            weights.setdefault(product, {})[party] = int(weight)
    net: dict[int, int] = {}
    for key, product, price, charges_misses in terms:
        gross = half_up(Fraction(units[key][0 if charges_misses else 1] * price, UNITS_PER_FEN))
        net[product] = net.get(product, 0) + gross - half_up(Fraction(gross * VAT, 100 + VAT))
    expected: dict[str, int] = {}
    for product, amount in net.items():
        for party, share in allocate(Money(amount), weights[product]).items():
            expected[party] = expected.get(party, 0) + share.fen
    assert {party: fen for party, _, fen in settle(str(folder), events)[0]} == expected, "statements differ"
    assert sum(expected.values()) == sum(net.values()), "the shares do not add up"


def run() -> list[Result]:
    """Settle each size in turns with the bare aggregation, then once more for its memory."""
    settled: dict[int, float] = {}
    limits: dict[int, float] = {}
    peaks: dict[int, int] = {}
    with tempfile.TemporaryDirectory(prefix="huiyi-bench-") as name:
        folder = Path(name)
        for events in SIZES:
            write_events(folder, events)
            if events == SIZES[0]:
                must_be_right(folder, events)
            ours, theirs = list[float](), list[float]()
            for _ in range(ROUNDS):
                theirs.append(bare(folder, events))
                ours.append(settle(name, events)[1])
            settled[events], limits[events] = statistics.median(ours), statistics.median(theirs)
            peaks[events] = peak_memory(settle_only, name, events)
            for path in files_of(folder, events):
                path.unlink()
    few, many, most = SIZES
    mib = {events: f"{peak / MIB:.0f} MiB" for events, peak in peaks.items()}
    return [
        at_most(f"S6 {many:,} events to statements ÷ bare aggregation", f"{settled[many]:.2f} s",
                settled[many] / limits[many], TIME_MAX),
        at_most(f"S6 peak memory ÷ {MIB_MAX} MiB", mib[many], peaks[many] / MIB / MIB_MAX, 1),
        at_most(f"S7 time per event, {many:,} ÷ {few:,}", f"{settled[few]:.2f} s for {few:,}",
                settled[many] / many * few / settled[few], 1),
        at_most(f"S7 time per event, {most:,} ÷ {many:,}", f"{settled[most]:.2f} s for {most:,}",
                settled[most] / most * many / settled[many], 1.1),
        at_most(f"S7 peak memory, {most:,} ÷ {few:,}", f"{mib[few]}, {mib[many]}, {mib[most]}",
                peaks[most] / peaks[few], MEMORY_GROWTH_MAX),
    ]  # fmt: skip
