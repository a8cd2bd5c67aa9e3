"""Packs for programs."""

from __future__ import annotations

from flask import abort

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, requires
from kernel.identity import Permission
from settlement.packs import queries
from settlement.packs.rules import PackKind
from settlement.packs.schemas import PackOut
from settlement.reports.schemas import YEAR_MAX, YEAR_MIN

blueprint = ApiBlueprint("packs", __name__, url_prefix="/api/v1/report-packs", description="年度报送 · yearly packs")


@blueprint.get("/<agreement>/<int:year>/<duty>")
@requires(Permission.COST_READ)
@blueprint.response(200, PackOut)
def show(agreement: str, year: int, duty: str):
    """Read the pack of an agreement and year for DIS-01, DIS-02, DIS-03 or DIS-10; refused when it does not tie."""
    found = pack_of(agreement, year, duty)
    return {"sha256": found.sha256, "content": found.content()}


def pack_of(agreement: str, year: int, duty: str) -> queries.Pack:
    """Return the pack of an address; what is no duty or year is not found."""
    if duty not in list(PackKind) or not YEAR_MIN <= year <= YEAR_MAX:
        abort(404)
    return queries.pack(db.session(), current_actor(), PackKind(duty), agreement, year, on=clock.today())
