"""A disclosure as a workbook: text stays text, whatever it begins with."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kernel.spreadsheets import workbook as workbook_of
from registry.disclosures.model import Disclosure
from registry.disclosures.rules import MODE_TITLES, SIDE_TITLES, Side
from registry.resources.rules import STATUS_TITLES, RegistrationStatus

Row = Sequence[str]
WIDTH = 24
INSTITUTION = (("name", "机构名称"), ("uscc", "统一社会信用代码"), ("address", "地址"), ("postcode", "邮编"),
               ("email", "电子邮箱"), ("phone", "联系电话"))  # fmt: skip
DEPARTMENT = (("unit", "数据管理部门"), ("contact", "联系人"), ("phone", "联系电话"))
RESOURCES = ("协议", "授权模式", "数据资源编码", "数据资源名称", "登记状态", "登记确认编号", "期限起", "期限止")
OPERATORS = ("协议", "运营机构", "统一社会信用代码", "期限起", "期限止")
IMPLEMENTERS = ("协议", "实施机构", "统一社会信用代码", "期限起", "期限止")
CAPS = ("协议", "产品编码", "计费单位", "上限收费标准（元）", "自", "书面报告文号")
PRODUCTS = ("协议", "产品编码", "产品和服务名称", "登记状态", "登记编码", "产品形态", "应用场景")
FEES = ("协议", "产品编码", "计费单位", "收费标准（元）", "定价方式", "自", "收费标准编号")


def workbook(disclosure: Disclosure, place: str) -> bytes:
    """Return the disclosure as an .xlsx file; no cell is ever read as a formula."""
    target = io.BytesIO()
    with workbook_of(target, disclosure.number, made_at=disclosure.prepared_at) as book:
        bold = book.add_format({"bold": True})
        for title, headings, rows in tables(disclosure, place):
            sheet = book.add_worksheet(title)
            sheet.set_column(0, len(headings) - 1, WIDTH)
            for row, cells in enumerate([headings, *rows]):
                for column, text in enumerate(cells):
                    sheet.write_string(row, column, text, bold if row == 0 else None)
            sheet.freeze_panes(1, 0)
    return target.getvalue()


def tables(disclosure: Disclosure, place: str) -> list[tuple[str, Row, list[Row]]]:
    """Return the sheets of a disclosure: title, headings, rows of text."""
    content = disclosure.content
    lines = content["authorizations"]
    head = [
        ("编号", disclosure.number), ("披露主体", SIDE_TITLES[disclosure.side]), ("年度", str(disclosure.year)),
        ("地方", place), ("披露日期", str(disclosure.published_on or "")), ("摘要 SHA-256", disclosure.sha256),
        *((title, content["institution"][name]) for name, title in INSTITUTION),
        *((title, content["data_department"][name]) for name, title in DEPARTMENT),
    ]  # fmt: skip
    found: list[tuple[str, Row, list[Row]]] = [("机构信息", ("项目", "内容"), list(head))]
    found.append(("数据资源", RESOURCES, [row for line in lines for row in _resources(line)]))
    if disclosure.side is Side.IMPLEMENTING:
        found.append(("运营机构", OPERATORS, [_other(line, "operator") for line in lines]))
        found.append(("上限收费标准", CAPS, [row for line in lines for row in _caps(line)]))
    else:
        found.append(("实施机构", IMPLEMENTERS, [_other(line, "implementing_institution") for line in lines]))
        found.append(("产品和服务", PRODUCTS, [row for line in lines for row in _products(line)]))
        found.append(("收费标准", FEES, [row for line in lines for row in _fees(line)]))
    return found


def _status(line: Mapping[str, Any]) -> str:
    return STATUS_TITLES[RegistrationStatus(line["registration_status"])]


def _resources(line: Mapping[str, Any]) -> Iterable[Row]:
    for one in line["resources"]:
        yield (line["agreement"], MODE_TITLES[line["mode"]], one["code"], one["title"], _status(one),
               one["confirmation_number"] or "", line["first_day"], line["last_day"])  # fmt: skip


def _other(line: Mapping[str, Any], name: str) -> Row:
    other = line[name]
    return line["agreement"], other["name"], other["uscc"], line["first_day"], line["last_day"]


def _caps(line: Mapping[str, Any]) -> Iterable[Row]:
    for one in line["fee_caps"]:
        yield (line["agreement"], one["product_code"], one["charge_unit"], one["amount"], one["effective_from"],
               one["report_number"])  # fmt: skip


def _products(line: Mapping[str, Any]) -> Iterable[Row]:
    for one in line["products"]:
        yield (line["agreement"], one["code"], one["title"], _status(one), one["registration_code"] or "", one["mode"],
               one["scenario"])  # fmt: skip


def _fees(line: Mapping[str, Any]) -> Iterable[Row]:
    for product in line["products"]:
        for one in product["fees"]:
            yield (line["agreement"], one["product_code"], one["charge_unit"], one["amount"], one["regime"],
                   one["effective_from"], one["number"])  # fmt: skip
