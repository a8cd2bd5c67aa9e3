"""The yearly deviation from the permitted revenue, and what was earned above it in a whole period."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from kernel.errors import Invalid
from kernel.money import ZERO, Money, fraction, total

ARTICLE = "发改价格〔2025〕65号 四"


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


class NothingPermitted(Invalid):
    """A deviation from nothing has no size."""

    code = "pricing.nothing_permitted"
    title = "最高准许收入为零，无法计算偏离"
    title_en = "The permitted revenue is zero"


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
