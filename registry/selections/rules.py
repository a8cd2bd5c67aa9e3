"""How an operating institution is selected among those that passed, and how the result is published; pure."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from kernel.errors import Conflict, Invalid
from kernel.policy import Cited
from registry.parties.rules import N_


class SelectionState(StrEnum):
    """Where a selection stands."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    PUBLISHED = "published"
    DROPPED = "dropped"


class SelectionEvent(StrEnum):
    """What can happen to a selection."""

    CONFIRM = "confirm"
    PUBLISH = "publish"
    DROP = "drop"


APPROVER_TITLES = {
    "district_government": N_("区人民政府"),
    "county_government": N_("县人民政府"),
    "municipal_government": N_("市人民政府"),
}
STATE_TITLES = {
    SelectionState.PROPOSED: "待确认",
    SelectionState.CONFIRMED: "已确认",
    SelectionState.PUBLISHED: "已公布",
    SelectionState.DROPPED: "已放弃",
}
EVENT_TITLES = {
    SelectionEvent.CONFIRM: "确认",
    SelectionEvent.PUBLISH: "公布",
    SelectionEvent.DROP: "放弃",
}
TRANSITIONS: dict[tuple[SelectionState, SelectionEvent], SelectionState] = {
    (SelectionState.PROPOSED, SelectionEvent.CONFIRM): SelectionState.CONFIRMED,
    (SelectionState.PROPOSED, SelectionEvent.DROP): SelectionState.DROPPED,
    (SelectionState.CONFIRMED, SelectionEvent.PUBLISH): SelectionState.PUBLISHED,
}


class WrongState(Conflict):
    """The selection is not in a state in which this can happen."""

    code = "selection.wrong_state"


class NotPassed(Conflict):
    """Only an application whose review passed can be selected, and only to its own call."""

    code = "selection.not_passed"


class StatusApprovalMissing(Invalid):
    """The government of the place approves the status of the operator; its document has to be named."""

    code = "selection.status_approval_missing"
    title = "缺少运营机构资格审定文件"
    title_en = "The government's approval of the operator is missing"


class ResultFilingMissing(Invalid):
    """The result is filed with the provincial government where the place demands it."""

    code = "selection.filing_missing"
    title = "缺少备案编号"
    title_en = "The reference of the filing is missing"


class SelectionSecondPerson(Conflict):
    """The same person proposed; another one has to confirm."""

    code = "selection.second_person_needed"
    title = "须由另一人确认"
    title_en = "A second person has to confirm"


class SelectionProposed(Conflict):
    """A selection is proposed for this call already."""

    code = "selection.exists"


def after(state: SelectionState, event: SelectionEvent) -> SelectionState:
    """Return the state after an event.

    Raises:
        WrongState: that event cannot happen to a selection in this state.

    Source:
        APP-02, APP-03.
    """
    if (state, event) not in TRANSITIONS:
        allowed = "、".join(EVENT_TITLES[found] for at, found in TRANSITIONS if at is state) or "无"
        raise WrongState(
            f"选定结果目前为“{STATE_TITLES[state]}”，不能办理“{EVENT_TITLES[event]}”；此时可办理：{allowed}",
            detail_en=f"The selection is {state}; {event} is not possible.",
            rule="APP-03",
        )
    return TRANSITIONS[state, event]


def possible(state: SelectionState) -> tuple[SelectionEvent, ...]:
    """Return the events that can happen in this state, in the order of the table."""
    return tuple(event for at, event in TRANSITIONS if at is state)


def check_candidate(number: str, *, has_passed: bool, of_this_call: bool) -> None:
    """Refuse to select an application that did not pass, or was made to another call.

    Raises:
        NotPassed: it is.
    """
    if not (has_passed and of_this_call):
        words = "未通过审查" if of_this_call else "不是向本公告提出的"
        raise NotPassed(
            f"申请 {number} {words}，不得选定；请在审查通过的申请中选择",
            detail_en=f"{number} did not pass the review of this call.",
            rule="APP-02",
            errors=[{"pointer": "/application_id", "code": NotPassed.code, "message": words}],
        )


def check_status_approval(record: str | None, approver: Cited | None) -> str | None:
    """Return the document by which the government approved the operator, refusing its absence where it is needed.

    Raises:
        StatusApprovalMissing: the place demands it and nothing is named.

    Source:
        福田 第二章: 公共数据授权运营单位资格须经区人民政府审定 (APP-03).
    """
    named = (record or "").strip() or None
    if approver is not None and named is None:
        who = APPROVER_TITLES.get(approver.value, approver.value)
        raise StatusApprovalMissing(
            f"运营机构资格须经{who}审定（{approver.citation()}）；请填写审定文件的文号",
            detail_en="Name the document by which the government approved the operator.",
            rule="APP-03",
            article=approver.citation(),
            errors=[
                {"pointer": "/status_approval_record", "code": StatusApprovalMissing.code, "message": "请填写文号"}
            ],
        )
    return named


def check_result_filing(reference: str | None, demanded: Cited | None) -> str | None:
    """Return the reference of the filing, refusing its absence where the place files its results.

    Raises:
        ResultFilingMissing: the place demands it and nothing is named.

    Source:
        新昌 三（四）3（4）: 向社会公开，并报省政府备案 (DIS-11).
    """
    named = (reference or "").strip() or None
    if demanded is not None and demanded.boolean() and named is None:
        raise ResultFilingMissing(
            f"选定结果须向社会公开并报备案（{demanded.citation()}）；请填写备案编号",
            detail_en="Name the reference of the filing.",
            rule="DIS-11",
            article=demanded.citation(),
            errors=[{"pointer": "/filing_reference", "code": ResultFilingMissing.code, "message": "请填写备案编号"}],
        )
    return named


def is_selected(state: SelectionState, published_on: date | None, on: date) -> bool:
    """Say whether a selection counts on that day: published by then."""
    return state is SelectionState.PUBLISHED and published_on is not None and published_on <= on
