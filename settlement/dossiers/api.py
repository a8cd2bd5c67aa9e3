"""Evidence packs for programs; read only."""

from __future__ import annotations

from kernel import db
from kernel.http import ApiBlueprint, current_actor, requires
from kernel.identity import Permission
from settlement.dossiers import queries
from settlement.proofs.schemas import ProofPackOut

blueprint = ApiBlueprint("dossiers", __name__, url_prefix="/api/v1/orders", description="证据包 · evidence packs")


@blueprint.get("/<number>/evidence-pack")
@requires(Permission.SETTLEMENT_READ)
@blueprint.response(200, ProofPackOut)
def show(number: str):
    """Take everything about an order, from the quote to the statements, with proofs, in one file."""
    return queries.order_pack(db.session(), current_actor(), number)
