"""One registration and what may be done with it, for people."""

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
    policy_book,
    requires,
    words_of,
    working_calendar,
)
from kernel.identity import Permission
from registry.registrations import commands, queries
from registry.registrations.model import Registration
from registry.registrations.rules import (
    GROUNDS,
    MATERIAL_TITLES,
    RegistrationKind,
    RegistrationState,
)
from registry.registrations.schemas import FormalReviewIn, ReceiptIn, ResubmissionIn

blueprint = Blueprint("registration_pages", __name__, template_folder="../templates")


class ReceiptForm(Form):
    """The registrar's decision as people type it: one defect per line."""

    def accepts(self) -> bool:
        """Read ``request.form``; say whether it is valid."""
        is_valid = super().accepts()
        lines = request.form.get("defects", "").splitlines()
        self.data["defects"] = [line.strip() for line in lines if line.strip()]
        return is_valid


@blueprint.get("/registrations/<uuid:registration_id>")
@requires(Permission.REGISTRATION_READ)
def show(registration_id: UUID) -> Response:
    """Show one registration: course, deadlines, materials, objections, and what may be done."""
    return registration_page(registration_id)


@blueprint.post("/registrations/<uuid:registration_id>/resubmission")
@requires(Permission.REGISTRATION_APPLY)
def resubmit(registration_id: UUID) -> AnyResponse:
    """Send a returned application in again."""
    return step(
        registration_id, Form(ResubmissionIn), gettext("已重新提交，受理期限重新计算。"),
        lambda session, data: commands.resubmit(
            session, current_actor(), registration_id, **data, book=policy_book(), calendar=working_calendar(),
            now=clock.now(),
        ),
    )  # fmt: skip


@blueprint.post("/registrations/<uuid:registration_id>/receipt")
@requires(Permission.REGISTRATION_DECIDE)
def receive(registration_id: UUID) -> AnyResponse:
    """Accept an application, refuse to, or return it."""
    return step(
        registration_id, ReceiptForm(ReceiptIn), gettext("受理意见已记录。"),
        lambda session, data: commands.receive(
            session, current_actor(), registration_id, **data, book=policy_book(), calendar=working_calendar(),
            now=clock.now(),
        ),
    )  # fmt: skip


@blueprint.post("/registrations/<uuid:registration_id>/formal-review")
@requires(Permission.REGISTRATION_DECIDE)
def complete_review(registration_id: UUID) -> AnyResponse:
    """Finish the formal review."""
    return step(
        registration_id, Form(FormalReviewIn), gettext("形式审核结论已记录。"),
        lambda session, data: commands.complete_review(
            session, current_actor(), registration_id, **data, book=policy_book(), calendar=working_calendar(),
            now=clock.now(),
        ),
    )  # fmt: skip


@blueprint.post("/registrations/<uuid:registration_id>/code")
@requires(Permission.REGISTRATION_DECIDE)
def assign_code(registration_id: UUID) -> AnyResponse:
    """Assign the registration code."""
    return step(
        registration_id, None, gettext("已赋码，登记证书即时生效。"),
        lambda session, data: commands.assign_code(
            session, current_actor(), registration_id, book=policy_book(), now=clock.now()
        ),
    )  # fmt: skip


def step(
    registration_id: UUID, form: Form | None, done: str, act: Callable[[Session, dict[str, Any]], object]
) -> AnyResponse:
    """Take a step on the registration in the version that was shown, and show it again, with the refusal if any."""
    if form is not None and not form.accepts():
        return registration_page(registration_id, form=form, status=422)
    try:
        with db.transaction() as session:
            queries.detail(session, current_actor(), registration_id)
            match_version(session, Registration, registration_id)
            act(session, form.data if form else {})
    except DomainError as error:
        return registration_page(registration_id, form=form, refusal=error, status=error.status)
    flash(done, "success")
    return redirect(url_for("registration_pages.show", registration_id=registration_id), code=303)


