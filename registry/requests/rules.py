"""Data-use requests: states, who must agree, and when silence counts as consent. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from kernel.calendar import DAY, business_date, start_of_day
from kernel.errors import Conflict
from kernel.identity import Actor, Role
from kernel.policy import NUMBER_UNKNOWN, Cited
from registry.parties.rules import Capacity


class RequestState(StrEnum):
    """Where a request stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    CHECKED = "checked"
    UNDER_REVIEW = "under_review"
    APPROVED = "approved"
    REJECTED = "rejected"


class RequestEvent(StrEnum):
    """What can happen to a request."""

    SUBMIT = "submit"
    CHECK_PASSED = "check_passed"
    CHECK_FAILED = "check_failed"
    OPEN_REVIEW = "open_review"
    ALL_AGREED = "all_agreed"
    REFUSED = "refused"


class Decision(StrEnum):
    """What a reviewer of a request says."""

    AGREE = "agree"
    REFUSE = "refuse"


class Basis(StrEnum):
    """Why a request counts as approved."""

    DECIDED = "decided"
    DEEMED = "deemed"


class WrongState(Conflict):
    """The request does not admit this step now."""

    code = "data_request.wrong_state"


class TooLate(Conflict):
    """The opinion came after the moment at which silence already counted as consent."""

    code = "data_request.too_late"


TRANSITIONS: dict[tuple[RequestState, RequestEvent], RequestState] = {
    (RequestState.DRAFT, RequestEvent.SUBMIT): RequestState.SUBMITTED,
    (RequestState.SUBMITTED, RequestEvent.CHECK_PASSED): RequestState.CHECKED,
    (RequestState.SUBMITTED, RequestEvent.CHECK_FAILED): RequestState.REJECTED,
    (RequestState.SUBMITTED, RequestEvent.OPEN_REVIEW): RequestState.UNDER_REVIEW,
    (RequestState.CHECKED, RequestEvent.OPEN_REVIEW): RequestState.UNDER_REVIEW,
    (RequestState.UNDER_REVIEW, RequestEvent.ALL_AGREED): RequestState.APPROVED,
    (RequestState.UNDER_REVIEW, RequestEvent.REFUSED): RequestState.REJECTED,
}

# The reviewers as the register of parameters names them, and the capacity in which a party takes that seat.
SEATS: dict[str, Capacity] = {
    "data_authority": Capacity.DATA_AUTHORITY,
    "district_data_authority": Capacity.DATA_AUTHORITY,
    "source_department": Capacity.SOURCE_DEPARTMENT,
    "municipal_data_agency": Capacity.MUNICIPAL_DATA_AGENCY,
    "provincial_authority_for_return_data": Capacity.PROVINCIAL_DATA_AUTHORITY,
}
AUTHORITY = (Role.REVIEWER, Role.SUPERVISOR)
ROLES_OF_SEAT: dict[Capacity, tuple[Role, ...]] = {
    Capacity.SOURCE_DEPARTMENT: (Role.SOURCE,),
    Capacity.OPERATING_INSTITUTION: (Role.OPERATOR,),
}
ONLY_FOR_RETURN_DATA = "provincial_authority_for_return_data"


def after(state: RequestState, event: RequestEvent) -> RequestState:
    """Return the state that follows.

    Raises:
        WrongState: the event is not possible in that state.

    Source:
        RVW-03, RVW-04.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise WrongState(
            f"使用申请当前状态为“{state}”，不能办理“{event}”：请刷新后查看当前环节",
            detail_en=f"A request in state {state} does not admit {event}",
            rule="RVW-03",
        ) from None


def seats(reviewers: Iterable[str], *, has_return_data: bool) -> tuple[Capacity, ...]:
    """Return the capacities whose holders must all agree, each once, in the order of the policy.

    The provincial authority sits only where some resource is provincial return-flow data (RVW-03).
    """
    named = [name for name in reviewers if name != ONLY_FOR_RETURN_DATA or has_return_data]
    return tuple(dict.fromkeys(SEATS[name] for name in named))


def speaks_for(actor: Actor, capacity: Capacity, party_id: UUID | None, place: str) -> bool:
    """Say whether the actor may decide in that capacity for that party: the right role there, and of no other party."""
    if party_id is not None and actor.org_id not in (None, party_id):
        return False
    roles = ROLES_OF_SEAT.get(capacity, AUTHORITY)
    return any(grant.role in roles and grant.covers(org_id=party_id, place=place) for grant in actor.grants)


def may_check(actor: Actor, checker: str, operator_id: UUID, place: str) -> bool:
    """Say whether the actor may check a request: a person of the operator, or of the authority, as the policy says."""
    role, org_id = (Role.OPERATOR, operator_id) if checker == "operating_institution" else (Role.SUPERVISOR, None)
    return any(grant.role is role and grant.covers(org_id=org_id, place=place) for grant in actor.grants)


def outcome(decisions: Iterable[Decision | None]) -> RequestEvent | None:
    """Return what the opinions so far decide: one refusal wins, agreement needs all, else nothing yet (RVW-03)."""
    given = list(decisions)
    if Decision.REFUSE in given:
        return RequestEvent.REFUSED
    if given and all(decision is Decision.AGREE for decision in given):
        return RequestEvent.ALL_AGREED
    return None


def silence_begins(due_date: date) -> datetime:
    """Return the first moment after the last day for an opinion: Beijing midnight of the day after (RVW-05)."""
    return start_of_day(due_date + DAY)


def is_late(due_date: date | None, now: datetime) -> bool:
    """Say whether the last day for an opinion is over."""
    return due_date is not None and business_date(now) > due_date


def refuse_late_opinion(due_date: date | None, now: datetime, *, silence_consents: bool) -> None:
    """Refuse an opinion that comes after silence already counted as consent.

    Where silence does not count, a late opinion is late but still an opinion.

    Raises:
        TooLate: the last day is over and silence counts as consent.

    Source:
        RVW-05.
    """
    if silence_consents and is_late(due_date, now):
        raise TooLate(
            f"审核期限已于 {due_date} 届满，超期未审核视为同意（RVW-05），不能再提交意见；如有异议请按暂停授权程序办理",
            detail_en=f"Silence counted as consent after {due_date}; the opinion comes too late",
            rule="RVW-05",
        )


def cited_dict(cited: Cited) -> dict[str, Any]:
    """Return a cited value as it is kept beside a decision, so that the decision can be explained later."""
    return {
        "name": cited.name,
        "label": cited.label,
        "value": cited.value,
        "unit": cited.unit,
        "number": "" if cited.source.number == NUMBER_UNKNOWN else cited.source.number,
        "title": f"《{cited.source.title}》",
        "document": cited.source.document,
        "article": cited.source.article,
        "rule": cited.source.rule,
        "is_overlay": cited.is_overlay,
    }
