"""Data-use requests: states, who must agree, which clearances a scenario needs, when it may be provisioned. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from enum import StrEnum
from uuid import UUID

from kernel.errors import Conflict, Invalid, NotAllowed
from kernel.policy import Cited
from registry.parties.rules import N_, Capacity
from registry.reviews.rules import Decision as Decision


class RequestState(StrEnum):
    """Where a request stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    CHECKED = "checked"
    UNDER_REVIEW = "under_review"
    APPROVED = "approved"
    REJECTED = "rejected"
    PROVISIONED = "provisioned"


class RequestEvent(StrEnum):
    """What can happen to a request."""

    SUBMIT = "submit"
    CHECK_PASSED = "check_passed"
    CHECK_FAILED = "check_failed"
    OPEN_REVIEW = "open_review"
    ALL_AGREED = "all_agreed"
    REFUSED = "refused"
    APPEALED = "appealed"
    PROVISION = "provision"


class Basis(StrEnum):
    """Why a request counts as approved."""

    DECIDED = "decided"
    DEEMED = "deemed"


class WrongState(Conflict):
    """The request does not admit this step now."""

    code = "data_request.wrong_state"


class ClearanceMissing(Conflict):
    """The scenario lacks a review that the place demands before a request."""

    code = "data_request.clearance_missing"


class ConsentMissing(Conflict):
    """Data were shared in from elsewhere, and their provider has not consented."""

    code = "data_request.consent_missing"


class ClearanceKind(StrEnum):
    """Reviews outside the system that a scenario must have passed, where the place demands them."""

    NETWORK_SECURITY = "network_security"
    IRS = "irs"


class ClearanceTaken(Conflict):
    """That review of the scenario is documented already."""

    code = "data_request.clearance_taken"


class NotYourSeat(NotAllowed):
    """The actor does not speak for any reviewer of this request, or has spoken."""

    code = "data_request.not_your_seat"


class OwnRequest(NotAllowed):
    """Nobody checks or reviews the request of the own organisation."""

    code = "data_request.own_request"


class AgreementNotInForce(Conflict):
    """No data may be asked for under an agreement that is not in force."""

    code = "data_request.agreement_not_in_force"


class ApplicantNotAllowed(Invalid):
    """The applicant is neither the operating institution nor a data merchant of the place."""

    code = "data_request.applicant_not_allowed"


class OutsideScope(Invalid):
    """Resources are outside the agreement, barred, or none were listed."""

    code = "data_request.outside_scope"


TRANSITIONS: dict[tuple[RequestState, RequestEvent], RequestState] = {
    (RequestState.DRAFT, RequestEvent.SUBMIT): RequestState.SUBMITTED,
    (RequestState.SUBMITTED, RequestEvent.CHECK_PASSED): RequestState.CHECKED,
    (RequestState.SUBMITTED, RequestEvent.CHECK_FAILED): RequestState.REJECTED,
    (RequestState.SUBMITTED, RequestEvent.OPEN_REVIEW): RequestState.UNDER_REVIEW,
    (RequestState.CHECKED, RequestEvent.OPEN_REVIEW): RequestState.UNDER_REVIEW,
    (RequestState.UNDER_REVIEW, RequestEvent.ALL_AGREED): RequestState.APPROVED,
    (RequestState.UNDER_REVIEW, RequestEvent.REFUSED): RequestState.REJECTED,
    (RequestState.REJECTED, RequestEvent.APPEALED): RequestState.SUBMITTED,
    (RequestState.APPROVED, RequestEvent.PROVISION): RequestState.PROVISIONED,
}
GRANTED = (RequestState.APPROVED, RequestState.PROVISIONED)
CHECK_KINDS = {"operating_institution": "operator_check", "data_authority": "authority_check"}
CHECKS = tuple(CHECK_KINDS.values())
CLEARANCE_TITLES = {
    ClearanceKind.NETWORK_SECURITY: N_("网络安全评审"),
    ClearanceKind.IRS: N_("一体化数字资源系统（IRS）技术审核"),
}

