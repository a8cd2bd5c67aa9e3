"""Reviews: their states and events, and what a seat may decide. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from kernel.calendar import WorkingCalendar
from kernel.errors import Conflict, Invalid
from registry.procedures.rules import (
    CHECK_TITLES as CHECK_TITLES,
)
from registry.procedures.rules import (
    GROUNDED_KINDS,
    WITHOUT_RETURN,
)
from registry.procedures.rules import (
    PROCEDURE_TITLES as PROCEDURE_TITLES,
)
from registry.procedures.rules import (
    RULE_OF as RULE_OF,
)
from registry.procedures.rules import (
    STAGES as STAGES,
)
from registry.procedures.rules import (
    Finding as Finding,
)
from registry.procedures.rules import (
    Procedure as Procedure,
)
from registry.procedures.rules import (
    RefusalGround as RefusalGround,
)
from registry.procedures.rules import (
    Seat as Seat,
)
from registry.procedures.rules import (
    Stage as Stage,
)
from registry.procedures.rules import (
    cited_dict as cited_dict,
)
from registry.procedures.rules import (
    speaks_for as speaks_for,
)


class ReviewState(StrEnum):
    """Where a review stands: ``submitted`` until the first seat has decided, then ``in_stage``."""

    SUBMITTED = "submitted"
    IN_STAGE = "in_stage"
    RETURNED = "returned"
    PASSED = "passed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class ReviewEvent(StrEnum):
    """What can happen to a review."""

    STAGE_AGREED = "stage_agreed"
    ALL_AGREED = "all_agreed"
    REFUSED = "refused"
    RETURNED = "returned"
    RESUBMITTED = "resubmitted"
    WITHDRAWN = "withdrawn"
    PAUSED = "paused"
    RESUMED = "resumed"
    APPEALED = "appealed"


class StageState(StrEnum):
    """Where one seat stands."""

    WAITING = "waiting"
    OPEN = "open"
    AGREED = "agreed"
    REFUSED = "refused"
    RETURNED = "returned"
    CLOSED = "closed"


class Decision(StrEnum):
    """What a reviewer decides on a seat; ``return_once`` lists all defects and is possible once per review."""

    AGREE = "agree"
    REFUSE = "refuse"
    RETURN_ONCE = "return_once"


class WrongState(Conflict):
    """The review does not admit this step now."""

    code = "review.wrong_state"


class Paused(Conflict):
    """The clock stands still, and with it the review."""

    code = "review.paused"


class NotPaused(Conflict):
    """A review that is not paused cannot be resumed."""

    code = "review.not_paused"


class ReturnedBefore(Conflict):
    """The review was already returned for correction once."""

    code = "review.returned_before"


class ReturnNotOffered(Conflict):
    """The procedure knows no return for correction."""

    code = "review.return_not_offered"


class ChecklistIncomplete(Invalid):
    """The reviewer agrees without having confirmed every point that must be checked."""

    code = "review.checklist_incomplete"


class DefectsMissing(Invalid):
    """The review is to be returned without saying what is wrong."""

    code = "review.defects_missing"


class FindingsOpen(Conflict):
    """The checks found something that must be put right first."""

    code = "review.findings_open"


class GroundMissing(Invalid):
    """An operator refuses without one of the grounds of the closed list."""

    code = "review.ground_missing"


class AppealTooLate(Conflict):
    """The refusal can no longer be appealed."""

    code = "review.appeal_too_late"


class AppealedBefore(Conflict):
    """A refusal is appealed once."""

    code = "review.appealed_before"


OPEN_STATES = (ReviewState.SUBMITTED, ReviewState.IN_STAGE)
STANDING_STATES = (*OPEN_STATES, ReviewState.RETURNED, ReviewState.PASSED)
TRANSITIONS: dict[tuple[ReviewState, ReviewEvent], ReviewState] = {
    **{(state, ReviewEvent.STAGE_AGREED): ReviewState.IN_STAGE for state in OPEN_STATES},
    **{(state, ReviewEvent.ALL_AGREED): ReviewState.PASSED for state in OPEN_STATES},
    **{(state, ReviewEvent.REFUSED): ReviewState.REFUSED for state in OPEN_STATES},
    **{(state, ReviewEvent.RETURNED): ReviewState.RETURNED for state in OPEN_STATES},
    **{(state, ReviewEvent.WITHDRAWN): ReviewState.WITHDRAWN for state in OPEN_STATES},
    **{(state, ReviewEvent.PAUSED): state for state in OPEN_STATES},
    **{(state, ReviewEvent.RESUMED): state for state in OPEN_STATES},
    (ReviewState.RETURNED, ReviewEvent.RESUBMITTED): ReviewState.SUBMITTED,
    (ReviewState.RETURNED, ReviewEvent.WITHDRAWN): ReviewState.WITHDRAWN,
    (ReviewState.REFUSED, ReviewEvent.APPEALED): ReviewState.REFUSED,  # the refusal stays; the appeal is a new review
}
WHILE_PAUSED = (ReviewEvent.RESUMED, ReviewEvent.WITHDRAWN)


def after(
    state: ReviewState,
    event: ReviewEvent,
    *,
    is_paused: bool = False,
    procedure: Procedure = Procedure.PRODUCT,
) -> ReviewState:
    """Return the state that follows.

    Raises:
        WrongState: the event is not possible in that state.
        Paused: the clock stands still; only resuming or withdrawing is possible.
        NotPaused: a running review cannot be resumed.

    Source:
        RVW-03, RVW-06.
    """
    rule, title = RULE_OF[procedure], PROCEDURE_TITLES[procedure]
    if (state, event) not in TRANSITIONS:
        raise WrongState(
            f"{title}当前状态为“{state}”，不能办理“{event}”：请刷新后查看当前环节",
            detail_en=f"A review in state {state} does not admit {event}",
            rule=rule,
        )
    if is_paused and event not in WHILE_PAUSED:
        raise Paused(
            f"{title}已中止计时，恢复之前不能办理“{event}”：请由主管部门先恢复",
            detail_en="The review is paused; it must be resumed first",
            rule=rule,
        )
    if not is_paused and event is ReviewEvent.RESUMED:
        raise NotPaused(f"{title}没有中止，无须恢复", detail_en="The review is not paused", rule=rule)
    return TRANSITIONS[state, event]


def event_of(decision: Decision, *, is_last: bool) -> ReviewEvent:
    """Return what a seat's decision means for the review; ``is_last``: no other seat is left to agree."""
    if decision is Decision.AGREE:
        return ReviewEvent.ALL_AGREED if is_last else ReviewEvent.STAGE_AGREED
    return ReviewEvent.REFUSED if decision is Decision.REFUSE else ReviewEvent.RETURNED


