"""Statements of the bank as files: CSV (UTF-8 or GB 18030) or XLSX, every cell as text, every fault named."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from kernel.calendar import BEIJING, YEARS
from kernel.errors import DomainError, Invalid
from kernel.money import Money
from pricing.cost_sheets.sheets import workbook

ROWS_MAX = 20_000
ERRORS_MAX = 500
TEXT_MAX = 500
ZIP = b"PK\x03\x04"
COLUMNS = {
    "serial": ("流水号", "交易流水号", "交易流水", "银行流水号", "凭证号", "serial"),
    "booked_at": ("交易时间", "入账时间", "到账时间", "记账时间", "交易日期", "记账日期", "booked_at"),
    "amount": ("金额", "交易金额", "发生额", "amount"),
    "credit": ("收入金额", "贷方发生额", "贷方金额", "收入", "credit"),
    "debit": ("支出金额", "借方发生额", "借方金额", "支出", "debit"),
    "direction": ("借贷标志", "借贷方向", "收支方向", "direction"),
    "payer_name": ("对方户名", "对方单位名称", "付款人名称", "对方名称", "付款人", "payer_name"),
    "payer_account": ("对方账号", "付款账号", "payer_account"),
    "remark": ("附言", "摘要", "用途", "备注", "remark"),
}
NEEDED = {"serial": "流水号", "booked_at": "交易时间", "payer_name": "对方户名", "remark": "附言"}
IN, OUT = ("贷", "收", "收入", "贷方", "C", "in"), ("借", "支", "支出", "借方", "D", "out")
MOMENTS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y%m%d %H:%M:%S", "%Y%m%d%H%M%S", "%Y-%m-%d", "%Y%m%d")


class StatementUnreadable(Invalid):
    """The file as a whole cannot be read; nothing of it was taken."""

    code = "bank_file.unreadable"
    title = "银行对账单无法读取"
    title_en = "The statement cannot be read"


class StatementRefused(Invalid):
    """Some rows are wrong; nothing of the file was taken."""

    code = "bank_file.refused"
    title = "银行对账单有误，没有导入任何内容"
    title_en = "Some rows are wrong; nothing was imported"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the bank; ``is_incoming`` says whether the money came."""

    line_number: int
    serial: str
    booked_at: datetime
    amount: Money
    is_incoming: bool
    payer_name: str
    payer_account: str
    remark: str


def read(content: bytes, file_name: str) -> list[Row]:
    """Return every line of a statement; rows count from 1, the heading included.

    Raises:
        StatementUnreadable: neither CSV nor XLSX, or a column is missing.
        StatementRefused: rows are wrong; ``errors`` names each.
    """
    table = _workbook(content, file_name) if content.startswith(ZIP) else _csv(content, file_name)
    start, columns = _heading(table, file_name)
    rows, errors, seen = [], [], dict[str, int]()
    for number, cells in table[start:]:
        if not any(cells):
            continue
        named = {name: cells[place] if place < len(cells) else "" for name, place in columns.items()}
        try:
            row = _row(number, named)
        except DomainError as error:
            errors.append(_error(number, error.detail))
            continue
        first = seen.setdefault(row.serial, number)
        if first != number:
            errors.append(_error(number, f"流水号 {row.serial} 与第 {first} 行重复"))
        rows.append(row)
    if errors:
        raise refused(errors)
    if not rows:
        raise StatementUnreadable(f"{file_name} 没有流水", detail_en="No lines")
    return rows


def refused(errors: Sequence[dict[str, Any]]) -> StatementRefused:
    """Return the refusal that names every wrong row."""
    words = "；".join(str(error["message"]) for error in errors[:3])
    return StatementRefused(f"有 {len(errors)} 行须更正，没有导入任何内容：{words}",
                            detail_en=f"{len(errors)} row(s) are wrong", errors=errors[:ERRORS_MAX])  # fmt: skip


def _error(number: int, words: str) -> dict[str, Any]:
    return {"pointer": f"/rows/{number}", "code": StatementRefused.code, "message": f"第 {number} 行：{words}"}


def _csv(content: bytes, file_name: str) -> list[tuple[int, list[str]]]:
    text = None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    if text is None or "\x00" in text:
        raise StatementUnreadable(f"{file_name} 既不是 CSV 文本（UTF-8 或 GB18030），也不是 XLSX 工作簿",
                                  detail_en="Neither CSV nor XLSX")  # fmt: skip
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        found = [(reader.line_num, [cell.strip().strip("\t'`") for cell in cells]) for cells in reader]
    except csv.Error as error:
        raise StatementUnreadable(f"{file_name} 第 {reader.line_num} 行起引号不成对：{error}",
                                  detail_en=str(error)) from error  # fmt: skip
    return _within(found, file_name)


