"""A scenario and what it changes as a workbook: text stays text, amounts are numbers with two decimals."""

from __future__ import annotations

import io
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from kernel.money import Money, decimal_text
from kernel.spreadsheets import workbook as workbook_of
from settlement.comparisons.rules import Compared, Row, percent, signed, summary
from settlement.scenarios.rules import KIND_TITLES, Move, Scenario

HEADINGS = ("名称", "编号", "现行（元）", "情景（元）", "差额（元）", "变动（%）")
UNIT_HEADINGS = ("现行计费量", "情景计费量", "现行平均单价（元）", "情景平均单价（元）")
YEAR_HEADINGS = (
    "协议", "运营机构", "年度", "所含月数", "现行实际收入", "情景实际收入", "现行最高准许收入", "情景最高准许收入",
    "现行偏离（%）", "情景偏离（%）", "情景下的处理", "现行上限合计", "情景上限合计", "上限是否在准许收入之内",
)  # fmt: skip
REFUSED_HEADINGS = ("订单", "产品", "名称", "购买方", "下单日", "订单金额", "最高单价", "上限")
TABLES = (("按月", "months"), ("按购买方", "buyers"), ("按产品", "products"), ("按当事方（不含税）", "parties"),
          ("按协议", "agreements"))  # fmt: skip
WIDTH = 18


def workbook(found: Compared, scenario: Scenario, place: str) -> bytes:
    """Return the comparison as an .xlsx file; no cell is ever read as a formula."""
    target = io.BytesIO()
    with workbook_of(target, "情景试算") as book:
        money, bold = book.add_format({"num_format": "#,##0.00"}), book.add_format({"bold": True})
        head: list[list[Any]] = [
            ["情景试算（不入账，不保存）"], ["地方", place], ["月份", f"{found.first} 至 {found.last}"],
            ["结论", summary(found)[0]], ["待处理订单", found.parked],
            *([move_title(move), move_words(move)] for move in scenario.moves),
        ]  # fmt: skip
        _write(book.add_worksheet("情景"), head, money, bold, is_table=False)
        for title, name in TABLES:
            _write(book.add_worksheet(title), table(getattr(found, name)), money, bold)
        _write(book.add_worksheet("准许收入与偏离"), [list(YEAR_HEADINGS), *_years(found)], money, bold)
        _write(book.add_worksheet("不被接受的订单"), [list(REFUSED_HEADINGS), *_refused(found)], money, bold)
    return target.getvalue()


def table(rows: Sequence[Row]) -> list[list[Any]]:
    """Return the cells of one table, headings first."""
    has_units = any(row.then_units is not None for row in rows)
    cells: list[list[Any]] = [[*HEADINGS, *(UNIT_HEADINGS if has_units else ())]]
    for row in rows:
        units = [row.then_units, row.now_units, _number(row.then_average), _number(row.now_average)]
        cells.append([row.label, row.key, row.then, row.now, row.difference, _number(row.percent),
                      *(units if has_units else ())])  # fmt: skip
    return cells


def move_title(move: Move) -> str:
    """Return what is moved, with the product or agreement concerned."""
    return " ".join(filter(None, (KIND_TITLES[move.kind], move.product, move.agreement)))


def move_words(move: Move) -> str:
    """Return to what it is moved."""
    said = [
        move.cap.text() if move.cap is not None else "",
        move.amount.text() if move.amount is not None else "",
        f"{move.factor:f}" if move.factor is not None else "",
        f"{move.rate:f}" if move.rate is not None else "",
        f"第 {move.step} 步 {move.value}" if move.step is not None else "",
        str(move.model.to_dict()) if move.model is not None else "",
        f"自 {move.from_date} 起的订单" if move.from_date is not None else "",
    ]
    return "，".join(filter(None, said))


def _years(found: Compared) -> list[list[Any]]:
    return [
        [year.agreement, year.operator, year.year, year.months, year.then.actual, year.now.actual, year.then.permitted,
         year.now.permitted, *(_number(percent(signed(side.deviation)) if side.deviation else None)
                               for side in (year.then, year.now)),
         year.now.words, *(_number(decimal_text(side.fit.expected, 2)) for side in (year.then, year.now)),
         "是" if year.now.fit.fits else "否"]
        for year in found.years
    ]  # fmt: skip


def _refused(found: Compared) -> list[list[Any]]:
    return [
        [one.order, one.product, one.title, one.buyer, one.on.isoformat(), one.amount, _number(one.unit_price.text()),
         _number(one.cap.text())]
        for one in found.refused
    ]  # fmt: skip


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _write(sheet: Any, rows: Sequence[Sequence[Any]], money: Any, bold: Any, *, is_table: bool = True) -> None:
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            if isinstance(value, Money):
                sheet.write_number(number, column, Decimal(value.text()), money)
            elif isinstance(value, int | Decimal):
                sheet.write_number(number, column, value)
            elif value is not None:
                sheet.write_string(
                    number, column, value, bold if number == 0 or (column == 0 and not is_table) else None
                )
    sheet.set_column(0, max((len(row) for row in rows), default=1), WIDTH)
    if is_table:
        sheet.freeze_panes(1, 0)
