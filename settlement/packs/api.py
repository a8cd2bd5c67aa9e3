"""Packs for programs."""

from __future__ import annotations

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, requires
from kernel.identity import Permission
from settlement.packs import queries
from settlement.packs.rules import kind_of
from settlement.packs.schemas import PackOut

blueprint = ApiBlueprint("packs", __name__, url_prefix="/api/v1/report-packs", description="年度报送 · yearly packs")


@blueprint.get("/<agreement>/<int:year>/<duty>")
@requires(Permission.COST_READ)
@blueprint.response(200, PackOut)
def show(agreement: str, year: int, duty: str):
    """Read the pack of an agreement and year for DIS-01, DIS-02, DIS-03 or DIS-10; refused when it does not tie."""
    kind = kind_of(duty, year)
    found = queries.pack(db.session(), current_actor(), kind, agreement, year, on=clock.today())
    return {"sha256": found.sha256, "content": found.content()}
