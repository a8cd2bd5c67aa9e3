"""Recognition for programs."""

from __future__ import annotations

from typing import Any

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, requires
from kernel.identity import Permission
from settlement.recognition import queries
from settlement.recognition.schemas import RecognitionArgs, RecognitionsOut

blueprint = ApiBlueprint(
    "recognition", __name__, url_prefix="/api/v1/revenue-recognition", description="收入确认 · recognition of revenue"
)


@blueprint.get("")
@requires(Permission.LEDGER_READ)
@blueprint.arguments(RecognitionArgs, location="query")
@blueprint.response(200, RecognitionsOut)
def browse(args: dict[str, Any]):
    """Show what every order of a place has earned, and what later months will earn."""
    current_actor().must(Permission.LEDGER_READ, place=args["place"])
    day = args.get("day") or clock.today()
    return {"items": queries.recognitions(db.session(), place=args["place"], day=day)}
