"""Corrections and restorations for programs, under the address of the agreement. Send ``If-Match`` of the agreement."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, policy_book, requires
from kernel.identity import Permission
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.agreements.schemas import AgreementDetailOut
from registry.suspensions import commands, queries
from registry.suspensions.schemas import (
    AffectedDataIn,
    AffectedDataOut,
    CorrectionFindingIn,
    CorrectionIn,
    CorrectionOut,
    CorrectionsOut,
)

blueprint = ApiBlueprint(
    "suspensions", __name__, url_prefix="/api/v1/agreements", description="暂停与整改 · suspension and correction"
)


@blueprint.get("/<uuid:agreement_id>/corrections")
@requires(Permission.AGREEMENT_READ)
@blueprint.response(200, CorrectionsOut)
def browse(agreement_id: UUID) -> dict[str, Any]:
    """Read what was reported as corrected and which data were affected."""
    session = db.session()
    agreements.visible(session, current_actor(), agreement_id)
    return {"reports": queries.reports(session, agreement_id), "parts": queries.parts(session, agreement_id)}


@blueprint.post("/<uuid:agreement_id>/corrections")
@requires(Permission.DUTY_FILE)
@blueprint.arguments(CorrectionIn)
@blueprint.response(201, CorrectionOut)
def report(correction_in, agreement_id: UUID):
    """Report for the operating institution what was corrected."""
    with db.transaction() as session:
        _match(session, agreement_id)
        made = commands.report_correction(session, current_actor(), agreement_id, **correction_in, now=clock.now())
        return queries.report(session, agreement_id, made.id)


@blueprint.post("/<uuid:agreement_id>/corrections/<uuid:report_id>/finding")
@requires(Permission.AGREEMENT_WRITE)
@blueprint.arguments(CorrectionFindingIn)
@blueprint.response(200, CorrectionOut)
def reject(finding_in, agreement_id: UUID, report_id: UUID):
    """Find a reported correction insufficient."""
    with db.transaction() as session:
        _match(session, agreement_id)
        commands.reject_correction(session, current_actor(), agreement_id, report_id, **finding_in, now=clock.now())
        session.flush()
        return next(one for one in queries.reports(session, agreement_id) if one.id == report_id)


@blueprint.post("/<uuid:agreement_id>/restoration")
@requires(Permission.AGREEMENT_WRITE)
@blueprint.response(200, AgreementDetailOut)
def restore(agreement_id: UUID):
    """Ask for the end of a suspension, or confirm what another person asked for."""
    with db.transaction() as session:
        _match(session, agreement_id)
        commands.restore(session, current_actor(), agreement_id, now=clock.now())
        session.flush()
        return agreements.visible(session, current_actor(), agreement_id)


@blueprint.post("/<uuid:agreement_id>/partial-ends")
@requires(Permission.AGREEMENT_WRITE)
@blueprint.arguments(AffectedDataIn)
@blueprint.response(201, AffectedDataOut)
def ask_end_of_part(part_in, agreement_id: UUID):
    """Ask that the authorization of the affected data end."""
    with db.transaction() as session:
        _match(session, agreement_id)
        return commands.ask_end_of_part(
            session, current_actor(), agreement_id, **part_in, now=clock.now(), book=policy_book()
        )


@blueprint.post("/<uuid:agreement_id>/partial-ends/<uuid:part_id>/confirmation")
@requires(Permission.AGREEMENT_WRITE)
@blueprint.response(200, AgreementDetailOut)
def confirm_end_of_part(agreement_id: UUID, part_id: UUID):
    """Confirm it as the second person; the rest of the agreement goes on."""
    with db.transaction() as session:
        _match(session, agreement_id)
        commands.confirm_end_of_part(session, current_actor(), agreement_id, part_id, now=clock.now())
        session.flush()
        return agreements.visible(session, current_actor(), agreement_id)


def _match(session: Session, agreement_id: UUID) -> None:
    agreements.visible(session, current_actor(), agreement_id)
    match_version(session, Agreement, agreement_id)