def _workbook(content: bytes, file_name: str) -> list[tuple[int, list[str]]]:
    try:
        with workbook(content) as book:
            sheet = book[book.sheetnames[0]]
            found = [
                (number, [_cell(cell) for cell in cells])
                for number, cells in enumerate(sheet.iter_rows(values_only=True, max_row=ROWS_MAX + 2), start=1)
            ]
    except DomainError as error:
        raise StatementUnreadable(f"{file_name} 不是可读取的 XLSX 工作簿：{error.detail}",
                                  detail_en=error.detail_en) from error  # fmt: skip
    return _within(found, file_name)


def _within(found: list[tuple[int, list[str]]], file_name: str) -> list[tuple[int, list[str]]]:
    if len(found) > ROWS_MAX + 1:
        raise StatementUnreadable(f"{file_name} 超过 {ROWS_MAX} 行，请按日期分开导入", detail_en="Too many rows")
    return found


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, int) or value is None:
        return "" if value is None else str(value)
    return str(value).strip() if isinstance(value, str) else format(Decimal(repr(value)), "f")


def _heading(table: list[tuple[int, list[str]]], file_name: str) -> tuple[int, dict[str, int]]:
    """Return where the lines begin and which column is which; banks print a few words above the heading."""
    for place, (_number, cells) in enumerate(table[:20]):
        columns = {
            name: next(index for index, cell in enumerate(cells) if cell.lower() in titles)
            for name, titles in COLUMNS.items()
            if any(cell.lower() in titles for cell in cells)
        }
        if "serial" in columns:
            missing = [title for name, title in NEEDED.items() if name not in columns]
            missing += [] if {"amount", "credit"} & columns.keys() else ["收入金额（或 金额）"]
            if missing:
                raise StatementUnreadable(f"{file_name} 缺少列 {'、'.join(missing)}", detail_en=f"missing {missing}")
            return place + 1, columns
    raise StatementUnreadable(f"{file_name} 没有“流水号”一列，无法识别表头", detail_en="No heading")


def _row(number: int, cells: dict[str, str]) -> Row:
    amount, is_incoming = _amount(cells)
    return Row(
        number, _filled(cells, "serial", "流水号"), _moment(cells["booked_at"]), amount, is_incoming,
        _filled(cells, "payer_name", "对方户名") if is_incoming else cells["payer_name"][:TEXT_MAX],
        cells.get("payer_account", "")[:TEXT_MAX], cells["remark"][:TEXT_MAX],
    )  # fmt: skip


def _filled(cells: dict[str, str], name: str, title: str) -> str:
    text = cells[name]
    if not text or len(text) > TEXT_MAX or not text.isprintable():
        raise Invalid(f"{title}为空、过长或含有不可见字符")
    return text


def _amount(cells: dict[str, str]) -> tuple[Money, bool]:
    """Return the amount and whether it came; statements have two columns, a sign, or a mark."""
    credit, debit = cells.get("credit", ""), cells.get("debit", "")
    if (credit and _money(credit)) or (debit and _money(debit)):
        if credit and debit and _money(credit) and _money(debit):
            raise Invalid("收入和支出同时有金额")
        came = _money(credit) if credit else Money(0)  # a credit below zero is one that the bank took back
        return (abs(came), came > Money(0)) if came else (abs(_money(debit)), False)
    written, mark = cells.get("amount", ""), cells.get("direction", "")
    amount = _money(written)
    if not amount:
        raise Invalid("金额为空或为零")
    if mark and mark not in (*IN, *OUT):
        raise Invalid(f"借贷标志“{mark[:10]}”无法识别")
    return abs(amount), mark in IN if mark else amount > Money(0)


def _money(text: str) -> Money:
    plain = re.sub(r"[,，¥￥\s]", "", text)
    return -Money.yuan(plain[1:]) if plain.startswith("-") else Money.yuan(plain.removeprefix("+") or "0")


def _moment(text: str) -> datetime:
    """Return the moment; a day without a clock counts from its first moment in Beijing."""
    plain = text.strip().replace("/", "-").replace("T", " ")
    for pattern in MOMENTS:
        try:
            found = datetime.strptime(plain, pattern).replace(tzinfo=BEIJING)
        except ValueError:
            continue
        if YEARS[0] <= found.year <= YEARS[1]:
            return found
    raise Invalid(f"时间“{text[:30]}”无法识别，请写成 2026-07-20 10:30:00")
