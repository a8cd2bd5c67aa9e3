"""What-if for programs: a calculation that writes nothing and may be repeated."""

from __future__ import annotations

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, policy_book, repeats_harmlessly, requires
from kernel.identity import Permission
from settlement.scenarios.rules import Scenario
from settlement.what_if import queries
from settlement.what_if.schemas import ScenarioIn, WhatIfOut

blueprint = ApiBlueprint(
    "what_if", __name__, url_prefix="/api/v1/what-if", description="情景试算 · what-if over real history"
)


@blueprint.post("")
@repeats_harmlessly
@requires(Permission.PRICE_TRY)
@blueprint.arguments(ScenarioIn)
@blueprint.response(200, WhatIfOut)
def compare(scenario: Scenario):
    """Run a scenario over months of real history; see now against then for everybody concerned."""
    return queries.compare(db.session(), current_actor(), scenario, now=clock.now(), book=policy_book())
