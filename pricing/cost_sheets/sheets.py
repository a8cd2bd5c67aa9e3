"""Reading a filled cost survey: every wrong cell is named, nothing is rounded, a hostile file is refused unread."""

from __future__ import annotations

import io
import numbers
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from string import ascii_uppercase
from typing import Any

import marshmallow as ma

from kernel.errors import DomainError, Invalid
from kernel.fields import MONEY_PATTERN, RATE_PATTERN
from kernel.wording import leaves
from pricing.costs.rules import CATEGORY_TITLES, Key, Line, key_problem, line_problem, naming_problem
from pricing.costs.schemas import KEYS_MAX, LINES_MAX, AmendIn, QuantityField
from pricing.costs.sheets import (
    BASIC_ROWS,
    BASICS,
    EXAMPLE,
    KEY_COLUMNS,
    KEYS,
    LINE_COLUMNS,
    LINES,
    NO,
    VERSION,
    YES,
)

PACKED_MAX = 10 * 1024 * 1024
UNPACKED_MAX = 100 * 1024 * 1024
PARTS_MAX = 1000
MARKS_MAX = 1_000_000  # twice a full template; what takes time is not the size but the number of elements
ROWS_MAX = 200_000
ERRORS_MAX = 500
CHUNK = 1 << 20
CHUNK_OVERLAP = 32
TEXT_MAX = 10_000
CATEGORY_OF_TITLE = {title: category.value for category, title in CATEGORY_TITLES.items()}
FLAGS = {YES: True, NO: False}
FORBIDDEN_PARTS = ("vbaproject", "externallinks/", "activex/", "embeddings/", "macrosheets/", "dialogsheets/")
DECLARED = tuple(
    word.encode(code) for word in ("<!DOCTYPE", "<!ENTITY") for code in ("utf-8", "utf-16-le", "utf-16-be")
)
# what the schema of the API says about JSON would puzzle somebody at a spreadsheet
WRITTEN = {
    "amount": (re.compile(MONEY_PATTERN), "金额须精确到分（最多两位小数、十三位整数），系统不四舍五入"),
    "subsidy": (re.compile(MONEY_PATTERN), "金额须精确到分（最多两位小数、十三位整数），系统不四舍五入"),
    "industry_share": (re.compile(RATE_PATTERN), "占比须为 0 到 1 的小数，最多九位，系统不四舍五入"),
    "industry_units": (re.compile(QuantityField.pattern), "计量数最多九位整数、六位小数，系统不四舍五入"),
    "public_units": (re.compile(QuantityField.pattern), "计量数最多九位整数、六位小数，系统不四舍五入"),
}


class SheetUnreadable(Invalid):
    """The file as a whole is no filled template; nothing of it was taken."""

    code = "cost_survey.sheet_unreadable"
    title = "成本调查表无法读取"
    title_en = "The spreadsheet cannot be read"


class SheetRefused(Invalid):
    """Cells of the spreadsheet are wrong; each is named, and nothing was taken."""

    code = "cost_survey.sheet_refused"
    title = "成本调查表填写有误"
    title_en = "Cells of the spreadsheet are wrong"


@dataclass(frozen=True, slots=True)
class Cell:
    """Where something stands: sheet, row, heading of the column, address."""

    sheet: str
    row: int
    column: str
    address: str

    def error(self, words: str) -> dict[str, Any]:
        """Return the words about this cell as a refusal carries them."""
        return {
            "pointer": f"/{self.sheet}/{self.row}/{self.column}", "code": SheetRefused.code, "sheet": self.sheet,
            "row": self.row, "column": self.column, "address": self.address, "reason": words,
            "message": f"{self.sheet} 第 {self.row} 行“{self.column}”（{self.address}）：{words}",
        }  # fmt: skip


@dataclass(slots=True)
class Filled:
    """A filled template: what it says, as commands take it, and in which cell each value stands."""

    content: dict[str, Any] = field(default_factory=dict)
    cells: dict[tuple[str, int, str], Cell] = field(default_factory=dict)

    @contextmanager
    def naming_cells(self) -> Iterator[None]:
        """Let refusals of the block that point at keys and lines name the cells instead.

        Raises:
            SheetRefused: the same words, at the cells.
        """
        try:
            yield
        except DomainError as refusal:
            found = [(self.cell(str(error.get("pointer", ""))), error) for error in refusal.errors]
            if not any(cell for cell, _ in found):
                raise
            words = [str(error.get("message", refusal.detail)) for _, error in found]
            raise refused([cell.error(text) for (cell, _), text in zip(found, words, strict=True) if cell]) from refusal

    def cell(self, pointer: str) -> Cell | None:
        """Return where the field stands that a JSON pointer of the API names; the row's first cell for a whole row."""
        parts = pointer.strip("/").split("/")
        if len(parts) < 2 or not parts[1].isdecimal():
            return self.cells.get((BASICS, 0, parts[0]))
        sheet = {"keys": KEYS, "lines": LINES}.get(parts[0], "")
        own = [cell for (name, index, _), cell in self.cells.items() if (name, index) == (sheet, int(parts[1]))]
        wanted = self.cells.get((sheet, int(parts[1]), parts[2] if len(parts) > 2 else ""))
        return wanted or (own[0] if own else None)


