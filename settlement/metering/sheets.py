"""Files of use: CSV, JSON lines and Parquet, every cell as text; large ones by columns, in DuckDB.

What is plainly right is told by columns; every other row is handed out and judged by the rules, so that one text says
what is wrong, whatever the size of the file.
"""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from kernel.calendar import BEIJING
from kernel.errors import Invalid
from settlement.metering.queries import BINARY_END, BINARY_HEAD, MICROSECOND, YEAR_2000
from settlement.metering.rules import Held, Use

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

COLUMNS = ("entitlement", "client_reference", "occurred_at", "quantity", "subject_kind", "subject", "hit", "source")
NEEDED = COLUMNS[:3]
PARQUET = b"PAR1"
MEMORY = "400MB"  # beyond it DuckDB uses the disk
ROWS_AT_ONCE, ROWS_A_PART = 10_000, 60_000
SPACE = r"\x00-\x20\x7f-\xa0\x{{1680}}\x{{2000}}-\x{{200f}}\x{{2028}}-\x{{202f}}\x{{205f}}\x{{3000}}"
# what the rules take without a second look: no space around, the usual way of writing each value
PLAIN = r"""CREATE TABLE plain AS
WITH told AS (
    SELECT row, {entitlement} AS entitlement, {client_reference} AS reference, {occurred_at} AS written,
        TRY_CAST({occurred_at} AS TIMESTAMPTZ) AS used_at, coalesce({quantity}, '') AS quantity, {subject_kind} AS kind,
        {subject} AS subject, coalesce({hit}, '') AS hit, coalesce(nullif({source}, ''), ?) AS source
    FROM incoming
)
SELECT row, entitlement, reference, source, used_at, CAST(used_at AS DATE) AS day,
    TRY_CAST(coalesce(nullif(quantity, ''), '1') AS BIGINT) AS quantity, nullif(kind, '') AS kind,
    CASE WHEN subject <> '' THEN sha256(coalesce(kind, '') || chr(10) || subject) END AS subject,
    hit IN ('', 'true', '1') AS hit
FROM told
WHERE entitlement <> '' AND regexp_full_match(reference, '[\x21-\x7e]{{1,128}}') AND used_at IS NOT NULL
    AND regexp_full_match(written,
        '\d{{4}}-\d\d-\d\d[T ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{{1,6}})?([+-](0\d|1[0-4]):[0-5]\d|Z)?')
    AND regexp_full_match(quantity, '([1-9][0-9]{{0,11}})?') AND hit IN ('', 'true', '1', 'false', '0')
    AND (source IS NULL OR regexp_full_match(source, '[A-Za-z0-9][A-Za-z0-9._:/-]{{0,63}}'))
    AND NOT regexp_matches(concat_ws('|', entitlement, kind, subject), '\x00|(^|\|)[SPACE]|[SPACE]($|\|)')"""
PLAIN = PLAIN.replace("SPACE", SPACE)
PLAIN_TYPES = ("BIGINT", *("VARCHAR",) * 3, "TIMESTAMPTZ", "DATE", "BIGINT", "VARCHAR", "VARCHAR", "BOOLEAN")
HELD = """CREATE TABLE held AS SELECT unnest(?::VARCHAR[]) AS entitlement, unnest(?::UUID[]) AS entitlement_id,
    unnest(?::UUID[]) AS product_id, unnest(?::DATE[]) AS valid_from, unnest(?::DATE[]) AS valid_until,
    unnest(?::VARCHAR[]) AS held_kind"""
BESIDE_TERMS = "FROM plain JOIN held USING (entitlement)"
AGAINST = """entitlement_id IS NULL OR used_at > ? OR day NOT BETWEEN valid_from AND valid_until OR held_kind <> kind"""
BINARY = {"uuid": (16, "{}::BLOB"), "bigint": (8, "{}::BIGINT::BIT::BLOB"), "boolean": (1, "{}::UTINYINT::BIT::BLOB"),
          "timestamptz": (8, "(epoch_us({}) - epoch_us(TIMESTAMPTZ '2000-01-01 00:00:00Z'))::BIT::BLOB")}  # fmt: skip
