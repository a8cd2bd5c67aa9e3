"""The linter of share schedules: what can never happen, is said twice, or leaves money over; each with its own code."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import pairwise

from kernel.money import decimal_text
from settlement.steps.rules import Base, Over, Step, StepKind

NOTHING = Fraction(0)
WHOLE = Fraction(1)


@dataclass(frozen=True, slots=True)
class ScheduleFinding:
    """Something wrong with a schedule: ``step`` counts from 1, or is None for the whole."""

    code: str
    step: int | None
    message: str
    message_en: str


def lint(steps: Sequence[Step]) -> list[ScheduleFinding]:
    """Return what is wrong with a schedule, by what it concerns; an empty list divides every amount to the fen.

    The codes: ``rest_missing``, ``rest_twice``, ``portions_over_one``, ``unreachable``, ``key_twice``,
    ``window_empty``, ``bands_not_rising``, ``band_open_early``, ``band_last_bounded``, ``carry_without_base``,
    ``floor_over_term``, ``cost_twice``.

    Source:
        REV-02, REV-03; CST-02: 已计入成本的费用不得再次扣除.
    """
    return [
        *_rests(steps), *_too_much(steps), *_unreachable(steps), *_keys(steps),
        *(finding for number, step in enumerate(steps, start=1) for finding in _of_one(number, step)),
    ]  # fmt: skip


def _rests(steps: Sequence[Step]) -> Iterator[ScheduleFinding]:
    rests = [number for number, step in enumerate(steps, start=1) if step.kind is StepKind.REST]
    if not rests:
        yield ScheduleFinding("rest_missing", None, "缺少取走余额的一步（rest）", "no step takes the rest")
    for number in rests[1:]:
        yield ScheduleFinding("rest_twice", number, f"第 {number} 步是第二个 rest", f"step {number} is a second rest")


def _days(steps: Sequence[Step]) -> list[date]:
    """Return a day of every stretch of time in which the same steps are in force."""
    return sorted({date.min, *(step.starts for step in steps if step.starts is not None)})


def _too_much(steps: Sequence[Step]) -> Iterator[ScheduleFinding]:
    sums = [
        (sum((step.most for step in steps if step.base is not Base.LEFT and step.counts_on(day)), NOTHING), day)
        for day in _days(steps)
    ]
    most, day = max(sums, default=(NOTHING, date.min), key=lambda one: one[0])
    if most > WHOLE:
        when, when_en = (f"自 {day} 起", f" from {day}") if day != date.min else ("", "")
        yield ScheduleFinding(
            "portions_over_one", None, f"{when}各步比例合计 {decimal_text(most)}，超过 1",
            f"the portions{when_en} add up to {decimal_text(most)}, more than 1",
        )  # fmt: skip


def _unreachable(steps: Sequence[Step]) -> Iterator[ScheduleFinding]:
    """Find the steps before which, on every day on which they count, nothing is left for certain."""
    days = _days(steps)
    for number, step in enumerate(steps, start=1):
        counting = [day for day in days if step.counts_on(day)]
        if step.kind is not StepKind.REST and counting and all(_taken(steps[: number - 1], day) for day in counting):
            message = f"第 {number} 步之前已分完，该步永远得不到任何金额"
            yield ScheduleFinding("unreachable", number, message, f"step {number} can never get anything")


def _taken(before: Sequence[Step], day: date) -> bool:
    """Say whether these steps take everything on a day, whatever the amount."""
    taken = NOTHING
    for step in before:
        if step.kind is StepKind.REST:
            return True
        is_sure = step.cap is None and not step.caps and step.counts_on(day)
        if is_sure:
            least = min((band.portion for band in step.bands), default=step.portion)
            taken += (WHOLE - taken) * least if step.base is Base.LEFT else least
    return taken >= WHOLE


def _keys(steps: Sequence[Step]) -> Iterator[ScheduleFinding]:
    seen: set[str] = set()
    for number, step in enumerate(steps, start=1):
        if step.key and step.key in seen:
            words = f"第 {number} 步的名称“{step.key}”与前面的步骤相同"
            yield ScheduleFinding("key_twice", number, words, f"step {number} has a key that another one has")
        seen.add(step.key)


def _of_one(number: int, step: Step) -> Iterator[ScheduleFinding]:
    if step.starts is not None and step.ends is not None and step.ends < step.starts:
        words = f"第 {number} 步的截止日早于起始日，永远不会执行"
        yield ScheduleFinding("window_empty", number, words, f"step {number} ends before it starts")
    yield from _bands(number, step)
    if step.kind in (StepKind.RATE, StepKind.POOL) and step.over is Over.TERM:
        if step.base is Base.LEFT:
            words = f"第 {number} 步按“剩余”计提，不能跨期累计；请改用实收或净额"
            yield ScheduleFinding(
                "carry_without_base", number, words, f"step {number} counts what is left over the term"
            )
        if step.floor is not None:
            words = f"第 {number} 步跨期累计，下限须逐期约定"
            yield ScheduleFinding("floor_over_term", number, words, f"step {number} has a floor over the term")
    if step.in_cost_base:
        words = f"第 {number} 步的费用已计入经营成本（in_cost_base），不得再从收益中扣除（CST-02）"
        yield ScheduleFinding("cost_twice", number, words, f"step {number} deducts what is in the cost base already")


def _bands(number: int, step: Step) -> Iterator[ScheduleFinding]:
    limits = [band.up_to for band in step.bands]
    bounded = [limit for limit in limits if limit is not None]
    if None in limits[:-1]:
        words = f"第 {number} 步只有最后一档可以不写上限"
        yield ScheduleFinding("band_open_early", number, words, f"step {number}: only the last band may be open")
    if limits and limits[-1] is not None:
        words = f"第 {number} 步最后一档之上没有约定比例"
        yield ScheduleFinding("band_last_bounded", number, words, f"step {number}: nothing is said above the last band")
    if any(after <= before for before, after in pairwise(bounded)):
        words = f"第 {number} 步各档上限须逐档升高"
        yield ScheduleFinding("bands_not_rising", number, words, f"step {number}: the breakpoints must rise")
