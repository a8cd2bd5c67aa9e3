"""Endings and exits for programs. A change of an agreement or of an exit needs ``If-Match`` of the same."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, requires
from kernel.identity import Permission
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.agreements.schemas import AgreementDetailOut
from registry.exits import commands, queries
from registry.exits.model import ExitFile
from registry.exits.schemas import (
    AuthorizationRevocationIn,
    DeletionCertificateIn,
    ExitArgs,
    ExitIn,
    ExitOut,
    ExitPageOut,
    FinalSettlementIn,
    PartialDeletionOut,
    TerminationIn,
)

blueprint = ApiBlueprint("exits", __name__, url_prefix="/api/v1/exits", description="授权退出 · exits")
endings = ApiBlueprint(
    "agreement_endings", __name__, url_prefix="/api/v1/agreements", description="授权终止 · ends of authorizations"
)


@endings.post("/<uuid:agreement_id>/termination")
@requires(Permission.AGREEMENT_WRITE)
@endings.arguments(TerminationIn)
@endings.response(200, AgreementDetailOut)
def terminate(termination_in, agreement_id: UUID):
    """Ask for the end of the agreement, or confirm what another person asked for."""
    with db.transaction() as session:
        _match_agreement(session, agreement_id)
        commands.terminate(
            session, current_actor(), agreement_id, **termination_in, now=clock.now(), book=policy_book()
        )
        return _agreement(session, agreement_id)


@endings.post("/<uuid:agreement_id>/revocation")
@requires(Permission.AGREEMENT_WRITE)
@endings.arguments(AuthorizationRevocationIn)
@endings.response(200, AgreementDetailOut)
def revoke(revocation_in, agreement_id: UUID):
    """Ask that the authorization be taken back, or confirm what another person asked for."""
    with db.transaction() as session:
        _match_agreement(session, agreement_id)
        commands.revoke(session, current_actor(), agreement_id, **revocation_in, now=clock.now(), book=policy_book())
        return _agreement(session, agreement_id)


@endings.post("/<uuid:agreement_id>/expiry")
@requires(Permission.AGREEMENT_WRITE)
@endings.response(200, AgreementDetailOut)
def expire(agreement_id: UUID):
    """Note that the term of an agreement is over."""
    with db.transaction() as session:
        _match_agreement(session, agreement_id)
        commands.expire(session, current_actor(), agreement_id, now=clock.now(), book=policy_book())
        return _agreement(session, agreement_id)


@endings.get("/<uuid:agreement_id>/partial-ends/<uuid:part_id>/certificate")
@requires(Permission.AGREEMENT_READ)
@endings.response(200, PartialDeletionOut)
def show_part(agreement_id: UUID, part_id: UUID):
    """Read the certificate of deletion of a part whose authorization ended."""
    return queries.visible_deletion(db.session(), current_actor(), agreement_id, part_id)


@endings.put("/<uuid:agreement_id>/partial-ends/<uuid:part_id>/certificate")
@requires(Permission.EXIT_WRITE)
@endings.arguments(DeletionCertificateIn)
@endings.response(200, PartialDeletionOut)
def certify_part(certificate_in, agreement_id: UUID, part_id: UUID):
    """Certify the deletion of a part whose authorization ended; the same certificate again changes nothing."""
    with db.transaction() as session:
        _match_agreement(session, agreement_id)
        commands.certify_part(
            session, current_actor(), agreement_id, part_id, **certificate_in, now=clock.now(), book=policy_book()
        )
        return queries.visible_deletion(session, current_actor(), agreement_id, part_id)


@blueprint.get("")
@requires(Permission.AGREEMENT_READ)
@blueprint.arguments(ExitArgs, location="query")
@blueprint.response(200, ExitPageOut)
def browse(args):
    """List the exits from the agreements within your scope."""
    return page(db.session(), queries.listed(current_actor(), place=args.get("place")), ExitFile)


@blueprint.post("")
@requires(Permission.EXIT_WRITE)
@blueprint.arguments(ExitIn)
@blueprint.response(201, ExitOut)
def open_exit(exit_in):
    """Open the exit from an agreement that has ended, be it by time; an open one is returned."""
    with db.transaction() as session:
        agreements.visible(session, current_actor(), exit_in["agreement_id"])
        made = commands.open_exit(session, current_actor(), **exit_in, now=clock.now(), book=policy_book())
        return _seen(session, made.id)


@blueprint.get("/<uuid:exit_id>")
@requires(Permission.AGREEMENT_READ)
@blueprint.response(200, ExitOut)
def show(exit_id: UUID):
    """Read one exit with checklist and certificate."""
    return queries.visible(db.session(), current_actor(), exit_id)


@blueprint.put("/<uuid:exit_id>/certificate")
@requires(Permission.EXIT_WRITE)
@blueprint.arguments(DeletionCertificateIn)
@blueprint.response(200, ExitOut)
def certify(certificate_in, exit_id: UUID):
    """Certify the deletion; the same certificate again changes nothing."""
    with db.transaction() as session:
        _match(session, exit_id)
        commands.certify(session, current_actor(), exit_id, **certificate_in, now=clock.now())
        return _seen(session, exit_id)


@blueprint.put("/<uuid:exit_id>/settlement")
@requires(Permission.AGREEMENT_WRITE)
@blueprint.arguments(FinalSettlementIn)
@blueprint.response(200, ExitOut)
def note_settlement(settlement_in, exit_id: UUID):
    """Note the final settlement."""
    with db.transaction() as session:
        _match(session, exit_id)
        commands.note_settlement(session, current_actor(), exit_id, **settlement_in, now=clock.now())
        return _seen(session, exit_id)


@blueprint.post("/<uuid:exit_id>/closure")
@requires(Permission.AGREEMENT_WRITE)
@blueprint.response(200, ExitOut)
def close(exit_id: UUID):
    """Ask for the closure of the file, or confirm what another person asked for."""
    with db.transaction() as session:
        _match(session, exit_id)
        commands.close(session, current_actor(), exit_id, now=clock.now(), book=policy_book())
        return _seen(session, exit_id)


def _match(session: Session, exit_id: UUID) -> None:
    queries.visible(session, current_actor(), exit_id)
    match_version(session, ExitFile, exit_id)


def _seen(session: Session, exit_id: UUID) -> ExitFile:
    session.flush()
    return queries.visible(session, current_actor(), exit_id)


def _match_agreement(session: Session, agreement_id: UUID) -> None:
    agreements.visible(session, current_actor(), agreement_id)
    match_version(session, Agreement, agreement_id)


def _agreement(session: Session, agreement_id: UUID) -> Agreement:
    session.flush()
    return agreements.visible(session, current_actor(), agreement_id)
