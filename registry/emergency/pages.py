"""Emergency plans and drills for people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, files
from kernel.errors import DomainError
from kernel.http import Form, attachment, current_actor, match_version, policy_book, requires, words_of
from kernel.identity import Permission
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.agreements.schemas import uploaded
from registry.emergency import checks, commands, queries
from registry.emergency.rules import DEPARTMENT_TITLES, OUTCOME_TITLES
from registry.emergency.schemas import DrillWordsIn, ParticipantsIn
from registry.policy import RegistryPolicy

blueprint = Blueprint("emergency_pages", __name__, template_folder="../templates")


@blueprint.get("/agreements/<uuid:agreement_id>/emergency")
@requires(Permission.AGREEMENT_READ)
def show(agreement_id: UUID) -> Response:
    """Show the plans and drills of an authorization."""
    return _page(agreement_id)


@blueprint.post("/agreements/<uuid:agreement_id>/emergency-plan")
@requires(Permission.AGREEMENT_WRITE)
def adopt_plan(agreement_id: UUID) -> AnyResponse:
    """Adopt the uploaded emergency plan."""
    plan = uploaded("plan")
    return _step(
        agreement_id, ParticipantsIn, gettext("应急预案已留存。"),
        lambda session, data: commands.adopt_plan(
            session, current_actor(), agreement_id, **data, **plan, now=clock.now()
        ),
    )  # fmt: skip


@blueprint.get("/agreements/<uuid:agreement_id>/emergency-plan")
@requires(Permission.AGREEMENT_READ)
def plan(agreement_id: UUID) -> Response:
    """Hand out the current emergency plan, as a download and never as a page of this site."""
    agreement = agreements.visible(db.session(), current_actor(), agreement_id)
    return _handed_out(agreement.emergency_plan_sha256 or "")


@blueprint.get("/agreements/<uuid:agreement_id>/drills/<uuid:drill_id>/evidence")
@requires(Permission.AGREEMENT_READ)
def drill_evidence(agreement_id: UUID, drill_id: UUID) -> Response:
    """Hand out the evidence of a drill."""
    agreements.visible(db.session(), current_actor(), agreement_id)
    found = (one for one in queries.drills(db.session(), agreement_id) if one.id == drill_id)
    return _handed_out(next((one.evidence_sha256 for one in found), ""))


@blueprint.post("/agreements/<uuid:agreement_id>/drills")
@requires(Permission.EMERGENCY_WRITE)
def record_drill(agreement_id: UUID) -> AnyResponse:
    """Record a drill with its evidence."""
    evidence = uploaded("evidence")
    return _step(
        agreement_id, DrillWordsIn, gettext("应急演练已登记。"),
        lambda session, data: commands.record_drill(
            session, current_actor(), agreement_id, **data, **evidence, now=clock.now()
        ),
    )  # fmt: skip


def _handed_out(sha256: str) -> Response:
    kept = files.get(db.session(), sha256)
    return attachment(kept.content, kept.name)


def _step(agreement_id: UUID, schema: Any, done: str, act: Callable[[Session, dict[str, Any]], object]) -> AnyResponse:
    form = Form(schema)
    if not form.accepts():
        return _page(agreement_id, form=form, status=422)
    try:
        with db.transaction() as session:
            agreements.visible(session, current_actor(), agreement_id)
            match_version(session, Agreement, agreement_id)
            act(session, form.data)
    except DomainError as error:
        return _page(agreement_id, form=form, refusal=error, status=error.status)
    flash(done, "success")
    return redirect(url_for("emergency_pages.show", agreement_id=agreement_id), code=303)


def _page(
    agreement_id: UUID, *, form: Form | None = None, refusal: DomainError | None = None, status: int = 200
) -> Response:
    actor, session, today, book = current_actor(), db.session(), clock.today(), policy_book()
    agreement = agreements.visible(session, actor, agreement_id)
    is_open = not agreement.has_ended(today)
    plans = queries.plans(session, agreement_id)
    text = render_template(
        "registry/emergency/emergency.html", agreement=agreement, plans=plans, today=today,
        drills=queries.drills(session, agreement_id), drill_due=queries.drill_due(session, agreement, today, book=book),
        findings=checks.of_agreement(session, agreement, on=today, book=book), form=form or Form(DrillWordsIn),
        departments=[(one.value, gettext(title)) for one, title in DEPARTMENT_TITLES.items()],
        department_titles={one.value: gettext(title) for one, title in DEPARTMENT_TITLES.items()},
        outcomes=[(one.value, gettext(title)) for one, title in OUTCOME_TITLES.items()],
        outcome_titles={one.value: gettext(title) for one, title in OUTCOME_TITLES.items()},
        policy=RegistryPolicy.at(book, agreement.place, today),
        refusal=words_of(refusal),
        may_write=is_open and actor.may(Permission.AGREEMENT_WRITE, place=agreement.place),
        may_drill=is_open and bool(plans) and actor.may(
            Permission.EMERGENCY_WRITE, org_id=agreement.operating_institution_id, place=agreement.place
        ),
    )  # fmt: skip
    return make_response(text, status)
