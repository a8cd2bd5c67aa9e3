"""Rates sets of usage lines with DuckDB, in whole numbers; what does not fit them is rated one by one.

DuckDB refuses an overflow of BIGINT and HUGEINT, so nothing wraps; the bound of a tariff's table says beforehand which
of the two it needs, and whether it fits at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from kernel.errors import Invalid
from kernel.money import NUMBER_TEXT, Money, decimal_text
from pricing.bulk_rating.rules import Table, compile_model
from pricing.rating.rules import GradeUnknown, QuantityNegative, TariffModel, rate

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY_MAX = "320MB"  # of DuckDB's own; it goes to the disk beyond
NUMBER_DIGITS, DECIMALS_MAX = 15, 12  # of a quantity, as kernel.money.NUMBER_TEXT has them
WORDS = (("BIGINT", 62), ("HUGEINT", 126))  # bits that leave room for one addition
WHOLE_TYPES = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT")
AMOUNT, WITH, WITHOUT = 0, 1, 2  # which price of a line: by itself, together with earlier use, earlier use alone
DUMMY = "CAST(NULL AS VARCHAR)"


class LinesUnreadable(Invalid):
    """Usage lines that cannot be rated as they are written."""

    code = "bulk.lines_unreadable"
    title = "使用记录无法批量计费"
    title_en = "The usage lines cannot be rated"


class ArrowStream(Protocol):
    """Anything that hands out its columns as Arrow: a table of pyarrow, polars, a DuckDB relation."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return the stream."""


@dataclass(frozen=True, slots=True)
class UsageLine:
    """One line of use; ``quantity`` and ``previously_used`` have at most 15 digits and 12 decimals."""

    line: str
    tariff: str
    quantity: Fraction
    previously_used: Fraction | None = None
    grade: str | None = None


@dataclass(frozen=True, slots=True)
class RatedLine:
    """What one line costs by itself, and what it adds to earlier use of its period."""

    line: str
    amount: Money
    increment: Money | None


def rate_lines(models: Mapping[str, TariffModel], lines: Path | ArrowStream | Sequence[UsageLine]) -> list[RatedLine]:
    """Rate usage lines in the order given; to the fen what ``rating.rules.rate`` says of each.

    Args:
        models: tariffs by the name that the lines call them.
        lines: a Parquet file or Arrow columns ``line, tariff, quantity[, previously_used, grade]`` (numbers as text,
            whole or decimal, never binary fractions), or a list.

    Raises:
        LinesUnreadable: a column is missing or has binary fractions, or a line names no known tariff or number.
        QuantityNegative: a quantity is below zero.
        GradeUnknown: the tariff of a line has grades, but not this one.
    """
    with _rated(models, lines) as engine:
        rows = engine.execute("SELECT line, amount, increment FROM result ORDER BY place").fetchall()
    return [RatedLine(line, Money(int(fen)), None if more is None else Money(int(more))) for line, fen, more in rows]


def rate_file(models: Mapping[str, TariffModel], lines: Path | ArrowStream, into: Path) -> int:
    """Rate usage lines into a Parquet file ``line, amount_fen, increment_fen``; return how many.

    Raises:
        LinesUnreadable, QuantityNegative, GradeUnknown: as ``rate_lines``.
    """
    with _rated(models, lines) as engine:
        engine.sql(AS_FILE).write_parquet(str(into))
        return _count(engine, "SELECT count(*) FROM entry")


