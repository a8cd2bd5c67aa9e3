"""Headroom: what the running year has earned so far, what it will earn, and when limits are reached."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from kernel.calendar import DAY, Period
from kernel.errors import Invalid
from kernel.money import ZERO, Money, fraction, total

WHOLE = Decimal(1)
ARTICLE = "发改价格〔2025〕65号 四"


@dataclass(frozen=True, slots=True)
class Accrued:
    """What one product earned in part of the year, net of tax: a settled period, or the days since the last one."""

    period: Period
    product: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Forecast:
    """Revenue at the end of the year in yuan, exact: at the mean, the slowest and the fastest run rate."""

    expected: Fraction
    low: Fraction
    high: Fraction
    daily: Fraction  # mean yuan per day
    basis: tuple[Period, ...]  # the periods on which the run rate rests


@dataclass(frozen=True, slots=True)
class Reach:
    """When a share of the limit is reached: ``is_reached`` already, else on a day of the year, else not (None)."""

    share: Decimal
    amount: Fraction
    is_reached: bool
    on: date | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the year stands against one limit."""

    accrued: Money
    limit: Money
    forecast: Forecast | None
    reaches: tuple[Reach, ...]

    @property
    def left(self) -> Money:
        """What may still be earned; negative above the limit."""
        return self.limit - self.accrued

    @property
    def share(self) -> Fraction:
        """Accrued revenue as a fraction of the limit; of no limit, everything once anything is earned."""
        if not self.limit:
            return Fraction(1 if self.accrued else 0)
        return Fraction(self.accrued.fen, self.limit.fen)


def by_period(accrued: Iterable[Accrued]) -> list[tuple[Period, Money]]:
    """Return the sum of each period, the oldest first."""
    sums: dict[Period, Money] = {}
    for one in accrued:
        sums[one.period] = sums.get(one.period, ZERO) + one.amount
    return sorted(sums.items())


def forecast(earned: Sequence[tuple[Period, Money]], until: date, year: Period, months: int | None) -> Forecast | None:
    """Return what the year will earn, going on as in its last full months; None before any day passed.

    The run rate is the revenue of those months over their days; low and high go on at the slowest and the fastest of
    them. Before the first full month is over, the days so far are taken.

    Args:
        earned: the revenue of each period of the year so far.
        until: first day that is not counted yet.
        year: the running year.
        months: how many of the last full months count; None for all of the year.
    """
    full = [(period, amount) for period, amount in earned if _is_full(period)]
    basis = (full[-months:] if months else full) or list(earned)
    days = sum(period.days for period, _ in basis)
    if not days:
        return None
    so_far = total(amount for _, amount in earned).exact_yuan()
    left = max((year.end - until).days, 0)
    rates = [Fraction(amount.exact_yuan(), period.days) for period, amount in basis]
    mean = Fraction(total(amount for _, amount in basis).exact_yuan(), days)
    return Forecast(
        expected=so_far + mean * left,
        low=so_far + min(rates) * left,
        high=so_far + max(rates) * left,
        daily=mean,
        basis=tuple(period for period, _ in basis),
    )


def reach(accrued: Money, limit: Money, share: Decimal, found: Forecast | None, until: date, year: Period) -> Reach:
    """Return when a share of the limit is reached, going on at the mean run rate.

    Raises:
        Invalid: the share is not positive.
    """
    if share <= 0:
        raise Invalid("预警比例应大于零。", detail_en="The share must be positive.")
    wanted = limit.exact_yuan() * fraction(share)
    missing = wanted - accrued.exact_yuan()
    if missing <= 0:
        return Reach(share, wanted, True, None)
    if found is None or not found.daily:
        return Reach(share, wanted, False, None)
    days = -((-missing) // found.daily)
    left = (year.end - until).days
    return Reach(share, wanted, False, until + DAY * (int(days) - 1) if days <= left else None)


def standing(
    earned: Sequence[tuple[Period, Money]], limit: Money, shares: Iterable[Decimal], until: date, year: Period,
    months: int | None,
) -> Standing:  # fmt: skip
    """Return where the year stands against a limit: accrued, forecast, and when each share is reached.

    Raises:
        Invalid: a share is not positive.

    Source:
        PRC-07; 发改价格〔2025〕65号 四. The text names no method of forecasting.
    """
    accrued = total(amount for _, amount in earned)
    found = forecast(earned, until, year, months)
    return Standing(accrued, limit, found, tuple(reach(accrued, limit, share, found, until, year) for share in shares))


def shares_watched(alert: Decimal | None) -> tuple[Decimal, ...]:
    """Return the shares of a limit that raise an alarm: the one that the rules name, if any, and the whole."""
    return (WHOLE,) if alert is None or alert >= WHOLE else (alert, WHOLE)


def _is_full(period: Period) -> bool:
    """Say whether a period is made of whole calendar months."""
    return period.start.day == 1 and period.end.day == 1
