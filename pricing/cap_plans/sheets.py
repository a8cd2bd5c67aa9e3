"""The written report of caps, and the headroom they leave, as workbooks; no cell is ever read as a formula."""

from __future__ import annotations

import io
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from kernel.money import decimal_text
from kernel.spreadsheets import workbook as workbook_of
from pricing.cap_plans.model import CapPlan
from pricing.cap_plans.queries import Part
from pricing.ceilings.model import Ceiling
from pricing.ceilings.rules import Load
from pricing.costs.rules import CHARGE_UNIT_TITLES

CAP_HEADINGS = (
    "序号",
    "产品编码",
    "产品",
    "计费单位",
    "查询对象类别",
    "上限（元）",
    "年预测业务量",
    "上限×业务量（元）",
)
LOAD_HEADINGS = ("自", "产品编码", "产品", "上限（元）", "年预测业务量", "上限×业务量（元）")
WIDTHS = (8, 18, 30, 12, 14, 16, 16, 20)


def report(plan: CapPlan, ceiling: Ceiling, names: Sequence[tuple[str, str]], head: Sequence[tuple[str, str]]) -> bytes:
    """Return the written report of a plan.

    Args:
        plan: the plan with its rows.
        ceiling: the permitted revenue that they fit in.
        names: code and title of each row's product.
        head: labels and texts above the table: sender, recipients, number, day.
    """
    rows = [
        (
            str(row.position), code, title, CHARGE_UNIT_TITLES[row.charge_unit], row.subject_kind or "",
            row.amount.decimal, row.forecast_volume, yuan(row.amount.times(row.forecast_volume)),
        )
        for row, (code, title) in zip(plan.rows, names, strict=True)
    ]  # fmt: skip
    expected = sum((row.amount.times(row.forecast_volume) for row in plan.rows), start=0)
    foot = [("本方案合计", yuan(expected)), ("最高准许收入", Decimal(ceiling.max_permitted_revenue.text()))]
    return _workbook("上限收费标准报告", plan.number, head, CAP_HEADINGS, rows, foot)


def headroom(ceiling: Ceiling, loads: Sequence[tuple[Load, Sequence[Part]]]) -> bytes:
    """Return what the caps bring in on each day on which they change, cap by cap."""
    rows = [
        (
            str(load.on), part.product.code, part.product.title, part.cap.forecast.cap.decimal,
            yuan(part.cap.forecast.volume), yuan(part.expected),
        )
        for load, parts in loads
        for part in parts
    ]  # fmt: skip
    foot = [(f"自 {load.on} 合计", yuan(load.fit.expected)) for load, _ in loads]
    foot += [("最高准许收入", Decimal(ceiling.max_permitted_revenue.text()))]
    return _workbook("上限余量", ceiling.number, [("最高准许收入核定", ceiling.number)], LOAD_HEADINGS, rows, foot)


def yuan(exact: Any) -> Decimal:
    """Return an exact number of yuan as a decimal for a cell or a plot."""
    return Decimal(decimal_text(exact))


def _workbook(
    title: str,
    number: str,
    head: Sequence[tuple[str, str]],
    headings: Sequence[str],
    rows: Sequence[Sequence[str | Decimal]],
    foot: Sequence[tuple[str, Decimal]],
) -> bytes:
    target = io.BytesIO()
    with workbook_of(target, f"{title} {number}") as book:
        figure, bold = book.add_format({"num_format": "#,##0.00######"}), book.add_format({"bold": True})
        sheet = book.add_worksheet(title)
        for at, (label, text) in enumerate([("名称", f"{title} {number}"), *head]):
            sheet.write_string(at, 0, label, bold)
            sheet.write_string(at, 1, text)
        start = len(head) + 2
        for column, heading in enumerate(headings):
            sheet.write_string(start, column, heading, bold)
            sheet.set_column(column, column, WIDTHS[column])
        for at, row in enumerate(rows, start=start + 1):
            for column, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(at, column, value)
                else:
                    sheet.write_number(at, column, value, figure)
        for at, (label, amount) in enumerate(foot, start=start + 1 + len(rows)):
            sheet.write_string(at, 0, label, bold)
            sheet.write_number(at, len(headings) - 1, amount, figure)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
    return target.getvalue()
