"""Data sets for programs."""

from __future__ import annotations

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, policy_book, requires
from kernel.identity import Permission
from market.delivery import queries
from market.delivery.schemas import DataSetIn, DataSetOut
from registry.products import queries as products
from web.loading import load_rows

blueprint = ApiBlueprint("delivery", __name__, url_prefix="/api/v1/products", description="数据集 · data sets")


@blueprint.post("/<code>/data-sets")
@requires(Permission.DATA_SET_LOAD)
@blueprint.arguments(DataSetIn)
@blueprint.response(201, DataSetOut)
def load(data_set_in, code: str):
    """Load the rows from which the newest, reviewed version of the product is served."""
    with db.transaction() as session:
        return load_rows(session, current_actor(), code, **data_set_in, book=policy_book(), now=clock.now())


@blueprint.get("/<code>/data-sets")
@requires(Permission.DATA_SET_LOAD)
@blueprint.response(200, DataSetOut(many=True))
def loads(code: str):
    """List what was loaded for the newest version, newest first."""
    session = db.session()
    version = products.latest_version(session, products.visible(session, current_actor(), code).id)
    return queries.loads(session, version.id)
