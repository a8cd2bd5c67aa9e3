"""Now against then: lines of revenue on two sides, summed by whatever is asked, with difference and per cent. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any
from uuid import UUID

from kernel.calendar import MONTHS_PER_YEAR
from kernel.errors import DomainError
from kernel.money import PERCENT, UNIT_DIGITS, ZERO, Money, UnitPrice, decimal_text
from pricing.assessments.rules import Action, Deviation, Direction, deviation
from pricing.ceilings.rules import CapsFit
from pricing.costs.rules import node
from pricing.tariffs.rules import TariffModel, rate

PERCENT_DIGITS = 2
ACTION_TITLES = {
    Action.NONE: "无须调整",
    Action.ADJUST_PRICES: "由授权主体指导运营机构调整具体收费标准",
    Action.ADJUST_CAPS: "由授权主体调整上限收费标准",
}


class Order(StrEnum):
    """How the rows of a table are sorted."""

    DIFFERENCE = "difference"  # the largest change first, whichever its sign
    THEN = "then"
    NOW = "now"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Received:
    """What one party received of a line by one step of the schedule."""

    uscc: str
    name: str
    step: int
    amount: Money


@dataclass(frozen=True, slots=True)
class Cell:
    """What one order earned in one period on one side of the comparison, and what that rests on."""

    period: str
    start: date
    entitlement: str
    order: str
    product: str
    title: str
    buyer_id: UUID
    buyer: str
    agreement: str
    seller_id: UUID
    order_amount: Money
    bought: int
    model: TariffModel | None
    billable: int
    gross: Money
    tax: Money
    net: Money
    working: Mapping[str, Any]
    received: tuple[Received, ...]

    @property
    def key(self) -> tuple[str, str]:
        """The line that it is, on either side."""
        return self.entitlement, self.period


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: an amount then and now, and the charged units where they are asked for."""

    key: str
    label: str
    then: Money
    now: Money
    then_units: int | None = None
    now_units: int | None = None

    @property
    def difference(self) -> Money:
        """How much more (or, negative, less) there would be."""
        return self.now - self.then

    @property
    def share(self) -> Fraction | None:
        """The difference as a signed fraction of then; None where there was nothing then."""
        return Fraction(self.difference.fen, self.then.fen) if self.then else None

    @property
    def percent(self) -> str | None:
        """The difference in per cent, signed, with two decimals."""
        return None if self.share is None else percent(self.share)

    @property
    def then_average(self) -> str | None:
        """Average price of a charged unit then, in yuan."""
        return average(self.then, self.then_units)

    @property
    def now_average(self) -> str | None:
        """Average price of a charged unit now, in yuan."""
        return average(self.now, self.now_units)


@dataclass(frozen=True, slots=True)
class Refused:
    """An order that would have been refused, because its price lies above the cap."""

    order: str
    product: str
    title: str
    buyer: str
    on: date
    amount: Money  # what it brought in
    unit_price: UnitPrice
    cap: UnitPrice


@dataclass(frozen=True, slots=True)
class Side:
    """One side of an agreement's year: what was earned, what is permitted, whether the caps fit."""

    actual: Money
    permitted: Money
    deviation: Deviation | None
    words: str
    fit: CapsFit

    @property
    def expected(self) -> str:
        """What the caps would bring in at the forecast volumes, in yuan."""
        return decimal_text(self.fit.expected, PERCENT_DIGITS)


@dataclass(frozen=True, slots=True)
class AgreementYear:
    """Revenue of an operator under an agreement in one year against its ceiling, then and now."""

    agreement: str
    operator: str
    year: int
    months: int  # of the year that were looked at
    ceiling: str
    threshold: Decimal | None
    is_gross: bool
    then: Side
    now: Side


@dataclass(frozen=True, slots=True)
class Compared:
    """Everything that a scenario changes."""

    first: str
    last: str
    months: tuple[Row, ...]
    buyers: tuple[Row, ...]
    products: tuple[Row, ...]
    parties: tuple[Row, ...]
    agreements: tuple[Row, ...]
    years: tuple[AgreementYear, ...]
    refused: tuple[Refused, ...]
    gross: Row
    net: Row
    parked: int
    explanation: dict[str, Any] | None = field(default=None)


def percent(share: Fraction) -> str:
    """Return a signed fraction as per cent with at most two decimals: ``+8.33``, ``-5``, ``0``."""
    text = decimal_text(share * PERCENT, PERCENT_DIGITS)
    return text if share <= 0 else f"+{text}"


def average(amount: Money, units: int | None) -> str | None:
    """Return the average price of a unit in yuan, or None where nothing was charged by unit."""
    return decimal_text(Fraction(amount.exact_yuan(), units), UNIT_DIGITS) if units else None


