"""Access decisions for programs: the platform asks before it opens data to a person."""

from __future__ import annotations

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, page, policy_book, requires
from kernel.identity import Permission
from registry.access import commands, queries
from registry.access.model import AccessDecision
from registry.access.schemas import AccessArgs, AccessIn, AccessOut, AccessPageOut

blueprint = ApiBlueprint(
    "access_decisions", __name__, url_prefix="/api/v1/access-decisions", description="数据访问判定 · access decisions"
)


@blueprint.get("")
@requires(Permission.ACCESS_READ)
@blueprint.arguments(AccessArgs, location="query")
@blueprint.response(200, AccessPageOut)
def browse(args):
    """Read the log of access decisions of your institution, or of your place."""
    query = queries.listed(current_actor(), outcome=args.get("outcome"), agreement_id=args.get("agreement_id"))
    return page(db.session(), query, AccessDecision, newest_first=True)


@blueprint.post("")
@requires(Permission.ACCOUNT_OWN)
@blueprint.arguments(AccessIn)
@blueprint.response(201, AccessOut)
def decide(access_in):
    """Decide whether a person may use data now. The decision is logged, also where access is denied."""
    with db.transaction() as session:
        return commands.decide(session, current_actor(), **access_in, book=policy_book(), now=clock.now())
