"""The yearly deviation from the permitted revenue, and what was earned above it in a whole period."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from kernel.calendar import Period
from kernel.errors import Conflict, Invalid
from kernel.money import FEN_DIGITS, PERCENT, ZERO, Money, decimal_text, fraction, total
from pricing.adjustments.rules import ARTICLE as ARTICLE
from pricing.adjustments.rules import AdjustmentKind


class Direction(StrEnum):
    """On which side of the permitted revenue the actual revenue lies."""

    OVER = "over"
    UNDER = "under"
    NONE = "none"


class Action(StrEnum):
    """What the authorizing entity has to do."""

    NONE = "none"
    ADJUST_PRICES = "adjust_prices"  # guide the operator to change its concrete prices
    ADJUST_CAPS = "adjust_caps"  # change the caps


class Basis(StrEnum):
    """Whether the revenue that is compared holds the tax: as the permitted revenue does (REV-06)."""

    NET_OF_TAX = "net_of_tax"
    WITH_TAX = "with_tax"


KIND_OF = {Action.ADJUST_PRICES: AdjustmentKind.PRICE, Action.ADJUST_CAPS: AdjustmentKind.CAP}
ACTION_TITLES = {
    Action.NONE: "无须调整",
    Action.ADJUST_PRICES: "由授权主体指导运营机构调整具体收费标准",
    Action.ADJUST_CAPS: "由授权主体调整上限收费标准",
}
DIRECTION_TITLES = {Direction.OVER: "高于", Direction.UNDER: "低于", Direction.NONE: "等于"}


class NothingPermitted(Invalid):
    """A deviation from nothing has no size."""

    code = "pricing.nothing_permitted"
    title = "最高准许收入为零，无法计算偏离"
    title_en = "The permitted revenue is zero"


class YearNotOver(Conflict):
    """A year is assessed when it is over."""

    code = "assessment.year_not_over"
    title = "年度尚未结束"
    title_en = "The year is not over"


class NotSettled(Conflict):
    """Part of the year has no sealed settlement, or one that reaches into another year."""

    code = "assessment.not_settled"
    title = "年度收入尚未全部结算封存"
    title_en = "The year is not settled"


@dataclass(frozen=True, slots=True)
class Settled:
    """A sealed settlement: its number and the days that it covers."""

    number: str
    period: Period


@dataclass(frozen=True, slots=True)
class Earned:
    """What the operator earned with one product in one settled period; ``net`` and ``tax`` add up to what was paid."""

    period: Period
    product: str
    net: Money
    tax: Money
    quantity: int

    def amount(self, basis: Basis) -> Money:
        """Return what counts on that basis."""
        return self.net + self.tax if basis is Basis.WITH_TAX else self.net


@dataclass(frozen=True, slots=True)
class Revenue:
    """The operator's service-fee revenue of a year as settlement hands it down: what is sealed, and what it earned."""

    settled: tuple[Settled, ...] = ()
    earned: tuple[Earned, ...] = ()

    def total(self, basis: Basis) -> Money:
        """Return the sum on that basis."""
        return total(one.amount(basis) for one in self.earned)

    def by_product(self, basis: Basis) -> dict[str, Money]:
        """Return the sum of each product, by code."""
        found: dict[str, Money] = {}
        for one in self.earned:
            found[one.product] = found.get(one.product, ZERO) + one.amount(basis)
        return dict(sorted(found.items()))

    def by_period(self, basis: Basis) -> dict[Period, Money]:
        """Return the sum of each settled period, the oldest first; those without revenue with zero."""
        found = {one.period: ZERO for one in self.settled}
        for one in self.earned:
            found[one.period] = found.get(one.period, ZERO) + one.amount(basis)
        return dict(sorted(found.items()))


@dataclass(frozen=True, slots=True)
class Determined:
    """One determination of the permitted revenue of the year."""

    number: str
    permitted: Money
    on: date


@dataclass(frozen=True, slots=True)
class Deviation:
    """How far the year's revenue was from the permitted revenue; ``share`` is exact and has no sign."""

    share: Fraction
    direction: Direction
    action: Action


@dataclass(frozen=True, slots=True)
class YearResult:
    """Permitted and actual revenue of one year, on the same basis (net of tax or both with it)."""

    permitted: Money
    actual: Money


@dataclass(frozen=True, slots=True)
class OverRecovery:
    """What was earned above the ceiling in a period, and what each coming period gives back."""

    excess: Money
    deductions: tuple[Money, ...]


