"""A statement as a workbook: text stays text, whatever it begins with, and amounts are numbers with two decimals."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

from kernel.money import Money
from kernel.spreadsheets import workbook as workbook_of
from settlement.statements.queries import Issued

HEADINGS = ("产品编码", "产品", "订单", "使用权", "用途类别", "用量", "计费量", "收入（含税）", "税额",
            "收入（不含税）", "分配步骤", "本单位分得", "收款方式", "原因")  # fmt: skip
TEXTS = ("product", "title", "order", "entitlement", "use_class")
COUNTS = ("quantity", "billable")
AMOUNTS = ("gross", "tax", "net")
WIDTHS = (18, 28, 18, 18, 16, 10, 10, 14, 12, 14, 10, 14, 18, 22)
USE_CLASSES = {"industry": "产业、行业发展", "public_interest": "公共治理、公益事业"}
PAYEES = {"own_account": "支付至本单位账户", "treasury_non_tax": "上缴国库（非税收入）", "held": "暂挂"}
REASONS = {
    "ENTERPRISE": "企业", "ADMINISTRATIVE_UNIT": "行政单位", "INSTITUTION_RULE": "事业单位（按当地规定）",
    "PAYEE_RULE_MISSING": "事业单位收款规则未配置",
}  # fmt: skip


def in_words(amount: Money) -> str:
    """Return an amount in the Chinese capital numerals of vouchers (大写金额)."""
    import cn2an  # only where a statement is shown

    return str(cn2an.an2cn(amount.text(), "rmb"))


def workbook(issued: Issued, place: str) -> bytes:
    """Return the statement as an .xlsx file; no cell is ever read as a formula."""
    target = io.BytesIO()
    statement = issued.statement
    with workbook_of(target, statement.number, made_at=statement.issued_at) as book:
        money, bold = book.add_format({"num_format": "#,##0.00"}), book.add_format({"bold": True})
        sheet = book.add_worksheet("结算单")
        head = [
            ("结算单", statement.number), ("单位", issued.party.name), ("统一社会信用代码", issued.party.uscc),
            ("地方", place), ("期间", f"{statement.period_start} 起，{statement.period_end} 止（不含）"),
            ("合计大写", in_words(statement.total)), ("摘要 SHA-256", statement.sha256),
        ]  # fmt: skip
        for row, (label, text) in enumerate(head):
            sheet.write_string(row, 0, label, bold)
            sheet.write_string(row, 1, text)
        start = len(head) + 1
        for column, (heading, width) in enumerate(zip(HEADINGS, WIDTHS, strict=True)):
            sheet.write_string(start, column, heading, bold)
            sheet.set_column(column, column, width)
        for row, line in enumerate(statement.lines, start=start + 1):
            _write_line(sheet, row, line, money)
        last = start + 1 + len(statement.lines)
        sheet.write_string(last, 0, "合计", bold)
        sheet.write_number(last, HEADINGS.index("本单位分得"), _decimal(statement.total.text()), money)
        sheet.freeze_panes(start + 1, 0)
    return target.getvalue()


def _decimal(text: str) -> Decimal:
    return Decimal(text)


def _write_line(sheet: Any, row: int, line: dict[str, Any], money: Any) -> None:
    shown = {**line, "use_class": USE_CLASSES.get(line["use_class"], line["use_class"])}
    for column, name in enumerate(TEXTS):
        sheet.write_string(row, column, str(shown[name]))
    for column, name in enumerate(COUNTS, start=len(TEXTS)):
        sheet.write_number(row, column, line[name])
    for column, name in enumerate(AMOUNTS, start=len(TEXTS) + len(COUNTS)):
        sheet.write_number(row, column, _decimal(line[name]), money)
    after = len(TEXTS) + len(COUNTS) + len(AMOUNTS)
    sheet.write_string(row, after, "" if line["step"] is None else str(line["step"]))
    sheet.write_number(row, after + 1, _decimal(line["share"]), money)
    sheet.write_string(row, after + 2, PAYEES.get(line["payee_kind"] or "", ""))
    sheet.write_string(row, after + 3, REASONS.get(line["reason_code"] or "", ""))
