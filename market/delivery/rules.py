"""What may be in an embedded data set: the reviewed fields and nothing else, one row per key. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kernel.errors import Invalid

KEY = "key"
SUBJECT_KIND = "subject_kind"
OWN_COLUMNS = (KEY, SUBJECT_KIND)


class DataSetRefused(Invalid):
    """The rows are not what was reviewed; nothing was loaded and ``errors`` names each fault."""

    code = "data_set.refused"
    title = "数据集未通过核对"
    title_en = "The data set was refused"


class FileNotDelivered(Invalid):
    """The file is none that may be delivered in this form; nothing was kept."""

    code = "product_file.refused"
    title = "文件未通过核对"
    title_en = "The file was refused"


@dataclass(frozen=True, slots=True)
class Record:
    """One row: the key by which it is asked for, the kind of subject it is about, and its reviewed fields."""

    line: int
    key: str
    subject_kind: str | None
    body: Mapping[str, Any]


def records_of(rows: Iterable[tuple[int, Mapping[str, Any]]], fields: Sequence[str], *, shown: int) -> list[Record]:
    """Return the rows as records.

    Args:
        rows: line (or position) and cells of each row.
        fields: names of the fields of the reviewed version; a row may leave some out but add none.
        shown: how many faults to name at most; all are counted.

    Raises:
        DataSetRefused: no rows, a key is missing or repeated, or a field was never reviewed (RVW-06, EGR-02).
    """
    found: list[Record] = []
    faults: list[dict[str, Any]] = []
    first_with: dict[str, int] = {}
    for line, cells in rows:
        key = str(cells.get(KEY) or "").strip()
        kind = cells.get(SUBJECT_KIND)
        body = {name: value for name, value in cells.items() if name not in OWN_COLUMNS}
        faults += _faults(line, key, body, fields, first_with)
        first_with.setdefault(key, line)
        found.append(Record(line, key, str(kind).strip() or None if kind is not None else None, body))
    if not found:
        faults.append(_fault("", "data_set.empty", "没有数据行"))
    if faults:
        raise DataSetRefused(
            f"数据集有 {len(faults)} 处问题，未装载任何一行；第一处：{faults[0]['message']}",
            detail_en=f"{len(faults)} fault(s); nothing was loaded",
            rule="RVW-06",
            errors=faults[:shown],
        )
    return found


def _faults(
    line: int, key: str, body: Mapping[str, Any], fields: Sequence[str], first_with: Mapping[str, int]
) -> Iterable[dict[str, Any]]:
    if not key:
        yield _fault(f"/rows/{line}/{KEY}", "data_set.key_missing", f"第 {line} 行没有 key")
    elif key in first_with:
        words = f"第 {line} 行的 key “{key}”与第 {first_with[key]} 行重复"
        yield _fault(f"/rows/{line}/{KEY}", "data_set.key_repeated", words)
    for name in body:
        if name not in fields:
            words = f"第 {line} 行的字段“{name}”不在已审核版本的字段（{'、'.join(fields)}）之内，不得出域"
            yield _fault(f"/rows/{line}/{name}", "data_set.field_not_reviewed", words)


def _fault(pointer: str, code: str, message: str) -> dict[str, Any]:
    return {"pointer": pointer, "code": code, "message": message}


def must_be_reviewed(rows: Sequence[tuple[int, Mapping[str, Any]]], fields: Sequence[str], *, shown: int) -> None:
    """Refuse rows of a file that hold a field which nobody reviewed, or no row at all.

    Raises:
        FileNotDelivered: ``errors`` names each such field, once.

    Source:
        RVW-06, EGR-02: only what was reviewed leaves.
    """
    first_in: dict[str, int] = {}
    for line, cells in rows:
        for name, value in cells.items():
            if name not in fields or isinstance(value, Mapping | list):  # what is nested was reviewed by nobody
                first_in.setdefault(name, line)
    faults = [
        _fault(f"/rows/{line}/{name}", "product_file.field_not_reviewed",
               f"第 {line} 行的字段“{name}”不在已审核版本的字段（{'、'.join(fields)}）之内，不得出域")
        for name, line in first_in.items()
    ]  # fmt: skip
    if not rows:
        faults.append(_fault("", "product_file.empty", "没有数据行"))
    if faults:
        raise FileNotDelivered(
            f"文件有 {len(faults)} 处问题，未接收；第一处：{faults[0]['message']}",
            detail_en=f"{len(faults)} fault(s); the file was not taken",
            rule="RVW-06",
            errors=faults[:shown],
        )


def report_type(content: bytes, file_name: str) -> str:
    """Return the media type of a report by its content: PDF or HTML.

    Raises:
        FileNotDelivered: it is neither.
    """
    if content.startswith(b"%PDF-"):
        return "application/pdf"
    text = content.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html")):
        return "text/html"
    raise FileNotDelivered(f"报告 {file_name} 既不是 PDF 也不是 HTML", detail_en="A report is PDF or HTML")