def registration_page(
    registration_id: UUID, *, form: Form | None = None, refusal: DomainError | None = None, status: int = 200
) -> Response:
    actor, today = current_actor(), _today()
    found = queries.detail(db.session(), actor, registration_id)
    is_registrar = actor.may(Permission.REGISTRATION_DECIDE, place=found.place)
    owns = actor.may(Permission.REGISTRATION_APPLY, org_id=found.registrant_id, place=found.place)
    text = render_template(
        "registry/registrations/registration.html", registration=found, today=today, steps=_steps(found, today),
        material_titles=MATERIAL_TITLES, form=form or Form(ReceiptIn), refusal=words_of(refusal),
        days_left=_left(found, today), may_decide=is_registrar and not owns,
        may_resubmit=owns and found.state is RegistrationState.RETURNED,
        skipped=_skipped(found), local=policy_book().get(found.place, "registration.local_register", on=today),
        may_code=found.notice_end is not None and today > found.notice_end, is_second=actor.id != found.passed_by,
        open_objections=[one for one in found.objections if one.outcome is None],
        open_ask=next((one for one in found.asks if one.decided_at is None), None), actor_id=actor.id,
        closing_grounds=GROUNDS,
    )  # fmt: skip
    return make_response(text, status)


def _left(found: Registration, today: date) -> int | None:
    due = found.due_date()
    return None if due is None or due < today else working_calendar().working_days_between(today, due)


def _skipped(found: Registration) -> list[tuple[date, str]]:
    """The days that did not count towards the term that runs."""
    due = found.due_date()
    starts = {RegistrationState.SUBMITTED: found.received_at, RegistrationState.ACCEPTED: found.accepted_at,
              RegistrationState.PUBLIC_NOTICE: found.passed_at}  # fmt: skip
    start = starts.get(found.state)
    return working_calendar().skipped(business_date(start), due) if start is not None and due is not None else []


def _steps(found: Registration, today: date) -> list[dict[str, Any]]:
    over, overdue = found.closed_at is not None, found.is_overdue(today)
    waiting = found.state in (RegistrationState.SUBMITTED, RegistrationState.RETURNED)
    steps = [
        {"title": gettext("申请"), "at": business_date(found.received_at), "state": "done"},
        {"title": gettext("受理"), "at": _day(found.accepted_at), "due": found.accept_due, "source": "26号 第十条",
         "state": "current" if waiting else "done" if found.accepted_at else "failed", "overdue": waiting and overdue,
         "note": gettext("已一次性告知 %(n)s 项问题", n=len(found.defects)) if found.returned_at else ""},
        {"title": gettext("形式审核"), "at": _day(found.passed_at), "due": found.review_due, "source": "26号 第十一条",
         "state": "done" if found.passed_at else "current" if found.state is RegistrationState.ACCEPTED else "todo",
         "overdue": found.state is RegistrationState.ACCEPTED and overdue},
    ]  # fmt: skip
    if found.kind is not RegistrationKind.CANCELLATION:
        is_noticed = found.state in (RegistrationState.PUBLIC_NOTICE, RegistrationState.OBJECTED)
        steps += [
            {"title": gettext("公示"), "at": found.notice_start, "due": found.notice_end, "source": "26号 第十二条",
             "state": "current" if is_noticed else "done" if found.code else "todo",
             "note": gettext("有异议，处理完毕前不得赋码") if found.state is RegistrationState.OBJECTED else ""},
            {"title": gettext("赋码"), "at": _day(found.coded_at), "note": found.code or "",
             "state": "done" if found.code else "todo"},
        ]  # fmt: skip
    if over:
        steps.append({"title": gettext("办结"), "at": _day(found.closed_at), "state": "failed", "note": found.reason})
    return steps


def _day(moment: Any) -> date | None:
    return None if moment is None else business_date(moment)


def _today() -> date:
    return business_date(clock.now())