@contextmanager
def _rated(
    models: Mapping[str, TariffModel], lines: Path | ArrowStream | Sequence[UsageLine]
) -> Iterator[DuckDBPyConnection]:
    import duckdb  # only where a set is rated

    with duckdb.connect(config={"autoinstall_known_extensions": "false", "memory_limit": MEMORY_MAX}) as engine:
        names = list(models)
        digits = _take_in(engine, names, lines)
        _must_be_sound(engine, models, names)
        largest = _largest(engine, digits)
        tables = {
            number: compile_model(models[names[number]], digits, reach) for number, reach in sorted(largest.items())
        }
        engine.execute("CREATE TEMP TABLE rated (place BIGINT, role TINYINT, fen HUGEINT)")
        left = set(tables)
        for word, bits in WORDS:
            fitting = {
                number: table
                for number, table in tables.items()
                if number in left and table is not None and table.bound.bit_length() <= bits
            }
            left -= set(fitting)
            _rate_by_sets(engine, word, fitting)
        _rate_one_by_one(engine, {number: models[names[number]] for number in left}, digits)
        engine.execute(RESULT)
        priced = _count(engine, "SELECT count(*) FROM rated WHERE role = 0")
        assert priced == _count(engine, "SELECT count(*) FROM entry"), "a line was priced twice or not at all"
        yield engine


def _take_in(engine: DuckDBPyConnection, names: list[str], lines: Path | ArrowStream | Sequence[UsageLine]) -> int:
    """Read the lines into a table of scaled whole numbers; return how many decimals they were scaled by."""
    import duckdb

    if isinstance(lines, Path):
        try:
            engine.read_parquet(str(lines)).create_view("source")
        except duckdb.Error as error:
            raise _unreadable(f"{lines.name} 不是 Parquet 文件", f"{lines.name} is no Parquet file") from error
    elif isinstance(lines, Sequence):
        engine.execute(LISTED, _columns(lines))
    else:
        arrow = lines  # noqa: F841 — DuckDB finds it by this name
        engine.execute("CREATE TEMP TABLE source AS SELECT * FROM arrow")
    types = {name: str(kind) for name, kind, *_ in engine.execute("DESCRIBE source").fetchall()}
    missing = [name for name in ("line", "tariff", "quantity") if name not in types]
    if missing:
        raise _unreadable(f"缺少列 {'、'.join(missing)}", f"missing columns {', '.join(missing)}")
    numbers = [name for name in ("quantity", "previously_used") if name in types]
    digits = max(_decimals_of(engine, name, types[name]) for name in numbers)
    scaled = {name: _scaled(name, types[name], digits) for name in numbers}
    grade = 'CAST(source."grade" AS VARCHAR)' if "grade" in types else DUMMY
    engine.execute("CREATE TEMP TABLE named (name VARCHAR, number INTEGER)")
    engine.execute("INSERT INTO named SELECT unnest($names), unnest($numbers)", _numbered(names))
    earlier = scaled.get("previously_used", "CAST(NULL AS HUGEINT)")
    engine.execute(ENTRIES.format(quantity=scaled["quantity"], earlier=earlier, grade=grade))
    return digits


def _columns(lines: Sequence[UsageLine]) -> dict[str, list[str | None]]:
    return {
        "line": [one.line for one in lines],
        "tariff": [one.tariff for one in lines],
        "quantity": [_text(one.line, one.quantity) for one in lines],
        "previously_used": [
            None if one.previously_used is None else _text(one.line, one.previously_used) for one in lines
        ],
        "grade": [one.grade for one in lines],
    }


def _text(line: str, number: Fraction) -> str:
    if number < 0:
        raise _negative(line)
    text = decimal_text(number)
    if Fraction(text) != number or NUMBER_TEXT.fullmatch(text) is None:
        raise _unreadable(f"第 {line} 行的数量不是至多 12 位小数的数", f"line {line}: not a number of 12 decimals")
    return text


def _numbered(names: list[str]) -> dict[str, Any]:
    return {"names": names, "numbers": list(range(len(names)))}


