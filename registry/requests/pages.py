"""Data-use requests for people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.calendar import business_date
from kernel.errors import DomainError
from kernel.http import (
    Form,
    current_actor,
    match_version,
    page,
    policy_book,
    requires,
    words_of,
    working_calendar,
)
from kernel.identity import SELLERS, Permission
from registry.agreements import queries as agreements
from registry.agreements.schemas import uploaded
from registry.deadlines.rules import Clock, is_late
from registry.deadlines.rules import clock as legal_clock
from registry.parties.model import Party
from registry.parties.rules import CAPACITY_TITLES
from registry.policy import RegistryPolicy
from registry.procedures.rules import GROUND_TITLES, GROUNDED_KINDS
from registry.requests import commands, queries
from registry.requests.model import DataRequest, RequestOpinion
from registry.requests.rules import CHECKS, CLEARANCE_TITLES, GRANTED, Decision, RequestState
from registry.requests.schemas import ClearanceForm, OpinionIn, ProvisionIn, RequestIn
from registry.reviews import queries as reviews
from registry.reviews.model import Review, ReviewStage
from registry.reviews.rules import StageState

blueprint = Blueprint("data_request_pages", __name__, template_folder="../templates")


@blueprint.get("/requests")
@requires(Permission.REQUEST_READ)
def browse() -> str:
    """List the requests within one's scope."""
    state = request.args.get("state", "")
    wanted = RequestState(state) if state in list(RequestState) else None
    query = queries.listed(current_actor(), state=wanted)
    found = page(db.session(), query, DataRequest, newest_first=True)
    may_write = current_actor().may(Permission.REQUEST_WRITE)
    return render_template(
        "registry/requests/list.html", found=found, states=list(RequestState), may_write=may_write, today=_today(),
        counts=queries.counts(db.session(), current_actor()),
    )  # fmt: skip


@blueprint.route("/requests/new", methods=["GET", "POST"])
@requires(Permission.REQUEST_WRITE)
def create() -> AnyResponse:
    """Draft a request: first the agreement is chosen, then scenario and resources."""
    form, status = Form(RequestIn), 200
    if request.method == "POST":
        status = 422
        if form.accepts():
            try:
                with db.transaction() as session:
                    made = commands.create(session, current_actor(), **form.data, now=clock.now())
            except DomainError as error:
                form.refuse(error)
            else:
                flash(gettext("使用申请 %(number)s 已建立，请核对后提交。", number=made.number), "success")
                return redirect(url_for("data_request_pages.show", request_id=made.id), code=303)
    chosen = request.values.get("agreement_id", "")
    offered = queries.agreements_open_to(db.session(), current_actor(), _today())
    agreement = next((found for found in offered if str(found.id) == chosen), None)
    if agreement is None and len(offered) == 1:  # the only one that can be meant
        agreement = offered[0]
    text = render_template(
        "registry/requests/new.html", form=form, agreements=offered, agreement=agreement, applicants=_applicants(),
        scope=queries.scope(db.session(), agreement.id) if agreement else [], refusal=words_of(form.problem),
    )  # fmt: skip
    return make_response(text, status)


@blueprint.get("/requests/<uuid:request_id>")
@requires(Permission.REQUEST_READ)
def show(request_id: UUID) -> Response:
    """Show one request with its course, list and opinions."""
    return _request_page(request_id)


@blueprint.post("/requests/<uuid:request_id>/submission")
@requires(Permission.REQUEST_WRITE)
def submit(request_id: UUID) -> AnyResponse:
    """Submit a draft."""
    return _step(
        request_id, None, gettext("已提交。"),
        lambda session, data: commands.submit(
            session, current_actor(), request_id, book=policy_book(), calendar=working_calendar(), now=clock.now()
        ),
    )  # fmt: skip


@blueprint.post("/requests/<uuid:request_id>/check")
@requires(Permission.REQUEST_CHECK)
def check(request_id: UUID) -> AnyResponse:
    """Record the compliance check."""
    return _step(
        request_id, OpinionIn, gettext("核查意见已记录。"),
        lambda session, data: commands.check(
            session, current_actor(), request_id, **data, book=policy_book(), calendar=working_calendar(),
            now=clock.now(),
        ),
    )  # fmt: skip


@blueprint.post("/requests/<uuid:request_id>/opinions")
@requires(Permission.REQUEST_DECIDE)
def give_opinion(request_id: UUID) -> AnyResponse:
    """Say what one's organisation decides."""
    return _step(
        request_id, OpinionIn, gettext("审核意见已记录。"),
        lambda session, data: commands.give_opinion(
            session, current_actor(), request_id, **data, book=policy_book(), calendar=working_calendar(),
            now=clock.now(),
        ),
    )  # fmt: skip


@blueprint.post("/requests/<uuid:request_id>/clearances")
@requires(Permission.REQUEST_WRITE)
def add_clearance(request_id: UUID) -> AnyResponse:
    """Document a review that the scenario has passed elsewhere."""
    sent = uploaded("document")
    return _step(
        request_id, ClearanceForm, gettext("评审结论已登记。"),
        lambda session, data: commands.add_clearance(
            session, current_actor(), request_id, **data, **sent, now=clock.now()
        ),
    )  # fmt: skip


