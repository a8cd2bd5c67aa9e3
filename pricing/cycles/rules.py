"""Evaluation cycles: which years belong together, what they earned too much, and which later years give it back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from kernel.errors import Conflict, Invalid
from kernel.money import ZERO, Money, fraction, total
from pricing.assessments.rules import ARTICLE, YearResult, over_recovery


class CycleUnusable(Invalid):
    """Years that cannot be a cycle: too many, in the wrong order, or in another cycle already."""

    code = "cycle.unusable"


class YearsNotAssessed(Conflict):
    """A cycle is closed on the assessments of all its years."""

    code = "cycle.years_not_assessed"


class SmoothingNotAllowed(Invalid):
    """Only a large excess is spread over several years; how large is said by a rule or by the officer."""

    code = "cycle.smoothing_not_allowed"


@dataclass(frozen=True, slots=True)
class Span:
    """The years of a cycle, both included."""

    first: int
    last: int

    @property
    def years(self) -> range:
        """Every year of the cycle."""
        return range(self.first, self.last + 1)

    def text(self) -> str:
        """Return ``2023–2025``, or the year alone."""
        return str(self.first) if self.first == self.last else f"{self.first}–{self.last}"


@dataclass(frozen=True, slots=True)
class Result:
    """What a cycle brought: both sums, and what was earned above the ceilings of the whole cycle."""

    permitted: Money
    actual: Money
    excess: Money

    @property
    def share(self) -> Fraction:
        """The excess as a fraction of what was permitted; of nothing permitted, everything is excess."""
        if not self.permitted:
            return Fraction(1 if self.excess else 0)
        return Fraction(self.excess.fen, self.permitted.fen)


def must_be_a_cycle(span: Span, years_max: int, others: Iterable[Span]) -> None:
    """Refuse years that are too many or belong to another cycle of the agreement.

    Raises:
        CycleUnusable: says which.

    Source:
        PRC-07; 发改价格〔2025〕65号 四: 评估周期原则上不超过3年.
    """
    if span.last < span.first:
        raise _unusable(f"周期的末年 {span.last} 早于首年 {span.first}", "last_year")
    if len(span.years) > years_max:
        raise _unusable(f"{span.text()} 共 {len(span.years)} 年，超过评估周期上限 {years_max} 年", "last_year")
    for other in others:
        if span.first <= other.last and other.first <= span.last:
            raise _unusable(f"{span.text()} 与已有周期 {other.text()} 重叠", "first_year")


def derived(years: Iterable[int], years_max: int, opened: Sequence[Span]) -> list[Span]:
    """Return the cycles that the years with a ceiling fall into, besides those that were opened.

    A cycle begins with the first year that belongs to none and lasts as long as the rules permit, unless one that was
    opened begins earlier.
    """
    found: list[Span] = []
    for year in sorted(set(years)):
        if any(span.first <= year <= span.last for span in (*opened, *found)):
            continue
        following = min((span.first for span in opened if span.first > year), default=None)
        last = year + years_max - 1
        found.append(Span(year, last if following is None else min(last, following - 1)))
    return found


def result(years: Sequence[YearResult]) -> Result:
    """Return both sums of a cycle and its excess; a shortfall of the whole cycle gives no claim.

    Raises:
        Invalid: there are no years.

    Source:
        PRC-07; 发改价格〔2025〕65号 四.
    """
    excess = over_recovery(years).excess
    return Result(total(year.permitted for year in years), total(year.actual for year in years), excess)


def must_be_smoothable(found: Result, spread: int, threshold: Decimal | None, reason: str) -> None:
    """Refuse to spread an excess over several years unless it is large.

    Args:
        found: what the cycle brought.
        spread: over how many years.
        threshold: share of the permitted revenue above which an excess is large; None where no rule says.
        reason: why the officer holds it to be large, where no rule says.

    Raises:
        SmoothingNotAllowed: it is at most the threshold, or nobody says why it is large.
        Invalid: there is nothing to spread over.

    Source:
        PRC-07; 发改价格〔2025〕65号 四: 超出较多的，可在不同周期平滑处理.
    """
    if spread < 1:
        raise Invalid("至少分摊到一个年度。", detail_en="Spread over at least one year.")
    if spread == 1 or not found.excess:
        return
    if threshold is not None and found.share <= fraction(threshold):
        raise _not_smoothable(f"超收 {found.excess.text()} 元未超过平滑处理的起点，应在下一周期首年一次扣减")
    if threshold is None and not reason.strip():
        raise _not_smoothable("没有配置“超出较多”的起点，分年平滑的须写明认定理由")


def plan(excess: Money, first_year: int, spread: int) -> list[tuple[int, Money]]:
    """Return what each year from ``first_year`` on gives back; the parts add up, earlier years carry the odd fen.

    Raises:
        Invalid: there is nothing to spread over.
    """
    parts = over_recovery([YearResult(ZERO, excess)], spread).deductions
    return [(first_year + number, part) for number, part in enumerate(parts) if part]


def revised(before: Sequence[tuple[int, Money]], wanted: Sequence[tuple[int, Money]]) -> list[tuple[int, Money]]:
    """Return what has to be added for each year, more or less, so that an earlier plan becomes the wanted one."""
    sums: dict[int, Money] = {}
    for year, amount in wanted:
        sums[year] = sums.get(year, ZERO) + amount
    for year, amount in before:
        sums[year] = sums.get(year, ZERO) - amount
    return [(year, amount) for year, amount in sorted(sums.items()) if amount]


def due(planned: Iterable[tuple[int, Money]], deducted: Iterable[tuple[int, Money]], year: int) -> Money:
    """Return what is to be deducted from the ceiling of a year: everything planned by then and not deducted before.

    What was too large for a year, or was left out of its ceiling, moves on to the next one; nothing is forgotten.

    Args:
        planned: years and amounts of all plans of the agreement; an amount may correct an earlier one downwards.
        deducted: what the ceilings of other years really gave back.
        year: of the ceiling to be determined.
    """
    wanted = total(amount for at, amount in planned if at <= year)
    return max(wanted - total(amount for at, amount in deducted if at < year), ZERO)


def _unusable(words: str, field: str) -> CycleUnusable:
    return CycleUnusable(
        f"{words}，请调整起止年度。",
        detail_en="These years cannot be a cycle.",
        rule="PRC-07",
        article=ARTICLE,
        errors=[{"pointer": f"/{field}", "code": CycleUnusable.code, "message": words}],
    )


def _not_smoothable(words: str) -> SmoothingNotAllowed:
    return SmoothingNotAllowed(
        f"{words}。",
        detail_en="Only a large excess is spread over several years.",
        rule="PRC-07",
        article=ARTICLE,
        errors=[{"pointer": "/spread_years", "code": SmoothingNotAllowed.code, "message": words}],
    )