def _decimals_of(engine: DuckDBPyConnection, name: str, kind: str) -> int:
    """Return how many decimals a column has; binary fractions and texts that are no numbers are refused."""
    if kind in WHOLE_TYPES:
        return 0
    if kind.startswith("DECIMAL"):
        digits = int(kind.rstrip(")").split(",")[1])
        if digits <= DECIMALS_MAX:
            return digits
    if kind != "VARCHAR":
        raise _unreadable(
            f"列 {name} 的类型是 {kind}：请用文本、整数或至多 12 位小数的十进制数",
            f"column {name} is {kind}: use text, whole numbers or decimals",
        )
    wrong = engine.execute(NO_NUMBER.format(column=name), {"form": NUMBER_TEXT.pattern}).fetchone()
    if wrong is not None:
        raise _unreadable(f"第 {wrong[0]} 行的 {name} 不是有效数字", f"line {wrong[0]}: {name} is no plain number")
    return _count(engine, LONGEST.format(column=name))


def _scaled(name: str, kind: str, digits: int) -> str:
    """Return the expression that makes whole numbers of a column."""
    if kind == "VARCHAR":
        whole, part = f"split_part({name}, '.', 1)", f"split_part({name}, '.', 2)"
        return f"CAST({whole} || rpad({part}, {digits}, '0') AS HUGEINT)"
    if kind in WHOLE_TYPES:
        return f"CAST({name} AS HUGEINT) * {10**digits}::HUGEINT"
    more = digits - int(kind.rstrip(")").split(",")[1])
    return f"CAST(replace(CAST({name} AS VARCHAR), '.', '') AS HUGEINT) * {10**more}::HUGEINT"


def _must_be_sound(engine: DuckDBPyConnection, models: Mapping[str, TariffModel], names: list[str]) -> None:
    unknown = engine.execute("SELECT line, called FROM entry WHERE tariff IS NULL LIMIT 1").fetchone()
    if unknown is not None:
        raise _unreadable(
            f"第 {unknown[0]} 行的收费标准“{unknown[1]}”不存在", f"line {unknown[0]}: no tariff {unknown[1]}"
        )
    empty = engine.execute("SELECT line FROM entry WHERE quantity IS NULL OR line IS NULL LIMIT 1").fetchone()
    if empty is not None:
        raise _unreadable(f"第 {empty[0]} 行没有数量或行号", f"line {empty[0]}: no quantity, or no line number")
    below = engine.execute("SELECT line FROM entry WHERE quantity < 0 OR earlier < 0 LIMIT 1").fetchone()
    if below is not None:
        raise _negative(below[0])
    graded = [(number, grade) for number, name in enumerate(names) for grade, _ in models[name].contribution]
    engine.execute("CREATE TEMP TABLE known (tariff INTEGER, grade VARCHAR)")
    if graded:
        engine.execute(
            "INSERT INTO known SELECT unnest($tariffs), unnest($grades)",
            {"tariffs": [number for number, _ in graded], "grades": [grade for _, grade in graded]},
        )
    strange = engine.execute(STRANGE_GRADE).fetchone()
    if strange is not None:
        raise GradeUnknown(
            f"第 {strange[0]} 行：收费标准“{strange[1]}”没有贡献等级“{strange[2][:40]}”，请核对。",
            detail_en=f"Line {strange[0]}: tariff {strange[1]} has no contribution grade {strange[2][:40]}.",
        )


def _largest(engine: DuckDBPyConnection, digits: int) -> dict[int, Fraction]:
    found = engine.execute("SELECT tariff, max(quantity + coalesce(earlier, 0)) FROM entry GROUP BY tariff").fetchall()
    return {number: Fraction(int(reach), 10**digits) for number, reach in found}


