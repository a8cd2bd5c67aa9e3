"""Files of data sets: CSV as text, JSON as a list of objects."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

from kernel.errors import Invalid


class FileUnreadable(Invalid):
    """The file is neither a CSV table nor a JSON list of objects."""

    code = "data_set.unreadable"
    title = "数据集文件无法读取"
    title_en = "The file cannot be read"


def read_rows(content: bytes, file_name: str) -> list[tuple[int, Mapping[str, Any]]]:
    """Return line and cells of each row; the heading of a CSV file is line 1, a JSON list counts from 1.

    Raises:
        FileUnreadable: it is neither, or not in UTF-8 or GB 18030.
    """
    text = _text(content)
    if is_json(content, file_name):
        return _json(text)
    import pandas as pd  # only where a sheet is read: it takes longer to import than all the rest

    try:
        frame = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise FileUnreadable(f"{file_name} 不是完整的 CSV 表格：{error}", detail_en=str(error)) from error
    names = [str(name).strip() for name in frame.columns]
    return [
        (line, dict(zip(names, map(str, cells), strict=True)))
        for line, cells in enumerate(frame.itertuples(index=False), start=2)
    ]


def is_json(content: bytes, file_name: str) -> bool:
    """Say whether the file is to be read as JSON: by its name, or because a list begins."""
    return file_name.lower().endswith(".json") or content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"["


def _text(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FileUnreadable("文件编码既不是 UTF-8 也不是 GB18030", detail_en="Unknown encoding")


def _json(text: str) -> list[tuple[int, Mapping[str, Any]]]:
    try:
        # numbers stay the text that was written: no binary fraction ever comes to be
        found = json.loads(text, parse_float=str, parse_constant=_refuse_constant)
    except ValueError as error:
        raise FileUnreadable(f"不是有效的 JSON：{error}", detail_en=f"Not valid JSON: {error}") from error
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise FileUnreadable("JSON 应为由对象组成的列表", detail_en="A list of objects is expected")
    return list(enumerate(found, start=1))


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