def stage_after(decision: Decision) -> StageState:
    """Return the state of a seat after its decision."""
    by_decision = {
        Decision.AGREE: StageState.AGREED,
        Decision.REFUSE: StageState.REFUSED,
        Decision.RETURN_ONCE: StageState.RETURNED,
    }
    return by_decision[decision]


def check_decision(
    decision: Decision,
    *,
    round_number: int,
    checklist: Mapping[str, bool],
    required: Iterable[str],
    defects: Iterable[str],
    findings: Iterable[Finding],
    procedure: Procedure = Procedure.PRODUCT,
) -> None:
    """Refuse a decision that the procedure does not admit.

    Args:
        decision: what the reviewer wants to decide.
        round_number: 1 before the review was returned, 2 after it.
        checklist: the points that the reviewer confirmed.
        required: the points that the policy demands (``review.checks_required``).
        defects: everything that is wrong, when the review is returned.
        findings: what the checks found.
        procedure: what is reviewed.

    Raises:
        ReturnNotOffered: the procedure knows no return for correction.
        ReturnedBefore: a second return; all defects are listed the first time.
        DefectsMissing: a return that names no defect.
        ChecklistIncomplete: agreement without confirming every point.
        FindingsOpen: agreement although a binding check failed.

    Source:
        RVW-06; 一次性告知 as in REG-04.
    """
    if decision is Decision.RETURN_ONCE:
        _check_return(round_number, defects, procedure)
    if decision is Decision.AGREE:
        _check_agreement(checklist, required, findings, RULE_OF[procedure])


