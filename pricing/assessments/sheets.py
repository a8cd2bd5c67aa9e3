"""A yearly assessment as a workbook: text stays text, whatever it begins with, and amounts are numbers."""

from __future__ import annotations

import io
from collections.abc import Sequence
from decimal import Decimal

from kernel.spreadsheets import workbook as workbook_of
from pricing.adjustments.model import Adjustment
from pricing.adjustments.rules import STATE_TITLES
from pricing.assessments.model import Assessment
from pricing.assessments.queries import BASIS_TITLES
from pricing.assessments.rules import ACTION_TITLES, share_text

REVENUE = ("起", "止", "产品编码", "产品", "不含税（元）", "税额（元）", "计费量")
CHANGES = ("编号", "适用范围", "现行（元）", "建议（元）", "年度收入（元）", "调整后按原业务量（元）", "状态")


def workbook(assessment: Assessment, adjustments: Sequence[Adjustment]) -> bytes:
    """Return the assessment as an .xlsx file; no cell is ever read as a formula."""
    target = io.BytesIO()
    with workbook_of(target, assessment.number, made_at=assessment.recorded_at) as book:
        money, bold = book.add_format({"num_format": "#,##0.00"}), book.add_format({"bold": True})
        sheet = book.add_worksheet("年度评估")
        sheet.set_column(0, len(REVENUE), 18)
        head = [
            ("编号", assessment.number), ("年度", str(assessment.year)), ("协议", assessment.inputs["agreement"]),
            ("运营机构", assessment.inputs["operator"]), ("最高准许收入", assessment.permitted.text()),
            (f"实际收入（{BASIS_TITLES[assessment.basis]}）", assessment.actual.text()),
            ("偏离", share_text(assessment.permitted, assessment.actual)),
            ("处理", ACTION_TITLES[assessment.action]), ("摘要 SHA-256", assessment.sha256),
        ]  # fmt: skip
        for row, (label, text) in enumerate(head):
            sheet.write_string(row, 0, label, bold)
            sheet.write_string(row, 1, text)
        sheet = book.add_worksheet("收入")
        sheet.set_column(0, len(REVENUE), 18)
        for column, heading in enumerate(REVENUE):
            sheet.write_string(0, column, heading, bold)
        for row, line in enumerate(assessment.inputs["revenue"], start=1):
            for column, name in enumerate(("from", "until", "product", "title")):
                sheet.write_string(row, column, line[name])
            for column, name in enumerate(("net", "tax"), start=4):
                sheet.write_number(row, column, Decimal(line[name]), money)
            sheet.write_number(row, 6, line["quantity"])
        sheet = book.add_worksheet("调整")
        sheet.set_column(0, len(CHANGES), 18)
        for column, heading in enumerate(CHANGES):
            sheet.write_string(0, column, heading, bold)
        for row, change in enumerate(adjustments, start=1):
            sheet.write_string(row, 0, change.number)
            sheet.write_string(row, 1, change.scope)
            prices, sums = (change.current, change.proposed), (change.revenue, change.expected)
            amounts = [*(one.text() for one in prices), *(one.text() for one in sums)]
            for column, amount in enumerate(amounts, start=2):
                sheet.write_number(row, column, Decimal(amount))
            sheet.write_string(row, 6, STATE_TITLES[change.state])
    return target.getvalue()