def _rate_by_sets(engine: DuckDBPyConnection, word: str, tables: Mapping[int, Table]) -> None:
    """Price the lines of tariffs whose numbers fit the word."""
    if not tables:
        return
    _load(engine, word, "tariff", TARIFF_COLUMNS, [
        (number, one.scale, one.unit, one.free, one.fen, one.one, one.least, one.most, one.waived_fen)
        for number, one in tables.items()
    ])  # fmt: skip
    _load(engine, word, "piece", PIECE_COLUMNS, [
        (number, row.after, row.up_to, row.origin, row.base, row.price, row.size)
        for number, one in tables.items() for row in one.pieces
    ])  # fmt: skip
    _load(engine, word, "pairing", PAIRING_COLUMNS, [
        (number, pair.first, pair.first_price, pair.rest, pair.rest_price)
        for number, one in tables.items() for pair in one.pairings
    ])  # fmt: skip
    factors = [(number, grade, factor) for number, one in tables.items() for grade, factor in one.factors]
    engine.execute(f"CREATE OR REPLACE TEMP TABLE factor (number INTEGER, grade VARCHAR, factor {word})")
    if factors:
        numbers, grades, values = zip(*factors, strict=True)
        engine.execute(
            f"INSERT INTO factor SELECT unnest($a), unnest($b), unnest($c::{word}[])",
            {"a": list(numbers), "b": list(grades), "c": [str(value) for value in values]},
        )
    engine.execute(POINTS.format(word=word))
    engine.execute(BY_PIECES)
    engine.execute(BY_PACKS)


def _load(
    engine: DuckDBPyConnection, word: str, table: str, columns: Sequence[str], rows: Sequence[tuple[int | None, ...]]
) -> None:
    engine.execute(f"CREATE OR REPLACE TEMP TABLE {table} ({', '.join(f'{name} {word}' for name in columns)})")
    if rows:
        lists = {
            name: [None if value is None else str(value) for value in column]
            for name, column in zip(columns, zip(*rows, strict=True), strict=True)
        }
        chosen = ", ".join(f"unnest(${name}::{word}[])" for name in columns)
        engine.execute(f"INSERT INTO {table} SELECT {chosen}", lists)


def _rate_one_by_one(engine: DuckDBPyConnection, models: Mapping[int, TariffModel], digits: int) -> None:
    """Price what does not fit; an amount that no machine word holds is refused."""
    if not models:
        return
    found = engine.execute(
        "SELECT place, tariff, quantity, earlier, grade FROM entry WHERE list_contains($left, tariff)",
        {"left": list(models)},
    ).fetchall()
    rows: list[tuple[int, int, int]] = []
    for place, tariff, quantity, earlier, grade in found:
        before = None if earlier is None else Fraction(int(earlier), 10**digits)
        rated = rate(models[tariff], Fraction(int(quantity), 10**digits), before, grade)
        rows.append((place, AMOUNT, rated.amount.fen))
        if rated.increment is not None:
            rows.append((place, WITH, rated.increment.fen))
    places, roles, amounts = zip(*rows, strict=True)
    if max(map(abs, amounts)).bit_length() > WORDS[-1][1]:
        raise _unreadable("金额超出可表示的范围", "an amount is too large to write down")
    engine.execute(
        "INSERT INTO rated SELECT unnest($places), unnest($roles), unnest($amounts::HUGEINT[])",
        {"places": list(places), "roles": list(roles), "amounts": [str(fen) for fen in amounts]},
    )


def _count(engine: DuckDBPyConnection, query: str) -> int:
    ((found,),) = engine.execute(query).fetchall()
    return int(found)


def _negative(line: Any) -> QuantityNegative:
    return QuantityNegative(f"第 {line} 行的数量小于零，无法计费。", detail_en=f"Line {line}: quantity below zero.")


def _unreadable(words: str, words_en: str) -> LinesUnreadable:
    return LinesUnreadable(f"{words}，请更正后重试。", detail_en=f"{words_en}.")


LISTED = """CREATE TEMP TABLE source AS SELECT unnest($line::VARCHAR[]) AS line, unnest($tariff::VARCHAR[]) AS tariff,
    unnest($quantity::VARCHAR[]) AS quantity, unnest($previously_used::VARCHAR[]) AS previously_used,
    unnest($grade::VARCHAR[]) AS grade"""
