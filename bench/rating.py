"""Rate a million lines of use over 2,000 tariffs of every kind, against the same arithmetic by hand in DuckDB.

By hand means: tables made beforehand with the cumulated price of every band, one query per shape of tariff, DECIMAL,
no check of anything. Both read the same Parquet file and write one; both must give the same fen.
"""

from __future__ import annotations

import tempfile
import time
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import duckdb

from bench.harness import MIB, Result, alternate, at_most, peak_memory
from kernel.money import Money, decimal_text
from pricing.bulk_rating.gateway import rate_file
from pricing.bulk_rating.rules import stretches_of
from pricing.rating.rules import ModelKind, TariffModel, rate

LINES, TARIFFS, SAMPLE = 1_000_000, 2_000, 20_000
RATIO_MAX, MIB_MAX = 4, 500
GRADES = ("A", "B", "C")


def model_of(number: int) -> TariffModel:
    """Return a tariff like posted ones: kinds in turn, every third with grades, every fourth with a spend limit."""
    random = Random(number)
    price = decimal_text(Fraction(random.randint(1, 5000), 10_000))
    kind = list(ModelKind)[number % len(ModelKind)]
    bounds = [*map(str, sorted(random.sample(range(10, 4000), 3))), None]
    banded = {"tiers": [{"up_to": bound, "unit_price": price, "flat_fee": "1.50"} for bound in bounds]}
    written: dict[ModelKind, dict[str, Any]] = {
        ModelKind.PER_UNIT: {"unit_price": price, "free_units": "10"},
        ModelKind.GRADUATED: banded,
        ModelKind.VOLUME: banded,
        ModelKind.GRADUATED_PERCENTAGE: banded,
        ModelKind.PACKAGE: {"package_size": "100", "package_price": price},
        ModelKind.FLAT: {"flat_fee": price},
        ModelKind.INCLUDED_OVERAGE: {"flat_fee": "100", "included": "1000", "unit_price": price},
        ModelKind.PACKAGE_TABLE: {
            "packs": [{"quantity": str(size), "price": f"{size // 4}.50"} for size in (20, 100, 500, 1000)]
        },
        ModelKind.VOLUME_COEFFICIENT: {
            "unit_price": price,
            "bands": [
                {"up_to": bound, "coefficient": factor}
                for bound, factor in zip(bounds, ("1", "0.9", "0.8", "0.7"), strict=True)
            ],
        },
    }
    more: dict[str, Any] = {}
    if number % 3 == 0:
        more["coefficients"] = {"contribution": dict(zip(GRADES, ("0.8", "0.9", "1"), strict=True))}
    if number % 4 == 0:
        more |= {"minimum_spend": "5.00", "maximum_spend": "900.00"}
    return TariffModel.from_dict({"model": kind, **written[kind], **more})


def models() -> dict[str, TariffModel]:
    """Return the tariffs by name."""
    return {f"TRF-{number:06d}": model_of(number) for number in range(TARIFFS)}


def write_lines(file: Path) -> None:
    """Write the use: counts and, one line in ten, quantities with two decimals."""
    with duckdb.connect() as engine:
        engine.execute(f"""COPY (SELECT format('USE-{{:08d}}', i) AS line,
            format('TRF-{{:06d}}', (hash(i) % {TARIFFS})::INTEGER) AS tariff,
            CASE WHEN i % 10 = 0 THEN (hash(i, 1) % 500000) / 100 ELSE hash(i, 1) % 5000 END::DECIMAL(12,2) AS quantity,
            CASE WHEN i % 2 = 0 THEN ['A', 'B', 'C'][1 + (hash(i, 2) % 3)::INTEGER] END AS grade
            FROM range({LINES}) made(i)) TO '{file}' (FORMAT parquet)""")


def write_tables(folder: Path, tariffs: dict[str, TariffModel]) -> None:
    """Write what is kept ready for rating by hand: tariffs, bands with cumulated prices, pairs of packs, grades."""
    bands, pairs, terms, grades = [], [], [], []
    for name, model in tariffs.items():
        low = "0" if model.minimum_spend is None else model.minimum_spend.text()
        high = "99999999" if model.maximum_spend is None else model.maximum_spend.text()
        terms.append((name, decimal_text(model.free_units), low, high))
        grades += [(name, grade, decimal_text(factor)) for grade, factor in model.contribution]
        for position, row in enumerate(stretches_of(model)):
            bands.append((name, "-1" if position == 0 else decimal_text(row.lower),
                          "99999999" if row.upper is None else decimal_text(row.upper), decimal_text(row.lower),
                          decimal_text(row.base), decimal_text(row.price), str(row.size)))  # fmt: skip
        pairs += [(name, str(a.quantity), a.price.text(), str(b.quantity), b.price.text())
                  for a in model.packs for b in model.packs]  # fmt: skip
    money, size = "DECIMAL(18,8)", "DECIMAL(12,2)"
    with duckdb.connect() as engine:
        for table, rows, columns in (
            ("terms", terms, f"tariff VARCHAR, free {size}, low {size}, high {size}"),
            ("grades", grades, "tariff VARCHAR, grade VARCHAR, factor DECIMAL(5,2)"),
            ("bands", bands, f"tariff VARCHAR, after {size}, up_to {size}, origin {size}, base {money}, price {money},"
                             " size INTEGER"),
            ("pairs", pairs, f"tariff VARCHAR, one BIGINT, one_price {size}, two BIGINT, two_price {size}"),
        ):  # fmt: skip
            engine.execute(f"CREATE TABLE {table} ({columns})")
            lists = [list(column) for column in zip(*rows, strict=True)]
            engine.execute(f"INSERT INTO {table} SELECT {', '.join(['unnest(?::VARCHAR[])'] * len(lists))}", lists)
            engine.execute(f"COPY {table} TO '{folder / table}.parquet' (FORMAT parquet)")


