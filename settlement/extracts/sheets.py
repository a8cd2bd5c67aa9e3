"""Extracts as Parquet: the same rows give the same bytes, and pandas reads categories, dates and whole numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, Any

from settlement.extracts.rules import SCHEMAS, Column, DataSet, Kind


def write(target: IO[bytes], data_set: DataSet, batches: Iterable[list[tuple[Any, ...]]]) -> int:
    """Write batches of rows as one Parquet file; return how many rows there are."""
    import pyarrow as pa  # only where something is extracted
    from pyarrow import parquet

    columns = SCHEMAS[data_set]
    types = {
        Kind.FEN: pa.int64(), Kind.COUNT: pa.int64(), Kind.DATE: pa.date32(), Kind.TEXT: pa.string(),
        Kind.NAME: pa.dictionary(pa.int32(), pa.string()),
    }  # fmt: skip
    schema = pa.schema([pa.field(one.name, types[one.kind], metadata=_described(one)) for one in columns])
    count = 0
    with parquet.ParquetWriter(target, schema, compression="zstd") as writer:
        for rows in batches:
            arrays = [
                pa.array([_text(row[number], one) for row in rows], type=schema.field(number).type)
                for number, one in enumerate(columns)
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            count += len(rows)
    return count


def _described(column: Column) -> dict[str, str]:
    unit = {"unit": "fen"} if column.kind is Kind.FEN else {}
    return {"meaning": column.meaning, **unit}


def _text(value: Any, column: Column) -> Any:
    return str(value) if column.kind is Kind.NAME else value