NO_NUMBER = "SELECT CAST(line AS VARCHAR) FROM source WHERE NOT regexp_full_match({column}, $form) LIMIT 1"
LONGEST = "SELECT coalesce(max(length(split_part({column}, '.', 2))), 0) FROM source"
# lines are numbered before they are joined: a join keeps no order
ENTRIES = """CREATE TEMP TABLE entry AS SELECT place, CAST(source.line AS VARCHAR) AS line, named.number AS tariff,
    CAST(source.tariff AS VARCHAR) AS called, {quantity} AS quantity, {earlier} AS earlier, {grade} AS grade
    FROM (SELECT *, row_number() OVER () AS place FROM source) source
    LEFT JOIN named ON named.name = CAST(source.tariff AS VARCHAR)"""
STRANGE_GRADE = """SELECT line, called, grade FROM entry WHERE grade IS NOT NULL
    AND tariff IN (SELECT tariff FROM known)
    AND NOT EXISTS (FROM known WHERE known.tariff = entry.tariff AND known.grade = entry.grade) LIMIT 1"""
TARIFF_COLUMNS = ("number", "scale", "unit", "free", "fen", "one", "least", "most", "waived_fen")
PIECE_COLUMNS = ("number", "after", "up_to", "origin", "base", "price", "size")
PAIRING_COLUMNS = ("number", "first", "first_price", "rest", "rest_price")
# every price that is wanted, as a point of the curve of its tariff: place, which price, and the chargeable quantity
POINTS = """CREATE OR REPLACE TEMP VIEW point AS
    SELECT asked.place, asked.role, tariff.*, greatest(asked.quantity::{word} * scale - free, 0) AS used,
        coalesce(factor.factor, one) AS factor
    FROM (SELECT place, 0 AS role, tariff, grade, quantity FROM entry
        UNION ALL SELECT place, 1, tariff, grade, quantity + earlier FROM entry WHERE earlier IS NOT NULL
        UNION ALL SELECT place, 2, tariff, grade, earlier FROM entry WHERE earlier > 0) asked
    JOIN tariff ON tariff.number = asked.tariff
    LEFT JOIN factor ON factor.number = asked.tariff AND factor.grade = asked.grade"""
PRICED = """INSERT INTO rated SELECT place, role, CASE WHEN amount <= waived_fen THEN 0 ELSE amount END AS fen
    FROM (SELECT place, role, waived_fen, (least(greatest(price * factor, least), most) + fen // 2) // fen AS amount
        FROM ({exact}))"""
BY_PIECES = PRICED.format(
    exact="""SELECT point.*, base + piece.price * CASE WHEN size = 0 THEN used - origin
            ELSE (used - origin + size - 1) // size END AS price
        FROM point JOIN piece ON piece.number = point.number AND used > after AND used <= up_to"""
)
BY_PACKS = PRICED.format(
    exact="""SELECT place, role, any_value(factor) AS factor, any_value(least) AS least, any_value(most) AS most,
            any_value(fen) AS fen, any_value(waived_fen) AS waived_fen,
            min(units // first * first_price + (units % first + rest - 1) // rest * rest_price) AS price
        FROM (SELECT point.*, (used + unit - 1) // unit AS units FROM point) needed
        JOIN pairing ON pairing.number = needed.number GROUP BY place, role"""
)
RESULT = """CREATE TEMP VIEW result AS
    SELECT entry.place, line, own.fen AS amount, CASE WHEN earlier IS NULL THEN NULL
        ELSE together.fen - coalesce(alone.fen, 0) END AS increment
    FROM entry JOIN rated own ON own.place = entry.place AND own.role = 0
    LEFT JOIN rated together ON together.place = entry.place AND together.role = 1
    LEFT JOIN rated alone ON alone.place = entry.place AND alone.role = 2"""
# as DECIMAL: a Parquet file has no whole numbers of 128 bits, and DuckDB would write binary fractions
AS_FILE = """SELECT line, amount::DECIMAL(38,0) AS amount_fen, increment::DECIMAL(38,0) AS increment_fen
    FROM result ORDER BY place"""
