"""Files of a batch: what the bank takes, what the treasury is told, and the bank's answer read back."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from kernel.errors import DomainError
from kernel.money import Money
from kernel.spreadsheets import workbook as workbook_of
from market.listings.rules import formula_safe
from settlement.payouts.rules import Channel, Result, ResultRefused

BANK = ("序号", "拨付编号", "收款户名", "收款账号", "开户行", "行号", "金额", "附言")
TREASURY = ("序号", "拨付编号", "收款户名", "收款账号", "开户行", "行号", "非税收入项目编码", "金额", "归集部门",
            "部门统一社会信用代码", "结算单", "附言")  # fmt: skip
RESULT = {"payout": "拨付编号", "amount": "金额", "result": "结果", "bank_line": "流水号", "reason": "原因"}
CONFIRMED, RETURNED = ("成功", "confirmed"), ("退回", "returned")
ROWS_MAX = 20_000
WIDTH = 22


@dataclass(frozen=True, slots=True)
class Row:
    """One payout as a file writes it, with the full account number."""

    payout: str
    holder: str
    number: str
    bank: str
    bank_code: str
    item_code: str
    amount: Money
    department: str
    uscc: str
    statement: str


def headings(channel: Channel) -> tuple[str, ...]:
    """Return the headings of the file of a channel."""
    return TREASURY if channel is Channel.TREASURY else BANK


def cells(channel: Channel, serial: int, row: Row) -> list[str]:
    """Return one payout as text, in the order of the headings; the treasury is told whose income it is (REV-05)."""
    words = f"{row.payout} {row.statement}"
    head = [str(serial), row.payout, row.holder, row.number, row.bank, row.bank_code]
    if channel is Channel.TREASURY:
        return [*head, row.item_code, row.amount.text(), row.department, row.uscc, row.statement, words]
    return [*head, row.amount.text(), words]


def as_csv(channel: Channel, rows: Sequence[Row]) -> str:
    """Return the batch as CSV with a byte-order mark; no cell begins a formula."""
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(headings(channel))
    for serial, row in enumerate(rows, start=1):
        writer.writerow([formula_safe(cell) for cell in cells(channel, serial, row)])
    return "﻿" + target.getvalue()


def as_workbook(number: str, channel: Channel, rows: Sequence[Row], *, made_at: datetime) -> bytes:
    """Return the batch as .xlsx: text stays text, amounts are numbers with two decimals, the sum stands below."""
    target, names = io.BytesIO(), headings(channel)
    amount_at = names.index("金额")
    with workbook_of(target, number, made_at=made_at) as book:
        money, bold = book.add_format({"num_format": "#,##0.00"}), book.add_format({"bold": True})
        sheet = book.add_worksheet("非税收入缴款通知" if channel is Channel.TREASURY else "批量代付")
        sheet.set_column(0, len(names) - 1, WIDTH)
        for column, name in enumerate(names):
            sheet.write_string(0, column, name, bold)
        for serial, row in enumerate(rows, start=1):
            for column, text in enumerate(cells(channel, serial, row)):
                if column == amount_at:
                    sheet.write_number(serial, column, Decimal(text), money)
                else:
                    sheet.write_string(serial, column, text)
        last = len(rows) + 1
        sheet.write_string(last, 0, "合计", bold)
        sheet.write_number(last, amount_at, Decimal(sum((row.amount for row in rows), Money(0)).text()), money)
        sheet.freeze_panes(1, 0)
        sheet.repeat_rows(0)
        sheet.set_landscape()
    return target.getvalue()


def read_results(content: bytes) -> list[Result]:
    """Return the bank's answer: CSV (UTF-8 or GB 18030) with 拨付编号, 金额, 结果, 流水号, 原因.

    Raises:
        ResultRefused: it cannot be read; every wrong row is named.
    """
    table = list(csv.DictReader(io.StringIO(_decoded(content))))
    missing = [name for name in RESULT.values() if not table or name not in table[0]]
    if missing or len(table) > ROWS_MAX:
        raise ResultRefused(f"回单缺少列：{'、'.join(missing)}，或多于 {ROWS_MAX} 行", detail_en="Columns are missing")
    found, errors, seen = [], [], set()
    for number, row in enumerate(table, start=2):
        cell = {name: (row.get(heading) or "").strip().removeprefix("'") for name, heading in RESULT.items()}
        is_confirmed = cell["result"] in CONFIRMED
        if not is_confirmed and cell["result"] not in RETURNED:
            errors.append(f"第 {number} 行：结果须为“成功”或“退回”")
        elif is_confirmed and not cell["bank_line"]:
            errors.append(f"第 {number} 行：成功的须填写流水号")
        elif cell["payout"] in seen:
            errors.append(f"第 {number} 行：{cell['payout']} 重复")
        else:
            try:
                amount = Money.yuan(cell["amount"])
            except DomainError as error:
                errors.append(f"第 {number} 行：{error.detail}")
                continue
            seen.add(cell["payout"])
            found.append(Result(number, cell["payout"], amount, is_confirmed, cell["bank_line"], cell["reason"]))
    if errors:
        raise ResultRefused(
            f"回单有 {len(errors)} 行须更正，没有登记任何内容：{'；'.join(errors[:3])}", detail_en="Rows are wrong",
            errors=[{"pointer": "/file", "code": ResultRefused.code, "message": one} for one in errors],
        )  # fmt: skip
    return found


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ResultRefused("回单既不是 UTF-8 也不是 GB 18030 文本", detail_en="Neither UTF-8 nor GB 18030")
