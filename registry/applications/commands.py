"""What an applicant does with its application, and an expert with a submitted one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from kernel import audit, files, numbering
from kernel.calendar import WorkingCalendar, business_date
from kernel.errors import Conflict, NotAllowed
from kernel.identity import Actor, Permission
from kernel.policy import Cited, PolicyBook
from registry.applications import checks, queries
from registry.applications.model import Application, ApplicationProof, ApplicationScore
from registry.applications.rules import (
    ApplicationEvent,
    ApplicationState,
    AppliedBefore,
    Incident,
    ProofKind,
    after,
    check_complete,
    check_editable,
    check_invited,
    check_open,
)
from registry.calls import queries as calls
from registry.calls.model import Call
from registry.calls.rules import SelectionMethod
from registry.parties import queries as parties
from registry.parties.rules import check_in_order
from registry.policy import RegistryPolicy
from registry.procedures.rules import Procedure, Seat, cited_dict
from registry.reviews import commands as engine
from registry.reviews.model import Review
from registry.reviews.rules import ReviewState

OUTCOME_EVENTS = {
    ReviewState.PASSED: ApplicationEvent.APPROVE,
    ReviewState.REFUSED: ApplicationEvent.REFUSE,
    ReviewState.RETURNED: ApplicationEvent.RETURN,
}
FORM = ("address", "nature", "registered_capital", "staff_count", "contact", "phone", "requested_scope", "profile",
        "signed_by", "incidents_declared")  # fmt: skip


class ScoredBefore(Conflict):
    """The expert has scored this application already; a score is never changed."""

    code = "application.scored_before"


class NotToBeScored(Conflict):
    """Only an application under review, or one that passed, is scored."""

    code = "application.not_to_be_scored"


def start(
    session: Session,
    actor: Actor,
    call_id: UUID,
    *,
    applicant_id: UUID,
    now: datetime,
    form: Mapping[str, Any] | None = None,
) -> Application:
    """Start an application of an organisation to an open call; the form may be far from complete.

    Raises:
        NotAllowed: the actor may not apply for that organisation there.
        NoSuchCall: there is none, or it is not published.
        NoSuchParty: there is no such organisation.
        NotInOrder: the organisation is suspended or ended.
        CallNotOpen: the call does not take applications on that day.
        NotInvited: the call is by invitation, and the organisation is not on its list.
        AppliedBefore: the organisation has an application already.
    """
    call = calls.visible(session, actor, call_id)
    actor.must(Permission.APPLICATION_WRITE, org_id=applicant_id, place=call.place)
    applicant = parties.get(session, applicant_id)
    check_in_order(applicant.name, applicant.standing)
    _check_call(call, applicant_id, now)
    application = Application(
        number=numbering.number(session, "APP", business_date(now)), place=call.place, call_id=call.id,
        applicant_id=applicant.id, address="", contact=applicant.contact or "", phone="", requested_scope="",
        profile="", signed_by="", incidents=[], drafted_at=now, sources=[],
    )  # fmt: skip
    session.add(application)
    _flush_unique(session, call.number)
    _write(application, form or {})
    audit.record(session, actor, "application.start", application, at=now, note=application.number)
    return application


def save(
    session: Session,
    actor: Actor,
    application_id: UUID,
    *,
    now: datetime,
    form: Mapping[str, Any],
    incidents: Sequence[Incident] | None = None,
) -> Application:
    """Save the form of a draft, or of an application that was returned; what is not named stays.

    ``registered_capital`` is in 万元.

    Raises:
        NotAllowed: the actor may not apply for that organisation there.
        NoSuchApplication: there is none.
        ApplicationNotEditable: it is submitted or closed.
    """
    application = _editable(session, actor, application_id)
    _write(application, form)
    if incidents is not None:
        application.incidents = [{"on": one.on.isoformat(), "fact": one.fact} for one in incidents]
    audit.record(session, actor, "application.save", application, at=now, detail={"fields": sorted(form)})
    return application


def add_proof(
    session: Session,
    actor: Actor,
    application_id: UUID,
    *,
    kind: ProofKind,
    content: bytes,
    name: str,
    media_type: str,
    now: datetime,
) -> Application:
    """Add a document to a draft; a newer one of the same kind takes the place of the one before, which is kept.

    Raises:
        NotAllowed: the actor may not apply for that organisation there.
        NoSuchApplication: there is none.
        ApplicationNotEditable: it is submitted or closed.
        FileRefused: the file is empty or too large.
    """
    application = _editable(session, actor, application_id)
    sha256 = files.keep(session, content, name=name, media_type=media_type, now=now)
    session.add(ApplicationProof(application_id=application.id, kind=kind, name=name, sha256=sha256, added_at=now))
    flag_modified(application, "profile")  # the proofs are part of what is submitted
    audit.record(session, actor, "application.add_proof", application, at=now, note=kind, detail={"sha256": sha256})
    return application


def submit(
    session: Session, actor: Actor, application_id: UUID, *, book: PolicyBook, calendar: WorkingCalendar, now: datetime
) -> Application:
    """Submit a complete application to the review of the place; one that was returned goes in again.

    What was returned may be completed after the last day of the call; a first submission may not come late.

    Raises:
        NotAllowed: the actor may not apply for that organisation there.
        NoSuchApplication: there is none.
        WrongState: it is neither a draft nor returned.
        CallNotOpen: the call does not take applications on that day.
        NotInvited: the call is by invitation, and the organisation is not on its list.
        NotInOrder: the organisation is suspended or ended.
        ApplicationIncomplete: fields or proofs are missing; all are listed.
        PolicyGap: the place does not say which stages there are.
    """
    application = _governed(session, actor, application_id)
    state = after(application.state, ApplicationEvent.SUBMIT)
    check_in_order(application.applicant.name, application.applicant.standing)
    if application.state is ApplicationState.DRAFT:
        _check_call(calls.get(session, application.call_id), application.applicant_id, now)
    check_complete(application.number, queries.lacking(application))
    today = business_date(now)
    policy = RegistryPolicy.at(book, application.place, today)
    stages = policy.require("operator_application_stages")
    used = (stages, policy.operator_conditions_required, policy.agreement_legal_form)
    application.sources = [cited_dict(cited) for cited in used if cited is not None]
    seats = [Seat(kind, position) for position, kind in enumerate(stages.items(), start=1)]
    review = _in_procedure(session, actor, application, seats, used, calendar=calendar, now=now, book=book)
    application.state, application.submitted_at, application.review_id = state, now, review.id
    audit.record(session, actor, "application.submit", application, at=now, note=review.number)
    return application


def withdraw(session: Session, actor: Actor, application_id: UUID, *, reason: str, now: datetime) -> Application:
    """Take an application back before it is decided.

    Raises:
        NotAllowed: the actor may not apply for that organisation there.
        NoSuchApplication: there is none.
        WrongState: it is decided.
    """
    application = _governed(session, actor, application_id)
    state = after(application.state, ApplicationEvent.WITHDRAW)
    if application.review_id is not None:
        engine.withdraw(session, actor, application.review_id, reason=reason, now=now)
    application.state = state
    audit.record(session, actor, "application.withdraw", application, at=now, note=reason)
    return application


def take_outcome(
    session: Session, actor: Actor, review: Review, *, book: PolicyBook, calendar: WorkingCalendar, now: datetime
) -> None:
    """Take over what the review decided.

    Raises:
        NoSuchApplication: the application does not exist.
        WrongState: it is not under review.
    """
    application = queries.get(session, review.subject_id, lock=True)
    event = OUTCOME_EVENTS[review.state]
    application.state = after(application.state, event)
    if event is not ApplicationEvent.RETURN:
        application.decided_at = now
    audit.record(session, actor, f"application.{event}", application, at=now, note=review.number)


def score(
    session: Session, actor: Actor, application_id: UUID, *, score: Decimal, reason: str, now: datetime
) -> Application:
    """Give an expert's score with its reason; it helps the choice and binds nobody.

    Raises:
        NotAllowed: the actor does not review there, or belongs to the applicant.
        NoSuchApplication: there is none.
        NotToBeScored: it is not under review, nor passed.
        ScoredBefore: this expert has scored it already.
    """
    application = queries.get(session, application_id, lock=True)
    actor.must(Permission.REVIEW_DECIDE, place=application.place)
    if any(grant.org_id == application.applicant_id for grant in actor.grants) or actor.id is None:
        raise NotAllowed("不得为本单位的申请评分", detail_en="The application is of your own organisation")
    if application.state not in (ApplicationState.UNDER_REVIEW, ApplicationState.PASSED):
        raise NotToBeScored(f"申请 {application.number} 不在评审之中，不能评分", detail_en="Not under review")
    if any(one.expert_id == actor.id for one in application.scores):
        raise ScoredBefore(f"您已为申请 {application.number} 评分，评分不得更改", detail_en="Scored already")
    session.add(
        ApplicationScore(
            application_id=application.id, expert_id=actor.id, expert_name=actor.name, score=score, reason=reason,
            given_at=now,
        )
    )  # fmt: skip
    audit.record(session, actor, "application.score", application, at=now, note=str(score))
    return application


def _governed(session: Session, actor: Actor, application_id: UUID) -> Application:
    application = queries.get(session, application_id, lock=True)
    actor.must(Permission.APPLICATION_WRITE, org_id=application.applicant_id, place=application.place)
    return application


def _editable(session: Session, actor: Actor, application_id: UUID) -> Application:
    application = _governed(session, actor, application_id)
    check_editable(application.number, application.state)
    return application


def _check_call(call: Call, applicant_id: UUID, now: datetime) -> None:
    today = business_date(now)
    check_open(
        call.number, is_open=call.is_open(today), opens_on=call.opens_on, closes_on=call.closes_on, today=today
    )  # fmt: skip
    # a negotiation may be open to all, or to those on its list where it has one
    by_invitation = call.method is SelectionMethod.INVITED_TENDER or bool(call.invitations)
    check_invited(call.number, by_invitation=by_invitation, is_invited=calls.is_invited(call, applicant_id))


def _write(application: Application, form: Mapping[str, Any]) -> None:
    for name in FORM:
        if form.get(name) is not None:
            setattr(application, name, form[name])


def _flush_unique(session: Session, call_number: str) -> None:
    try:
        session.flush()
    except IntegrityError as error:
        if "registry_application" not in str(error.orig):
            raise
        raise AppliedBefore(
            f"本单位已向公告 {call_number} 提出申请，不得重复申请；请在原申请中办理，或先撤回",
            detail_en="The organisation has applied already.",
            rule="APP-03",
        ) from error


def _in_procedure(
    session: Session,
    actor: Actor,
    application: Application,
    seats: list[Seat],
    used: Sequence[Cited | None],
    *,
    calendar: WorkingCalendar,
    now: datetime,
    book: PolicyBook,
) -> Review:
    title = f"{application.number} {application.applicant.name}（{application.call.title}）"
    if application.state is ApplicationState.RETURNED and application.review_id is not None:
        return engine.resubmit(
            session, actor, application.review_id, subject_id=application.id, subject_title=title, seats=seats,
            calendar=calendar, now=now,
        )  # fmt: skip
    found = checks.of_application(session, application, on=business_date(now), book=book)
    return engine.open_review(
        session, actor, procedure=Procedure.APPLICATION, subject_id=application.id, subject_title=title,
        place=application.place, applicant_id=application.applicant_id, seats=seats, calendar=calendar, now=now,
        sources=used, findings=found,
    )  # fmt: skip
