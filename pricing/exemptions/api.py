"""Free use in the public interest for programs. Decisions are made on a version: send ``If-Match``."""

from __future__ import annotations

from uuid import UUID

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, requires
from kernel.identity import Permission
from pricing.exemptions import commands, queries
from pricing.exemptions.model import Exemption
from pricing.exemptions.schemas import ExemptionArgs, ExemptionIn, ExemptionOut, ExemptionPageOut, ReasonIn

blueprint = ApiBlueprint("exemptions", __name__, url_prefix="/api/v1/exemptions", description="公益免费 · exemptions")


@blueprint.get("")
@requires(Permission.ORDER_READ)
@blueprint.arguments(ExemptionArgs, location="query")
@blueprint.response(200, ExemptionPageOut)
def browse(args):
    """List the exemptions within your scope."""
    query = queries.visible(current_actor())
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
@blueprint.response(200, ExemptionOut)
def approve(exemption_id: UUID):
    """Approve free use."""
    with db.transaction() as session:
        _match(session, exemption_id)
        made = commands.approve(session, current_actor(), exemption_id, now=clock.now())
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


def _match(session, exemption_id: UUID) -> None:
    queries.get(session, current_actor(), exemption_id)  # of what somebody may not see, not even the version is told
    match_version(session, Exemption, exemption_id)
