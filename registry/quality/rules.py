"""Quality tickets and the quality score of a resource. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from kernel.errors import Conflict, Invalid
from registry.parties.rules import N_


class Category(StrEnum):
    """What is wrong with the data."""

    COMPLETENESS = "completeness"
    ACCURACY = "accuracy"
    TIMELINESS = "timeliness"
    CONSISTENCY = "consistency"
    OTHER = "other"


class TicketState(StrEnum):
    """Where a ticket stands."""

    FILED = "filed"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    CORRECTED = "corrected"
    CONFIRMED = "confirmed"
    REOPENED = "reopened"
    CLOSED = "closed"


class TicketEvent(StrEnum):
    """What can happen to a ticket."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    CORRECT = "correct"
    CONFIRM = "confirm"
    REOPEN = "reopen"
    CLOSE = "close"


CATEGORY_TITLES = {
    Category.COMPLETENESS: N_("完整性"),
    Category.ACCURACY: N_("准确性"),
    Category.TIMELINESS: N_("及时性"),
    Category.CONSISTENCY: N_("一致性"),
    Category.OTHER: N_("其他"),
}
EVENT_TITLES = {
    TicketEvent.ACCEPT: N_("受理"),
    TicketEvent.REFUSE: N_("不予受理"),
    TicketEvent.CORRECT: N_("已更正"),
    TicketEvent.CONFIRM: N_("确认已解决"),
    TicketEvent.REOPEN: N_("仍未解决"),
    TicketEvent.CLOSE: N_("办结"),
}
STATE_TITLES = {
    TicketState.FILED: N_("待答复"),
    TicketState.ACCEPTED: N_("已受理"),
    TicketState.REFUSED: N_("不予受理"),
    TicketState.CORRECTED: N_("已更正，待确认"),
    TicketState.CONFIRMED: N_("已确认解决"),
    TicketState.REOPENED: N_("仍未解决"),
    TicketState.CLOSED: N_("已办结"),
}
# The source department answers, the reporter judges the answer.
BY_DEPARTMENT = (TicketEvent.ACCEPT, TicketEvent.REFUSE, TicketEvent.CORRECT)
BY_REPORTER = (TicketEvent.CONFIRM, TicketEvent.REOPEN, TicketEvent.CLOSE)
NEEDS_REASON = (TicketEvent.REFUSE, TicketEvent.REOPEN)
# In these states the clock of the source department runs.
WAITING = (TicketState.FILED, TicketState.REOPENED)

TRANSITIONS: dict[tuple[TicketState, TicketEvent], TicketState] = {
    (TicketState.FILED, TicketEvent.ACCEPT): TicketState.ACCEPTED,
    (TicketState.FILED, TicketEvent.REFUSE): TicketState.REFUSED,
    (TicketState.FILED, TicketEvent.CLOSE): TicketState.CLOSED,
    (TicketState.ACCEPTED, TicketEvent.CORRECT): TicketState.CORRECTED,
    (TicketState.REFUSED, TicketEvent.REOPEN): TicketState.REOPENED,
    (TicketState.REFUSED, TicketEvent.CLOSE): TicketState.CLOSED,
    (TicketState.CORRECTED, TicketEvent.CONFIRM): TicketState.CONFIRMED,
    (TicketState.CORRECTED, TicketEvent.REOPEN): TicketState.REOPENED,
    (TicketState.REOPENED, TicketEvent.ACCEPT): TicketState.ACCEPTED,
    (TicketState.REOPENED, TicketEvent.REFUSE): TicketState.REFUSED,
    (TicketState.REOPENED, TicketEvent.CORRECT): TicketState.CORRECTED,
    (TicketState.REOPENED, TicketEvent.CLOSE): TicketState.CLOSED,
    (TicketState.CONFIRMED, TicketEvent.CLOSE): TicketState.CLOSED,
}


class WrongTicketState(Conflict):
    """The ticket does not admit this step now."""

    code = "quality.wrong_state"


class ReasonMissing(Invalid):
    """A refusal or a reopening without a reason."""

    code = "quality.reason_missing"


class WeightsWrong(Invalid):
    """The configured weights do not add up to one."""

    code = "quality.weights_wrong"


