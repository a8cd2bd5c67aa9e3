"""The operator-level review: its states, and how long a passed one is valid; pure."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from kernel.calendar import MONTHS_PER_YEAR, add_months
from kernel.errors import Conflict, Invalid
from kernel.policy import Cited
from registry.parties.rules import N_

SEAT_KINDS = ("basic_security", "technical_security")


class OperatorReviewState(StrEnum):
    """Where an operator-level review stands; that a passed one is over is told by its date, not by a state."""

    DRAFT = "draft"
    UNDER_REVIEW = "under_review"
    RETURNED = "returned"
    PASSED = "passed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class OperatorReviewEvent(StrEnum):
    """What can happen to it."""

    SUBMIT = "submit"
    APPROVE = "approve"
    RETURN = "return"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


STATE_TITLES = {
    OperatorReviewState.DRAFT: "草稿",
    OperatorReviewState.UNDER_REVIEW: "审核中",
    OperatorReviewState.RETURNED: "退回补正",
    OperatorReviewState.PASSED: "审核通过",
    OperatorReviewState.REFUSED: "未通过",
    OperatorReviewState.WITHDRAWN: "已撤回",
}
EVENT_TITLES = {
    OperatorReviewEvent.SUBMIT: "提交",
    OperatorReviewEvent.APPROVE: "通过",
    OperatorReviewEvent.RETURN: "退回",
    OperatorReviewEvent.REFUSE: "不予通过",
    OperatorReviewEvent.WITHDRAW: "撤回",
}
STATEMENT_TITLES = {
    "basic_security": N_("基本安全要求的落实情况"),
    "technical_security": N_("技术与安全要求的落实情况"),
}
TRANSITIONS: dict[tuple[OperatorReviewState, OperatorReviewEvent], OperatorReviewState] = {
    (OperatorReviewState.DRAFT, OperatorReviewEvent.SUBMIT): OperatorReviewState.UNDER_REVIEW,
    (OperatorReviewState.RETURNED, OperatorReviewEvent.SUBMIT): OperatorReviewState.UNDER_REVIEW,
    (OperatorReviewState.DRAFT, OperatorReviewEvent.WITHDRAW): OperatorReviewState.WITHDRAWN,
    (OperatorReviewState.RETURNED, OperatorReviewEvent.WITHDRAW): OperatorReviewState.WITHDRAWN,
    (OperatorReviewState.UNDER_REVIEW, OperatorReviewEvent.WITHDRAW): OperatorReviewState.WITHDRAWN,
    (OperatorReviewState.UNDER_REVIEW, OperatorReviewEvent.APPROVE): OperatorReviewState.PASSED,
    (OperatorReviewState.UNDER_REVIEW, OperatorReviewEvent.RETURN): OperatorReviewState.RETURNED,
    (OperatorReviewState.UNDER_REVIEW, OperatorReviewEvent.REFUSE): OperatorReviewState.REFUSED,
}
EDITABLE = (OperatorReviewState.DRAFT, OperatorReviewState.RETURNED)


class WrongState(Conflict):
    """The review is not in a state in which this can happen."""

    code = "operator_review.wrong_state"


class StatementsMissing(Invalid):
    """Statements or documents are missing; ``errors`` names each."""

    code = "operator_review.incomplete"
    title = "送审内容不完整"
    title_en = "The statements are not complete"


class OperatorReviewRunning(Conflict):
    """Another operator-level review of the institution runs there."""

    code = "operator_review.running"


def after(state: OperatorReviewState, event: OperatorReviewEvent) -> OperatorReviewState:
    """Return the state after an event.

    Raises:
        WrongState: that event cannot happen in this state.

    Source:
        新昌 三（四）3（3） (RVW-01).
    """
    if (state, event) not in TRANSITIONS:
        allowed = "、".join(EVENT_TITLES[found] for at, found in TRANSITIONS if at is state) or "无"
        raise WrongState(
            f"安全审核目前为“{STATE_TITLES[state]}”，不能办理“{EVENT_TITLES[event]}”；此时可办理：{allowed}",
            detail_en=f"The review is {state}; {event} is not possible.",
            rule="RVW-01",
        )
    return TRANSITIONS[state, event]


def possible(state: OperatorReviewState) -> tuple[OperatorReviewEvent, ...]:
    """Return the events that can happen in this state, in the order of the table."""
    return tuple(event for at, event in TRANSITIONS if at is state)


def valid_until(passed_on: date, years: Cited | None) -> date | None:
    """Return the first day that is not covered any more; ``None`` where no text limits the validity.

    Source:
        新昌 三（四）3（3）: 审核结果有效期限为2年 (RVW-01). Counted from the day on which it passed.
    """
    return None if years is None else add_months(passed_on, years.integer() * MONTHS_PER_YEAR)


def is_valid(state: OperatorReviewState, passed_on: date | None, until: date | None, on: date) -> bool:
    """Say whether a review is valid on that day; time alone ends it."""
    if state is not OperatorReviewState.PASSED or passed_on is None:
        return False
    return passed_on <= on and (until is None or on < until)


def lacking(statements: dict[str, str], evidence_sha256: str | None) -> list[tuple[str, str]]:
    """Return what is missing before the review can be asked for: JSON pointer and words of each."""
    found = [
        (f"/statements/{kind}", title)
        for kind, title in STATEMENT_TITLES.items()
        if not statements.get(kind, "").strip()
    ]
    return found if evidence_sha256 else [*found, ("/evidence", N_("证明材料"))]


def check_editable(number: str, state: OperatorReviewState) -> None:
    """Refuse to change what was submitted.

    Raises:
        WrongState: it is neither a draft nor returned.
    """
    if state not in EDITABLE:
        raise WrongState(
            f"安全审核 {number} 目前为“{STATE_TITLES[state]}”，内容不得修改",
            detail_en=f"{number} is {state}.",
            rule="RVW-01",
        )


def check_complete(number: str, missing: list[tuple[str, str]]) -> None:
    """Refuse to ask for a review without statements and evidence; everything is listed at once.

    Raises:
        StatementsMissing: something is missing.
    """
    if missing:
        names = "；".join(words for _, words in missing)
        raise StatementsMissing(
            f"安全审核 {number} 尚缺：{names}。请补充后再提交",
            detail_en=f"Missing: {', '.join(pointer.strip('/') for pointer, _ in missing)}.",
            rule="RVW-01",
            errors=[
                {"pointer": pointer, "code": StatementsMissing.code, "message": f"缺少：{words}"}
                for pointer, words in missing
            ],
        )
