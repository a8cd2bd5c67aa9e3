"""A year's takings as a workbook: text stays text, amounts are numbers with two decimals."""

from __future__ import annotations

import io
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from kernel.money import Money
from kernel.spreadsheets import workbook as workbook_of
from settlement.takings.rules import NAMES, SUMMED, Taking, summed

HEADINGS = ("产品编码", "产品", "月份", "订单数", "订单金额（含税）", "已收款", "已退款", "争议中",
            "已结算收入（含税）", "税额", "已结算收入（不含税）", "本单位分得")  # fmt: skip
WIDTH = 18


def workbook(rows: Sequence[Taking], year: int) -> bytes:
    """Return the rows with their sum as an .xlsx file; no cell is ever read as a formula."""
    target = io.BytesIO()
    with workbook_of(target, f"{year} 年收入进度") as book:
        money, bold = book.add_format({"num_format": "#,##0.00"}), book.add_format({"bold": True})
        sheet = book.add_worksheet(f"{year}")
        for column, heading in enumerate(HEADINGS):
            sheet.write_string(0, column, heading, bold)
        total = summed(rows)
        for number, row in enumerate(
            [*rows, Taking("合计", "", "", **{name: getattr(total, name) for name in SUMMED})]
        ):
            for column, name in enumerate((*NAMES, *SUMMED)):
                _write(sheet, number + 1, column, getattr(row, name), money)
        sheet.set_column(0, len(HEADINGS) - 1, WIDTH)
        sheet.freeze_panes(1, 0)
    return target.getvalue()


def _write(sheet: Any, row: int, column: int, value: Any, money: Any) -> None:
    if isinstance(value, Money):
        sheet.write_number(row, column, Decimal(value.text()), money)
    elif isinstance(value, int):
        sheet.write_number(row, column, value)
    else:
        sheet.write_string(row, column, value)
