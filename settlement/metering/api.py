"""The data plane, where buyers' programs get what was bought, and the API of use."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import sqlalchemy as sa
from flask import Blueprint, Response, jsonify, request

from kernel import clock, db
from kernel.http import ApiBlueprint, PageArgs, current_actor, page, policy_book, requires
from kernel.identity import Permission
from market.entitlements.model import Entitlement
from market.orders.model import Order
from market.orders.queries import in_scope
from settlement.metering import commands, schemas
from settlement.metering.model import UsageTotal
from settlement.metering.rules import must_be_reference

blueprint = Blueprint("exchange", __name__, url_prefix="/exchange/v1")
usage = ApiBlueprint("usage", __name__, url_prefix="/api/v1/usage", description="用量：导入与累计")
blueprints = [usage]


@blueprint.get("/products/<code>/records/<path:key>")
@requires(Permission.EXCHANGE_CALL)
def record(code: str, key: str) -> Response:
    """Serve one record to its buyer and count it, once per ``Client-Reference``."""
    reference = must_be_reference(request.headers.get("Client-Reference"))
    with db.transaction() as session:
        served = commands.record_use(
            session, current_actor(), code=code.upper(), key=key, reference=reference, now=clock.now(),
            book=policy_book(),
            scenario=_header("Huiyi-Scenario"), entitlement=_header("Huiyi-Entitlement"),
        )  # fmt: skip
    response = jsonify(product=code.upper(), key=key, hit=served.hit, record=served.body)
    response.headers["Huiyi-Entitlement"] = served.entitlement
    response.headers["Huiyi-Used"] = str(served.used)
    response.headers["Huiyi-Remaining"] = "unlimited" if served.remaining is None else str(served.remaining)
    response.headers["Huiyi-Repeated"] = "true" if served.repeated else "false"
    response.headers["Cache-Control"] = "no-store"
    return response


def _header(name: str) -> str | None:
    """Return a header that may hold Chinese, as raw UTF-8 or percent-encoded."""
    text = request.headers.get(name)
    if text is None:
        return None
    try:
        text = text.encode("latin-1").decode()
    except UnicodeError:
        pass
    return unquote(text).strip() or None


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
