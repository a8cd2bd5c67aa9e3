"""Determinations for programs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kernel import clock, db
from kernel.http import (
    ApiBlueprint,
    current_actor,
    match_version,
    page,
    policy_book,
    repeats_harmlessly,
    requires,
)
from kernel.identity import Permission
from pricing.determinations import commands, queries
from pricing.determinations.model import Determination
from pricing.determinations.schemas import (
    ApplicationFilingIn,
    AssessmentOfReadinessIn,
    ConfirmationIn,
    DeterminationArgs,
    DeterminationDetailOut,
    DeterminationIn,
    DeterminationNoteIn,
    DeterminationPageOut,
    ProposalIn,
    ProposalPreviewOut,
    RejectionIn,
)

blueprint = ApiBlueprint(
    "determinations", __name__, url_prefix="/api/v1/determinations", description="定价程序 · determinations (PRC-03)"
)


@blueprint.get("")
@requires(Permission.COST_READ)
@blueprint.arguments(DeterminationArgs, location="query")
@blueprint.response(200, DeterminationPageOut)
def browse(args):
    """List the determinations within your scope."""
    query = queries.visible(current_actor())
    for name in ("place", "year", "agreement_id", "state"):
        if name in args:
            query = query.where(getattr(Determination, name) == args[name])
    return page(db.session(), query, Determination, newest_first=True)


@blueprint.post("")
@requires(Permission.CEILING_APPLY)
@blueprint.arguments(DeterminationIn)
@blueprint.response(201, DeterminationDetailOut)
def apply(determination_in):
    """File the written application of the authorizing entity."""
    with db.transaction() as session:
        return _shown(commands.apply(session, current_actor(), **determination_in, now=clock.now()))


@blueprint.get("/<uuid:determination_id>")
@requires(Permission.COST_READ)
@blueprint.response(200, DeterminationDetailOut)
def show(determination_id: UUID):
    """Read one determination with its steps, proposals and where it stands today."""
    return _shown(queries.get(db.session(), current_actor(), determination_id))


@blueprint.put("/<uuid:determination_id>")
@requires(Permission.CEILING_APPLY)
@blueprint.arguments(ApplicationFilingIn)
@blueprint.response(200, DeterminationDetailOut)
def amend(filing_in, determination_id: UUID):
    """File a returned application again, corrected."""
    return _done("amend", determination_id, filing_in)


@blueprint.post("/<uuid:determination_id>/withdrawal")
@requires(Permission.CEILING_APPLY)
@blueprint.arguments(DeterminationNoteIn)
@blueprint.response(200, DeterminationDetailOut)
def withdraw(note_in, determination_id: UUID):
    """Withdraw an application."""
    return _done("withdraw", determination_id, note_in)


@blueprint.post("/<uuid:determination_id>/return")
@requires(Permission.CEILING_DETERMINE)
@blueprint.arguments(DeterminationNoteIn)
@blueprint.response(200, DeterminationDetailOut)
def send_back(note_in, determination_id: UUID):
    """Return an application for completion."""
    return _done("send_back", determination_id, note_in)


@blueprint.post("/<uuid:determination_id>/readiness")
@requires(Permission.CEILING_DETERMINE)
@blueprint.arguments(AssessmentOfReadinessIn)
@blueprint.response(200, DeterminationDetailOut)
def assess(readiness_in, determination_id: UUID):
    """Decide whether there is a basis for pricing."""
    return _done("assess", determination_id, readiness_in)


@blueprint.post("/<uuid:determination_id>/proposals/preview")
@requires(Permission.CEILING_DETERMINE)
@repeats_harmlessly
@blueprint.arguments(ProposalIn)
@blueprint.response(200, ProposalPreviewOut)
def preview(proposal_in, determination_id: UUID):
    """Compute what would follow from these terms; nothing is stored."""
    session, actor = db.session(), current_actor()
    found = queries.get(session, actor, determination_id)
    return queries.previewed(session, actor, found, **proposal_in, now=clock.now(), book=policy_book())


@blueprint.post("/<uuid:determination_id>/proposals")
@requires(Permission.CEILING_DETERMINE)
@blueprint.arguments(ProposalIn)
@blueprint.response(201, DeterminationDetailOut)
def propose(proposal_in, determination_id: UUID):
    """Propose the permitted revenue; it counts when a second person confirms exactly this proposal."""
    return _done("propose", determination_id, {**proposal_in, "book": policy_book()})


@blueprint.post("/<uuid:determination_id>/confirmation")
@requires(Permission.CEILING_CONFIRM)
@blueprint.arguments(ConfirmationIn)
@blueprint.response(200, DeterminationDetailOut)
def confirm(confirmation_in, determination_id: UUID):
    """Confirm the proposal with this digest: only now is there a permitted revenue."""
    return _done("confirm", determination_id, {**confirmation_in, "book": policy_book()})


@blueprint.post("/<uuid:determination_id>/rejection")
@requires(Permission.CEILING_CONFIRM)
@blueprint.arguments(RejectionIn)
@blueprint.response(200, DeterminationDetailOut)
def reject(rejection_in, determination_id: UUID):
    """Reject the proposal with this digest."""
    return _done("reject", determination_id, rejection_in)


def _done(act: str, determination_id: UUID, data: dict[str, Any]) -> Determination:
    with db.transaction() as session:
        queries.get(session, current_actor(), determination_id)  # of what one may not see, not even the version is told
        match_version(session, Determination, determination_id)
        getattr(commands, act)(session, current_actor(), determination_id, **data, now=clock.now())
        session.flush()
        session.expire_all()
        return _shown(queries.get(session, current_actor(), determination_id))


def _shown(found: Determination) -> Determination:
    found.phase = queries.phases(db.session(), [found], clock.today())[found.id]  # type: ignore[attr-defined]
    return found
