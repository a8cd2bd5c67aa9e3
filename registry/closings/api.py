"""Closings for programs. One registrar asks, another one confirms; send ``If-Match`` of the registration."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, requires
from kernel.identity import Permission
from registry.closings import commands
from registry.closings.schemas import ClosingReasonIn, OfficialCancellationIn, RevocationAskIn
from registry.registrations import queries as registrations
from registry.registrations.model import Registration
from registry.registrations.schemas import RegistrationDetailOut

blueprint = ApiBlueprint(
    "closings", __name__, url_prefix="/api/v1/registrations", description="撤销和依职权注销 · closings by the registrar"
)


@blueprint.post("/<uuid:registration_id>/revocation")
@requires(Permission.REGISTRATION_DECIDE)
@blueprint.arguments(RevocationAskIn)
@blueprint.response(200, RegistrationDetailOut)
def ask_revocation(revocation_in, registration_id: UUID):
    """Ask that a coded registration be revoked; it stands until another registrar confirms."""
    with db.transaction() as session:
        _match(session, registration_id)
        commands.ask_revocation(session, current_actor(), registration_id, **revocation_in, now=clock.now())
        return _seen(session, registration_id)


@blueprint.post("/<uuid:registration_id>/official-cancellation")
@requires(Permission.REGISTRATION_DECIDE)
@blueprint.arguments(OfficialCancellationIn)
@blueprint.response(200, RegistrationDetailOut)
def ask_cancellation(cancellation_in, registration_id: UUID):
    """Ask that a registration be cancelled without an application of its registrant, with the evidence."""
    with db.transaction() as session:
        _match(session, registration_id)
        commands.ask_cancellation(session, current_actor(), registration_id, **cancellation_in, now=clock.now())
        return _seen(session, registration_id)


@blueprint.post("/<uuid:registration_id>/asks/<uuid:ask_id>/confirmation")
@requires(Permission.REGISTRATION_DECIDE)
@blueprint.response(200, RegistrationDetailOut)
def confirm(registration_id: UUID, ask_id: UUID):
    """Confirm as the second registrar: the registration closes at once."""
    with db.transaction() as session:
        _match(session, registration_id)
        commands.confirm(session, current_actor(), registration_id, ask_id, now=clock.now())
        return _seen(session, registration_id)


@blueprint.post("/<uuid:registration_id>/asks/<uuid:ask_id>/refusal")
@requires(Permission.REGISTRATION_DECIDE)
@blueprint.arguments(ClosingReasonIn)
@blueprint.response(200, RegistrationDetailOut)
def refuse(reason_in, registration_id: UUID, ask_id: UUID):
    """Do not confirm, and say why."""
    with db.transaction() as session:
        _match(session, registration_id)
        commands.refuse(session, current_actor(), registration_id, ask_id, **reason_in, now=clock.now())
        return _seen(session, registration_id)


@blueprint.post("/<uuid:registration_id>/asks/<uuid:ask_id>/withdrawal")
@requires(Permission.REGISTRATION_DECIDE)
@blueprint.arguments(ClosingReasonIn)
@blueprint.response(200, RegistrationDetailOut)
def withdraw(reason_in, registration_id: UUID, ask_id: UUID):
    """Take back what you asked for."""
    with db.transaction() as session:
        _match(session, registration_id)
        commands.withdraw(session, current_actor(), registration_id, ask_id, **reason_in, now=clock.now())
        return _seen(session, registration_id)


def _match(session: Session, registration_id: UUID) -> None:
    registrations.detail(session, current_actor(), registration_id)
    match_version(session, Registration, registration_id)


def _seen(session: Session, registration_id: UUID) -> Registration:
    session.flush()
    return registrations.detail(session, current_actor(), registration_id)
