"""Objections for people: the registrar rechecks and decides, the author reads the outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, files
from kernel.errors import DomainError
from kernel.http import Form, attachment, current_actor, public, requires
from kernel.identity import Permission
from registry.objections import commands, queries
from registry.objections.schemas import OutcomeIn, RecheckIn
from registry.registrations import queries as registrations

blueprint = Blueprint("objection_pages", __name__, template_folder="../templates")


@blueprint.get("/objections")
@public
def look_up() -> AnyResponse:
    """Go to the objection whose reference was typed."""
    return redirect(url_for("objection_pages.show", reference=request.args.get("reference", "").strip() or "-"))


@blueprint.get("/objections/<reference>")
@public
def show(reference: str) -> str:
    """Show what became of an objection to whoever knows its reference."""
    found = queries.by_reference(db.session(), reference)
    return render_template("registry/objections/objection.html", found=found, state=queries.state(found))


@blueprint.post("/objections/<uuid:objection_id>/recheck")
@requires(Permission.REGISTRATION_DECIDE)
def recheck(objection_id: UUID) -> AnyResponse:
    """Record what the recheck found."""
    return _step(
        objection_id, Form(RecheckIn), gettext("请写明复核情况。"), gettext("复核情况已记录。"),
        lambda session, data: commands.recheck(session, current_actor(), objection_id, **data, now=clock.now()),
    )  # fmt: skip


@blueprint.post("/objections/<uuid:objection_id>/outcome")
@requires(Permission.REGISTRATION_DECIDE)
def decide_objection(objection_id: UUID) -> AnyResponse:
    """Decide an objection."""
    return _step(
        objection_id, Form(OutcomeIn), gettext("请选择处理结论并写明理由。"), gettext("异议处理结论已记录。"),
        lambda session, data: commands.decide_objection(
            session, current_actor(), objection_id, **data, now=clock.now()
        ),
    )  # fmt: skip


@blueprint.get("/objections/<uuid:objection_id>/files/<sha256>")
@requires(Permission.REGISTRATION_DECIDE)
def download(objection_id: UUID, sha256: str) -> Response:
    """Hand out a file of an objection to a registrar of the place, as a download and never as a page of this site."""
    objection = queries.get(db.session(), objection_id)
    registration = registrations.get(db.session(), objection.registration_id)
    current_actor().must(Permission.REGISTRATION_DECIDE, place=registration.place)
    name = next((one.name for one in objection.files if one.sha256 == sha256), None)
    kept = files.get(db.session(), sha256 if name else "")
    return attachment(kept.content, name)


def _step(
    objection_id: UUID, form: Form, lacking: str, done: str, act: Callable[[Session, dict[str, Any]], object]
) -> AnyResponse:
    registration_id = queries.get(db.session(), objection_id).registration_id
    back = url_for("registration_pages.show", registration_id=registration_id)
    if not form.accepts():
        flash(lacking, "danger")
        return redirect(back, code=303)
    try:
        with db.transaction() as session:
            act(session, form.data)
    except DomainError as error:
        if error.status in (401, 403, 404):
            raise
        flash(error.detail, "danger")
        return redirect(back, code=303)
    flash(done, "success")
    return redirect(back, code=303)
