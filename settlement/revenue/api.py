"""Revenue for programs; and the API of use, which revenue is made from."""

from __future__ import annotations

from typing import Any

from kernel import db
from kernel.http import ApiBlueprint, PageArgs, current_actor, page, requires
from kernel.identity import Permission
from settlement.metering.api import usage
from settlement.revenue import queries
from settlement.revenue.model import RevenueLine
from settlement.revenue.schemas import RevenueLinePageOut

blueprint = ApiBlueprint("revenue", __name__, url_prefix="/api/v1/revenue", description="已封存的收入 · sealed revenue")
blueprints = [blueprint, usage]


@blueprint.get("")
@requires(Permission.STATEMENT_READ)
@blueprint.arguments(PageArgs, location="query")
@blueprint.response(200, RevenueLinePageOut)
def browse(_args: dict[str, Any]):
    """List the lines of revenue that you may read."""
    return page(db.session(), queries.listed(current_actor()), RevenueLine)
