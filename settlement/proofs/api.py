"""Anchors for everybody, and packs for those whom they concern; read only."""

from __future__ import annotations

from kernel import db
from kernel.http import ApiBlueprint, current_actor, page, public, requires
from kernel.identity import Permission
from settlement.proofs import queries
from settlement.proofs.model import Anchor
from settlement.proofs.schemas import AnchorOut, AnchorPageOut, ContinuationOut, ProofPackOut
from settlement.statements.queries import visible

blueprint = ApiBlueprint("proofs", __name__, url_prefix="/api/v1", description="对外证明 · proof for outsiders")


@blueprint.get("/anchors")
@public
@blueprint.response(200, AnchorPageOut)
def browse():
    """List the daily anchors, the newest first."""
    found = page(db.session(), queries.anchors(), Anchor, newest_first=True)
    return {**found, "items": [anchor.published() for anchor in found["items"]]}


@blueprint.get("/anchors/<day>")
@public
@blueprint.response(200, AnchorOut)
def show(day: str):
    """Read the anchor of one day."""
    return queries.get_anchor(db.session(), day).published()


@blueprint.get("/anchors/<later>/since/<earlier>")
@public
@blueprint.response(200, ContinuationOut)
def continuation(later: str, earlier: str):
    """Prove that the later anchor continues the earlier one: nothing before it was changed or cut off."""
    session = db.session()
    return queries.continuation(session, queries.get_anchor(session, earlier), queries.get_anchor(session, later))


@blueprint.get("/statements/<number>/pack")
@requires(Permission.STATEMENT_READ)
@blueprint.response(200, ProofPackOut)
def statement_pack(number: str):
    """Take a statement with the proof that the sealed period includes it."""
    session = db.session()
    return queries.statement_pack(session, visible(session, current_actor(), number).statement)