def refused(errors: list[dict[str, Any]]) -> SheetRefused:
    """Return the refusal that names every wrong cell."""
    words = "；".join(str(error["message"]) for error in errors[:3])
    return SheetRefused(
        f"表格有 {len(errors)} 处需要更正，没有导入任何内容：{words}。",
        detail_en=f"{len(errors)} cell(s) are wrong; nothing was imported.",
        rule="PRC-02",
        errors=errors[:ERRORS_MAX],
    )


def read(content: bytes, *, agreement: str = "", year: int | None = None) -> Filled:
    """Read a filled template; every wrong cell is named, and amounts are taken to the fen or refused.

    ``agreement`` and ``year``, where given, must be those that the sheet states, if it states any.

    Raises:
        SheetUnreadable: too large, not a workbook, with macros or links, not our template, or of another version.
        SheetRefused: cells are wrong.
    """
    _must_be_harmless(content)
    errors: list[dict[str, Any]] = []
    filled = Filled()
    with _opened(content) as books:
        basics = _read_basics(_rows(books, BASICS, 2, errors), filled)
        keys = _read_table(_rows(books, KEYS, len(KEY_COLUMNS), errors), KEYS, KEY_COLUMNS, KEYS_MAX, filled)
        lines = _read_table(_rows(books, LINES, len(LINE_COLUMNS), errors), LINES, LINE_COLUMNS, LINES_MAX, filled)
    wanted = {"agreement": agreement, "year": "" if year is None else str(year)}
    errors += _compare(filled, basics, wanted)
    errors += _written_wrong(basics, keys, lines, filled)
    told = {(error["sheet"], error["address"]) for error in errors}
    of_schema = _load(basics, keys, lines, filled)
    errors += [error for error in of_schema if (error["sheet"], error["address"]) not in told]
    if not errors:
        errors += _judge(filled)
    if errors:
        raise refused(errors)
    return filled


def _must_be_harmless(content: bytes) -> None:
    """Refuse what is too large, packs something that works by itself, or points outside, before it is parsed."""
    if len(content) > PACKED_MAX:
        raise _unreadable("文件超过 10 MiB，请删去无关的工作表或图片后重试", "The file is over 10 MiB.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            parts = packed.infolist()
            if len(parts) > PARTS_MAX or sum(part.file_size for part in parts) > UNPACKED_MAX:
                raise _unreadable("文件展开后超过 100 MiB，或内含过多部件", "Unpacked it is too large.")
            if sum(_part_must_be_harmless(packed, part) for part in parts) > MARKS_MAX:
                raise _unreadable("文件内含过多单元格，请用下载的模板填报，并清除多余行列的格式", "Too many cells.")
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise _unreadable("不是 .xlsx 工作簿，或文件已损坏、已加密", "Not an .xlsx workbook.") from error


def _part_must_be_harmless(packed: zipfile.ZipFile, part: zipfile.ZipInfo) -> int:
    """Refuse what is encrypted, works by itself or declares a document type; return how many elements there may be.

    What a part is called says nothing: the workbook itself names its parts, under any ending.
    """
    name = part.filename.replace("\\", "/").lower()
    if part.flag_bits & 1:
        raise _unreadable("文件已加密，请取消密码后重试", "The file is encrypted.")
    if any(word in name for word in FORBIDDEN_PARTS):
        raise _unreadable(
            f"文件含有宏、外部链接或嵌入对象（{part.filename[:80]}），请用下载的模板填报", "Macros or links."
        )
    tail, marks, is_xml = b"", 0, name.endswith((".xml", ".rels"))
    with packed.open(part) as stream:
        while chunk := stream.read(CHUNK):
            seen = (tail + chunk).upper()
            if any(word in seen for word in DECLARED) or (is_xml and b"\x00" in seen):
                raise _unreadable("文件含有文档类型声明或不是 UTF-8，请用下载的模板填报", "A DTD, or not UTF-8.")
            tail, marks = chunk[-CHUNK_OVERLAP:], marks + chunk.count(b"<")
    return marks


@contextmanager
def _opened(content: bytes) -> Iterator[tuple[Any, Any]]:
    """Open the workbook twice, once for what cells show and once for formulas; a broken one is refused, never a bug."""
    import openpyxl  # only where a spreadsheet is read

    opened: list[Any] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # parts that it does not know are none of ours
            for shown in (True, False):
                opened.append(openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=shown))
            yield opened[0], opened[1]
    except DomainError:
        raise
    except Exception as error:  # whatever a stranger's file breaks in the reader, the file is at fault
        raise _unreadable("工作簿内容已损坏，无法读取，请用下载的模板重新填报", "The workbook is broken.") from error
    finally:
        for book in opened:
            book.close()


