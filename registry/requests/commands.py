"""Changing data-use requests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from kernel import audit, numbering
from kernel.calendar import WorkingCalendar, business_date
from kernel.errors import Conflict, Invalid, NotAllowed
from kernel.identity import Actor, Permission, Role
from kernel.policy import Cited, PolicyBook
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.parties import queries as parties
from registry.parties.rules import CAPACITY_TITLES, Capacity
from registry.policy import RegistryPolicy
from registry.requests import queries
from registry.requests.model import DataRequest, RequestOpinion, RequestResource
from registry.requests.rules import (
    Basis,
    Decision,
    RequestEvent,
    RequestState,
    after,
    cited_dict,
    may_check,
    outcome,
    refuse_late_opinion,
    seats,
    speaks_for,
)
from registry.resources.model import Resource

BATCH_MAX = 200


class AgreementNotInForce(Conflict):
    """No data may be asked for under an agreement that is not in force."""

    code = "data_request.agreement_not_in_force"


class ApplicantNotAllowed(Invalid):
    """The applicant is neither the operating institution nor a data merchant of the place."""

    code = "data_request.applicant_not_allowed"


class OutsideScope(Invalid):
    """Resources are outside the agreement, barred, or none were listed."""

    code = "data_request.outside_scope"


class ScenarioTaken(Conflict):
    """The same applicant already asked for this scenario under this agreement."""

    code = "data_request.scenario_taken"


class ReviewerMissing(Conflict):
    """Nobody is registered who could take a seat that the rules demand."""

    code = "data_request.reviewer_missing"


class NotYourSeat(NotAllowed):
    """The actor does not speak for any reviewer of this request, or has spoken."""

    code = "data_request.not_your_seat"


class OwnRequest(NotAllowed):
    """Nobody checks or reviews the request of the own organisation."""

    code = "data_request.own_request"


def create(
    session: Session,
    actor: Actor,
    *,
    applicant_id: UUID,
    agreement_id: UUID,
    scenario: str,
    necessity: str,
    resource_ids: Sequence[UUID],
    now: datetime,
) -> DataRequest:
    """Draft a request: one scenario, one list of resources.

    Raises:
        NotAllowed: the actor may not act for the applicant there.
        NoSuchAgreement: there is no such agreement.
        AgreementNotInForce: the agreement does not authorize operation today.
        ApplicantNotAllowed: the applicant may not develop products there.
        OutsideScope: resources are outside the agreement or barred.
        ScenarioTaken: a request for this scenario exists and was not rejected.
    """
    agreement = agreements.get(session, agreement_id)
    actor.must(Permission.REQUEST_WRITE, org_id=applicant_id, place=agreement.place)
    _check_agreement(agreement, now)
    _check_applicant(session, applicant_id, agreement)
    _check_scope(session, agreement, resource_ids)
    request = DataRequest(
        number=numbering.number(session, "REQ", business_date(now)), place=agreement.place, applicant_id=applicant_id,
        agreement_id=agreement_id, scenario=scenario, necessity=necessity, created_at=now,
    )  # fmt: skip
    _add_unique(session, request)
    session.add_all(RequestResource(request_id=request.id, resource_id=found) for found in dict.fromkeys(resource_ids))
    audit.record(session, actor, "data_request.create", request, at=now, detail={"resources": len(resource_ids)})
    return request


def submit(
    session: Session, actor: Actor, request_id: UUID, *, book: PolicyBook, calendar: WorkingCalendar, now: datetime
) -> DataRequest:
    """Submit a draft: to the check where the place has one, else straight to the reviewers.

    Raises:
        NotAllowed: the actor may not act for the applicant.
        NoSuchRequest: there is none.
        WrongState: it was submitted already.
        AgreementNotInForce: the agreement does not authorize operation today.
        PolicyGap: the place does not say who reviews, or lets silence consent without a number of days.
        CalendarGap: a deadline runs into a year without a holiday table.
        ReviewerMissing: nobody is registered for a required seat.
    """
    request = queries.get(session, request_id, lock=True)
    actor.must(Permission.REQUEST_WRITE, org_id=request.applicant_id, place=request.place)
    _check_agreement(agreements.get(session, request.agreement_id), now)
    today = business_date(now)
    policy = RegistryPolicy.at(book, request.place, today)
    request.state = after(request.state, RequestEvent.SUBMIT)
    request.submitted_at, request.submitted_by = now, actor.id
    if policy.says("request_deemed_consent"):
        policy.require("request_review_working_days")  # silence may only consent to a known deadline (RVW-05)
    if policy.request_check_by is None:
        _open_review(session, request, policy, calendar, now)
    else:
        days = policy.request_check_working_days
        request.check_due = None if days is None else calendar.add_working_days(today, days.integer())
        _keep_sources(request, policy.request_check_by, days)
    audit.record(session, actor, "data_request.submit", request, at=now, note=request.state)
    return request


def check(
    session: Session,
    actor: Actor,
    request_id: UUID,
    *,
    decision: Decision,
    reason: str,
    book: PolicyBook,
    calendar: WorkingCalendar,
    now: datetime,
) -> DataRequest:
    """Record the compliance check (核查) of a submitted request; passing it opens the review (审核).

    Raises:
        NotAllowed: the actor may not check requests there.
        NotYourSeat: the actor does not speak for the checking party.
        OwnRequest: the checker's organisation is the applicant.
        NoSuchRequest: there is none.
        WrongState: it is not waiting for a check.
        PolicyGap: the place has no check, or the rules of the review are incomplete.
        CalendarGap: a deadline runs into a year without a holiday table.
        ReviewerMissing: nobody is registered for a required seat.
    """
    request = queries.get(session, request_id, lock=True)
    policy = RegistryPolicy.at(book, request.place, business_date(now))
    checker = policy.require("request_check_by").value
    _must_check(session, actor, request, checker)
    passed = decision is Decision.AGREE
    request.state = after(request.state, RequestEvent.CHECK_PASSED if passed else RequestEvent.CHECK_FAILED)
    request.checked_at, request.checked_by, request.check_reason = now, actor.id, reason
    if passed:
        _open_review(session, request, policy, calendar, now)
    else:
        request.decided_at = now
    audit.record(session, actor, "data_request.check", request, at=now, note=decision)
    return request


def give_opinion(
    session: Session, actor: Actor, request_id: UUID, *, decision: Decision, reason: str, now: datetime
) -> DataRequest:
    """Record what one required reviewer says; the first refusal or the last agreement closes the request.

    Raises:
        NotAllowed: the actor may not decide requests there.
        NotYourSeat: no open seat belongs to the actor's organisation.
        OwnRequest: the reviewer's organisation is the applicant.
        NoSuchRequest: there is none.
        WrongState: the request is not under review.
        TooLate: silence already counted as consent.
    """
    request = queries.get(session, request_id, lock=True)
    actor.must(Permission.REQUEST_DECIDE, place=request.place)
    _refuse_own(actor, request)
    if request.state is not RequestState.UNDER_REVIEW:
        after(request.state, RequestEvent.REFUSED if decision is Decision.REFUSE else RequestEvent.ALL_AGREED)
    refuse_late_opinion(request.due_date, now, silence_consents=request.silence_consents)
    given = queries.opinions(session, request_id)
    mine = [
        seat
        for seat in given
        if seat.decision is None and speaks_for(actor, seat.capacity, seat.party_id, request.place)
    ]
    if not mine:
        raise NotYourSeat(
            f"{actor.name} 不是使用申请 {request.number} 的待审核方，或已提交过意见；请由相应单位的审核人员办理",
            detail_en=f"{actor.name} holds no open seat on request {request.number}",
            rule="RVW-03",
        )
    for seat in mine:
        seat.decision, seat.reason, seat.given_at = decision, reason, now
        seat.given_by, seat.given_by_name = actor.id, actor.name
    _conclude(request, given, now)
    audit.record(session, actor, "data_request.opinion", request, at=now, note=decision)
    return request


def let_silence_consent(session: Session, actor: Actor, *, now: datetime) -> int:
    """Approve the requests on which the required reviewers stayed silent until the last day; return how many.

    Only where the rules of the place said so when the review opened. Safe to run at any time and again.

    Raises:
        NotAllowed: the actor is not the scheduler.

    Source:
        RVW-05.
    """
    actor.must_be(Role.SCHEDULER)
    approved = 0
    for request_id in queries.silent(session, now, limit=BATCH_MAX):
        request = queries.get(session, request_id, lock=True)
        if request.state is not RequestState.UNDER_REVIEW:
            continue  # somebody closed it while we waited for the lock
        given = queries.opinions(session, request_id)
        for seat in given:
            if seat.decision is None:
                seat.decision, seat.deemed, seat.given_at = Decision.AGREE, True, now
                seat.reason = f"截至 {seat.due_date} 未提出意见，超期视为同意（RVW-05）"
        _conclude(request, given, now)
        approved += 1
        audit.record(session, actor, "data_request.deem", request, at=now, note=Basis.DEEMED)
    return approved


def _conclude(request: DataRequest, given: Sequence[RequestOpinion], now: datetime) -> None:
    event = outcome(seat.decision for seat in given)
    if event is None:
        # a seat changed, so the request did: the version that a reviewer saw is no longer the present one
        flag_modified(request, "state")
        return
    request.state, request.decided_at = after(request.state, event), now
    if event is RequestEvent.ALL_AGREED:
        request.basis = Basis.DEEMED if any(seat.deemed for seat in given) else Basis.DECIDED


def _open_review(
    session: Session, request: DataRequest, policy: RegistryPolicy, calendar: WorkingCalendar, now: datetime
) -> None:
    listed = queries.resources(session, request.id)
    reviewers = policy.require("request_reviewers")
    silence = policy.says("request_deemed_consent")
    days = policy.require("request_review_working_days") if silence else policy.request_review_working_days
    request.state = after(request.state, RequestEvent.OPEN_REVIEW)
    request.silence_consents = silence
    request.due_date = None if days is None else calendar.add_working_days(business_date(now), days.integer())
    for capacity in seats(reviewers.items(), has_return_data=any(found.return_flow for found in listed)):
        holders = _holders(session, capacity, request, listed)
        if not holders:
            raise ReviewerMissing(
                f"{request.place} 没有登记为“{CAPACITY_TITLES[capacity]}”的正常机构，使用申请 {request.number} 无法送审"
                f"（{reviewers.citation()}）；请主管部门先登记该机构",
                detail_en=f"No organisation is registered as {capacity} at {request.place}",
                rule="RVW-03",
                article=reviewers.citation(),
            )
        session.add_all(
            RequestOpinion(request_id=request.id, capacity=capacity, party_id=holder, due_date=request.due_date)
            for holder in holders
        )
    _keep_sources(request, reviewers, days, policy.request_deemed_consent if silence else None)


def _holders(session: Session, capacity: Capacity, request: DataRequest, listed: Sequence[Resource]) -> list[UUID]:
    """Who takes the seats: each department of a listed resource, the authority that signed, else all of that kind."""
    if capacity is Capacity.SOURCE_DEPARTMENT:
        return list(dict.fromkeys(found.source_department_id for found in listed))
    signed = agreements.get(session, request.agreement_id).authorizing_entity_id
    if parties.has_capacity(session, signed, capacity, request.place):
        return [signed]
    return [party.id for party in parties.having(session, capacity, request.place)]


def _keep_sources(request: DataRequest, *cited: Cited | None) -> None:
    request.sources = [*(request.sources or []), *(cited_dict(one) for one in cited if one is not None)]


def _check_agreement(agreement: Agreement, now: datetime) -> None:
    on = business_date(now)
    if not agreement.in_force(on):
        raise AgreementNotInForce(
            f"授权运营协议 {agreement.number} 在 {on} 未生效、已暂停或已届满，不得申请使用数据（AGR-03、ACC-03）",
            detail_en=f"Agreement {agreement.number} is not in force on {on}",
            rule="AGR-03",
        )


def _check_applicant(session: Session, applicant_id: UUID, agreement: Agreement) -> None:
    applicant = parties.get(session, applicant_id)
    is_operator = applicant_id == agreement.operating_institution_id
    is_merchant = parties.has_capacity(session, applicant_id, Capacity.DATA_MERCHANT, agreement.place)
    if not applicant.is_in_order or not (is_operator or is_merchant):
        raise ApplicantNotAllowed(
            f"{applicant.name} 不是 {agreement.place} 的数据商，也不是协议 {agreement.number} 的运营机构（或已暂停），"
            "不能申请使用数据；请先办理进驻登记",
            detail_en=f"{applicant.name} may not ask for data under {agreement.number}",
            rule="RVW-03",
            errors=[{"pointer": "/applicant_id", "code": ApplicantNotAllowed.code, "message": "须为数据商或运营机构"}],
        )


def _check_scope(session: Session, agreement: Agreement, resource_ids: Sequence[UUID]) -> None:
    inside = {resource.id for resource in queries.scope(session, agreement.id)}
    outside = [str(found) for found in resource_ids if found not in inside]
    if outside or not resource_ids:
        words = (
            f"{len(outside)} 项资源不在协议 {agreement.number} 的授权范围内或不予开放" if outside else "未列出数据资源"
        )
        raise OutsideScope(
            f"{words}（APP-05、RVW-02）：请只申请授权范围内的资源，并逐项列明",
            detail_en="Resources are outside the agreement, barred, or none were listed",
            rule="APP-05",
            errors=[{"pointer": "/resource_ids", "code": OutsideScope.code, "message": words, "resources": outside}],
        )


def _add_unique(session: Session, request: DataRequest) -> None:
    taken = sa.select(DataRequest.number).where(
        DataRequest.applicant_id == request.applicant_id,
        DataRequest.agreement_id == request.agreement_id,
        DataRequest.scenario == request.scenario,
        DataRequest.state != RequestState.REJECTED,
    )
    other = session.scalar(taken)
    try:
        if other is None:
            session.add(request)
            session.flush()
            return
    except IntegrityError as error:
        if "registry_data_request" not in str(error.orig):
            raise
        other = "（刚刚提交）"
    raise ScenarioTaken(
        f"该场景已有使用申请 {other}：一场景一清单一审核（RVW-02），不得重复申请；如被拒绝可重新申请",
        detail_en=f"Request {other} covers this scenario already",
        rule="RVW-02",
        errors=[{"pointer": "/scenario", "code": ScenarioTaken.code, "message": f"已有申请 {other}"}],
    )


def _must_check(session: Session, actor: Actor, request: DataRequest, checker: str) -> None:
    operator_id = agreements.get(session, request.agreement_id).operating_institution_id
    actor.must(Permission.REQUEST_CHECK, place=request.place)
    if not may_check(actor, checker, operator_id, request.place):
        raise NotYourSeat(
            f"使用申请 {request.number} 由{CAPACITY_TITLES[Capacity(checker)]}核查，{actor.name} 不能办理（RVW-04）",
            detail_en=f"The request is checked by the {checker}",
            rule="RVW-04",
        )
    _refuse_own(actor, request)


def _refuse_own(actor: Actor, request: DataRequest) -> None:
    if actor.org_id == request.applicant_id or any(grant.org_id == request.applicant_id for grant in actor.grants):
        raise OwnRequest(
            f"使用申请 {request.number} 由本单位提出，核查和审核须由其他单位的人员办理",
            detail_en="The request is of your own organisation",
            rule="RVW-04",
        )
