"""The price list as a workbook and as CSV: every cell is text, and none begins a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from kernel.spreadsheets import workbook as workbook_of
from pricing.ceilings.model import FeeCap
from pricing.costs.rules import CHARGE_UNIT_TITLES
from pricing.publications.queries import Entry, Row
from pricing.publications.rules import Phase, What, cell
from pricing.tariffs.queries import REGIME_TITLES
from registry.products.model import Product

Line = Sequence[str]
CURRENT = ("地区", "产品编码", "产品和服务", "收费单位", "统一社会信用代码", "查询对象类别", "适用用户", "定价方式",
           "收费标准", "计费单位", "最高单价（元）", "上限（元）", "距上限（元）", "可否收费", "执行日期", "编号",
           "依据文件")  # fmt: skip
HISTORY = ("产品编码", "产品和服务", "收费单位", "类别", "编号或书面报告文号", "查询对象类别", "适用用户", "计费单位",
           "金额（元）", "收费标准", "首日", "末日", "状态", "公布日期")  # fmt: skip
CAPS = ("地区", "产品编码", "产品和服务", "收费单位", "查询对象类别", "计费单位", "上限（元）", "生效日",
        "书面报告文号", "报告日期", "报告对象")  # fmt: skip
PHASES = {Phase.FORMER: "曾执行", Phase.PRESENT: "执行中", Phase.ANNOUNCED: "已公布未执行"}
KINDS = {What.PRICE: "收费标准", What.CAP: "上限收费标准"}
RECIPIENTS = {"price_authority": "发展改革（价格）部门", "data_authority": "数据管理部门"}
WIDTH = 18


def workbook(
    on: date, rows: Iterable[Row], entries: Iterable[Entry], caps: Iterable[tuple[FeeCap, Product]],
    places: Mapping[str, str],
) -> bytes:  # fmt: skip
    """Return the price list of a day as an .xlsx file: what is in force, the history, the caps with their reports."""
    target = io.BytesIO()
    with workbook_of(target, f"收费公示 {on}") as book:
        bold = book.add_format({"bold": True})
        sheets = (
            (f"执行中 {on}", CURRENT, current_lines(rows, places)),
            ("历次", HISTORY, history_lines(entries)),
            ("上限", CAPS, cap_lines(caps, places)),
        )
        for title, headings, lines in sheets:
            sheet = book.add_worksheet(title)
            sheet.set_column(0, len(headings) - 1, WIDTH)
            for number, cells in enumerate([headings, *lines]):
                for column, text in enumerate(cells):
                    sheet.write_string(number, column, cell(text), bold if number == 0 else None)
            sheet.freeze_panes(1, 0)
    return target.getvalue()


def written(headings: Line, lines: Iterable[Line]) -> bytes:
    """Return lines as CSV (RFC 4180) with a mark, so that spreadsheet programs read the Chinese."""
    target = io.StringIO(newline="")
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(headings)
    writer.writerows([[cell(text) for text in line] for line in lines])
    return target.getvalue().encode("utf-8-sig")


def current_lines(rows: Iterable[Row], places: Mapping[str, str]) -> list[Line]:
    """Return one line of text for every price in force."""
    return [
        (
            places.get(row.tariff.place, row.tariff.place), row.product.code, row.product.title, row.product.owner.name,
            row.product.owner.uscc, row.tariff.subject_kind or "", row.tariff.buyer_class or "",
            REGIME_TITLES[row.tariff.regime], "；".join(row.words), CHARGE_UNIT_TITLES[row.tariff.charge_unit],
            row.tariff.unit_price_max.text(), row.cap.amount.text() if row.cap else "", row.headroom or "",
            "可" if row.within_cap else "否：高于现行上限", str(row.tariff.effective_from), row.tariff.number,
            "；".join(row.documents),
        )
        for row in rows
    ]  # fmt: skip


def history_lines(entries: Iterable[Entry]) -> list[Line]:
    """Return one line of text for every price and cap that was published."""
    return [
        (
            entry.product.code, entry.product.title, entry.product.owner.name, KINDS[entry.what], entry.number,
            entry.subject_kind or "", entry.buyer_class or "", CHARGE_UNIT_TITLES[entry.charge_unit],
            entry.amount.text(), "；".join(entry.words), str(entry.span.first_day), str(entry.span.last_day or ""),
            PHASES[entry.span.phase], str(entry.published_on),
        )
        for entry in entries
    ]  # fmt: skip


def cap_lines(caps: Iterable[tuple[FeeCap, Product]], places: Mapping[str, str]) -> list[Line]:
    """Return one line of text for every cap with its written report (DIS-08)."""
    return [
        (
            places.get(cap.place, cap.place), product.code, product.title, product.owner.name, cap.subject_kind or "",
            CHARGE_UNIT_TITLES[cap.charge_unit], cap.amount.text(), str(cap.effective_from), cap.report_number,
            str(cap.report_date), "、".join(RECIPIENTS.get(name, name) for name in cap.reported_to),
        )
        for cap, product in caps
    ]  # fmt: skip
