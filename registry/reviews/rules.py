"""Compliance review: its states and stages, what each stage may decide, and the findings of the checks. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from kernel.errors import Conflict, Invalid
from kernel.identity import Role
from registry.parties.rules import Capacity


class ReviewState(StrEnum):
    """Where a review stands: ``submitted`` until the first stage is decided, then ``in_stage``."""

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


class StageState(StrEnum):
    """Where one stage stands."""

    WAITING = "waiting"
    OPEN = "open"
    AGREED = "agreed"
    REFUSED = "refused"
    RETURNED = "returned"
    CLOSED = "closed"


class Decision(StrEnum):
    """What a reviewer decides at a stage; ``return_once`` lists all defects and is possible once per review."""

    AGREE = "agree"
    REFUSE = "refuse"
    RETURN_ONCE = "return_once"


class WrongState(Conflict):
    """The review does not admit this step now."""

    code = "review.wrong_state"


class ReturnedBefore(Conflict):
    """The review was already returned for correction once."""

    code = "review.returned_before"


class ChecklistIncomplete(Invalid):
    """The reviewer agrees without having confirmed every point that must be checked."""

    code = "review.checklist_incomplete"


class DefectsMissing(Invalid):
    """The review is to be returned without saying what is wrong."""

    code = "review.defects_missing"


class FindingsOpen(Conflict):
    """The checks found something that must be put right first."""

    code = "review.findings_open"


OPEN_STATES = (ReviewState.SUBMITTED, ReviewState.IN_STAGE)
TRANSITIONS: dict[tuple[ReviewState, ReviewEvent], ReviewState] = {
    **{(state, ReviewEvent.STAGE_AGREED): ReviewState.IN_STAGE for state in OPEN_STATES},
    **{(state, ReviewEvent.ALL_AGREED): ReviewState.PASSED for state in OPEN_STATES},
    **{(state, ReviewEvent.REFUSED): ReviewState.REFUSED for state in OPEN_STATES},
    **{(state, ReviewEvent.RETURNED): ReviewState.RETURNED for state in OPEN_STATES},
    **{(state, ReviewEvent.WITHDRAWN): ReviewState.WITHDRAWN for state in OPEN_STATES},
    (ReviewState.RETURNED, ReviewEvent.RESUBMITTED): ReviewState.SUBMITTED,
    (ReviewState.RETURNED, ReviewEvent.WITHDRAWN): ReviewState.WITHDRAWN,
}


@dataclass(frozen=True, slots=True)
class Stage:
    """One kind of stage: its title, the capacity that decides it, and the roles whose people may speak for it."""

    title: str
    capacity: Capacity
    roles: tuple[Role, ...]


AUTHORITY = (Role.REVIEWER, Role.SUPERVISOR)
STAGES: dict[str, Stage] = {
    "filing": Stage("登记备案", Capacity.DATA_AUTHORITY, AUTHORITY),
    "data_authority": Stage("公共数据主管部门合规安全审核", Capacity.DATA_AUTHORITY, AUTHORITY),
    "source_department": Stage("数源部门审核", Capacity.SOURCE_DEPARTMENT, (Role.SOURCE,)),
    "municipal_data_agency": Stage("市政务大数据管理机构审核", Capacity.MUNICIPAL_DATA_AGENCY, AUTHORITY),
    "operating_institution": Stage("运营机构合规核查", Capacity.OPERATING_INSTITUTION, (Role.OPERATOR,)),
}

CHECK_TITLES = {
    "within_scope": "在授权范围内",
    "raw_stays_in_domain": "原始数据不出域",
    "personal_information_and_secrets": "个人信息、商业秘密和保密商务信息已妥善处理",
    "source_requests_approved": "所用数据的使用申请均已获同意",
    "scenario_match": "与申请的应用场景一致",
    "not_reversible": "不可还原出原始数据",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found: the fact, the rule, and whether the stage must wait until it is put right."""

    code: str
    title: str
    is_met: bool
    fact: str
    rule: str
    article: str
    is_binding: bool = True


def after(state: ReviewState, event: ReviewEvent) -> ReviewState:
    """Return the state that follows.

    Raises:
        WrongState: the event is not possible in that state.

    Source:
        RVW-06.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise WrongState(
            f"合规审查当前状态为“{state}”，不能办理“{event}”：请刷新后查看当前环节",
            detail_en=f"A review in state {state} does not admit {event}",
            rule="RVW-06",
        ) from None


def event_of(decision: Decision, *, is_last_stage: bool) -> ReviewEvent:
    """Return what a stage's decision means for the whole review."""
    if decision is Decision.AGREE:
        return ReviewEvent.ALL_AGREED if is_last_stage else ReviewEvent.STAGE_AGREED
    return ReviewEvent.REFUSED if decision is Decision.REFUSE else ReviewEvent.RETURNED


def stage_after(decision: Decision) -> StageState:
    """Return the state of a stage after its decision."""
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
) -> None:
    """Refuse a decision that the procedure does not admit.

    Args:
        decision: what the reviewer wants to decide.
        round_number: 1 before the review was returned, 2 after it.
        checklist: the points that the reviewer confirmed.
        required: the points that the policy demands (``review.checks_required``).
        defects: everything that is wrong, when the review is returned.
        findings: what the checks found.

    Raises:
        ReturnedBefore: a second return; all defects are listed the first time.
        DefectsMissing: a return that names no defect.
        ChecklistIncomplete: agreement without confirming every point.
        FindingsOpen: agreement although a binding check failed.

    Source:
        RVW-06; 一次性告知 as in REG-04.
    """
    if decision is Decision.RETURN_ONCE:
        if round_number > 1:
            raise ReturnedBefore(
                "本次审查已退回补正过一次，须一次性告知全部问题，不得再次退回：请作出同意或不同意的结论",
                detail_en="A review is returned once, with all defects; now agree or refuse",
                rule="RVW-06",
            )
        if not any(defect.strip() for defect in defects):
            raise DefectsMissing(
                "退回补正须一次性列出全部问题，请逐条填写",
                detail_en="List every defect when returning a review",
                rule="RVW-06",
                errors=[{"pointer": "/defects", "code": "required", "message": "请逐条列出全部问题"}],
            )
    if decision is Decision.AGREE:
        _check_agreement(checklist, required, findings)


def _check_agreement(checklist: Mapping[str, bool], required: Iterable[str], findings: Iterable[Finding]) -> None:
    open_points = [point for point in required if not checklist.get(point)]
    if open_points:
        names = "、".join(CHECK_TITLES.get(point, point) for point in open_points)
        raise ChecklistIncomplete(
            f"同意前须逐项确认审核要点（RVW-06），尚未确认：{names}",
            detail_en=f"Confirm every point before agreeing: {', '.join(open_points)}",
            rule="RVW-06",
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