def rows(
    then: Iterable[Cell], now: Iterable[Cell], named: Callable[[Cell], tuple[str, str]], *, has_units: bool = False
) -> tuple[Row, ...]:
    """Sum the gross revenue of both sides by a name; a name found on one side alone has nothing on the other."""
    labels: dict[str, str] = {}
    sums: tuple[dict[str, Money], dict[str, Money]] = ({}, {})
    units: tuple[dict[str, int], dict[str, int]] = ({}, {})
    for side, cells in enumerate((then, now)):
        for cell in cells:
            key, labels[key] = named(cell)[0], named(cell)[1]
            sums[side][key] = sums[side].get(key, ZERO) + cell.gross
            units[side][key] = units[side].get(key, 0) + (cell.billable if cell.gross else 0)
    return tuple(
        Row(key, labels[key], sums[0].get(key, ZERO), sums[1].get(key, ZERO),
            units[0].get(key, 0) if has_units else None, units[1].get(key, 0) if has_units else None)
        for key in sorted(labels)
    )  # fmt: skip


def party_rows(
    then: Iterable[Cell], now: Iterable[Cell], named: Callable[[Received], tuple[str, str]]
) -> tuple[Row, ...]:
    """Sum what every party received on both sides."""
    labels: dict[str, str] = {}
    sums: tuple[dict[str, Money], dict[str, Money]] = ({}, {})
    for side, cells in enumerate((then, now)):
        for one in (one for cell in cells for one in cell.received):
            key, label = named(one)
            labels[key] = label
            sums[side][key] = sums[side].get(key, ZERO) + one.amount
    return tuple(Row(key, labels[key], sums[0].get(key, ZERO), sums[1].get(key, ZERO)) for key in sorted(labels))


def in_order(found: Sequence[Row], order: Order) -> list[Row]:
    """Return the rows sorted; equal ones by name."""
    by_name = sorted(found, key=lambda row: (row.label, row.key))
    if order is Order.NAME:
        return by_name
    if order is Order.DIFFERENCE:
        return sorted(by_name, key=lambda row: -abs(row.difference.fen))
    return sorted(by_name, key=lambda row: -(row.then if order is Order.THEN else row.now).fen)


def side_of(actual: Money, permitted: Money, fit: CapsFit, threshold: Decimal | None) -> Side:
    """Return one side of an agreement's year with its deviation and what follows, or why there is none.

    Source:
        PRC-08; 发改价格〔2025〕65号 四.
    """
    if threshold is None:
        return Side(actual, permitted, None, "当地没有配置偏离幅度的界限（pricing.deviation.threshold）", fit)
    try:
        found = deviation(permitted, actual, threshold)
    except DomainError as refusal:
        return Side(actual, permitted, None, refusal.detail, fit)
    return Side(actual, permitted, found, ACTION_TITLES[found.action], fit)


def signed(found: Deviation) -> Fraction:
    """Return the deviation with its sign: below the permitted revenue is negative."""
    return -found.share if found.direction is Direction.UNDER else found.share


def summary(found: Compared) -> tuple[str, str]:
    """Return what the scenario changes in one or two plain sentences, in Chinese and in English."""
    said = [(_sum_words(found), _sum_words_en(found))]
    changed = in_order([row for row in found.parties if row.difference], Order.DIFFERENCE)
    if changed:
        one, then, now = changed[0], changed[0].then.grouped(), changed[0].now.grouped()
        said.append((f"分得变化最大的是{one.label}：由 {then} 元变为 {now} 元",
                     f"the share that changes most is that of {one.label}: {then} to {now}"))  # fmt: skip
    if count := len(found.refused):
        said.append((f"有 {count} 笔订单因价格高于上限将不被接受", f"{count} orders would be refused, above the cap"))
    for year in found.years:
        said += _year_words(year)
    return "；".join(chinese for chinese, _ in said) + "。", "; ".join(english for _, english in said) + "."


def _year_words(year: AgreementYear) -> list[tuple[str, str]]:
    said = []
    name = f"协议 {year.agreement} 的 {year.year} 年"
    if year.then.deviation and year.now.deviation:
        then, now = percent(signed(year.then.deviation)), percent(signed(year.now.deviation))
        part = "" if year.months == MONTHS_PER_YEAR else f"（只含 {year.months} 个月，仅供参考）"
        change = f"由 {then}% 变为 {now}%" if then != now else f"保持 {then}%"
        said.append((f"{name}收入{part}与最高准许收入的偏离{change}，{year.now.words}",
                     f"deviation of {year.agreement} in {year.year}: {then} % to {now} %"))  # fmt: skip
    if not year.now.fit.fits:
        over = decimal_text(-year.now.fit.headroom, PERCENT_DIGITS)
        said.append((f"{name}上限收费标准按预测业务量超出最高准许收入 {over} 元",
                     f"the caps of {year.agreement} exceed the permitted revenue by {over}"))  # fmt: skip
    return said


