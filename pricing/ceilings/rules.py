"""The highest permitted revenue, the caps that must fit inside it, and when the regime begins."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from kernel.calendar import Period
from kernel.errors import Invalid
from kernel.money import ZERO, Money, UnitPrice, decimal_text, fraction

COST_ARTICLE = "发改价格〔2025〕65号 三（一）"
CAP_ARTICLE = "发改价格〔2025〕65号 二"


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
