"""Quality tickets for people."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
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
from registry.parties import queries as parties
from registry.quality import commands, queries
from registry.quality.model import QualityTicket
from registry.quality.rules import (
    BY_DEPARTMENT,
    CATEGORY_TITLES,
    EVENT_TITLES,
    STATE_TITLES,
    WAITING,
    TicketEvent,
    TicketState,
    possible,
)
from registry.quality.schemas import QualityStepIn, QualityTicketIn
from registry.resources import queries as resources

blueprint = Blueprint("quality_pages", __name__, template_folder="../templates")


class EvidenceForm(Form):
    """A form whose evidence is a file of the browser."""

    def accepts(self) -> bool:
        """Read the form and the file; the file needs no base64 here."""
        read = super().accepts()
        sent = request.files.get("file")
        if read and sent is not None and sent.filename:
            content = sent.read()
            self.data["evidence"] = {"name": sent.filename, "media_type": sent.mimetype, "content": content}
        return read


@blueprint.get("/quality")
@requires(Permission.QUALITY_READ)
def browse() -> str:
    """List the tickets within one's scope."""
    text = request.args.get("state", "")
    state = TicketState(text) if text in list(TicketState) else None
    found = page(db.session(), queries.listed(current_actor(), state=state), QualityTicket, newest_first=True)
    return render_template(
        "registry/quality/list.html", found=found, today=_today(), categories=CATEGORY_TITLES, titles=STATE_TITLES,
        waiting=queries.desk(db.session(), current_actor()) if current_actor().may(Permission.QUALITY_ANSWER) else [],
    )  # fmt: skip


@blueprint.get("/quality/resources/<uuid:resource_id>")
@requires(Permission.QUALITY_READ)
def of_resource(resource_id: UUID) -> Response:
    """Show the score of a resource, its tickets within one's scope, and the form for a new one."""
    return _resource_page(resource_id)


@blueprint.post("/quality/resources/<uuid:resource_id>/tickets")
@requires(Permission.QUALITY_REPORT)
def report(resource_id: UUID) -> AnyResponse:
    """Report a quality problem."""
    form = EvidenceForm(QualityTicketIn)
    if not form.accepts():
        return _resource_page(resource_id, form=form, status=422)
    try:
        with db.transaction() as session:
            made = commands.report(
                session, current_actor(), **form.data, book=policy_book(), calendar=working_calendar(), now=clock.now()
            )
    except DomainError as error:
        return _resource_page(resource_id, form=form, refusal=error, status=error.status)
    flash(gettext("质量问题 %(number)s 已转数源部门。", number=made.number), "success")
    return redirect(url_for("quality_pages.show", ticket_id=made.id), code=303)


@blueprint.get("/quality/<uuid:ticket_id>")
@requires(Permission.QUALITY_READ)
def show(ticket_id: UUID) -> Response:
    """Show one ticket with its course and the next steps."""
    return _ticket_page(ticket_id)


@blueprint.post("/quality/<uuid:ticket_id>/steps")
@requires(Permission.QUALITY_READ)
def take_step(ticket_id: UUID) -> AnyResponse:
    """Answer a ticket, or judge the answer."""
    form = EvidenceForm(QualityStepIn)
    if not form.accepts():
        return _ticket_page(ticket_id, form=form, status=422)
    try:
        with db.transaction() as session:
            queries.detail(session, current_actor(), ticket_id)
            match_version(session, QualityTicket, ticket_id)
            commands.take_step(
                session, current_actor(), ticket_id, **form.data, book=policy_book(), calendar=working_calendar(),
                now=clock.now(),
            )  # fmt: skip
    except DomainError as error:
        return _ticket_page(ticket_id, form=form, refusal=error, status=error.status)
    flash(gettext("已记录。"), "success")
    return redirect(url_for("quality_pages.show", ticket_id=ticket_id), code=303)


def _resource_page(
    resource_id: UUID, *, form: Form | None = None, refusal: DomainError | None = None, status: int = 200
) -> Response:
    actor, session = current_actor(), db.session()
    resource = resources.visible(session, actor, resource_id)
    own = {grant.org_id for grant in actor.grants if grant.role in SELLERS and grant.org_id is not None}
    reporters = sorted((str(found.id), found.name) for found in (parties.get(session, one) for one in own))
    tickets = session.scalars(queries.listed(actor, resource_id=resource.id).order_by(QualityTicket.id.desc())).all()
    text = render_template(
        "registry/quality/resource.html", resource=resource, tickets=tickets, today=_today(), reporters=reporters,
        figures=queries.score(session, resource.id, _today(), policy_book()), categories=CATEGORY_TITLES,
        form=form or Form(QualityTicketIn, {"reporter_id": reporters[0][0] if reporters else ""}),
        refusal=words_of(refusal), titles=STATE_TITLES,
    )  # fmt: skip
    return make_response(text, status)


def _ticket_page(
    ticket_id: UUID, *, form: Form | None = None, refusal: DomainError | None = None, status: int = 200
) -> Response:
    actor = current_actor()
    ticket = queries.detail(db.session(), actor, ticket_id)
    answers = actor.may(
        Permission.QUALITY_ANSWER, org_id=ticket.resource.source_department_id, place=ticket.place
    )  # fmt: skip
    judges = actor.may(Permission.QUALITY_REPORT, org_id=ticket.reporter_id, place=ticket.place)
    events = [event for event in possible(ticket.state) if (answers if event in BY_DEPARTMENT else judges)]
    text = render_template(
        "registry/quality/ticket.html", ticket=ticket, today=_today(), events=events, event_titles=EVENT_TITLES,
        titles=STATE_TITLES, categories=CATEGORY_TITLES, steps=_steps(ticket), form=form or Form(QualityStepIn),
        refusal=words_of(refusal), left=_days_left(ticket),
    )  # fmt: skip
    return make_response(text, status)


def _steps(ticket: QualityTicket) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = [
        {"title": gettext("反馈"), "at": business_date(ticket.filed_at), "actor": ticket.reporter.name, "state": "done"}
    ]
    for one in ticket.course:
        steps.append(
            {"title": gettext(EVENT_TITLES[one.event]), "at": business_date(one.happened_at), "actor": one.actor_name,
             "note": one.reason, "state": "failed" if one.event is TicketEvent.REFUSE else "done"}
        )  # fmt: skip
    if ticket.state is not TicketState.CLOSED:
        steps.append(
            {"title": gettext(STATE_TITLES[ticket.state]), "due": ticket.due_date if ticket.state in WAITING else None,
             "state": "current", "overdue": ticket.is_overdue(_today())}
        )  # fmt: skip
    return steps


def _days_left(ticket: QualityTicket) -> int | None:
    if ticket.state not in WAITING or ticket.due_date is None or ticket.due_date < _today():
        return None
    return working_calendar().working_days_between(_today(), ticket.due_date)


def _today() -> date:
    return business_date(clock.now())
