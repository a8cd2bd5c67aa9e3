"""Evaluation of operators and source departments: first their own assessment, then that of the authority; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from kernel.calendar import DAY, Period
from kernel.errors import Conflict, Invalid, NotAllowed
from registry.parties.rules import N_, Capacity


class EvaluationState(StrEnum):
    """Where an evaluation stands."""

    OPENED = "opened"
    SELF_ASSESSED = "self_assessed"
    ASSESSED = "assessed"
    PUBLISHED = "published"
    CLOSED = "closed"


class EvaluationEvent(StrEnum):
    """What happens to an evaluation."""

    SELF_ASSESS = "self_assess"
    ASSESS = "assess"
    PUBLISH = "publish"
    CLOSE = "close"


class EvaluationKind(StrEnum):
    """Who is evaluated."""

    OPERATOR = "operator"
    SOURCE_DEPARTMENT = "source_department"


class Participation(StrEnum):
    """As what somebody takes part in the assessment (EVA-01)."""

    COORDINATION_MEMBER = "coordination_member"
    DATA_PROVIDER = "data_provider"
    THIRD_PARTY = "third_party"


STATE_TITLES = {
    EvaluationState.OPENED: N_("待自评"),
    EvaluationState.SELF_ASSESSED: N_("已自评"),
    EvaluationState.ASSESSED: N_("已评价"),
    EvaluationState.PUBLISHED: N_("已公布"),
    EvaluationState.CLOSED: N_("已办结"),
}
EVENT_TITLES = {
    EvaluationEvent.SELF_ASSESS: N_("自评"),
    EvaluationEvent.ASSESS: N_("评价"),
    EvaluationEvent.PUBLISH: N_("公布结果"),
    EvaluationEvent.CLOSE: N_("办结（不公布）"),
}
KIND_TITLES = {EvaluationKind.OPERATOR: N_("运营机构"), EvaluationKind.SOURCE_DEPARTMENT: N_("数源部门")}
PARTICIPATION_TITLES = {
    Participation.COORDINATION_MEMBER: N_("协调机制成员单位"),
    Participation.DATA_PROVIDER: N_("数据提供单位"),
    Participation.THIRD_PARTY: N_("第三方机构"),
}
INDEX_TITLES = {"data_quality": N_("数据质量"), "application": N_("应用情况"), "revenue": N_("收益情况")}
CAPACITY_OF = {
    EvaluationKind.OPERATOR: Capacity.OPERATING_INSTITUTION,
    EvaluationKind.SOURCE_DEPARTMENT: Capacity.SOURCE_DEPARTMENT,
}
TRANSITIONS: dict[tuple[EvaluationState, EvaluationEvent], EvaluationState] = {
    (EvaluationState.OPENED, EvaluationEvent.SELF_ASSESS): EvaluationState.SELF_ASSESSED,
    # who does not assess itself is evaluated all the same: silence is no way out
    (EvaluationState.OPENED, EvaluationEvent.ASSESS): EvaluationState.ASSESSED,
    (EvaluationState.SELF_ASSESSED, EvaluationEvent.ASSESS): EvaluationState.ASSESSED,
    (EvaluationState.ASSESSED, EvaluationEvent.PUBLISH): EvaluationState.PUBLISHED,
    (EvaluationState.ASSESSED, EvaluationEvent.CLOSE): EvaluationState.CLOSED,
}
RESULTS = (EvaluationState.ASSESSED, EvaluationState.PUBLISHED, EvaluationState.CLOSED)


class WrongState(Conflict):
    """The evaluation does not admit this step now."""

    code = "evaluation.wrong_state"


class PeriodNotOver(Conflict):
    """What has not ended is not evaluated."""

    code = "evaluation.period_not_over"


class OpenedBefore(Conflict):
    """The same organisation is, or was, evaluated for a period that begins on that day."""

    code = "evaluation.opened_before"


class NotTheEvaluated(NotAllowed):
    """Only people of the evaluated organisation assess it themselves."""

    code = "evaluation.not_the_evaluated"


class NotEvaluable(Invalid):
    """The organisation does not act there as what it is to be evaluated as."""

    code = "evaluation.not_evaluable"


class ScoresIncomplete(Invalid):
    """A score is missing, is no decimal number, or belongs to no index; every one is named."""

    code = "evaluation.scores_incomplete"
    title = "评价指标得分不完整"
    title_en = "Scores are missing or wrong"


class ParticipantsMissing(Invalid):
    """The authority does not evaluate alone."""

    code = "evaluation.participants_missing"
    title = "缺少参与评价的单位"
    title_en = "Nobody else takes part in the evaluation"


class SelfAssessmentMissing(Conflict):
    """The day until which the organisation assesses itself has not passed."""

    code = "evaluation.self_assessment_missing"


@dataclass(frozen=True, slots=True)
class Participant:
    """An organisation or expert that took part in the assessment."""

    name: str
    participation: Participation


def after(state: EvaluationState, event: EvaluationEvent) -> EvaluationState:
    """Return the state after an event.

    Raises:
        WrongState: that event cannot happen to an evaluation in this state.
    """
    if (state, event) not in TRANSITIONS:
        allowed = "、".join(EVENT_TITLES[found] for at, found in TRANSITIONS if at is state) or "无"
        raise WrongState(
            f"评价目前为“{STATE_TITLES[state]}”，不能办理“{EVENT_TITLES[event]}”；此时可办理：{allowed}",
            detail_en=f"The evaluation is {state}; {event} is not possible.",
            rule="EVA-01",
        )
    return TRANSITIONS[state, event]


def possible(state: EvaluationState) -> tuple[EvaluationEvent, ...]:
    """Return the events that can happen in this state, in the order of the table."""
    return tuple(event for at, event in TRANSITIONS if at is state)


def checked_scores(scores: Mapping[str, str], indices: Sequence[str]) -> dict[str, str]:
    """Return one exact score per index, as text; where the rules name no index, as many as were given.

    Scores are decimals without sign; no text gives their scale, so none is assumed.

    Raises:
        ScoresIncomplete: one is missing, unknown, or no decimal number; all are named.

    Source:
        新昌县实施方案 五（三）: 数据质量、应用情况和收益情况等评价指标 (EVA-04).
    """
    missing = [index for index in indices if index not in scores]
    unknown = [index for index in scores if indices and index not in indices]
    wrong = [index for index, text in scores.items() if not _is_score(text)]
    faults = dict.fromkeys([*missing, *unknown, *wrong])
    if faults:
        names = "、".join(INDEX_TITLES.get(index, index) for index in faults)
        raise ScoresIncomplete(
            f"下列指标缺少得分、不在规定指标之内或得分不是非负小数：{names}",
            detail_en=f"Missing, unknown or no decimal number: {', '.join(faults)}.",
            rule="EVA-04",
            errors=[{"pointer": f"/scores/{index}", "code": ScoresIncomplete.code, "message": index}
                    for index in faults],
        )  # fmt: skip
    return {index: format(Decimal(scores[index]), "f") for index in (indices or sorted(scores))}


def check_participants(participants: Sequence[Participant]) -> None:
    """Refuse an assessment by the authority alone.

    Raises:
        ParticipantsMissing: neither a coordination member nor a provider nor a third party takes part.

    Source:
        新昌县实施方案 三（五）8 (EVA-01).
    """
    if not participants:
        raise ParticipantsMissing(
            "评价须会同协调机制成员单位、数据提供单位或委托第三方机构进行，请列明参与单位",
            detail_en="Name the coordination members, providers or third party that took part.",
            rule="EVA-01",
            errors=[{"pointer": "/participants", "code": ParticipantsMissing.code, "message": "请列明参与单位"}],
        )


def check_silence(number: str, state: EvaluationState, self_due: date, on: date) -> None:
    """Refuse to assess an organisation that may still assess itself.

    Raises:
        SelfAssessmentMissing: it has not, and its last day for that has not passed.
    """
    if state is EvaluationState.OPENED and on <= self_due:
        raise SelfAssessmentMissing(
            f"{number}：被评价单位尚未自评，自评截止日 {self_due} 未过，不得先行评价；请等待自评或期满后办理",
            detail_en=f"Wait for the self-assessment, due on {self_due}.",
            rule="EVA-01",
        )


def check_period(start: date, end: date, on: date) -> None:
    """Refuse to evaluate a period that has not ended; ``end`` is the first day that does not belong to it.

    Raises:
        PeriodNotOver: its last day has not passed.
        NotAPeriod: it ends before it begins.
    """
    if Period(start, end).end > on:
        raise PeriodNotOver(
            f"评价期间至 {end - DAY} 止，尚未结束，期满后方可评价",
            detail_en="The period has not ended.",
            rule="EVA-01",
        )


def _is_score(text: str) -> bool:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return False
    return number.is_finite() and not number.is_signed()
