"""Catalogue files in, reports out. Every cell is text: no cell is ever read as a number or guessed to be absent."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kernel.errors import Invalid
from market.listings.rules import REQUIRED, Column, Reason, column_of, formula_safe

if TYPE_CHECKING:
    import pandas as pd

ROWS_MAX = 100_000  # rows of one file; larger catalogues come in several files
ENCODINGS = ("utf-8-sig", "gb18030")
FOREIGN_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
REPORT_HEADINGS = ("行号", "结果", "字段", "代码", "说明")
OTHER = "其他列"


class FileUnreadable(Invalid):
    """The file as a whole cannot be read; nothing of it was taken."""

    code = "import.unreadable"
    title = "文件无法读取"
    title_en = "The file cannot be read"


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One record: the line on which it begins (the heading is line 1), its cells, and faults of its shape."""

    line_number: int
    cells: dict[str, str]
    faults: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole file as text."""

    encoding: str
    rows: list[SheetRow]


def read_catalogue(content: bytes) -> Sheet:
    """Read a CSV file in UTF-8 (with or without mark) or GB 18030; each record is kept with its line.

    Raises:
        FileUnreadable: unknown encoding, broken quotation marks, missing or repeated headings, no or too many rows.
    """
    text, encoding = decoded(content)
    records = _records(text)
    if not records:
        raise FileUnreadable("文件是空的，没有表头", detail_en="The file is empty")
    headings = _headings(records[0][1])
    rows = [_row(line, cells, headings) for line, cells in records[1:]]
    while rows and not any(rows[-1].cells.values()):
        rows.pop()  # line ends after the last record
    if not rows:
        raise FileUnreadable("文件只有表头，没有数据行", detail_en="The file has no rows")
    if len(rows) > ROWS_MAX:
        raise FileUnreadable(f"共 {len(rows)} 行，一次最多 {ROWS_MAX} 行，请拆分文件", detail_en="Too many rows")
    return Sheet(encoding, rows)


def decoded(content: bytes) -> tuple[str, str]:
    """Return the text of the file and its encoding.

    Raises:
        FileUnreadable: neither UTF-8 nor GB 18030, or not a text file at all.
    """
    if content.startswith(FOREIGN_MARKS) or b"\x00" in content:
        raise FileUnreadable("不是 UTF-8 或 GB18030 文本（可能是 Excel 或 UTF-16 文件），请另存为 CSV UTF-8",
                             detail_en="Save the file as CSV UTF-8")  # fmt: skip
    for encoding in ENCODINGS:
        try:
            return content.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise FileUnreadable("文件编码既不是 UTF-8 也不是 GB18030，请另存为 CSV UTF-8", detail_en="Unknown encoding")


def _records(text: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    found: list[tuple[int, list[str]]] = []
    begins = 1
    try:
        for cells in reader:
            found.append((begins, cells))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise FileUnreadable(
            f"第 {begins} 行起的引号或分隔符不成对，无法确定后面各行的边界，整个文件未导入（{error}）",
            detail_en=f"Broken quotation from line {begins} on: {error}",
            errors=[{"pointer": f"/rows/{begins}", "code": FileUnreadable.code, "message": str(error)}],
        ) from error
    return found


def _headings(cells: Sequence[str]) -> list[str]:
    found = [column_of(cell) for cell in cells]
    known = [column for column in found if column is not None]
    missing = [column for column in REQUIRED if column not in known]
    repeated = sorted({column for column in known if known.count(column) > 1})
    if missing or repeated:
        words = [f"缺少列 {'、'.join(missing)}"] if missing else []
        words += [f"列重复 {'、'.join(repeated)}"] if repeated else []
        raise FileUnreadable(
            f"表头不符合要求：{'；'.join(words)}",
            detail_en="The headings are not right",
            errors=[{"pointer": f"/headings/{column}", "code": "heading", "message": "缺少或重复"}
                    for column in (*missing, *repeated)],
        )  # fmt: skip
    return [column or f"{OTHER} {cell.strip()} {position}"
            for position, (column, cell) in enumerate(zip(found, cells, strict=True), start=1)]  # fmt: skip


def _row(line: int, cells: list[str], headings: list[str]) -> SheetRow:
    faults: tuple[Reason, ...] = ()
    if not any(cell.strip() for cell in cells):
        faults = (Reason("", "row.blank", "空行"),)
    elif len(cells) != len(headings):
        words = f"有 {len(cells)} 格，表头有 {len(headings)} 格，无法确定各格属于哪一列"
        faults = (Reason("", "row.cell_count", words),)
    padded = [*cells, *[""] * (len(headings) - len(cells))]
    extra = {f"{OTHER} {position}": cell for position, cell in enumerate(cells[len(headings) :], start=1)}
    return SheetRow(line, {**dict(zip(headings, padded, strict=False)), **extra}, faults)


def repeated_addresses(rows: Sequence[SheetRow]) -> dict[int, int]:
    """Return line → line of the first row with the same exchange and address, for rows that repeat one."""
    return _repeated(rows, (Column.EXCHANGE, Column.URL))


def similar_rows(rows: Sequence[SheetRow]) -> dict[int, int]:
    """Return line → line of the first row with the same exchange, title and named company."""
    return _repeated(rows, (Column.EXCHANGE, Column.TITLE, Column.COMPANY))


def _repeated(rows: Sequence[SheetRow], names: Sequence[str]) -> dict[int, int]:
    first: dict[tuple[str, ...], int] = {}
    again: dict[int, int] = {}
    for row in rows:
        key = tuple(row.cells.get(name, "").strip() for name in names)
        if all(key):
            known = first.setdefault(key, row.line_number)
            if known != row.line_number:
                again[row.line_number] = known
    return again


def report_frame(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return the report as text: one line per remark, at least one per row, no cell that starts a formula.

    Each row gives ``line_number``, ``accepted``, ``reasons`` (see :meth:`Reason.to_dict`) and ``raw``.
    """
    import pandas as pd  # only where a report is written: it takes longer to import than all the rest

    lines: list[list[str]] = []
    for row in rows:
        result = "接受" if row["accepted"] else "拒绝"
        remarks = row["reasons"] or [{"field": "", "code": "", "message": ""}]
        original = " | ".join(f"{name}={text}" for name, text in row["raw"].items() if text)
        lines += [
            [str(row["line_number"]), result, remark["field"], remark["code"], remark["message"], original]
            for remark in remarks
        ]
    safe = [[formula_safe(cell) for cell in line] for line in lines]
    return pd.DataFrame(safe, columns=[*REPORT_HEADINGS, "原文"], dtype=str)


def report_csv(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return the report as CSV with a mark, so that spreadsheet programs read the Chinese."""
    return report_frame(rows).to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")


def report_xlsx(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return the report as a workbook of text cells: nothing becomes a formula, a link or a number."""
    import pandas as pd  # as above

    made = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with pd.ExcelWriter(made, engine="xlsxwriter", engine_kwargs={"options": options}) as writer:
        report_frame(rows).to_excel(writer, sheet_name="导入结果", index=False)
        sheet = writer.sheets["导入结果"]
        sheet.freeze_panes(1, 0)
        for column, width in enumerate((8, 8, 22, 24, 60, 80)):
            sheet.set_column(column, column, width)
    return made.getvalue()
