"""The headroom of a year as a workbook; no cell is ever read as a formula."""

from __future__ import annotations

import io
from decimal import Decimal

from kernel.money import PERCENT, decimal_text
from kernel.spreadsheets import workbook as workbook_of
from pricing.headroom.queries import Headroom

STANDINGS = ("范围", "累计收入（元）", "上限（元）", "已用（%）", "全年预测（元）", "偏低（元）", "偏高（元）")
LINES = ("起", "止（不含）", "产品编码", "产品", "收入（不含税，元）")


def workbook(found: Headroom) -> bytes:
    """Return where the year stands, and the revenue that says so, as an .xlsx file."""
    target = io.BytesIO()
    with workbook_of(target, found.agreement.number, made_at=found.reading.read_at) as book:
        money, bold = book.add_format({"num_format": "#,##0.00"}), book.add_format({"bold": True})
        sheet = book.add_worksheet("余量")
        sheet.set_column(0, len(STANDINGS), 20)
        for column, heading in enumerate(STANDINGS):
            sheet.write_string(0, column, heading, bold)
        for row, watched in enumerate((found.whole, *found.products), start=1):
            standing, forecast = watched.standing, watched.standing.forecast
            label = f"{watched.scope} {watched.title}" if watched.title else f"全部（{found.agreement.number}）"
            sheet.write_string(row, 0, label)
            sheet.write_number(row, 1, Decimal(standing.accrued.text()), money)
            sheet.write_number(row, 2, Decimal(standing.limit.text()), money)
            sheet.write_number(row, 3, Decimal(decimal_text(standing.share * PERCENT, 2)), money)
            for column, value in enumerate((forecast.expected, forecast.low, forecast.high) if forecast else (), 4):
                sheet.write_number(row, column, Decimal(decimal_text(value, 2)), money)
        sheet = book.add_worksheet("收入")
        sheet.set_column(0, len(LINES), 20)
        for column, heading in enumerate(LINES):
            sheet.write_string(0, column, heading, bold)
        for row, line in enumerate(found.reading.lines, start=1):
            for column, name in enumerate(("from", "until", "product", "title")):
                sheet.write_string(row, column, line[name])
            sheet.write_number(row, 4, Decimal(line["amount"]), money)
    return target.getvalue()
