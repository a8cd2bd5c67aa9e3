"""A statement as a workbook: text stays text, whatever it begins with, and amounts are numbers with two decimals."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kernel.calendar import business_date
from kernel.money import Money, in_capitals
from kernel.spreadsheets import decimal_cell, print_ready
from kernel.spreadsheets import workbook as workbook_of
from settlement.statements.queries import Issued
from settlement.statements.rules import (
    PAYEES,
    REASONS,
    USE_CLASSES,
    ProductSum,
    Proof,
    by_payee,
    by_product,
)

HEADINGS = ("产品编码", "产品", "订单", "使用权", "用途类别", "用量", "计费量", "收入（含税）", "税额",
            "收入（不含税）", "分配步骤", "本单位分得", "收款方式", "原因")  # fmt: skip
TEXTS = ("product", "title", "order", "entitlement", "use_class")
COUNTS = ("quantity", "billable")
AMOUNTS = ("gross", "tax", "net")
WIDTHS = (18, 28, 18, 18, 18, 10, 10, 15, 13, 15, 10, 15, 22, 22)
SUMS = ("产品编码", "产品", "用途类别", "使用权数", "用量", "计费量", "收入（含税）", "税额", "收入（不含税）",
        "影子金额", "本单位分得")  # fmt: skip
SUM_WIDTHS = (18, 30, 20, 10, 12, 12, 16, 14, 16, 14, 16)
SHARE_COLUMN = HEADINGS.index("本单位分得")
CHART_ROWS = 16
LABEL_WIDTH, TEXT_WIDTH = 22, 90
CHART_BAR = "#1f5fbf"


@dataclass(frozen=True, slots=True)
class Formats:
    """How cells look."""

    plain: Any
    title: Any
    label: Any
    heading: Any
    number: Any
    money: Any
    sum_label: Any
    sum_money: Any


def workbook(issued: Issued, place: str, proof: Proof | None = None) -> bytes:
    """Return the statement as an .xlsx file: summary with a chart, every line, and how it is verified.

    No cell is ever read as a formula.
    """
    target = io.BytesIO()
    statement = issued.statement
    with workbook_of(target, statement.number, made_at=statement.issued_at) as book:
        formats = _formats(book)
        products = by_product(statement.lines)
        _summary(book, formats, issued, place, products)
        _lines(book, formats, issued)
        _verification(book, formats, issued, proof)
    return target.getvalue()


def _formats(book: Any) -> Formats:
    line = {"border": 1, "border_color": "#b9c2cd", "valign": "vcenter"}
    number = {**line, "num_format": "#,##0"}
    money = {**line, "num_format": "#,##0.00"}
    closed = {"bold": True, "top": 1, "bottom": 6}
    return Formats(
        plain=book.add_format(line), title=book.add_format({"bold": True, "font_size": 16}),
        label=book.add_format({"bold": True, "font_color": "#48566a"}),
        heading=book.add_format({**line, "bold": True, "bg_color": "#e8eef5", "text_wrap": True, "align": "center"}),
        number=book.add_format(number), money=book.add_format(money), sum_label=book.add_format(closed),
        sum_money=book.add_format({**closed, "num_format": "#,##0.00"}),
    )  # fmt: skip


def _summary(book: Any, formats: Formats, issued: Issued, place: str, products: Sequence[ProductSum]) -> None:
    statement, sheet = issued.statement, book.add_worksheet("结算单")
    sheet.write_string(0, 0, "公共数据授权运营收益结算单", formats.title)
    head = [
        ("编号", statement.number), ("单位", issued.name), ("统一社会信用代码", issued.uscc), ("地方", place),
        ("期间", f"{issued.period.start} 至 {issued.period.last_day}"),
        ("出具日期", str(business_date(statement.issued_at))), ("本期分得大写", in_capitals(statement.total)),
        *((PAYEES.get(kind, kind), f"{amount.grouped()} 元（{REASONS.get(reason, reason)}）")
          for kind, reason, amount in by_payee(statement.lines)),
        ("内容摘要 SHA-256", statement.sha256),
    ]  # fmt: skip
    for row, (label, text) in enumerate(head, start=1):
        sheet.write_string(row, 0, label, formats.label)
        sheet.write_string(row, 1, text)
    start = len(head) + 2
    print_ready(sheet, heading_row=start, last_column=len(SUMS) - 1, header=f"{statement.number} {issued.name}",
                footer=f"SHA-256 {statement.sha256}")  # fmt: skip
    _heading(sheet, start, SUMS, SUM_WIDTHS, formats)
    for row, one in enumerate(products, start=start + 1):
        use_class = USE_CLASSES.get(one.use_class, one.use_class)
        cells: tuple[str | int | Money, ...] = (
            one.product, one.title, use_class, one.entitlements, one.quantity, one.billable, one.gross, one.tax,
                 one.net, one.shadow, one.share)  # fmt: skip
        for column, value in enumerate(cells):
            _cell(sheet, row, column, value, formats)
    last = start + 1 + len(products)
    _closing(sheet, last, len(SUMS) - 1, statement.total, formats)
    paying = sum(bool(one.share) for one in products)
    if paying:
        sheet.insert_chart(last + 2, 0, _chart(book, "结算单", start + 1, len(products), len(SUMS) - 1))
    sheet.write_string(last + 2 + CHART_ROWS, 0, "出具单位（盖章）：", formats.label)
    sheet.write_string(last + 2 + CHART_ROWS, len(SUMS) // 2, "收款单位确认（盖章）：", formats.label)


def _chart(book: Any, name: str, first: int, count: int, amounts: int) -> Any:
    """Return a bar for every product, with what the party receives of it."""
    chart = book.add_chart({"type": "bar"})
    last = first + count - 1
    chart.add_series({
        "name": "本单位分得（元）", "categories": [name, first, 1, last, 1],
        "values": [name, first, amounts, last, amounts], "fill": {"color": CHART_BAR}, "gap": 60,
        "data_labels": {"value": True, "num_format": "#,##0.00"},
    })  # fmt: skip
    chart.set_title({"name": "各产品分得（元）", "name_font": {"size": 12}})
    chart.set_legend({"none": True})
    chart.set_y_axis({"reverse": True})
    chart.set_x_axis({"num_format": "#,##0", "major_gridlines": {"visible": True, "line": {"color": "#d5dbe3"}}})
    chart.set_size({"width": 900, "height": 300})
    return chart


def _lines(book: Any, formats: Formats, issued: Issued) -> None:
    statement, sheet = issued.statement, book.add_worksheet("明细")
    print_ready(sheet, heading_row=0, last_column=len(HEADINGS) - 1, header=f"{statement.number} {issued.name}",
                footer=f"SHA-256 {statement.sha256}")  # fmt: skip
    _heading(sheet, 0, HEADINGS, WIDTHS, formats)
    for row, line in enumerate(statement.lines, start=1):
        _write_line(sheet, row, line, formats)
    _closing(sheet, 1 + len(statement.lines), SHARE_COLUMN, statement.total, formats)
    if statement.lines:
        sheet.autofilter(0, 0, len(statement.lines), len(HEADINGS) - 1)


def _verification(book: Any, formats: Formats, issued: Issued, proof: Proof | None) -> None:
    statement, sheet = issued.statement, book.add_worksheet("核验")
    rows = [
        ("编号", statement.number), ("所属结算", statement.run_number), ("内容摘要 SHA-256", statement.sha256),
        ("说明", "摘要按内容的规范 JSON 计算；内容可从接口 /api/v1/statements/编号/content 取得并重算。"),
    ]  # fmt: skip
    for name, value in (proof or {}).items():
        rows += [(name, value)] if isinstance(value, str) else [(name, line) for line in value]
    print_ready(sheet, heading_row=0, last_column=1, header=statement.number, footer=f"SHA-256 {statement.sha256}")
    _heading(sheet, 0, ("项目", "内容"), (LABEL_WIDTH, TEXT_WIDTH), formats)
    for row, cells in enumerate(rows, start=1):
        for column, text in enumerate(cells):
            sheet.write_string(row, column, text, formats.plain)


def _heading(sheet: Any, row: int, headings: Sequence[str], widths: Sequence[int], formats: Formats) -> None:
    for column, (heading, width) in enumerate(zip(headings, widths, strict=True)):
        sheet.write_string(row, column, heading, formats.heading)
        sheet.set_column(column, column, width)


def _closing(sheet: Any, row: int, column: int, amount: Money, formats: Formats) -> None:
    for before in range(column):
        sheet.write_string(row, before, "" if before else "合计", formats.sum_label)
    sheet.write_number(row, column, decimal_cell(amount.text()), formats.sum_money)


def _cell(sheet: Any, row: int, column: int, value: str | int | Money, formats: Formats) -> None:
    if isinstance(value, Money):
        sheet.write_number(row, column, decimal_cell(value.text()), formats.money)
    elif isinstance(value, int):
        sheet.write_number(row, column, value, formats.number)
    else:
        sheet.write_string(row, column, value, formats.plain)


def _write_line(sheet: Any, row: int, line: dict[str, Any], formats: Formats) -> None:
    shown = {**line, "use_class": USE_CLASSES.get(line["use_class"], line["use_class"])}
    cells: list[str | int | Money] = [str(shown[name]) for name in TEXTS]
    cells += [int(line[name]) for name in COUNTS]
    cells += [Money.signed_yuan(line[name]) for name in AMOUNTS]
    cells += [
        "" if line["step"] is None else str(line["step"]), Money.signed_yuan(line["share"]),
        PAYEES.get(line["payee_kind"] or "", ""), REASONS.get(line["reason_code"] or "", ""),
    ]  # fmt: skip
    for column, value in enumerate(cells):
        _cell(sheet, row, column, value, formats)
