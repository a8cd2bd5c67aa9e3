"""The highest permitted revenue, the caps that must fit inside it, and when the regime begins."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from kernel.calendar import DAY, Period, start_of_day
from kernel.errors import Invalid
from kernel.money import PERCENT, ZERO, Money, UnitPrice, decimal_text, fraction, total
from kernel.policy import Cited
from pricing.costs.rules import node

COST_ARTICLE = "发改价格〔2025〕65号 三（一）"
CAP_ARTICLE = "发改价格〔2025〕65号 二"
CLAWBACK_ARTICLE = "发改价格〔2025〕65号 四"
LEVEL_TITLES = {"province": "省级", "prefecture": "地市级", "county": "县级"}


class RateAboveCap(Invalid):
    """The permitted profit rate exceeds the treasury yield plus what may be added."""

    code = "pricing.rate_above_cap"
    title = "准许利润率超过上限"
    title_en = "The permitted profit rate is above its limit"


class CapsAboveRevenue(Invalid):
    """The caps, at the forecast volumes, would bring in more than is permitted."""

    code = "pricing.caps_above_revenue"
    title = "上限收费标准超出最高准许收入"
    title_en = "The caps exceed the permitted revenue"


class LevelNotCompetent(Invalid):
    """That level of government may not set fee standards."""

    code = "ceiling.level_not_competent"


@dataclass(frozen=True, slots=True)
class PermittedRevenue:
    """最高准许收入 of one operator for one year, in its parts."""

    operating_cost: Money
    profit_rate: Decimal
    profit: Money
    tax: Money
    earlier_excess: Money

    @property
    def before_deduction(self) -> Money:
        """Cost, profit and tax together."""
        return self.operating_cost + self.profit + self.tax

    @property
    def total(self) -> Money:
        """What may be earned; never below zero."""
        return max(self.before_deduction - self.earlier_excess, ZERO)

    @property
    def excess_left(self) -> Money:
        """What of the earlier excess was too large for this year and is still to be deducted."""
        return max(self.earlier_excess - self.before_deduction, ZERO)


@dataclass(frozen=True, slots=True)
class CapForecast:
    """A cap and how many units are expected to be sold in the year."""

    cap: UnitPrice
    volume: Fraction


@dataclass(frozen=True, slots=True)
class CapsFit:
    """What the caps would bring in at the forecast volumes, in yuan and exact, against what is permitted."""

    expected: Fraction
    permitted: Money

    @property
    def fits(self) -> bool:
        """Whether the caps stay within the permitted revenue; equal is within."""
        return self.expected <= self.permitted.exact_yuan()

    @property
    def headroom(self) -> Fraction:
        """Yuan left below the permitted revenue; negative when the caps do not fit."""
        return self.permitted.exact_yuan() - self.expected


@dataclass(frozen=True, slots=True)
class DatedCap:
    """A cap with its forecast, from a day on, for what ``key`` names (product, unit, kind of subject)."""

    key: Hashable
    effective_from: date
    forecast: CapForecast


@dataclass(frozen=True, slots=True)
class Load:
    """What the caps in effect from a day on would bring in, against the permitted revenue."""

    on: date
    caps: tuple[DatedCap, ...]
    fit: CapsFit


@dataclass(frozen=True, slots=True)
class Readiness:
    """From when a cap is due: the first complete accounting year, and the day on which the application opens."""

    first_complete_year: int
    application_opens_date: date
    is_due: bool


def permitted_revenue(
    *,
    gross_cost: Money,
    subsidy: Money,
    profit_rate: Decimal,
    bond_yield: Decimal,
    spread_max: Decimal,
    tax: Money,
    earlier_excess: Money = ZERO,
) -> PermittedRevenue:
    """Return the highest revenue (最高准许收入) of one operator for one year.

    Cost is net of government subsidy and holds only what serves industry use; profit is cost times the permitted rate,
    rounded once; revenue above the ceiling of the period before is deducted.

    Args:
        gross_cost: surveyed operating cost of the year for industry use, before subsidy.
        subsidy: government subsidy received against that cost.
        profit_rate: permitted rate, a fraction (``Decimal("0.08")`` is 8 %).
        bond_yield: mean 10-year treasury yield of the year before the cost survey, a fraction.
        spread_max: most that may be added to the yield, a fraction, from the book of rules.
        tax: tax payable on the operation, as determined.
        earlier_excess: revenue above the ceiling of the previous period allotted to this year.

    Raises:
        RateAboveCap: ``profit_rate`` exceeds ``bond_yield + spread_max``.
        Invalid: an amount or a rate is negative.

    Source:
        PRC-02; 发改价格〔2025〕65号, 三（一） and 四.
    """
    _not_negative(gross_cost=gross_cost.fen, subsidy=subsidy.fen, tax=tax.fen, earlier_excess=earlier_excess.fen)
    if profit_rate < 0:
        raise Invalid("准许利润率不能为负数。", detail_en="The profit rate is negative.")
    limit = fraction(bond_yield) + fraction(spread_max)
    if fraction(profit_rate) > limit:
        raise RateAboveCap(
            f"准许利润率 {decimal_text(profit_rate)} 高于上限 {decimal_text(limit)}"
            f"（上一年度10年期国债平均收益率 {decimal_text(bond_yield)} 加 {decimal_text(spread_max)}），请调低。",
            detail_en=f"{profit_rate} is above {bond_yield} + {spread_max}.",
            errors=[
                {
                    "pointer": "/profit_rate",
                    "code": "above_max",
                    "message": f"最高 {decimal_text(limit)}",
                    "message_en": f"at most {decimal_text(limit)}",
                    "limit": decimal_text(limit),
                }
            ],
            rule="PRC-02",
            article=COST_ARTICLE,
        )
    cost = max(gross_cost - subsidy, ZERO)
    return PermittedRevenue(cost, profit_rate, cost.times(profit_rate), tax, earlier_excess)


def caps_fit(caps: Iterable[CapForecast], permitted: Money) -> CapsFit:
    """Return what the caps would bring in at the forecast volumes, against the permitted revenue.

    Raises:
        Invalid: a forecast volume is negative.

    Source:
        PRC-04; 发改价格〔2025〕65号, 二: 在最高准许收入范围内.
    """
    expected = Fraction(0)
    for entry in caps:
        if entry.volume < 0:
            raise Invalid("预测业务量不能为负数。", detail_en="A forecast volume is negative.")
        expected += entry.cap.times(entry.volume)
    return CapsFit(expected, permitted)


def check_caps(caps: Iterable[CapForecast], permitted: Money) -> CapsFit:
    """Refuse caps that would bring in more than is permitted.

    Raises:
        CapsAboveRevenue: names both sums.
        Invalid: a forecast volume is negative.

    Source:
        PRC-04; 发改价格〔2025〕65号, 二: 在最高准许收入范围内.
    """
    found = caps_fit(caps, permitted)
    if not found.fits:
        expected, over = decimal_text(found.expected), decimal_text(-found.headroom)
        raise CapsAboveRevenue(
            f"各上限收费标准按预测业务量合计 {expected} 元，比最高准许收入 {permitted.text()} 元多 {over} 元，请调低。",
            detail_en=f"The caps bring in {expected}, {over} more than the permitted {permitted.text()}.",
            rule="PRC-04",
            article=CAP_ARTICLE,
        )
    return found


def loads(caps: Sequence[DatedCap], permitted: Money, *, start: date, year: int) -> list[Load]:
    """Return what the caps bring in on ``start`` and from every later change of that year on.

    A cap stays in effect until the next one for the same key; the forecast of each is for the whole year.

    Source:
        PRC-04; 发改价格〔2025〕65号, 二.
    """
    days = {start} | {cap.effective_from for cap in caps if cap.effective_from > start}
    found = []
    for day in sorted(day for day in days if day.year == year):
        in_effect: dict[Hashable, DatedCap] = {}
        for cap in sorted(caps, key=lambda cap: cap.effective_from):
            if cap.effective_from <= day:
                in_effect[cap.key] = cap
        counted = tuple(in_effect.values())
        found.append(Load(day, counted, caps_fit([cap.forecast for cap in counted], permitted)))
    return found


def must_be_competent(level: str, levels: Cited) -> None:
    """Refuse a level of government that may not set fee standards there.

    Raises:
        LevelNotCompetent: the level is not among those that the rules name.

    Source:
        PRC-03; 发改价格〔2025〕65号, 二 (policy ``pricing.authority_levels``).
    """
    if level not in levels.items():
        raise LevelNotCompetent(
            f"{level} 一级不在收费标准制定层级（{levels.value}）之内（{levels.citation()}），请报上级核定。",
            rule="PRC-03",
            article=levels.citation(),
            errors=[{"pointer": "/authority_level", "code": LevelNotCompetent.code, "message": levels.value}],
        )


def last_moment(day: date) -> datetime:
    """Return the last moment of a Beijing date: what was known on that day was on record by then."""
    return start_of_day(day + DAY) - timedelta(microseconds=1)


def readiness(first_sale_date: date, today: date) -> Readiness:
    """Return when the trial standard ends: after the first complete accounting year of operation.

    Source:
        PRC-06; 发改价格〔2025〕65号, 二: 运营满一个完整年度. An accounting year runs from 1 January.
    """
    year = Period.year(first_sale_date.year)
    first_complete = year if first_sale_date == year.start else Period.year(first_sale_date.year + 1)
    return Readiness(first_complete.start.year, first_complete.end, today >= first_complete.end)


def _not_negative(**fen: int) -> None:
    for name, amount in fen.items():
        if amount < 0:
            raise Invalid(f"{name} 不能为负数。", detail_en=f"{name} is negative.")


def computed(inputs: Mapping[str, Any]) -> PermittedRevenue:
    """Return the ceiling that follows from the inputs as its row keeps them: texts of yuan and fractions.

    Raises:
        RateAboveCap: the profit rate is above yield and spread.
    """
    return permitted_revenue(
        gross_cost=Money.yuan(inputs["gross_cost"]),
        subsidy=Money.yuan(inputs["subsidy"]),
        profit_rate=Decimal(inputs["profit_rate"]),
        bond_yield=Decimal(inputs["bond_yield"]),
        spread_max=Decimal(inputs["spread_max"]),
        tax=total(Money.yuan(line["amount"]) for line in inputs["tax_lines"]),
        earlier_excess=Money.yuan(inputs["clawback"]),
    )


def revenue_tree(
    number: str, year: int, inputs: Mapping[str, Any], sources: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return how a ceiling came about, from its inputs alone: a tree down to cost lines, acts and articles.

    Args:
        number: of the ceiling; empty while it is only proposed.
        year: accounting year for which it counts.
        inputs: what the determination took in, as the row keeps it.
        sources: the values of the book of rules that it used.
    """
    cited = {source["name"]: source for source in sources}
    found = computed(inputs)
    parts = [_cost_node(found, inputs, cited), _profit_node(found, inputs, cited), _tax_node(found, inputs)]
    if found.earlier_excess:
        words = inputs["clawback_reason"] or "上一周期超收扣减"
        parts.append(node(words, f"− {yuan(found.earlier_excess)}", source=CLAWBACK_ARTICLE))
    return node(
        f"{year} 年最高准许收入（{number}）" if number else f"{year} 年最高准许收入",
        yuan(found.total),
        formula="经营成本 + 准许利润 + 税金 − 超收扣减",
        source=COST_ARTICLE,
        lines=parts,
    )


