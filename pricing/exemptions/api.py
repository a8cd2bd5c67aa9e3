"""Free use in the public interest for programs. Decisions are made on a version: send ``If-Match``."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, requires
from kernel.identity import Permission
from pricing.exemptions import commands, queries
from pricing.exemptions.model import Exemption
from pricing.exemptions.schemas import (
    AmendmentDecisionIn,
    ExemptionAmendmentOut,
    ExemptionApprovalIn,
    ExemptionArgs,
    ExemptionChangeIn,
    ExemptionHistoryOut,
    ExemptionIn,
    ExemptionOut,
    ExemptionPageOut,
    ReasonIn,
)

blueprint = ApiBlueprint("exemptions", __name__, url_prefix="/api/v1/exemptions", description="公益免费 · exemptions")


@blueprint.get("")
@requires(Permission.ORDER_READ)
@blueprint.arguments(ExemptionArgs, location="query")
@blueprint.response(200, ExemptionPageOut)
def browse(args):
    """List the exemptions within your scope; those that end soon, on demand."""
    query, today = queries.visible(current_actor()), clock.today()
    if "ending_within" in args:
        query = queries.ending(current_actor(), today, today + timedelta(days=args["ending_within"]))
    for name in ("place", "state"):
        if name in args:
            query = query.where(getattr(Exemption, name) == args[name])
    return page(db.session(), query, Exemption, newest_first=True)


@blueprint.post("")
@requires(Permission.ORDER_PLACE)
@blueprint.arguments(ExemptionIn)
@blueprint.response(201, ExemptionOut)
def request_exemption(exemption_in):
    """Ask for free use of a product for a public-interest purpose."""
    with db.transaction() as session:
        return commands.request(session, current_actor(), **exemption_in, now=clock.now(), book=policy_book())


@blueprint.get("/<uuid:exemption_id>")
@requires(Permission.ORDER_READ)
@blueprint.response(200, ExemptionOut)
def show(exemption_id: UUID):
    """Read one exemption."""
    return queries.get(db.session(), current_actor(), exemption_id)


@blueprint.post("/<uuid:exemption_id>/approval")
@requires(Permission.EXEMPTION_APPROVE)
@blueprint.arguments(ExemptionApprovalIn, required=False)
@blueprint.response(200, ExemptionOut)
def approve(approval_in, exemption_id: UUID):
    """Approve free use, with its conditions in words."""
    with db.transaction() as session:
        _match(session, exemption_id)
        made = commands.approve(session, current_actor(), exemption_id, **approval_in, now=clock.now())
        session.flush()
        return made


@blueprint.post("/<uuid:exemption_id>/refusal")
@requires(Permission.EXEMPTION_APPROVE)
@blueprint.arguments(ReasonIn)
@blueprint.response(200, ExemptionOut)
def refuse(reason_in, exemption_id: UUID):
    """Refuse free use, with the reason."""
    with db.transaction() as session:
        _match(session, exemption_id)
        made = commands.refuse(session, current_actor(), exemption_id, **reason_in, now=clock.now())
        session.flush()
        return made


@blueprint.post("/<uuid:exemption_id>/revocation")
@requires(Permission.EXEMPTION_APPROVE)
@blueprint.arguments(ReasonIn)
@blueprint.response(200, ExemptionOut)
def revoke(reason_in, exemption_id: UUID):
    """End an approved exemption, with the reason."""
    with db.transaction() as session:
        _match(session, exemption_id)
        made = commands.revoke(session, current_actor(), exemption_id, **reason_in, now=clock.now())
        session.flush()
        return made


@blueprint.get("/<uuid:exemption_id>/history")
@requires(Permission.ORDER_READ)
@blueprint.response(200, ExemptionHistoryOut)
def history(exemption_id: UUID):
    """Read every term that was decided of an exemption, and every change that was asked for."""
    session = db.session()
    found = queries.get(session, current_actor(), exemption_id)
    return {"terms": queries.terms_of(session, found.id), "amendments": queries.amendments_of(session, found.id)}


@blueprint.post("/<uuid:exemption_id>/return")
@requires(Permission.ORDER_PLACE)
@blueprint.arguments(ReasonIn)
@blueprint.response(200, ExemptionOut)
def give_back(reason_in, exemption_id: UUID):
    """Give an approved exemption of your organisation back; use stops at once."""
    with db.transaction() as session:
        _match(session, exemption_id)
        made = commands.give_back(session, current_actor(), exemption_id, **reason_in, now=clock.now())
        session.flush()
        return made


@blueprint.post("/<uuid:exemption_id>/renewal")
@requires(Permission.ORDER_PLACE)
@blueprint.arguments(ExemptionChangeIn)
@blueprint.response(201, ExemptionOut)
def renew(change_in, exemption_id: UUID):
    """Ask for a new exemption that follows this one; it is decided anew."""
    with db.transaction() as session:
        queries.get(session, current_actor(), exemption_id)
        return commands.renew(
            session, current_actor(), exemption_id, **change_in, now=clock.now(), book=policy_book()
        )  # fmt: skip


@blueprint.post("/<uuid:exemption_id>/amendments")
@requires(Permission.ORDER_PLACE)
@blueprint.arguments(ExemptionChangeIn)
@blueprint.response(201, ExemptionAmendmentOut)
def ask_amendment(change_in, exemption_id: UUID):
    """Ask for another last day or quota; the present terms hold until somebody else has decided."""
    with db.transaction() as session:
        _match(session, exemption_id)
        return commands.ask_amendment(
            session, current_actor(), exemption_id, **change_in, now=clock.now(), book=policy_book()
        )  # fmt: skip


@blueprint.post("/<uuid:exemption_id>/amendments/<uuid:amendment_id>/decision")
@requires(Permission.EXEMPTION_APPROVE)
@blueprint.arguments(AmendmentDecisionIn)
@blueprint.response(200, ExemptionOut)
def decide_amendment(decision_in, exemption_id: UUID, amendment_id: UUID):
    """Decide a change of terms; the terms before stay on record."""
    with db.transaction() as session:
        _match(session, exemption_id)
        made = commands.decide_amendment(
            session, current_actor(), exemption_id, amendment_id, **decision_in, now=clock.now()
        )  # fmt: skip
        session.flush()
        return made


def _match(session, exemption_id: UUID) -> None:
    queries.get(session, current_actor(), exemption_id)  # of what somebody may not see, not even the version is told
    match_version(session, Exemption, exemption_id)