TEXT = r"coalesce(octet_length(encode({0}))::INTEGER::BIT::BLOB || encode({0}), '\xFF\xFF\xFF\xFF'::BLOB)"
# what stands in each column and of which kind it is
WRITTEN = {
    "row": ("row", "bigint"), "id": ("uuidv7()", "uuid"), "entitlement_id": ("entitlement_id", "uuid"),
    "product_id": ("product_id", "uuid"), "source": ("source", "text"), "client_reference": ("reference", "text"),
    "occurred_at": ("used_at", "timestamptz"), "day_number": ("day - DATE '0001-01-01' + 1", "bigint"),
    "quantity": ("quantity", "bigint"), "subject_kind": ("kind", "text"), "subject": ("subject", "text"),
    "hit": ("hit", "boolean"),
}  # fmt: skip
# identifiers and moments as SQLite has them; DuckDB's own types would have to be turned into them later
IN_SQLITE = {"uuid": "replace(CAST({} AS VARCHAR), '-', '')",
             "timestamptz": "strftime({} AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M:%S.%f')"}  # fmt: skip


class UsageUnreadable(Invalid):
    """The file is neither CSV nor JSON lines nor Parquet, or lacks a column."""

    code = "usage.unreadable"
    title = "用量文件无法读取"
    title_en = "The file cannot be read"


def read_rows(content: bytes, file_name: str) -> list[tuple[int, Mapping[str, Any]]]:
    """Return number and cells of each row; rows count from 1, the heading of a CSV file left out.

    Raises:
        UsageUnreadable: the file is none of the three kinds, or a column is missing or unknown.
    """
    if content[: len(PARQUET)] == PARQUET:
        rows = _parquet(content, file_name)
    elif file_name.lower().endswith((".jsonl", ".ndjson", ".json")) or content.lstrip()[:1] == b"{":
        rows = _json_lines(_text(content, file_name), file_name)
    else:
        rows = _csv(_text(content, file_name), file_name)
    if not rows:
        raise UsageUnreadable(f"{file_name} 没有数据行", detail_en=f"{file_name} has no rows")
    return list(enumerate(rows, start=1))