# The reviewers as the register of parameters names them, and the capacity in which a party takes that seat.
SEATS: dict[str, Capacity] = {
    "data_authority": Capacity.DATA_AUTHORITY,
    "district_data_authority": Capacity.DATA_AUTHORITY,
    "source_department": Capacity.SOURCE_DEPARTMENT,
    "municipal_data_agency": Capacity.MUNICIPAL_DATA_AGENCY,
    "provincial_authority_for_return_data": Capacity.PROVINCIAL_DATA_AUTHORITY,
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


def seats_of(reviewers: Iterable[str], *, has_return_data: bool) -> tuple[Capacity, ...]:
    """Return the capacities whose holders must all agree, each once, in the order of the policy.

    The provincial authority sits only where some resource is provincial return-flow data (RVW-03).
    """
    named = [name for name in reviewers if name != ONLY_FOR_RETURN_DATA or has_return_data]
    return tuple(dict.fromkeys(SEATS[name] for name in named))


def check_agreement(number: str, on: date, *, is_in_force: bool) -> None:
    """Refuse a request under an agreement that does not authorize operation on that day.

    Raises:
        AgreementNotInForce: it does not.
    """
    if not is_in_force:
        raise AgreementNotInForce(
            f"授权运营协议 {number} 在 {on} 未生效、已暂停或已届满，不得申请使用数据（AGR-03、ACC-03）",
            detail_en=f"Agreement {number} is not in force on {on}",
            rule="AGR-03",
        )


def check_applicant(name: str, number: str, place: str, *, is_allowed: bool) -> None:
    """Refuse an applicant that is neither the operating institution of the agreement nor a data merchant there.

    Raises:
        ApplicantNotAllowed: it is neither, or suspended.
    """
    if not is_allowed:
        raise ApplicantNotAllowed(
            f"{name} 不是 {place} 的数据商，也不是协议 {number} 的运营机构（或已暂停），不能申请使用数据；"
            "请先办理进驻登记",
            detail_en=f"{name} may not ask for data under {number}",
            rule="RVW-03",
            errors=[{"pointer": "/applicant_id", "code": ApplicantNotAllowed.code, "message": "须为数据商或运营机构"}],
        )


def check_scope(number: str, asked: Collection[UUID], inside: Collection[UUID]) -> None:
    """Refuse a list with a resource outside the agreement, or an empty one.

    Raises:
        OutsideScope: resources are outside the agreement, barred, or none were listed.

    Source:
        APP-05, RVW-02.
    """
    outside = [str(found) for found in asked if found not in inside]
    if outside or not asked:
        words = f"{len(outside)} 项资源不在协议 {number} 的授权范围内或不予开放" if outside else "未列出数据资源"
        raise OutsideScope(
            f"{words}（APP-05、RVW-02）：请只申请授权范围内的资源，并逐项列明",
            detail_en="Resources are outside the agreement, barred, or none were listed",
            rule="APP-05",
            errors=[{"pointer": "/resource_ids", "code": OutsideScope.code, "message": words, "resources": outside}],
        )


def missing_clearances(
    *, needs_network_security: bool, needs_irs: bool, held: Collection[ClearanceKind]
) -> list[ClearanceKind]:
    """Return the reviews that the place demands of a scenario and that are not documented yet.

    Args:
        needs_network_security: ``request.network_security_review_required``.
        needs_irs: ``request.irs_review_required``.
        held: what was documented.

    Source:
        RVW-02, RVW-03.
    """
    needed = [(ClearanceKind.NETWORK_SECURITY, needs_network_security), (ClearanceKind.IRS, needs_irs)]
    return [kind for kind, is_needed in needed if is_needed and kind not in held]


def refuse_missing_clearances(missing: Iterable[ClearanceKind], number: str) -> None:
    """Refuse a request whose scenario lacks a review that the place demands.

    Raises:
        ClearanceMissing: a review is not documented.

    Source:
        RVW-02, RVW-03.
    """
    names = "、".join(CLEARANCE_TITLES[kind] for kind in missing)
    if names:
        raise ClearanceMissing(
            f"使用申请 {number} 的应用场景尚未登记：{names}（RVW-02）；请先填写评审文号并上传结论",
            detail_en="The scenario lacks a review that the place demands",
            rule="RVW-02",
        )


def refuse_missing_consents(number: str, words: str, demanded: Cited | None, *, is_met: bool) -> None:
    """Refuse a request for shared-in data whose provider has not consented, where consent is demanded.

    Args:
        number: of the request.
        words: the fact.
        demanded: ``request.shared_data_consent_required``.
        is_met: whether every consent is there.

    Raises:
        ConsentMissing: a consent is missing.

    Source:
        发改数据规〔2025〕27号 第五条; 普洱 第二条 (APP-05).
    """
    if not is_met:
        article = demanded.citation() if demanded is not None else None
        raise ConsentMissing(
            f"使用申请 {number}：{words}（APP-05{f'，{article}' if article else ''}）；"
            "请先由数源部门取得并登记提供单位的同意函",
            detail_en="The provider of shared-in data has not consented",
            rule="APP-05",
            article=article,
        )