BY_HAND = """COPY (
    WITH use AS (SELECT line, l.tariff, low, high, coalesce(factor, 1) AS factor,
            greatest(quantity - free, 0)::DECIMAL(12,2) AS used
        FROM '{folder}/lines.parquet' l JOIN '{folder}/terms.parquet' t ON t.tariff = l.tariff
        LEFT JOIN '{folder}/grades.parquet' g ON g.tariff = l.tariff AND g.grade = l.grade),
    priced AS (
        SELECT line, low, high, factor * (base + CASE WHEN size = 0 THEN price * (used - origin)
            ELSE price * ceil((used - origin) / size)::BIGINT END)::DECIMAL(28,10) AS price
        FROM use JOIN '{folder}/bands.parquet' b ON b.tariff = use.tariff AND used > after AND used <= up_to
        UNION ALL
        SELECT line, any_value(low), any_value(high), any_value(factor) * min(ceil(used)::BIGINT // one * one_price
            + (ceil(used)::BIGINT % one + two - 1) // two * two_price)::DECIMAL(28,10)
        FROM use JOIN '{folder}/pairs.parquet' p ON p.tariff = use.tariff GROUP BY line)
    SELECT line, (round(least(greatest(price, low), high), 2) * 100)::BIGINT AS amount_fen FROM priced
) TO '{folder}/by_hand.parquet' (FORMAT parquet)"""


def by_hand(folder: Path) -> None:
    """Rate with plain SQL."""
    with duckdb.connect(config={"memory_limit": "320MB"}) as engine:
        engine.execute(BY_HAND.format(folder=folder))


def ours(folder: Path) -> None:
    """Rate with the engine, tariffs read anew."""
    assert rate_file(models(), folder / "lines.parquet", folder / "ours.parquet") == LINES


def must_agree(folder: Path) -> None:
    """Compare the two line by line."""
    with duckdb.connect() as engine:
        found = engine.execute(f"""SELECT count(*), count_if(ours.amount_fen <> hand.amount_fen)
            FROM '{folder}/ours.parquet' ours JOIN '{folder}/by_hand.parquet' hand USING (line)""").fetchone()
    assert found == (LINES, 0), f"amounts differ: {found}"


def one_by_one(folder: Path) -> float:
    """Rate a sample with the pure function; return lines per second."""
    tariffs = models()
    with duckdb.connect() as engine:
        rows = engine.execute(
            f"""SELECT tariff, quantity::VARCHAR, grade, amount_fen FROM '{folder}/lines.parquet'
            JOIN '{folder}/ours.parquet' USING (line) LIMIT {SAMPLE}"""
        ).fetchall()
    began = time.perf_counter()
    for tariff, quantity, grade, fen in rows:
        assert rate(tariffs[tariff], Fraction(quantity), None, grade).amount == Money(int(fen))
    return len(rows) / (time.perf_counter() - began)


def run() -> list[Result]:
    """Measure time against the hand-written query, and memory."""
    with tempfile.TemporaryDirectory(prefix="huiyi-bench-") as name:
        folder = Path(name)
        write_lines(folder / "lines.parquet")
        write_tables(folder, models())
        taken = alternate({"ours": lambda: ours(folder), "by hand": lambda: by_hand(folder)})
        must_agree(folder)
        pure = one_by_one(folder)
        peak = peak_memory(ours, folder)
    title = f"rate {LINES:,} lines over {TARIFFS:,} tariffs"
    figure = f"{taken['ours']:.2f} s, {LINES / taken['ours']:,.0f} /s (one by one {pure:,.0f} /s)"
    return [
        at_most(f"{title} ÷ by hand in DuckDB", figure, taken["ours"] / taken["by hand"], RATIO_MAX),
        at_most(f"{title}: peak memory ÷ {MIB_MAX} MiB", f"{peak / MIB:.0f} MiB", peak / MIB / MIB_MAX, 1),
    ]