def _check_return(round_number: int, defects: Iterable[str], procedure: Procedure) -> None:
    rule = RULE_OF[procedure]
    if procedure in WITHOUT_RETURN:
        raise ReturnNotOffered(
            f"{PROCEDURE_TITLES[procedure]}没有退回补正环节：请作出同意或不同意的结论",
            detail_en="This procedure knows no return; agree or refuse",
            rule=rule,
        )
    if round_number > 1:
        raise ReturnedBefore(
            "本次审查已退回补正过一次，须一次性告知全部问题，不得再次退回：请作出同意或不同意的结论",
            detail_en="A review is returned once, with all defects; now agree or refuse",
            rule=rule,
        )
    if not any(defect.strip() for defect in defects):
        raise DefectsMissing(
            "退回补正须一次性列出全部问题，请逐条填写",
            detail_en="List every defect when returning a review",
            rule=rule,
            errors=[{"pointer": "/defects", "code": "required", "message": "请逐条列出全部问题"}],
        )


def _check_agreement(
    checklist: Mapping[str, bool], required: Iterable[str], findings: Iterable[Finding], rule: str
) -> None:
    open_points = [point for point in required if not checklist.get(point)]
    if open_points:
        names = "、".join(CHECK_TITLES.get(point, point) for point in open_points)
        raise ChecklistIncomplete(
            f"同意前须逐项确认审核要点（{rule}），尚未确认：{names}",
            detail_en=f"Confirm every point before agreeing: {', '.join(open_points)}",
            rule=rule,
            errors=[
                {"pointer": "/checklist", "code": "missing", "message": f"尚未确认：{names}", "points": open_points}
            ],
        )
    failed = [finding for finding in findings if finding.is_binding and not finding.is_met]
    if failed:
        raise FindingsOpen(
            f"系统核查发现问题，不能同意：{failed[0].title}——{failed[0].fact}（{failed[0].rule}）；请退回补正或不同意",
            detail_en=f"The checks found {len(failed)} open point(s); return or refuse",
            rule=failed[0].rule,
            article=failed[0].article,
            errors=[{"pointer": "", "code": finding.code, "message": finding.fact} for finding in failed],
        )


def check_ground(kind: str, decision: Decision, ground: RefusalGround | None) -> None:
    """Refuse an operator's refusal that names none of the grounds of the closed list; free text alone is none.

    Raises:
        GroundMissing: the operator refuses without a ground.

    Source:
        SEP-02: no refusal of a merchant's application on improper grounds.
    """
    if kind in GROUNDED_KINDS and decision is Decision.REFUSE and ground is None:
        raise GroundMissing(
            "运营机构不予通过须从法定理由清单中选择一项，仅填写文字说明不够（SEP-02）",
            detail_en="An operator refuses only on a ground of the closed list",
            rule="SEP-02",
            errors=[{"pointer": "/ground", "code": GroundMissing.code, "message": "请选择不予通过的理由"}],
        )


def check_appeal(
    calendar: WorkingCalendar, *, decided_on: date, today: date, days: int, is_appeal: bool, procedure: Procedure
) -> None:
    """Refuse an appeal that comes too late, or a second one.

    Args:
        calendar: working days.
        decided_on: the day of the refusal.
        today: the day of the appeal.
        days: working days after the refusal within which it may be appealed (``review.appeal_working_days``).
        is_appeal: the refusal decided an appeal already.
        procedure: what was refused.

    Raises:
        AppealedBefore: the refusal decided an appeal.
        AppealTooLate: the last day is over.
        CalendarGap: the last day lies in a year without a holiday table.

    Source:
        SEP-02, DSP-02.
    """
    if is_appeal:
        raise AppealedBefore(
            f"{PROCEDURE_TITLES[procedure]}已复核过一次，复核结论为最终结论（DSP-02）：如仍有异议，请按协议约定的方式解决",
            detail_en="The refusal was appealed once; that decision is final here",
            rule="DSP-02",
        )
    last = calendar.add_working_days(decided_on, days)
    if today > last:
        raise AppealTooLate(
            f"申请复核的期限已于 {last} 届满（不予通过之日 {decided_on} 起 {days} 个工作日，DSP-02）",
            detail_en=f"The refusal could be appealed until {last}",
            rule="DSP-02",
        )


def finding_dict(finding: Finding) -> dict[str, Any]:
    """Return a finding as it is kept with the review."""
    return {
        "code": finding.code,
        "title": finding.title,
        "is_met": finding.is_met,
        "fact": finding.fact,
        "rule": finding.rule,
        "article": finding.article,
        "is_binding": finding.is_binding,
    }
