"""Trade records as an .xlsx file: text is never read as a formula, amounts are numbers."""

from __future__ import annotations

import io
from collections.abc import Iterable
from decimal import Decimal

from flask_babel import format_datetime

from market.trade_records.rules import FIELD_TITLES, RecordField, TradeRecord
from pricing.publications.rules import cell

FURTHER = ("地区", "交易渠道", "使用目的", "应用场景", "合同编号", "合同摘要（SHA-256）", "使用截止日", "至少保存至")
HEADINGS = (*(FIELD_TITLES[one] for one in RecordField), *FURTHER)
AMOUNT_AT = list(RecordField).index(RecordField.AMOUNT)
WIDTH = 22


def line(one: TradeRecord) -> list[str]:
    """Return one record as text, in the order of the headings."""
    return [
        one.identifier, format_datetime(one.time, "yyyy-MM-dd HH:mm:ss"), one.seller, one.buyer, one.subject,
        one.quantity, one.amount.text(), one.delivery, one.result, one.place, one.venue, one.purpose, one.scenario,
        one.contract_number, one.contract_sha256, str(one.ends_on or ""), str(one.kept_until or ""),
    ]  # fmt: skip


def workbook(records: Iterable[TradeRecord]) -> bytes:
    """Return the records as an .xlsx file."""
    import xlsxwriter  # only where a list is exported

    target = io.BytesIO()
    settings = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(target, settings) as book:
        bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
        sheet = book.add_worksheet("交易记录")
        sheet.set_column(0, len(HEADINGS) - 1, WIDTH)
        for column, heading in enumerate(HEADINGS):
            sheet.write_string(0, column, heading, bold)
        for number, one in enumerate(records, start=1):
            for column, text in enumerate(line(one)):
                if column == AMOUNT_AT:
                    sheet.write_number(number, column, Decimal(text), money)
                else:
                    sheet.write_string(number, column, cell(text))
        sheet.freeze_panes(1, 0)
    return target.getvalue()