def _text(content: bytes, file_name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageUnreadable(f"{file_name} 不是 UTF-8 编码，请转换后重试", detail_en="Not UTF-8") from error


def _must_be_columns(names: list[str], file_name: str) -> None:
    missing = [name for name in NEEDED if name not in names]
    unknown = [name for name in names if name not in COLUMNS]
    if missing or unknown or len(set(names)) < len(names):
        words = f"缺少列 {'、'.join(missing) or '无'}，多出或重复的列 {'、'.join(unknown) or '无'}"
        raise UsageUnreadable(f"{file_name}：{words}；可用的列：{'、'.join(COLUMNS)}",
                              detail_en=f"missing {missing}, unknown {unknown}")  # fmt: skip


def _csv(text: str, file_name: str) -> list[Mapping[str, Any]]:
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        names = [name.strip() for name in next(reader, [])]
        _must_be_columns(names, file_name)
        return [_cells(names, cells, reader.line_num, file_name) for cells in reader if cells]
    except csv.Error as error:
        raise UsageUnreadable(f"{file_name} 不是完整的 CSV 表格：{error}", detail_en=str(error)) from error


def _cells(names: list[str], cells: list[str], line: int, file_name: str) -> dict[str, str]:
    if len(cells) != len(names):
        raise UsageUnreadable(f"{file_name} 第 {line} 行有 {len(cells)} 列，表头有 {len(names)} 列",
                              detail_en=f"line {line} has {len(cells)} cells")  # fmt: skip
    return dict(zip(names, cells, strict=True))


def _json_lines(text: str, file_name: str) -> list[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = []
    for line, written in enumerate(text.splitlines(), start=1):
        if not written.strip():
            continue
        try:
            found = json.loads(written, parse_float=str)
        except (ValueError, RecursionError) as error:
            raise UsageUnreadable(f"{file_name} 第 {line} 行不是有效的 JSON", detail_en=f"line {line}") from error
        if not isinstance(found, dict) or any(isinstance(cell, list | dict) for cell in found.values()):
            raise UsageUnreadable(f"{file_name} 第 {line} 行应为一个简单的 JSON 对象", detail_en=f"line {line}")
        if set(found) - set(COLUMNS):
            _must_be_columns(list(found), file_name)
        rows.append(found)
    return rows


def _parquet(content: bytes, file_name: str) -> list[Mapping[str, Any]]:
    with _engine() as (engine, folder):
        names = _load_parquet(engine, folder, content, file_name)
        listed = ", ".join(f'"{name}"' for name in names)
        found = engine.execute(f"SELECT {listed} FROM incoming ORDER BY row").fetchall()  # noqa: S608 — own names
        return [dict(zip(names, row, strict=True)) for row in found]


@contextmanager
def _engine() -> Iterator[tuple[DuckDBPyConnection, Path]]:
    import duckdb  # only where a file is read by columns

    with tempfile.TemporaryDirectory(prefix="huiyi-usage-") as name:
        with duckdb.connect(config={"autoinstall_known_extensions": "false", "memory_limit": MEMORY}) as engine:
            engine.execute("SET TimeZone = 'Asia/Shanghai'; SET temp_directory = ?", [name])
            engine.execute("SET enable_progress_bar = false")
            yield engine, Path(name)


def _load_parquet(engine: DuckDBPyConnection, folder: Path, content: bytes, file_name: str) -> list[str]:
    import duckdb

    path = folder / "usage.parquet"
    path.write_bytes(content)
    try:
        names = list(engine.read_parquet(str(path)).columns)
        _must_be_columns(names, file_name)
        texts = ", ".join(f'CAST("{name}" AS VARCHAR) AS "{name}"' for name in names)
        engine.execute(
            f"CREATE TABLE incoming AS SELECT row_number() OVER () AS row, {texts} FROM read_parquet(?)",  # noqa: S608
            [str(path)],
        )
    except duckdb.Error as error:
        raise UsageUnreadable(f"{file_name} 不是有效的 Parquet 文件：{error}", detail_en=str(error)) from error
    return names


def _load_csv(engine: DuckDBPyConnection, folder: Path, content: bytes, file_name: str) -> list[str]:
    """Load a CSV file; where DuckDB finds anything odd in it, the rows are read one by one, which names the fault."""
    import duckdb

    heading = _text(content[: content.find(b"\n") + 1 or None], file_name)
    names = [name.strip() for name in next(csv.reader(io.StringIO(heading)), [])]
    if not set(names) <= set(COLUMNS) or len(set(names)) < len(names):
        return _load_rows(engine, folder, _csv(_text(content, file_name), file_name))
    path = folder / "usage.csv"
    path.write_bytes(content)
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
    try:
        engine.execute(
            f"CREATE TABLE incoming AS SELECT row_number() OVER () AS row, * FROM read_csv(?, header = true, "  # noqa: S608
            f"auto_detect = false, delim = ',', quote = '\"', escape = '\"', columns = {{{columns}}}, "
            "null_padding = false, strict_mode = true, nullstr = '')", [str(path)],
        )  # fmt: skip
    except duckdb.Error:
        engine.execute("DROP TABLE IF EXISTS incoming")
        return _load_rows(engine, folder, _csv(_text(content, file_name), file_name))
    _must_be_columns(names, file_name)
    return names


def _load_rows(engine: DuckDBPyConnection, folder: Path, rows: list[Mapping[str, Any]]) -> list[str]:
    path = folder / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        for number, cells in enumerate(rows, start=1):
            writer.writerow([number, *(_cell(cells.get(name)) for name in COLUMNS)])
    columns = ", ".join(["'row': 'BIGINT'", *(f"'{name}': 'VARCHAR'" for name in COLUMNS)])
    engine.execute(
        f"CREATE TABLE incoming AS SELECT * FROM read_csv(?, header = false, auto_detect = false, "  # noqa: S608
        f"delim = ',', quote = '\"', escape = '\"', columns = {{{columns}}}, max_line_size = 20000000)", [str(path)],
    )  # fmt: skip
    return list(COLUMNS)


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


@contextmanager
def opened(content: bytes, file_name: str, source: str | None) -> Iterator[Columns]:
    """Read a large file by columns.

    Raises:
        UsageUnreadable: the file is none of the three kinds, or a column is missing or unknown.
    """
    with _engine() as (engine, folder):
        if content[: len(PARQUET)] == PARQUET:
            names = _load_parquet(engine, folder, content, file_name)
        elif file_name.lower().endswith((".jsonl", ".ndjson", ".json")) or content.lstrip()[:1] == b"{":
            names = _load_rows(engine, folder, _json_lines(_text(content, file_name), file_name))
        else:
            names = _load_csv(engine, folder, content, file_name)
        sheet = Columns(engine, folder, names, source)
        if not sheet.rows:
            raise UsageUnreadable(f"{file_name} 没有数据行", detail_en=f"{file_name} has no rows")
        yield sheet


class Columns:
    """The uses of a large file in DuckDB: first what stands there, then what is plainly right of it."""

    def __init__(self, engine: DuckDBPyConnection, folder: Path, names: list[str], source: str | None) -> None:
        """Tell what is plainly right; ``source`` says who counted, where a row does not."""
        self.engine, self.folder, self.names = engine, folder, names
        cells = {name: f'"{name}"' if name in names else "NULL" for name in COLUMNS}
        (self.rows,) = engine.execute("SELECT count(*) FROM incoming").fetchone() or (0,)
        engine.execute(PLAIN.format(**cells), [source])

    def odd_rows(self) -> Iterator[list[tuple[int, dict[str, Any]]]]:
        """Yield number and cells of the rows that are not plainly right, in parts."""
        listed = ", ".join(f'"{name}"' for name in self.names)
        found = self.engine.cursor().execute(
            f"SELECT row, {listed} FROM incoming WHERE row NOT IN (SELECT row FROM plain) ORDER BY row"  # noqa: S608
        )
        while rows := found.fetchmany(ROWS_AT_ONCE):
            yield [(row, dict(zip(self.names, cells, strict=True))) for row, *cells in rows]

    def take_back(self, uses: Sequence[Use]) -> None:
        """Add rows that are right after all."""
        told = [(one.row, one.entitlement, one.reference, one.source, one.occurred_at, one.day, one.quantity,
                 one.subject_kind, one.subject, one.hit) for one in uses]  # fmt: skip
        if told:
            lists = ", ".join(f"unnest(?::{kind}[])" for kind in PLAIN_TYPES)
            self.engine.execute(f"INSERT INTO plain SELECT {lists}", [list(part) for part in zip(*told, strict=True)])

    def count(self) -> int:
        """Return how many uses there are."""
        (count,) = self.engine.execute("SELECT count(*) FROM plain").fetchone() or (0,)
        return int(count)

    def numbers(self) -> list[str]:
        """Return the numbers of the entitlements that occur."""
        return [number for (number,) in self.engine.execute("SELECT DISTINCT entitlement FROM plain").fetchall()]

    def hold(self, held: Iterable[Held], now: datetime) -> None:
        """Lay the terms of the entitlements beside the uses."""
        terms = [(one.number, str(one.id), str(one.product_id), one.valid_from, one.valid_until, one.subject_kind)
                 for one in held]  # fmt: skip
        columns = zip(*terms, strict=True) if terms else [()] * 6
        self.engine.execute(HELD, [list(column) for column in columns])
        self.now = now

    def against_terms(self) -> list[Use]:
        """Return the uses that seem to be against the terms of their entitlement."""
        return self._uses(AGAINST, [self.now])

    def uses_of(self, rows: set[int]) -> list[Use]:
        """Return the uses of these rows, in their order."""
        return self._uses("row IN (SELECT unnest(?::BIGINT[]))", [sorted(rows)])

    def _uses(self, condition: str, sent: list[Any]) -> list[Use]:
        text = f"SELECT p.* FROM plain p LEFT JOIN held h USING (entitlement) WHERE {condition} ORDER BY row"  # noqa: S608
        return [
            Use(row, entitlement, reference, at.astimezone(BEIJING), quantity, kind, subject, hit, day, source)
            for row, entitlement, reference, source, at, day, quantity, kind, subject, hit
            in self.engine.execute(text, sent).fetchall()
        ]  # fmt: skip

    def rows_of(self, entitlements: Iterable[UUID]) -> set[int]:
        """Return the rows of these entitlements."""
        text = "SELECT row FROM plain JOIN held USING (entitlement) WHERE entitlement_id IN (SELECT unnest(?::UUID[]))"
        return {row for (row,) in self.engine.execute(text, [[str(one) for one in entitlements]]).fetchall()}

    def sums(self) -> list[tuple[UUID, int, int, int]]:
        """Return of each entitlement its events, their units, and the units of those that found something."""
        text = """SELECT entitlement_id, count(*), sum(quantity)::BIGINT,
            coalesce(sum(quantity) FILTER (WHERE hit), 0)::BIGINT
            FROM plain JOIN held USING (entitlement) GROUP BY entitlement_id"""
        return self.engine.execute(text).fetchall()

    def as_binary(self, columns: Mapping[str, str | datetime]) -> Iterator[bytes]:
        """Yield the rows as PostgreSQL's binary ``COPY`` reads them, in parts: the next is made while one is sent."""
        row = _binary_row(columns)
        reader = self.engine.cursor().sql(f"SELECT {row} AS row {BESIDE_TERMS}").to_arrow_reader(ROWS_A_PART)

        def next_part() -> bytes | None:
            batch = next(reader, None)
            return None if batch is None else _bytes_of(batch.column(0))

        yield BINARY_HEAD
        with ThreadPoolExecutor(1) as beside:
            waiting = beside.submit(next_part)
            while (part := waiting.result()) is not None:
                waiting = beside.submit(next_part)
                yield part
        yield BINARY_END

    def as_rows(self, columns: Mapping[str, str | datetime]) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows as SQLite takes them, in parts."""
        own = {name: IN_SQLITE.get(kind, "{}").format(cell) for name, (cell, kind) in WRITTEN.items()}
        listed = ", ".join(own.get(name) or _in_sqlite(given) for name, given in columns.items())
        found = self.engine.cursor().execute(f"SELECT {listed} {BESIDE_TERMS}")
        while rows := found.fetchmany(ROWS_AT_ONCE):
            yield rows


def _in_sqlite(given: str | datetime) -> str:
    text = given if isinstance(given, str) else f"{given.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"
    return "'" + text.replace("'", "''") + "'"


def _binary_row(columns: Mapping[str, str | datetime]) -> str:
    """Return the expression of a row in binary: how many fields, and each with its length before it."""
    pieces: list[bytes | str] = [len(columns).to_bytes(2)]
    for name, given in columns.items():
        if name not in WRITTEN:
            value = (
                given.encode()
                if isinstance(given, str)
                else ((given - YEAR_2000) // MICROSECOND).to_bytes(8, signed=True)
            )
            pieces += [len(value).to_bytes(4), value]
            continue
        cell, kind = WRITTEN[name]
        if kind == "text":
            pieces.append(TEXT.format(cell))
        else:
            size, text = BINARY[kind]
            pieces += [size.to_bytes(4), text.format(f"({cell})")]
    runs = groupby(pieces, key=lambda piece: isinstance(piece, bytes))
    return " || ".join(_blob(b"".join(run)) if is_fixed else " || ".join(run) for is_fixed, run in runs)  # type: ignore[arg-type]


def _blob(value: bytes) -> str:
    return "'" + "".join(f"\\x{byte:02X}" for byte in value) + "'::BLOB"


def _bytes_of(column: Any) -> bytes:
    """Return the values of a column of bytes one after the other, as they lie in memory."""
    _, offsets, values = column.buffers()
    ends = memoryview(offsets).cast("i")
    return bytes(memoryview(values)[ends[column.offset] : ends[column.offset + len(column)]])
