"""Changing data-use requests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from kernel import audit, files, numbering
from kernel.calendar import WorkingCalendar, business_date
from kernel.db import new_id
from kernel.errors import Conflict
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from registry.access import commands as access
from registry.access.rules import Purpose
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.parties import queries as parties
from registry.parties.rules import Capacity
from registry.policy import RegistryPolicy
from registry.procedures.rules import Procedure, RefusalGround, cited_dict, is_own
from registry.requests import checks, queries
from registry.requests.model import DataRequest, RequestClearance, RequestResource
from registry.requests.rules import (
    CHECKS,
    Basis,
    ClearanceKind,
    ClearanceTaken,
    Decision,
    NotYourSeat,
    OwnRequest,
    RequestEvent,
    RequestState,
    after,
    check_agreement,
    check_applicant,
    check_scope,
    refuse_missing_clearances,
    refuse_missing_consents,
)
from registry.resources.queries import consent_gate_fact
from registry.reviews import commands as reviews
from registry.reviews import queries as review_queries
from registry.reviews.model import Review
from registry.reviews.rules import ReviewState


class ScenarioTaken(Conflict):
    """The same applicant already asked for this scenario under this agreement."""

    code = "data_request.scenario_taken"


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
    today = business_date(now)
    check_agreement(agreement.number, today, is_in_force=agreement.in_force(today))
    _check_applicant(session, applicant_id, agreement)
    check_scope(agreement.number, resource_ids, {one.id for one in queries.scope(session, agreement.id)})
    request = DataRequest(
        number=numbering.number(session, "REQ", business_date(now)), place=agreement.place, applicant_id=applicant_id,
        agreement_id=agreement_id, scenario=scenario, necessity=necessity, created_at=now,
    )  # fmt: skip
    _add_unique(session, request)
    session.add_all(RequestResource(request_id=request.id, resource_id=found) for found in dict.fromkeys(resource_ids))
    audit.record(session, actor, "data_request.create", request, at=now, detail={"resources": len(resource_ids)})
    return request


def add_clearance(
    session: Session,
    actor: Actor,
    request_id: UUID,
    *,
    kind: ClearanceKind,
    reference: str,
    content: bytes,
    name: str,
    media_type: str,
    now: datetime,
) -> RequestClearance:
    """Document, on a draft, a review that the scenario has passed elsewhere: its reference and its document.

    Raises:
        NotAllowed: the actor may not act for the applicant.
        NoSuchRequest: there is none.
        WrongState: it was submitted already.
        ClearanceTaken: that review is documented already.
        FileRefused: the file is empty or too large.

    Source:
        RVW-02 (网络安全评审), RVW-03 (IRS).
    """
    request = queries.get(session, request_id, lock=True)
    actor.must(Permission.REQUEST_WRITE, org_id=request.applicant_id, place=request.place)
    after(request.state, RequestEvent.SUBMIT)
    if kind in queries.clearance_kinds(session, request_id):
        raise ClearanceTaken(
            f"使用申请 {request.number} 已登记该项评审，不能重复登记（RVW-02）：如需更换，请另行起草申请",
            detail_en="That review is documented already",
            rule="RVW-02",
        )
    made = RequestClearance(
        request_id=request.id, kind=kind, reference=reference, recorded_at=now, recorded_by=actor.id,
        evidence_sha256=files.keep(session, content, name=name, media_type=media_type, now=now),
        recorded_by_name=actor.name,
    )  # fmt: skip
    session.add(made)
    flag_modified(request, "state")
    audit.record(session, actor, "data_request.clear", request, at=now, note=kind)
    return made


def submit(
    session: Session, actor: Actor, request_id: UUID, *, book: PolicyBook, calendar: WorkingCalendar, now: datetime
) -> DataRequest:
    """Submit a draft: to the check where the place has one, else straight to the reviewers.

    Raises:
        NotAllowed: the actor may not act for the applicant.
        NoSuchRequest: there is none.
        WrongState: it was submitted already.
        AccessRefused: the agreement is not in force, the person of the operator is untrained, there is no emergency
            plan, no valid review of the operator for a new scenario, no service agreement, or the scope has changed.
        ClearanceMissing: a review of the scenario that the place demands is not documented (RVW-02, RVW-03).
        ConsentMissing: data were shared in, and their provider has not consented (APP-05).
        PolicyGap: the place does not say who reviews, or lets silence consent without a number of days.
        CalendarGap: a deadline runs into a year without a holiday table.
        ReviewerMissing: nobody is registered for a required seat.
    """
    request = queries.get(session, request_id, lock=True)
    actor.must(Permission.REQUEST_WRITE, org_id=request.applicant_id, place=request.place)
    policy = RegistryPolicy.at(book, request.place, business_date(now))
    submitted = after(request.state, RequestEvent.SUBMIT)
    _check_ready(session, actor, request, policy, book=book, now=now)
    seats, sources = queries.seats_for(session, request, policy)
    is_checked = seats[0].kind in CHECKS
    request.state = submitted if is_checked else after(submitted, RequestEvent.OPEN_REVIEW)
    request.submitted_at, request.submitted_by = now, actor.id
    request.sources = [cited_dict(one) for one in sources]
    reviews.open_review(
        session, actor, procedure=Procedure.DATA_REQUEST, subject_id=request.id,
        subject_title=f"{request.scenario}（{request.number}）", place=request.place,
        applicant_id=request.applicant_id, seats=seats, calendar=calendar, now=now, sources=sources,
    )  # fmt: skip
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
    ground: RefusalGround | None = None,
) -> DataRequest:
    """Record the compliance check (核查) of a submitted request; passing it opens the review (审核).

    Raises:
        NotAllowed: the actor may not check requests there.
        NotYourSeat: the actor does not speak for the checking party.
        OwnRequest: the checker's organisation is the applicant.
        NoSuchRequest: there is none.
        WrongState: it is not waiting for a check.
        Paused: the clock stands still.
        FindingsOpen: agreement although a binding check failed.
        GroundMissing: the operator refuses without a ground of the closed list (SEP-02).
        CalendarGap: a deadline runs into a year without a holiday table.
    """
    request = queries.get(session, request_id, lock=True)
    actor.must(Permission.REQUEST_CHECK, place=request.place)
    after(request.state, RequestEvent.CHECK_PASSED if decision is Decision.AGREE else RequestEvent.CHECK_FAILED)
    _say(session, actor, request, decision, reason, ground, book=book, calendar=calendar, now=now)
    audit.record(session, actor, "data_request.check", request, at=now, note=decision)
    return request


def give_opinion(
    session: Session,
    actor: Actor,
    request_id: UUID,
    *,
    decision: Decision,
    reason: str,
    book: PolicyBook,
    calendar: WorkingCalendar,
    now: datetime,
    ground: RefusalGround | None = None,
) -> DataRequest:
    """Record what one required reviewer says; the first refusal or the last agreement closes the request.

    Raises:
        NotAllowed: the actor may not decide requests there.
        NotYourSeat: no open seat belongs to the actor's organisation.
        OwnRequest: the reviewer's organisation is the applicant.
        NoSuchRequest: there is none.
        WrongState: the request is not under review.
        Paused: the clock stands still.
        SecondSeat: the actor spoke on another seat.
        TooLate: silence already counted as consent.
    """
    request = queries.get(session, request_id, lock=True)
    actor.must(Permission.REQUEST_DECIDE, place=request.place)
    if request.state is not RequestState.UNDER_REVIEW:
        after(request.state, RequestEvent.REFUSED if decision is Decision.REFUSE else RequestEvent.ALL_AGREED)
    _say(session, actor, request, decision, reason, ground, book=book, calendar=calendar, now=now)
    audit.record(session, actor, "data_request.opinion", request, at=now, note=decision)
    return request


def provision(session: Session, actor: Actor, request_id: UUID, *, note: str, now: datetime) -> DataRequest:
    """Note that the operator has made the approved data available on the platform.

    Raises:
        NotAllowed: the actor does not act for the operating institution of the agreement.
        NoSuchRequest: there is none.
        WrongState: it is not approved, or provided already.

    Source:
        RVW-03: APPROVED → PROVISIONED.
    """
    request = queries.get(session, request_id, lock=True)
    agreement = agreements.get(session, request.agreement_id)
    actor.must(Permission.REQUEST_CHECK, org_id=agreement.operating_institution_id, place=request.place)
    request.state = after(request.state, RequestEvent.PROVISION)
    request.provisioned_at, request.provision_note = now, note
    audit.record(session, actor, "data_request.provision", request, at=now, note=note)
    return request


def take_step(
    session: Session, actor: Actor, review: Review, *, book: PolicyBook, calendar: WorkingCalendar, now: datetime
) -> None:
    """Follow a review that goes on: once the check has passed, the request is under review."""
    request = queries.get(session, review.subject_id, lock=True)
    waits_for_check = any(
        one.kind in CHECKS for one in review_queries.open_stages(review_queries.stages(session, review))
    )
    if request.state is RequestState.SUBMITTED and not waits_for_check:
        request.state = after(after(request.state, RequestEvent.CHECK_PASSED), RequestEvent.OPEN_REVIEW)
        audit.record(session, actor, "data_request.open_review", request, at=now, note=review.number)
    flag_modified(request, "state")  # a seat changed, so the request did: what others saw is not the present version


def take_outcome(
    session: Session, actor: Actor, review: Review, *, book: PolicyBook, calendar: WorkingCalendar, now: datetime
) -> None:
    """Follow a concluded review: the request is approved, by decision or by silence, or rejected.

    Raises:
        WrongState: the request does not wait for that conclusion.

    Source:
        RVW-03, RVW-05.
    """
    request = queries.get(session, review.subject_id, lock=True)
    if review.state is ReviewState.PASSED:
        basis = Basis.DEEMED if queries.is_deemed(session, request.id) else Basis.DECIDED
        request.state, request.basis = after(request.state, RequestEvent.ALL_AGREED), basis
    else:
        waits = request.state is RequestState.SUBMITTED
        request.state = after(request.state, RequestEvent.CHECK_FAILED if waits else RequestEvent.REFUSED)
    request.decided_at = review.decided_at
    session.flush()
    audit.record(session, actor, "data_request.conclude", request, at=now, note=request.basis or request.state)


def take_appeal(
    session: Session, actor: Actor, review: Review, *, book: PolicyBook, calendar: WorkingCalendar, now: datetime
) -> None:
    """Open a rejected request again, for its appeal.

    Raises:
        WrongState: the request was not rejected.
        ScenarioTaken: another request for this scenario was made since.
    """
    request = queries.get(session, review.subject_id, lock=True)
    if (other := queries.same_scenario(session, request)) is not None:
        raise _scenario_taken(other)
    request.state, request.decided_at = after(request.state, RequestEvent.APPEALED), None
    if not any(one.kind in CHECKS for one in review_queries.stages(session, review)):
        request.state = after(request.state, RequestEvent.OPEN_REVIEW)
    session.flush()
    audit.record(session, actor, "data_request.appeal", request, at=now, note=review.number)


def _say(
    session: Session,
    actor: Actor,
    request: DataRequest,
    decision: Decision,
    reason: str,
    ground: RefusalGround | None,
    *,
    book: PolicyBook,
    calendar: WorkingCalendar,
    now: datetime,
) -> None:
    if is_own(actor, request.applicant_id):
        raise OwnRequest(
            f"使用申请 {request.number} 由本单位提出，核查和审核须由其他单位的人员办理",
            detail_en="The request is of your own organisation",
            rule="RVW-04",
        )
    review = review_queries.of_subject(session, Procedure.DATA_REQUEST, request.id)
    assert review is not None  # a request that waits for a decision has a running review
    seats = review_queries.stages(session, review)
    if not review_queries.awaiting(actor, review, seats):
        waiting = "、".join(one.title for one in review_queries.open_stages(seats))
        raise NotYourSeat(
            f"使用申请 {request.number} 的当前环节为“{waiting}”，{actor.name} 不是待审核方，或已提交过意见；"
            "请由相应单位的人员办理",
            detail_en=f"{actor.name} holds no open seat on request {request.number}",
            rule="RVW-03",
        )
    reviews.decide(
        session, actor, review.id, decision=decision, reason=reason, checklist={}, defects=(), required=(),
        findings=checks.of_review(session, review, on=business_date(now), book=book), calendar=calendar, now=now,
        ground=ground,
    )  # fmt: skip
    follow = take_step if review.is_open else take_outcome
    follow(session, actor, review, book=book, calendar=calendar, now=now)


def _check_ready(
    session: Session, actor: Actor, request: DataRequest, policy: RegistryPolicy, *, book: PolicyBook, now: datetime
) -> None:
    listed = [resource.id for resource in queries.resources(session, request.id)]
    access.admit(
        session, actor, purpose=Purpose.ASK_FOR_DATA, agreement_id=request.agreement_id,
        organisation_id=request.applicant_id, resource_ids=listed, book=book, now=now,
    )  # fmt: skip
    refuse_missing_clearances(queries.lacking_clearances(session, request, policy), request.number)
    is_met, words, _ = consent_gate_fact(session, listed, place=request.place, on=business_date(now), book=book)
    refuse_missing_consents(request.number, words, policy.request_shared_data_consent_required, is_met=is_met)


def _check_applicant(session: Session, applicant_id: UUID, agreement: Agreement) -> None:
    applicant, place = parties.get(session, applicant_id), agreement.place
    is_merchant = parties.has_capacity(session, applicant_id, Capacity.DATA_MERCHANT, place)
    may_ask = is_merchant or applicant_id == agreement.operating_institution_id
    check_applicant(applicant.name, agreement.number, place, is_allowed=applicant.is_in_order and may_ask)


def _add_unique(session: Session, request: DataRequest) -> None:
    request.id = new_id()
    other = queries.same_scenario(session, request)
    try:
        if other is None:
            session.add(request)
            session.flush()
            return
    except IntegrityError as error:
        if "registry_data_request" not in str(error.orig):
            raise
        other = "（刚刚提交）"
    raise _scenario_taken(other)


def _scenario_taken(other: str) -> ScenarioTaken:
    return ScenarioTaken(
        f"该场景已有使用申请 {other}：一场景一清单一审核（RVW-02），不得重复申请；如被拒绝可重新申请",
        detail_en=f"Request {other} covers this scenario already",
        rule="RVW-02",
        errors=[{"pointer": "/scenario", "code": ScenarioTaken.code, "message": f"已有申请 {other}"}],
    )
