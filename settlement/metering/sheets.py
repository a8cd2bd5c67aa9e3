"""Files of use: CSV, JSON lines and Parquet, every cell as text."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kernel.errors import Invalid

COLUMNS = ("entitlement", "client_reference", "occurred_at", "quantity", "subject_kind", "subject", "hit")
NEEDED = COLUMNS[:3]
PARQUET = b"PAR1"


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
    import duckdb  # only where a Parquet file is read

    with tempfile.TemporaryDirectory(prefix="huiyi-usage-") as folder:
        path = Path(folder) / "usage.parquet"
        path.write_bytes(content)
        try:
            with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as engine:
                engine.execute("SET TimeZone = 'UTC'")
                relation = engine.read_parquet(str(path))
                names = list(relation.columns)
                _must_be_columns(names, file_name)
                texts = ", ".join(f'CAST("{name}" AS VARCHAR) AS "{name}"' for name in names)
                return [dict(zip(names, row, strict=True)) for row in relation.project(texts).fetchall()]
        except duckdb.Error as error:
            raise UsageUnreadable(f"{file_name} 不是有效的 Parquet 文件：{error}", detail_en=str(error)) from error
