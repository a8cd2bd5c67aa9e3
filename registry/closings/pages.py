"""Closings for people: on the page of the registration one registrar asks, and another one decides."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, files
from kernel.http import Form, attachment, current_actor, requires
from kernel.identity import Permission
from registry.closings import commands, queries
from registry.closings.schemas import ClosingAskForm, ClosingReasonIn
from registry.records.gateway import upload
from registry.records.rules import Upload
from registry.registrations import queries as registrations
from registry.registrations.pages import step
from registry.registrations.rules import CancellationGround, ClosingKind, RevocationGround

blueprint = Blueprint("closing_pages", __name__, template_folder="../templates")


@blueprint.post("/registrations/<uuid:registration_id>/closings")
@requires(Permission.REGISTRATION_DECIDE)
def ask(registration_id: UUID) -> AnyResponse:
    """Ask that a registration be revoked, or cancelled without an application."""
    sent = upload("evidence")

    def act(session: Session, data: dict[str, Any]) -> object:
        kind, ground = data["ground"].split("/")
        common = {"reason": data["reason"], "now": clock.now()}
        if kind == ClosingKind.REVOCATION:
            return commands.ask_revocation(
                session, current_actor(), registration_id, ground=RevocationGround(ground), upload=sent, **common
            )
        proof = sent or Upload(b"", gettext("注销事由的证明材料"))
        return commands.ask_cancellation(
            session, current_actor(), registration_id, ground=CancellationGround(ground), upload=proof, **common
        )

    done = gettext("已提出，待另一名登记人员确认；确认前登记继续有效。")
    return step(registration_id, Form(ClosingAskForm), done, act)


@blueprint.post("/registrations/<uuid:registration_id>/asks/<uuid:ask_id>/confirmation")
@requires(Permission.REGISTRATION_DECIDE)
def confirm(registration_id: UUID, ask_id: UUID) -> AnyResponse:
    """Confirm as the second registrar."""
    return step(
        registration_id, None, gettext("已确认：登记即时失效，产品即时下架。"),
        lambda session, _: commands.confirm(session, current_actor(), registration_id, ask_id, now=clock.now()),
    )  # fmt: skip


@blueprint.post("/registrations/<uuid:registration_id>/asks/<uuid:ask_id>/refusal")
@requires(Permission.REGISTRATION_DECIDE)
def refuse(registration_id: UUID, ask_id: UUID) -> AnyResponse:
    """Do not confirm."""
    return step(
        registration_id, Form(ClosingReasonIn), gettext("已退回，登记继续有效。"),
        lambda session, data: commands.refuse(
            session, current_actor(), registration_id, ask_id, **data, now=clock.now()
        ),
    )  # fmt: skip


@blueprint.post("/registrations/<uuid:registration_id>/asks/<uuid:ask_id>/withdrawal")
@requires(Permission.REGISTRATION_DECIDE)
def withdraw(registration_id: UUID, ask_id: UUID) -> AnyResponse:
    """Take back what one asked for."""
    return step(
        registration_id, Form(ClosingReasonIn), gettext("已撤回，登记继续有效。"),
        lambda session, data: commands.withdraw(
            session, current_actor(), registration_id, ask_id, **data, now=clock.now()
        ),
    )  # fmt: skip


@blueprint.get("/registrations/<uuid:registration_id>/asks/<uuid:ask_id>/evidence")
@requires(Permission.REGISTRATION_DECIDE)
def evidence(registration_id: UUID, ask_id: UUID) -> Response:
    """Hand out the evidence to a registrar of the place, as a download and never as a page of this site."""
    registration = registrations.detail(db.session(), current_actor(), registration_id)
    current_actor().must(Permission.REGISTRATION_DECIDE, place=registration.place)
    asked = queries.ask(db.session(), registration.id, ask_id)
    kept = files.get(db.session(), asked.evidence_sha256 or "")
    return attachment(kept.content, asked.evidence_name)
