"""Incidents for people: note a risk, stop, tell every office, and decide whether to go on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import format_datetime, get_locale, gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import Form, current_actor, match_version, page, policy_book, requires, words_of
from kernel.identity import Permission
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.incidents import commands, queries
from registry.incidents.model import Incident
from registry.incidents.rules import (
    EVENT_TITLES,
    RECIPIENT_TITLES,
    RISK_TITLES,
    STATE_TITLES,
    IncidentState,
    missing_recipients,
    possible,
)
from registry.incidents.schemas import AssessmentIn, ClosingIn, IncidentIn, ReportIn, StopIn
from registry.products.model import Product

blueprint = Blueprint("incident_pages", __name__, template_folder="../templates")
SCHEMAS: dict[str, Any] = {
    "stop": StopIn, "report": ReportIn, "assess": AssessmentIn, "resume": ClosingIn, "terminate": ClosingIn,
}  # fmt: skip
DECIDED = ("assess", "resume", "terminate")
CHOICES_MAX = 200


@blueprint.get("/incidents")
@requires(Permission.INCIDENT_READ)
def browse() -> str:
    """List the incidents within one's scope, the newest first."""
    actor, state = current_actor(), request.args.get("state", "")
    query = queries.listed(
        actor, place=request.args.get("place") or None,
        state=IncidentState(state) if state in list(IncidentState) else None,
    )  # fmt: skip
    return render_template(
        "registry/incidents/list.html", found=page(db.session(), query, Incident, newest_first=True),
        places=_places(), titles=_titles(), may_report=actor.may(Permission.INCIDENT_REPORT),
    )  # fmt: skip


@blueprint.route("/incidents/new", methods=["GET", "POST"])
@requires(Permission.INCIDENT_REPORT)
def detect() -> AnyResponse:
    """Note a risk that was found."""
    form, status = Form(IncidentIn), 200
    if request.method == "POST":
        status = 422
        if form.accepts():
            try:
                with db.transaction() as session:
                    made = commands.detect(session, current_actor(), **form.data, now=clock.now(), book=policy_book())
            except DomainError as error:
                form.refuse(error)
                status = error.status
            else:
                flash(gettext("风险事件 %(number)s 已登记，请立即停止处理并报告。", number=made.number), "warning")
                return redirect(url_for("incident_pages.show", incident_id=made.id), code=303)
    query = agreements.listed(current_actor()).where(Agreement.activated_at.is_not(None))
    chosen = db.session().scalars(query.order_by(Agreement.number).limit(CHOICES_MAX)).all()
    made_under = sa.select(Product).where(Product.agreement_id.in_([one.id for one in chosen]))
    products = db.session().scalars(made_under.order_by(Product.code).limit(CHOICES_MAX))
    text = render_template(
        "registry/incidents/new.html", form=form, refusal=words_of(form.problem),
        agreements=[(str(one.id), f"{one.number} {one.title}（{one.operating_institution.name}）") for one in chosen],
        products=[(str(one.id), f"{one.code} {one.title}") for one in products],
        risks=[(risk.value, gettext(title)) for risk, title in RISK_TITLES.items()],
    )  # fmt: skip
    return make_response(text, status)


@blueprint.get("/incidents/<uuid:incident_id>")
@requires(Permission.INCIDENT_READ)
def show(incident_id: UUID) -> Response:
    """Show one incident: what was found, who was told, what comes next."""
    return _incident_page(incident_id)


@blueprint.post("/incidents/<uuid:incident_id>/<any(stop, report, close_report, assess, resume, terminate):step>")
@requires(Permission.INCIDENT_READ)
def take_step(incident_id: UUID, step: str) -> AnyResponse:
    """Take the next step, decided on the version that was shown; the command asks who may."""
    form = Form(SCHEMAS[step]) if step in SCHEMAS else None
    if form is not None and not form.accepts():
        return _incident_page(incident_id, errors=form.errors, status=422)
    data = form.data if form is not None else {}
    try:
        with db.transaction() as session:
            queries.visible(session, current_actor(), incident_id)
            match_version(session, Incident, incident_id)
            getattr(commands, step)(session, current_actor(), incident_id, **data, now=clock.now())
    except DomainError as error:
        return _incident_page(incident_id, refusal=error, status=error.status)
    flash(gettext("已办理。"), "success")
    return redirect(url_for("incident_pages.show", incident_id=incident_id), code=303)


def _incident_page(
    incident_id: UUID, *, errors: dict[str, Any] | None = None, refusal: DomainError | None = None, status: int = 200
) -> Response:
    actor, session = current_actor(), db.session()
    incident = queries.visible(session, actor, incident_id)
    told = [one.recipient for one in incident.reports]
    missing = missing_recipients(incident.recipients, told)
    offices = dict.fromkeys([*missing, *(code for code in RECIPIENT_TITLES if code not in told)])
    may_report = queries.may_stop(session, actor, incident.agreement, incident.product)
    may_decide = actor.may(Permission.INCIDENT_DECIDE, place=incident.place)
    text = render_template(
        "registry/incidents/incident.html", incident=incident, errors=errors or {}, refusal=words_of(refusal),
        titles=_titles(), missing=[gettext(RECIPIENT_TITLES[code]) for code in missing],
        offices=[(code, gettext(RECIPIENT_TITLES[code])) for code in offices],
        recipients=RECIPIENT_TITLES, risks=[gettext(RISK_TITLES[code]) for code in incident.risks],
        events=[event.value for event in possible(incident.state)
                if (may_decide if event.value in DECIDED else may_report)],
        assessed_by_me=incident.assessed_by is not None and incident.assessed_by == actor.id,
        steps=_timeline(session, incident),
    )  # fmt: skip
    return make_response(text, status)


def _timeline(session: Session, incident: Incident) -> list[dict[str, Any]]:
    words = {"detect": gettext(STATE_TITLES[IncidentState.DETECTED])}
    words |= {event.value: gettext(title) for event, title in EVENT_TITLES.items()}
    done = []
    for line in queries.history(session, incident.id):
        title = words.get(line.action.removeprefix("incident."), line.action)
        office = line.detail.get("recipient")
        done.append({
            "title": f"{title} · {gettext(RECIPIENT_TITLES[office])}" if office else title, "actor": line.actor_name,
            "at": format_datetime(line.at, "yyyy-MM-dd HH:mm"), "note": line.note, "state": "done",
        })  # fmt: skip
    return done


def _titles() -> dict[str, str]:
    return {state.value: gettext(title) for state, title in STATE_TITLES.items()}


def _places() -> list[tuple[str, str]]:
    book = policy_book()
    chinese = str(get_locale() or "zh").startswith("zh")
    return [(key, book.place(key).title if chinese else book.place(key).title_en) for key in book.places()]