def after(state: TicketState, event: TicketEvent) -> TicketState:
    """Return the state that follows.

    Raises:
        WrongTicketState: the event is not possible in that state.

    Source:
        普洱市公共数据资源授权运营管理办法 第十四条 (RVW-08).
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise WrongTicketState(
            f"质量问题目前为“{STATE_TITLES[state]}”，不能办理“{EVENT_TITLES[event]}”（RVW-08）：请刷新后查看当前环节",
            detail_en=f"A ticket in state {state} does not admit {event}",
            rule="RVW-08",
        ) from None


def possible(state: TicketState) -> tuple[TicketEvent, ...]:
    """Return what can happen to a ticket in that state."""
    return tuple(event for event in TicketEvent if (state, event) in TRANSITIONS)


def check_reason(event: TicketEvent, reason: str) -> None:
    """Refuse a refusal or a reopening that gives no reason.

    Raises:
        ReasonMissing: the reason is empty.
    """
    if event in NEEDS_REASON and not reason.strip():
        raise ReasonMissing(
            f"“{EVENT_TITLES[event]}”须写明理由（RVW-08）",
            detail_en=f"Give a reason to {event}",
            rule="RVW-08",
            errors=[{"pointer": "/reason", "code": ReasonMissing.code, "message": "请写明理由"}],
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """One ticket as the score sees it: only dates, so that any day can be computed again."""

    category: Category
    filed_on: date
    due_date: date | None  # last day for an answer, where one is configured
    answered_on: date | None  # first answer, acceptance or refusal
    accepted_on: date | None
    resolved_on: date | None  # confirmed by the reporter, or closed

    def counts(self, on: date) -> bool:
        """Say whether it counts on that day: accepted, or left without an answer beyond its day."""
        if self.accepted_on is not None and self.accepted_on <= on:
            return True
        is_answered = self.answered_on is not None and self.answered_on <= on
        is_over = self.resolved_on is not None and self.resolved_on <= on
        return not is_answered and not is_over and self.due_date is not None and self.due_date < on

    def is_resolved(self, on: date) -> bool:
        """Say whether it was resolved by that day."""
        return self.resolved_on is not None and self.resolved_on <= on


@dataclass(frozen=True, slots=True)
class Scale:
    """How a score is made; every figure is configured, none is written here."""

    weights: Mapping[Category, Fraction]
    penalty_open: Fraction
    penalty_resolved: Fraction


@dataclass(frozen=True, slots=True)
class CategoryScore:
    """One line of the score."""

    category: Category
    weight: Fraction
    open_count: int
    resolved_count: int
    value: Fraction


@dataclass(frozen=True, slots=True)
class Score:
    """The quality of a resource on a day, between 0 and 1, with the lines that it adds up from."""

    value: Fraction
    lines: tuple[CategoryScore, ...]


def score(problems: Iterable[Problem], scale: Scale, *, since: date, on: date) -> Score:
    """Return the quality score of a resource (质量评分), an exact fraction from 0 to 1.

    Each category starts at 1 and loses ``penalty_open`` for every problem that stands and ``penalty_resolved`` for
    every one that was resolved, but never falls below 0; the score is their weighted sum.

    Args:
        problems: the tickets of the resource.
        scale: weights and penalties, fractions.
        since: tickets filed before this day count no more, unless they still stand.
        on: the day of the score.

    Raises:
        WeightsWrong: the weights do not add up to 1.

    Source:
        RVW-08 feeds REV-04; the formula is configured, no text gives it.
    """
    if sum(scale.weights.values(), Fraction(0)) != 1:
        raise WeightsWrong(
            "质量评分各方面的权重之和须为 1，请核对补充文件中的 quality.weight_*（RVW-08）",
            detail_en="The weights of quality.weight_* must add up to 1",
            rule="RVW-08",
        )
    counted = [one for one in problems if one.filed_on <= on and one.counts(on)]
    lines = []
    for category, weight in scale.weights.items():
        own = [one for one in counted if one.category is category]
        standing = sum(1 for one in own if not one.is_resolved(on))
        resolved = sum(1 for one in own if one.is_resolved(on) and one.filed_on >= since)
        value = max(1 - scale.penalty_open * standing - scale.penalty_resolved * resolved, Fraction(0))
        lines.append(CategoryScore(category, weight, standing, resolved, value))
    return Score(sum((line.weight * line.value for line in lines), Fraction(0)), tuple(lines))