def deviation(permitted: Money, actual: Money, threshold: Decimal) -> Deviation:
    """Return the deviation of a year and what follows from it; both directions count, exactly at the threshold is mild.

    Args:
        permitted: 最高准许收入 of the year.
        actual: revenue of the year on the same basis.
        threshold: fraction up to which concrete prices are adjusted and above which the caps are.

    Raises:
        NothingPermitted: the permitted revenue is zero and there was revenue.
        Invalid: an amount or the threshold is negative.

    Source:
        PRC-08; 发改价格〔2025〕65号, 四: 偏离10%及以下 / 超过10%.
    """
    if permitted < ZERO or actual < ZERO or threshold < 0:
        raise Invalid("收入和阈值不能为负数。", detail_en="Amounts and threshold cannot be negative.")
    if actual == permitted:
        return Deviation(Fraction(0), Direction.NONE, Action.NONE)
    if permitted == ZERO:
        raise NothingPermitted(
            f"最高准许收入为零而实际收入为 {actual.text()} 元，偏离幅度没有意义，请先核对准许收入。",
            detail_en="Revenue without any permitted revenue; check the determination.",
            rule="PRC-08",
            article=ARTICLE,
        )
    share = Fraction(abs(actual - permitted).fen, permitted.fen)
    direction = Direction.OVER if actual > permitted else Direction.UNDER
    return Deviation(share, direction, Action.ADJUST_PRICES if share <= fraction(threshold) else Action.ADJUST_CAPS)


def over_recovery(years: Sequence[YearResult], spread_cycles: int = 1) -> OverRecovery:
    """Return what a period earned above its ceiling, and the equal deductions of the periods that follow.

    Only the sum over the whole period counts; a shortfall gives no claim. Where the fen do not divide evenly the
    earlier periods carry one more.

    Raises:
        Invalid: there are no years, or nothing to spread over.

    Source:
        PRC-07; 发改价格〔2025〕65号, 四: 超出部分在下一周期扣减，超出较多的可分周期扣减.
    """
    if not years:
        raise Invalid("评估周期至少包含一个年度。", detail_en="A period has at least one year.")
    if spread_cycles < 1:
        raise Invalid("至少分摊到一个周期。", detail_en="Spread over at least one period.")
    excess = max(total(year.actual for year in years) - total(year.permitted for year in years), ZERO)
    each, odd = divmod(excess.fen, spread_cycles)
    return OverRecovery(excess, tuple(Money(each + (1 if cycle < odd else 0)) for cycle in range(spread_cycles)))


def must_be_assessable(year: int, operation: Period, settled: Sequence[Settled], today: date) -> None:
    """Refuse to assess a year that is not over, or whose operation is not settled day by day.

    Args:
        year: accounting year, 1 January to 31 December.
        operation: days on which the operator was authorized to operate.
        settled: the sealed settlements of the place that touch the year.
        today: Beijing date.

    Raises:
        YearNotOver: today belongs to the year, or lies before it.
        NotSettled: days of operation are in no sealed settlement, or a settlement reaches into another year.

    Source:
        PRC-08, PRC-09; 发改价格〔2025〕65号 四, 五.
    """
    whole = Period.year(year)
    if today < whole.end:
        raise YearNotOver(
            f"{year} 年到 {whole.last_day} 才结束，请于 {whole.end} 起评估。",
            detail_en=f"Assess {year} from {whole.end} on.",
            rule="PRC-08",
            article=ARTICLE,
        )
    crossing = [one for one in settled if one.period.start < whole.start or one.period.end > whole.end]
    if crossing:
        raise NotSettled(
            f"结算 {crossing[0].number}（{crossing[0].period.text()}）跨越 {year} 年首尾，收入无法按年划分，"
            "请先更正结算期间。",
            detail_en=f"Settlement {crossing[0].number} reaches into another year.",
            rule="REV-06",
        )
    wanted = whole.overlap(operation)
    missing = uncovered(wanted, [one.period for one in settled]) if wanted else []
    if missing:
        words = "、".join(period.text() for period in missing)
        raise NotSettled(
            f"{year} 年的 {words} 还没有封存的结算，实际收入不完整，请先完成结算再评估。",
            detail_en=f"Not settled yet: {words}.",
            rule="REV-06",
            article=ARTICLE,
        )


def uncovered(wanted: Period, covered: Iterable[Period]) -> list[Period]:
    """Return the parts of a period that no other covers, the oldest first."""
    found, start = [], wanted.start
    for period in sorted(covered):
        if period.start > start and start < wanted.end:
            found.append(Period(start, min(period.start, wanted.end)))
        start = max(start, period.end)
    if start < wanted.end:
        found.append(Period(start, wanted.end))
    return found


def counted(determined: Sequence[Determined], year: int) -> list[tuple[Determined, Period | None]]:
    """Return the determinations of a year, the oldest first, each with the days on which it was the one that counted.

    The first one counts from the first day of the year on, whenever it was made; the newest one counts for the
    assessment of the whole year. One that was replaced on the same day, or before the year began, never counted.
    """
    whole, found = Period.year(year), []
    for number, one in enumerate(determined):
        start = whole.start if number == 0 else max(one.on, whole.start)
        following = determined[number + 1].on if number + 1 < len(determined) else whole.end
        end = min(max(following, whole.start), whole.end)
        found.append((one, Period(start, end) if start < end else None))
    return found


def share_text(permitted: Money, actual: Money) -> str:
    """Return the deviation as per cent with its sign, rounded for people: ``+10.00%``; of nothing permitted, ``0%``."""
    if not permitted:
        return "0%"
    share = PERCENT * Fraction((actual - permitted).fen, permitted.fen)
    return f"{'+' if share > 0 else ''}{decimal_text(share, FEN_DIGITS)}%"
