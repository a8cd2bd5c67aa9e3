"""The API of use."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from kernel import clock, db
from kernel.http import ApiBlueprint, PageArgs, current_actor, page, requires
from kernel.identity import Permission
from market.entitlements.model import Entitlement
from market.orders.model import Order
from market.orders.queries import in_scope
from settlement.metering import commands, schemas
from settlement.metering.model import UsageTotal

usage = ApiBlueprint("usage", __name__, url_prefix="/api/v1/usage", description="用量：导入与累计")


@usage.get("")
@requires(Permission.ENTITLEMENT_READ)
@usage.arguments(PageArgs, location="query")
@usage.response(200, schemas.UsagePageOut)
def totals(_args: dict[str, Any]) -> dict[str, Any]:
    """列出可见使用权的累计用量。"""
    session = db.session()
    query = sa.select(Entitlement).join(Order, Order.id == Entitlement.order_id).where(in_scope(current_actor()))
    found = page(session, query, Entitlement)
    shown = [one.id for one in found["items"]]
    sums = sa.select(UsageTotal).where(UsageTotal.entitlement_id.in_(shown))
    used = {total.entitlement_id: total.used for total in session.scalars(sums)}
    items = [
        {
            "entitlement": one.number, "place": one.place, "quota": one.quota, "used": used.get(one.id, 0),
            "remaining": None if one.quota is None else one.quota - used.get(one.id, 0),
            "valid_from": one.valid_from, "valid_until": one.valid_until,
        }
        for one in found["items"]
    ]  # fmt: skip
    return {"items": items, "next_cursor": found["next_cursor"]}


@usage.post("/imports")
@requires(Permission.USAGE_IMPORT)
@usage.arguments(schemas.UsageFileIn)
@usage.response(201, schemas.ImportedOut)
def import_file(sent: dict[str, Any]) -> commands.Imported:
    """导入一个用量文件（CSV、JSON 行或 Parquet）：整份导入，或整份拒绝并逐行说明。"""
    with db.transaction() as session:
        return commands.import_usage(session, current_actor(), **sent, now=clock.now())
