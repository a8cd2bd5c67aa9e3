"""Reports as workbooks and CSV: no cell is ever read as a formula, amounts have two decimals."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from kernel.money import Money
from kernel.spreadsheets import decimal_cell, print_ready
from kernel.spreadsheets import workbook as workbook_of
from pricing.publications.rules import cell
from settlement.reports.rules import Measure, Row

Cell = str | int | Money
REVENUE = ("期间", "编码", "名称", "使用权行数", "用量", "计费量", "收入（含税）", "税额", "收入（不含税）", "影子金额")
SHARES = ("期间", "编码", "名称", "分配行数", "分得合计", "上缴国库", "支付至本单位", "暂挂")
NUMBERS = {
    Measure.REVENUE: ("lines", "quantity", "billable", "gross", "tax", "net", "shadow"),
    Measure.SHARE: ("lines", "share", "treasury", "own_account", "held"),
}
HEADINGS = {Measure.REVENUE: REVENUE, Measure.SHARE: SHARES}
FIRST_WIDTH = 30
CHARTED_MAX = 20
TABLE_AT = 2


def cells(row: Row, measure: Measure) -> list[Cell]:
    """Return the cells of one row of a report."""
    return [row.part, row.key, row.title or row.key, *(getattr(row, name) for name in NUMBERS[measure])]


def written(headings: Sequence[str], lines: Iterable[Sequence[Cell]]) -> bytes:
    """Return lines as CSV (RFC 4180) with a mark, so that spreadsheet programs read the Chinese."""
    target = io.StringIO(newline="")
    writer = csv.writer(target, lineterminator="\r\n")
    for line in chain([headings], lines):
        writer.writerow([one.text() if isinstance(one, Money) else cell(one) for one in line])
    return target.getvalue().encode("utf-8-sig")


def workbook(title: str, headings: Sequence[str], lines: Sequence[Sequence[Cell]], *, charted: int | None) -> bytes:
    """Return lines as an .xlsx file ready to print; ``charted`` is the column of amounts that is drawn."""
    target = io.BytesIO()
    with workbook_of(target, title) as book:
        add_table(book, "报表", title, headings, lines, charted=charted)
    return target.getvalue()


def add_table(
    book: Any, name: str, title: str, headings: Sequence[str], lines: Sequence[Sequence[Cell]], *,
    charted: int | None = None,
) -> None:  # fmt: skip
    """Add a sheet with a title, headings and lines; the first lines are drawn when a column of amounts is named."""
    border = {"border": 1, "border_color": "#b9c2cd"}
    plain, number = book.add_format(border), book.add_format({**border, "num_format": "#,##0"})
    money = book.add_format({**border, "num_format": "#,##0.00"})
    head = book.add_format({**border, "bold": True, "bg_color": "#e8eef5", "text_wrap": True})
    sheet = book.add_worksheet(name)
    sheet.write_string(0, 0, title, book.add_format({"bold": True, "font_size": 14}))
    print_ready(sheet, heading_row=TABLE_AT, last_column=len(headings) - 1, header=title, footer=title)
    if len(headings) > 2:
        sheet.set_column(2, 2, FIRST_WIDTH)
    for column, heading in enumerate(headings):
        sheet.write_string(TABLE_AT, column, heading, head)
    for row, line in enumerate(lines, start=TABLE_AT + 1):
        for column, value in enumerate(line):
            if isinstance(value, Money):
                sheet.write_number(row, column, decimal_cell(value.text()), money)
            elif isinstance(value, int):
                sheet.write_number(row, column, value, number)
            else:
                sheet.write_string(row, column, value, plain)
    if charted is not None and lines:
        sheet.insert_chart(TABLE_AT + len(lines) + 2, 0, _chart(book, name, headings[charted], charted, len(lines)))


def _chart(book: Any, name: str, heading: str, column: int, count: int) -> Any:
    first, last = TABLE_AT + 1, TABLE_AT + min(count, CHARTED_MAX)
    chart = book.add_chart({"type": "column"})
    chart.add_series({
        "name": heading, "categories": [name, first, 0, last, 2], "values": [name, first, column, last, column],
        "fill": {"color": "#1f5fbf"}, "gap": 60,
    })  # fmt: skip
    chart.set_title({"name": f"{heading}（元）", "name_font": {"size": 12}})
    chart.set_legend({"none": True})
    chart.set_y_axis({"num_format": "#,##0", "major_gridlines": {"visible": True, "line": {"color": "#d5dbe3"}}})
    chart.set_size({"width": 960, "height": 340})
    return chart
