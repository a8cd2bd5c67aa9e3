"""The registrar's worklist for programs."""

from __future__ import annotations

from kernel import clock, db
from kernel.http import PAGE_LIMIT, ApiBlueprint, current_actor, requires
from kernel.identity import Permission
from registry.register_desk import queries
from registry.register_desk.schemas import WorklistArgs, WorkOut, WorkPageOut

blueprint = ApiBlueprint(
    "register_desk", __name__, url_prefix="/api/v1/registrations", description="登记受理台 · the registrar's worklist"
)


@blueprint.get("/worklist")
@requires(Permission.REGISTRATION_READ)
@blueprint.arguments(WorklistArgs, location="query")
@blueprint.response(200, WorkPageOut)
def worklist(args):
    """List what is under way within your scope, the step that is due first on top."""
    limit, today = args.get("limit", PAGE_LIMIT), clock.today()
    found = queries.worklist(
        db.session(), current_actor(), limit=limit + 1, after=queries.position_of(args.get("cursor", "")),
        overdue_on=today if args["overdue"] else None,
    )  # fmt: skip
    shown = [
        {**WorkOut(exclude=("due", "is_overdue")).dump(one), "due": one.due_date(), "is_overdue": one.is_overdue(today)}
        for one in found[:limit]
    ]
    return {"items": shown, "next_cursor": queries.position(found[limit - 1]) if len(found) > limit else None}
