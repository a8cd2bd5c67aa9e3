"""Files of the archive, and the engines that read them: DuckDB on this machine, Spark on a cluster."""

from __future__ import annotations

import atexit
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from settlement.usage.rules import ARCHIVE, Engine, Sums

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ROWS_AT_ONCE = 20_000
KNOWN_MAX = 10_000  # files whose digest is remembered
MEMORY = "400MB"
OPTION = "huiyi_usage"  # name under which an engine of SQLAlchemy keeps the archive
# name and type of each column, the same in the file, in its digest and for both engines
COLUMNS = (
    ("id", "VARCHAR"), ("entitlement_id", "VARCHAR"), ("product_id", "VARCHAR"), ("source", "VARCHAR"),
    ("client_reference", "VARCHAR"), ("used_us", "BIGINT"), ("received_us", "BIGINT"), ("stored_us", "BIGINT"),
    ("quantity", "BIGINT"), ("subject_kind", "VARCHAR"), ("subject", "VARCHAR"), ("hit", "BOOLEAN"),
    ("channel", "VARCHAR"),
)  # fmt: skip
QUANTITY = [name for name, _ in COLUMNS].index("quantity")
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Archive:
    """Where closed days are kept, and what adds up use."""

    engine: Engine
    folder: Path
    spark_master: str = "local[2]"
    spark_options: tuple[tuple[str, str], ...] = ()


class Summing:
    """Adds up what identifies rows while they pass by."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.events, self.units, self.running = 0, 0, hashlib.sha256()
        self.encoder = msgspec.json.Encoder()

    def passing(self, parts: Iterable[Sequence[Row]]) -> Iterator[Sequence[Row]]:
        """Yield the parts as they come, counted and digested."""
        for part in parts:
            self.events += len(part)
            self.units += sum(row[QUANTITY] for row in part)
            self.running.update(b"\n".join([*map(self.encoder.encode, part), b""]))
            yield part

    @property
    def sums(self) -> Sums:
        """What passed by so far."""
        return Sums(self.events, self.units, self.running.hexdigest())


@contextmanager
def _duckdb() -> Iterator[DuckDBPyConnection]:
    import duckdb  # only where the archive is written or read

    with duckdb.connect(config={"autoinstall_known_extensions": "false", "memory_limit": MEMORY}) as connection:
        connection.execute("SET enable_progress_bar = false")
        yield connection


def write_day(path: Path, place: str, day_number: int, parts: Iterable[Sequence[Row]]) -> None:
    """Write rows, in the order of ``COLUMNS``, into one Parquet file."""
    import pyarrow as pa
    from pyarrow import parquet

    kinds = {"VARCHAR": pa.string(), "BIGINT": pa.int64(), "BOOLEAN": pa.bool_()}
    own = [("place", pa.string()), ("day_number", pa.int64())]
    schema = pa.schema([*own, *((name, kinds[kind]) for name, kind in COLUMNS)])
    path.parent.mkdir(parents=True, exist_ok=True)
    with parquet.ParquetWriter(path, schema, compression="zstd") as file:
        for part in parts:
            columns = [[place] * len(part), [day_number] * len(part), *zip(*part, strict=True)]
            arrays = [pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)]
            file.write_batch(pa.record_batch(arrays, schema=schema))


def read_day(path: Path) -> Iterator[Sequence[Row]]:
    """Yield the rows of a file in order of their id, in parts."""
    names = ", ".join(name for name, _ in COLUMNS)
    with _duckdb() as connection:
        found = connection.execute(f"SELECT {names} FROM read_parquet(?) ORDER BY id", [str(path)])  # noqa: S608
        while part := found.fetchmany(ROWS_AT_ONCE):
            yield part


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_now(path: Path) -> str | None:
    """Return the SHA-256 of a file, or None where there is none; a file that did not change is read once."""
    try:
        state = path.stat()
    except FileNotFoundError:
        return None
    return _digest_of(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=KNOWN_MAX)
def _digest_of(path: Path, _changed: int, _size: int) -> str:
    return digest_of(path)


def ask(archive: Archive, files: Sequence[Path], text: str) -> list[Row]:
    """Put a question about the archive to the engine that is chosen; these files are what it knows of it."""
    names = [str(file) for file in files]
    if archive.engine is Engine.SPARK:
        return _ask_spark(archive, names, text)
    with _duckdb() as connection:
        connection.read_parquet(names).create_view(ARCHIVE)
        return connection.execute(text).fetchall()


def _ask_spark(archive: Archive, names: list[str], text: str) -> list[Row]:
    from pyspark.sql import SparkSession  # the optional extra "spark"

    if archive.spark_master.startswith("local"):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")  # a host that nobody can look up has no other name
    builder = SparkSession.builder.appName("huiyi-usage").master(archive.spark_master)
    for name, value in (*SPARK.items(), *archive.spark_options):
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    atexit.register(stop_spark)
    spark.read.parquet(*names).createOrReplaceTempView(ARCHIVE)
    return [tuple(row) for row in spark.sql(text).collect()]


def stop_spark() -> None:
    """Let go of the cluster, if this process holds one."""
    from pyspark.sql import SparkSession

    spark = SparkSession.getActiveSession()
    if spark is not None:
        spark.sparkContext.setLogLevel("OFF")  # its workers die noisily
        spark.stop()


SPARK = {
    "spark.sql.ansi.enabled": "true",  # an overflow is an error, as in DuckDB
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "4",
    "spark.sql.session.timeZone": "UTC",
}
