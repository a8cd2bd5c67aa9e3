"""Requests for the tax system, as .xlsx, CSV and JSON: text is never read as a formula."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from kernel.calendar import business_date
from kernel.money import decimal_text
from market.invoices.queries import Sheet
from market.invoices.rules import InvoiceKind, InvoiceType
from pricing.publications.rules import cell

HEADINGS = ("申请编号", "蓝字或红字", "发票种类", "购买方名称", "购买方税号", "地址电话", "开户行及账号", "项目名称",
            "原申请编号", "原发票号码", "冲销原因", "订单", "申请日期", "数量", "税率或征收率", "金额（不含税）",
            "税额", "价税合计")  # fmt: skip
NUMBERS_FROM = HEADINGS.index("数量")
AMOUNTS_FROM = HEADINGS.index("金额（不含税）")
KINDS = {InvoiceKind.BLUE: "蓝字", InvoiceKind.RED: "红字"}
TYPES = {InvoiceType.GENERAL: "普通发票", InvoiceType.SPECIAL: "增值税专用发票"}
WIDTH = 18


def lines(rows: Iterable[Sheet]) -> list[Sequence[str]]:
    """Return one line of text for each line of a request, in the order of the headings; numbers last."""
    found: list[Sequence[str]] = []
    for row in rows:
        one, original = row.invoice, row.original
        found.append((
            one.number, KINDS[one.kind], TYPES[one.type], one.title, one.tax_number, one.address or "", one.bank or "",
            row.product_title, original.number if original else "",
            (original.tax_system_number or "") if original else "", one.reason or "", row.order_number,
            str(business_date(one.requested_at)), str(row.quantity), decimal_text(one.rate), row.parts.net.text(),
            row.parts.tax.text(), row.parts.gross.text(),
        ))  # fmt: skip
    return found


def workbook(rows: Iterable[Sheet]) -> bytes:
    """Return the requests as an .xlsx file: amounts are numbers, red letters negative ones."""
    import xlsxwriter  # only where a list is exported

    target = io.BytesIO()
    settings = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(target, settings) as book:
        bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
        sheet = book.add_worksheet("开票申请")
        sheet.set_column(0, len(HEADINGS) - 1, WIDTH)
        for column, heading in enumerate(HEADINGS):
            sheet.write_string(0, column, heading, bold)
        for number, line in enumerate(lines(rows), start=1):
            for column, text in enumerate(line):
                if column < NUMBERS_FROM:
                    sheet.write_string(number, column, cell(text))
                else:
                    sheet.write_number(number, column, Decimal(text), money if column >= AMOUNTS_FROM else None)
        sheet.freeze_panes(1, 0)
    return target.getvalue()


def written(rows: Iterable[Sheet]) -> bytes:
    """Return the requests as CSV (RFC 4180) with a mark; a negative amount is a number and stays one."""
    target = io.StringIO(newline="")
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(HEADINGS)
    for line in lines(rows):
        writer.writerow([*(cell(text) for text in line[:NUMBERS_FROM]), *line[NUMBERS_FROM:]])
    return target.getvalue().encode("utf-8-sig")


def document(rows: Iterable[Sheet]) -> bytes:
    """Return the requests as JSON, each with its lines; amounts are text with two places."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        one, original = row.invoice, row.original
        head: dict[str, Any] = {
            "number": one.number, "kind": one.kind.value, "type": one.type.value, "title": one.title,
            "tax_number": one.tax_number, "address": one.address, "bank": one.bank,
            "month": f"{one.month:%Y-%m}" if one.month else None,
            "requested_date": str(business_date(one.requested_at)), "rate": decimal_text(one.rate),
            "net": one.net.text(), "tax": one.tax.text(), "gross": one.gross.text(), "reason": one.reason,
            "original": original.number if original else None,
            "original_tax_system_number": original.tax_system_number if original else None, "lines": [],
        }  # fmt: skip
        found.setdefault(one.number, head)["lines"].append({
            "order": row.order_number or None, "title": row.product_title, "quantity": row.quantity,
            "net": row.parts.net.text(), "tax": row.parts.tax.text(), "gross": row.parts.gross.text(),
        })  # fmt: skip
    return json.dumps({"invoices": list(found.values())}, ensure_ascii=False, indent=1).encode()


WRITERS = {"xlsx": workbook, "csv": written, "json": document}