def _sum_words(found: Compared) -> str:
    row, span = found.gross, found.first if found.first == found.last else f"{found.first} 至 {found.last}"
    if not row.difference and not any(one.difference for one in (*found.parties, found.net)):
        return f"在此情景下，{span} 的收入和各方分得都不变（含税收入 {row.then.grouped()} 元）"
    if not row.difference:
        return f"在此情景下，{span} 的含税收入不变（{row.then.grouped()} 元），变化在各方分得之间"
    word = "增加" if row.difference > ZERO else "减少"
    part = f"（{row.percent}%）" if row.percent else ""
    return (
        f"在此情景下，{span} 的含税收入由 {row.then.grouped()} 元变为 {row.now.grouped()} 元，"
        f"{word} {abs(row.difference).grouped()} 元{part}"
    )


def _sum_words_en(found: Compared) -> str:
    row = found.gross
    part = f" ({row.percent} %)" if row.percent else ""
    return f"Revenue of {found.first} to {found.last}: {row.then.grouped()} to {row.now.grouped()}{part}"


def explain(then: Cell | None, now: Cell | None) -> dict[str, Any]:
    """Return how one line of revenue came about on both sides, down to bands, tax and every party's share.

    Raises:
        ValueError: the line is on neither side.
    """
    cell = then or now
    if cell is None:
        raise ValueError("a line is explained that is on neither side")
    row = Row("", "", then.gross if then else ZERO, now.gross if now else ZERO)
    part = f"，{row.percent}%" if row.percent else ""
    return node(
        f"{cell.period} {cell.title}（{cell.product}），订单 {cell.order}，使用权 {cell.entitlement}",
        f"¥ {row.then.grouped()} → ¥ {row.now.grouped()}",
        formula=f"差额 {row.difference.grouped()} 元{part}",
        lines=[_side_node("现行", then), _side_node("情景", now)],
    )


def _side_node(label: str, cell: Cell | None) -> dict[str, Any]:
    if cell is None:
        return node(f"{label}：没有这项收入", yuan(ZERO), formula="订单不成立、未到账或没有新的收入")
    lines = [_order_node(cell), _earned_node(cell)]
    if cell.gross:
        words = "不含税价款按税率四舍五入到分，税额为余下部分"
        lines.append(node("其中增值税", yuan(cell.tax), formula=words, source="增值税法 第七条"))
        lines.append(node("可分配收入（不含税）", yuan(cell.net), source="REV-03", lines=_share_nodes(cell)))
    return node(f"{label}：本期收入（含税）", yuan(cell.gross), lines=lines)


def _order_node(cell: Cell) -> dict[str, Any]:
    lines = []
    if cell.model is not None and cell.order_amount:
        for line in rate(cell.model, Fraction(cell.bought)).lines:
            title = f"第 {line.band} 档" if line.band else "最低或最高消费调整"
            fee = f" + {decimal_text(line.flat_fee)}" if line.flat_fee else ""
            formula = f"{decimal_text(line.quantity)} × {line.unit_price.text()}{fee}"
            lines.append(node(title, f"¥ {decimal_text(line.exact)}", formula=formula))
    return node(
        f"订单金额（购买 {cell.bought}）", yuan(cell.order_amount), source="发改价格〔2025〕65号 三（二）", lines=lines
    )


def _earned_node(cell: Cell) -> dict[str, Any]:
    working = cell.working
    if working["basis"] == "free":
        return node("本期收入", yuan(ZERO), formula="免费提供，不收费", source="发改价格〔2025〕65号 一")
    if working["basis"] == "time":
        formula = f"已过 {working['elapsed']} 天 ÷ 共 {working['days']} 天 × {working['limit']} 元"
    else:
        units, bought, price, limit = (working[name] for name in ("units", "bought", "price", "limit"))
        formula = f"累计计费 {units}（共购买 {bought}），计 {price} 元，不超过 {limit} 元"
    lines = [node("累计收入", f"¥ {working['cumulative']}", formula=formula),
             node("减：以前各期已计", f"¥ {working['before']}")]  # fmt: skip
    return node("本期收入", yuan(cell.gross), formula="累计收入 − 以前各期已计收入", lines=lines)


def _share_nodes(cell: Cell) -> list[dict[str, Any]]:
    return [node(f"第 {one.step} 步：{one.name}", yuan(one.amount), source="REV-02") for one in cell.received]


def yuan(amount: Money) -> str:
    """Return an amount as an explanation shows it."""
    return f"¥ {amount.grouped()}"