@contextmanager
def workbook(content: bytes) -> Iterator[Any]:
    """Open a workbook that a stranger sent, for what its cells show.

    Raises:
        SheetUnreadable: too large, not a workbook, broken, or with macros or links.
    """
    _must_be_harmless(content)
    with _opened(content) as (shown, _written):
        yield shown


def _rows(
    books: tuple[Any, Any], sheet: str, width: int, errors: list[dict[str, Any]]
) -> Iterator[tuple[int, list[str]]]:
    """Give number and texts of each row; a cell that has no exact text is named and counts as empty."""
    for book in books:
        if sheet not in book.sheetnames:
            raise _unreadable(f"缺少工作表“{sheet}”，请用下载的模板填报", f"The sheet {sheet} is missing.")
    shown, written = (book[sheet].iter_rows(max_col=width) for book in books)
    for number, (cells, originals) in enumerate(zip(shown, written, strict=False), start=1):
        if number > ROWS_MAX:
            raise _unreadable(f"工作表“{sheet}”超过 {ROWS_MAX} 行", "Too many rows.")
        texts = []
        for column, (cell, original) in enumerate(zip(cells, originals, strict=True)):
            text, problem = _text_of(cell.value, original.value if original.data_type == "f" else None)
            if problem:
                errors.append(_cell(sheet, number, column).error(problem))
            texts.append(text)
        yield number, texts


def _text_of(value: Any, formula: Any) -> tuple[str, str]:
    """Return the exact text of a cell, or why it has none. Numbers are taken as they were typed, digit by digit."""
    if value is None:
        return "", "" if formula is None else "公式没有保存计算结果，请改填数值，或在表格软件中重新计算并保存"
    if isinstance(value, bool) or not isinstance(value, str | int | numbers.Real):
        return "", "须为文本或数字，不能是逻辑值、日期或错误值"
    if isinstance(value, str):
        text = value.strip()
        return ("", f"文字超过 {TEXT_MAX} 个字") if len(text) > TEXT_MAX else (text, "")
    exact = Decimal(repr(value))
    if not exact.is_finite():
        return "", "不是有限的数字"
    whole = exact == exact.to_integral_value()
    return format(exact.to_integral_value() if whole else exact, "f"), ""


def _read_basics(rows: Iterable[tuple[int, list[str]]], filled: Filled) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, (label, text, *_) in rows:
        name = BASIC_ROWS.get(label.strip())
        if name and name not in found:
            found[name] = text
            filled.cells[BASICS, 0, name] = Cell(BASICS, number, label.strip(), f"B{number}")
    if found.get("version") != VERSION:
        raise _unreadable(
            f"模板版本为“{found.get('version', '')[:40]}”，现行版本为 {VERSION}，请下载现行模板填报", "Another version."
        )
    return found


def _read_table(
    rows: Iterator[tuple[int, list[str]]], sheet: str, columns: Mapping[str, str], most: int, filled: Filled
) -> list[dict[str, str]]:
    _number, headings = next(rows, (1, []))
    wrong = [
        _cell(sheet, 1, column).error(f"表头应为“{heading}”，请勿改动模板的表头")
        for column, heading in enumerate(columns)
        if (headings[column] if column < len(headings) else "") != heading
    ]
    if wrong:
        raise refused(wrong)
    found: list[dict[str, str]] = []
    for number, texts in rows:
        named = {name: text for name, text in zip(columns.values(), texts, strict=False) if name and text}
        if not named or texts[0] == EXAMPLE:
            continue
        if len(found) == most:
            raise _unreadable(f"工作表“{sheet}”超过 {most} 项，请合并同类项后填报", "Too many lines.")
        for column, name in enumerate(columns.values()):
            filled.cells[sheet, len(found), name] = _cell(sheet, number, column)
        found.append(named)
    return found


