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