@blueprint.post("/requests/<uuid:request_id>/provision")
@requires(Permission.REQUEST_CHECK)
def provision(request_id: UUID) -> AnyResponse:
    """Note that the approved data were made available."""
    return _step(
        request_id, ProvisionIn, gettext("供数情况已登记。"),
        lambda session, data: commands.provision(session, current_actor(), request_id, **data, now=clock.now()),
    )  # fmt: skip


def _step(request_id: UUID, schema: Any, done: str, act: Callable[[Session, dict[str, Any]], object]) -> AnyResponse:
    form = Form(schema) if schema else None
    if form is not None and not form.accepts():
        return _request_page(request_id, form=form, status=422)
    try:
        with db.transaction() as session:
            queries.detail(session, current_actor(), request_id)
            match_version(session, DataRequest, request_id)
            act(session, form.data if form else {})
    except DomainError as error:
        return _request_page(request_id, form=form, refusal=error, status=error.status)
    flash(done, "success")
    return redirect(url_for("data_request_pages.show", request_id=request_id), code=303)


def _request_page(
    request_id: UUID, *, form: Form | None = None, refusal: DomainError | None = None, status: int = 200
) -> Response:
    actor, today = current_actor(), _today()
    found = queries.detail(db.session(), actor, request_id)
    agreement = agreements.get(db.session(), found.agreement_id)
    policy = RegistryPolicy.at(policy_book(), found.place, today)
    is_draft = found.state is RequestState.DRAFT
    mine = _open_to(found)
    text = render_template(
        "registry/requests/request.html", request_=found, agreement=agreement, today=today, steps=_steps(found, today),
        form=form or Form(OpinionIn), refusal=words_of(refusal), capacity_titles=CAPACITY_TITLES,
        may_submit=is_draft and actor.may(Permission.REQUEST_WRITE, org_id=found.applicant_id, place=found.place),
        may_check=any(one.kind in CHECKS for one in mine), may_speak=any(one.kind not in CHECKS for one in mine),
        may_provision=found.state is RequestState.APPROVED and actor.may(
            Permission.REQUEST_CHECK, org_id=agreement.operating_institution_id, place=found.place
        ),
        clock=found.review and clock_of(found.review, today), ground_titles=GROUND_TITLES,
        needs_ground=any(one.kind in GROUNDED_KINDS for one in mine), clearance_titles=CLEARANCE_TITLES,
        lacking=queries.lacking_clearances(db.session(), found, policy) if is_draft else [],
    )  # fmt: skip
    return make_response(text, status)


def _open_to(found: DataRequest) -> list[ReviewStage]:
    """Return the seats on which the reader may speak now: not while paused, nor after silence has consented."""
    review = found.review
    if review is None or not review.is_open or review.paused_at is not None:
        return []
    now = clock.now()
    seats = reviews.awaiting(current_actor(), review, review.stages)
    return [one for one in seats if not (one.silence_consents and is_late(one.due_date, now))]


def clock_of(review: Review, today: date) -> Clock:
    """Return the legal clock of the review of a request."""
    return legal_clock(
        working_calendar(), is_open=review.is_open, is_paused=review.paused_at is not None, due_date=review.due_date,
        today=today, warning=None,
    )  # fmt: skip


def _steps(found: DataRequest, today: date) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = [
        {"title": gettext("起草"), "at": business_date(found.created_at), "state": "done"},
        {
            "title": gettext("提交"),
            "at": _day(found.submitted_at),
            "state": "done" if found.submitted_at else "current",
        },
    ]
    if found.check is not None:
        said = {StageState.REFUSED: "failed", StageState.OPEN: "current", StageState.AGREED: "done"}
        steps.append(
            {
                "title": gettext("合规核查"),
                "at": _day(found.checked_at),
                "due": found.check_due,
                "state": said.get(found.check.state, "todo"),
                "note": found.check_reason,
            }
        )
    steps += [_opinion_step(found, seat, today) for seat in found.opinions]
    is_over = {RequestState.REJECTED: "failed", **dict.fromkeys(GRANTED, "done")}.get(found.state, "todo")
    steps.append({"title": gettext("结论"), "at": _day(found.decided_at), "state": is_over})
    if found.state in GRANTED:
        provided = "done" if found.provisioned_at else "current"
        note = found.provision_note
        steps.append({"title": gettext("供数"), "at": _day(found.provisioned_at), "state": provided, "note": note})
    return steps


def _opinion_step(found: DataRequest, seat: RequestOpinion, today: date) -> dict[str, Any]:
    said = {Decision.AGREE: "done", Decision.REFUSE: "failed"}
    waiting = "current" if seat.is_open else "todo"
    party = seat.party.name if seat.party is not None else CAPACITY_TITLES[seat.capacity]
    return {
        "title": gettext("%(party)s审核", party=party),
        "at": _day(seat.given_at),
        "actor": seat.given_by_name,
        "due": seat.due_date,
        "state": waiting if seat.decision is None else said[seat.decision],
        "note": seat.reason,
        "overdue": seat.decision is None and found.is_overdue(today),
    }


def _day(moment: Any) -> date | None:
    return None if moment is None else business_date(moment)


def _today() -> date:
    return business_date(clock.now())


def _applicants() -> list[tuple[str, str]]:
    owners = {grant.org_id for grant in current_actor().grants if grant.role in SELLERS and grant.org_id}
    found = [db.session().get(Party, owner) for owner in owners]
    return sorted((str(party.id), party.name) for party in found if party is not None)