def _compare(filled: Filled, basics: Mapping[str, str], wanted: Mapping[str, str]) -> list[dict[str, Any]]:
    """Say where the sheet states another agreement or year than it is imported for; an empty cell states none."""
    return [
        filled.cells[BASICS, 0, name].error(f"表内为“{basics[name][:60]}”，与所选的 {text} 不一致")
        for name, text in wanted.items()
        if text and basics.get(name) and basics[name] != text
    ]


def _written_wrong(
    basics: Mapping[str, str], keys: list[dict[str, str]], lines: list[dict[str, str]], filled: Filled
) -> list[dict[str, Any]]:
    """Say which cells are not written as the column wants: numbers to their last digit, words of the lists."""
    rows = [(BASICS, 0, basics), *((KEYS, n, row) for n, row in enumerate(keys))]
    rows += [(LINES, n, row) for n, row in enumerate(lines)]
    found = []
    for sheet, index, row in rows:
        for name, text in row.items():
            words = ""
            if name in WRITTEN and text and not WRITTEN[name][0].fullmatch(text):
                words = f"现为“{text[:40]}”，{WRITTEN[name][1]}"
            elif name == "category" and text not in CATEGORY_OF_TITLE:
                words = f"没有“{text[:40]}”这一类别，请从下拉列表选择"
            elif name == "subsidised" and text not in FLAGS:
                words = f"现为“{text[:40]}”，请填 {YES} 或 {NO}"
            if words:
                found.append(filled.cells[sheet, index, name].error(words))
    if not lines:
        found.append(_cell(LINES, 2, 1).error("没有填写任何成本项"))
    return found


def _load(
    basics: Mapping[str, str], keys: list[dict[str, str]], lines: list[dict[str, str]], filled: Filled
) -> list[dict[str, Any]]:
    """Read the texts by the schema of the API; return what is wrong, at its cell."""
    sent = {"subsidy": basics.get("subsidy") or "0", "keys": keys, "lines": [_translated(line) for line in lines]}
    try:
        filled.content = AmendIn().load(sent)
    except ma.ValidationError as error:
        messages: Any = error.normalized_messages()  # type: ignore[no-untyped-call]
        found = [(filled.cell(pointer) or _cell(LINES, 2, 1), words) for pointer, words in leaves(messages)]
        return [cell.error(words) for cell, words in found]
    return []


def _translated(line: Mapping[str, str]) -> dict[str, Any]:
    """Return the words of the lists as the API calls them."""
    words: dict[str, Mapping[str, Any]] = {"category": CATEGORY_OF_TITLE, "subsidised": FLAGS}
    return {name: words[name].get(text, text) if name in words else text for name, text in line.items()}


def _judge(filled: Filled) -> list[dict[str, Any]]:
    """Say what is wrong with the shares of all keys and lines, not only of the first."""
    keys = [
        Key(key["name"], key["driver"], key["industry_units"], key["public_units"], key["industry_share"])
        for key in filled.content["keys"]
    ]
    names: set[str] = set()
    found: list[tuple[str, int, tuple[str, str] | None]] = []
    for index, key in enumerate(keys):
        repeated = ("name", "名称与前面的分摊依据重复") if key.name in names else None
        found.append(("keys", index, repeated or key_problem(key)))
        names.add(key.name)
    for index, line in enumerate(filled.content["lines"]):
        share = line["industry_share"]
        problem = naming_problem(line["key"], share, names)
        if problem is None and share is not None:
            problem = line_problem(Line(line["text"], line["amount"], share, line["allocation_key"]))
        found.append(("lines", index, problem))
    wrong = ((filled.cell(f"/{part}/{index}/{problem[0]}"), problem[1]) for part, index, problem in found if problem)
    return [cell.error(words) for cell, words in wrong if cell is not None]


def _cell(sheet: str, row: int, column: int) -> Cell:
    headings = {KEYS: list(KEY_COLUMNS), LINES: list(LINE_COLUMNS)}.get(sheet, ["项目", "内容"])
    return Cell(sheet, row, headings[column], f"{ascii_uppercase[column]}{row}")


def _unreadable(words: str, words_en: str) -> SheetUnreadable:
    return SheetUnreadable(f"{words}；没有导入任何内容。", detail_en=words_en, rule="PRC-02")
