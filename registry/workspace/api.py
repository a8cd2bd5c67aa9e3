"""Why a product may be sold, or may not, for programs."""

from __future__ import annotations

from kernel import clock, db
from kernel.calendar import business_date
from kernel.http import ApiBlueprint, current_actor, policy_book, requires
from kernel.identity import Permission
from registry.gates import queries
from registry.products import queries as products
from registry.workspace.schemas import GatesOut

blueprint = ApiBlueprint("gates", __name__, url_prefix="/api/v1", description="前置条件 · gates to a sale")


@blueprint.get("/products/<code>/gates")
@requires(Permission.PRODUCT_READ)
@blueprint.response(200, GatesOut)
def explain(code: str):
    """Say for every condition of a sale whether it holds, from which fact, under which rule."""
    now = clock.now()
    product = products.visible(db.session(), current_actor(), code)
    found = queries.gates(db.session(), product, now=now, book=policy_book())
    is_open = all(gate.open for gate in found)
    return {"product": product.code, "on": business_date(now), "all_open": is_open, "gates": found}