def yuan(amount: Money) -> str:
    """Return an amount as an explanation shows it."""
    return f"¥ {amount.grouped()}"


def percent(rate: Decimal) -> str:
    """Return a fraction as per cent, exact: 0.082 is 8.2%."""
    return f"{decimal_text(fraction(rate) * PERCENT)}%"


def _cost_node(
    found: PermittedRevenue, inputs: Mapping[str, Any], cited: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    surveyed = inputs.get("cost_tree")
    lines = (
        surveyed["lines"] if surveyed else [node(one["text"], _grouped(one["amount"])) for one in inputs["categories"]]
    )
    if not surveyed:
        lines.append(node("政府补助", f"− {_grouped(inputs['subsidy'])}", source=f"成本调查 {inputs['survey']}"))
    return node(
        "经营成本（产业、行业用途，扣除政府补助）",
        yuan(found.operating_cost),
        formula="认定成本 − 政府补助",
        source=cited.get("pricing.cost_categories"),
        lines=lines,
    )


def _profit_node(
    found: PermittedRevenue, inputs: Mapping[str, Any], cited: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    bond_yield, spread_max = Decimal(inputs["bond_yield"]), Decimal(inputs["spread_max"])
    yield_source = cited.get("pricing.bond_yield_10y") or inputs["bond_yield_source"]
    return node(
        "准许利润",
        yuan(found.profit),
        formula=f"{found.operating_cost.grouped()} × {percent(found.profit_rate)}",
        source=COST_ARTICLE,
        lines=[
            node("成本调查前一年10年期国债平均收益率", percent(bond_yield), source=yield_source),
            node(
                f"加点（最高 {percent(spread_max)}）",
                percent(found.profit_rate - bond_yield),
                source=cited.get("pricing.profit_rate.spread_max"),
            ),
        ],
    )


def _tax_node(found: PermittedRevenue, inputs: Mapping[str, Any]) -> dict[str, Any]:
    lines = [node(line["label"], _grouped(line["amount"]), formula=line["basis"]) for line in inputs["tax_lines"]]
    return node("税金", yuan(found.tax), source=COST_ARTICLE, lines=lines)


def _grouped(text: str) -> str:
    return yuan(Money.yuan(text))
