"""Breaks as a workbook: one row per break, one row per item of every side."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from kernel import spreadsheets
from settlement.breaks.model import Break

BREAKS = ("编号", "地区", "类型", "哪一方", "由谁办理", "状态", "单号", "订单", "差额（元）", "起始日", "工作日",
          "经办人")  # fmt: skip
ITEMS = ("差异编号", "哪一方", "名称", "事项", "单号", "金额（元）", "币种", "日期", "手续费", "净额", "订单", "说明")


def workbook_of(
    found: Sequence[Break], *, ages: Mapping[str, int], word: Callable[[object], str], made_at: datetime
) -> bytes:
    """Return the breaks as XLSX; text stays text, amounts are text with two decimals.

    Args:
        found: the breaks, in the order shown.
        ages: working days by number.
        word: how a kind, side, owner or state is called.
        made_at: the moment of which it tells.
    """
    target = io.BytesIO()
    with spreadsheets.workbook(target, "对账差异", made_at=made_at) as book:
        heading = book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
        amount = book.add_format({"align": "right"})
        for title, names, rows, money in (
            ("差异", BREAKS, [_row(one, ages, word) for one in found], (8,)),
            ("各方", ITEMS, [row for one in found for row in _items(one, word)], (5, 8, 9)),
        ):
            sheet = book.add_worksheet(title)
            sheet.freeze_panes(1, 0)
            sheet.set_landscape()
            sheet.repeat_rows(0)
            sheet.fit_to_pages(1, 0)
            sheet.write_row(0, 0, names, heading)
            for line, row in enumerate(rows, start=1):
                for column, cell in enumerate(row):
                    sheet.write_string(line, column, cell, amount if column in money else None)
            sheet.autofilter(0, 0, max(len(rows), 1), len(names) - 1)
            sheet.set_column(0, len(names) - 1, 16)
    return target.getvalue()


def _row(one: Break, ages: Mapping[str, int], word: Callable[[object], str]) -> list[str]:
    return [
        one.number, one.place, word(one.kind), word(one.side) if one.side else "", word(one.owner), word(one.state),
        one.reference, one.order_number, one.difference.text(), one.since.isoformat(), str(ages[one.number]),
        one.assigned_name,
    ]  # fmt: skip


def _items(one: Break, word: Callable[[object], str]) -> list[list[str]]:
    return [
        [one.number, word(fact["side"]), fact["key"], word(fact["flow"]), fact["reference"], fact["amount"],
         fact["currency"], fact["day"], fact["fee"], fact["net"], fact["order"], fact["words"]]
        for fact in one.facts
    ]  # fmt: skip
