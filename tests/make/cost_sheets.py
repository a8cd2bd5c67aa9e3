"""Cost surveys with keys, and the spreadsheet filled by hand as people fill it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import openpyxl

from pricing.costs import sheets

CALLS = {"name": "调用量", "driver": "全年接口调用次数", "industry_units": "8000000", "public_units": "2000000"}
HOURS = {"name": "工时", "driver": "产品团队工时", "industry_share": "0.5"}


def line(amount: str, *, key: str = "", text: str = "平台运维", **given: Any) -> dict[str, Any]:
    """One cost as the API takes it: by a key, else wholly for industry use unless another share is given."""
    share = {"key": key} if key else {"industry_share": "1"}
    return {"category": "platform_build_om", "text": text, "amount": amount, **share, **given}


def filled(
    agreement: str,
    lines: list[Mapping[str, Any]],
    keys: list[Mapping[str, Any]] | None = None,
    *,
    year: Any = "2025",
    subsidy: Any = "800000.00",
    cells: Mapping[tuple[str, str], Any] | None = None,
) -> bytes:
    """The published template filled in a spreadsheet program; ``cells`` overwrites single cells by sheet and address.

    ``lines`` and ``keys`` are named by the headings of the template.
    """
    book = openpyxl.load_workbook(io.BytesIO(sheets.template()))
    for address, value in {"B2": agreement, "B3": year, "B4": subsidy}.items():
        book[sheets.BASICS][address] = value
    for name, rows in ((sheets.KEYS, keys or []), (sheets.LINES, lines)):
        headings = [cell.value for cell in book[name][1]]
        first = book[name].max_row + 1  # below the example rows
        for number, row in enumerate(rows, start=first):
            for heading, value in row.items():
                book[name].cell(number, headings.index(heading) + 1).value = value
    for (name, address), value in (cells or {}).items():
        book[name][address] = value
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def cost_row(amount: Any = "10000000.00", key: str = "调用量", **given: Any) -> dict[str, Any]:
    """A row of 成本明细; without a key it is wholly for industry use."""
    share = {"分摊依据名称": key} if key else {"产业、行业用途占比": "1"}
    return {"类别": "授权运营相关平台建设和运维成本", "内容": "平台运维服务费", "金额（元）": amount, **share, **given}


KEY_ROW = {
    "名称": "调用量", "分摊动因": "全年接口调用次数", "产业、行业用途计量数": 8000000, "公益用途计量数": "2000000",
}  # fmt: skip


def as_commands_take_it(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a line or key of the API with its texts read."""
    from pricing.costs.schemas import AllocationKeyIn, CostLineIn

    schema = CostLineIn() if "amount" in row else AllocationKeyIn()
    return schema.load(dict(row))
