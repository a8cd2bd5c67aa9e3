"""The API of use."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from flask import request

from kernel import clock, db
from kernel.http import ApiBlueprint, PageArgs, current_actor, page, repeats_harmlessly, requires
from kernel.identity import Permission
from market.entitlements.model import Entitlement
from market.orders.model import Order
from market.orders.queries import in_scope
from settlement.metering import commands, schemas
from settlement.metering.model import UsageTotal
from settlement.metering.rules import Use, checked_use

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


@usage.post("/events")
@requires(Permission.USAGE_IMPORT)
@repeats_harmlessly
@usage.doc(requestBody={"required": True, "content": {"application/json": {"schema": schemas.EventsIn}}})
@usage.response(200, schemas.ImportedOut)
def take_in() -> commands.Imported:
    """上报一批使用事件（至多 500 条）：整批计入，或整批拒绝并逐条说明；同一计量方的同一编号只计一次，可放心重发。"""
    received_at, body = clock.now(), request.get_data(cache=True)
    read = schemas.read_events(body) if request.is_json else None
    if read is None:
        sent = usage.ARGUMENTS_PARSER.parse(schemas.EventsIn(), request, location="json")
        read = schemas.Events(sent["place"], sent["source"], [schemas.Event(**one) for one in sent["events"]])
    with db.transaction() as session:
        return commands.take_in_events(
            session, current_actor(), place=read.place, source=read.source, events=_uses(read),
            digest=hashlib.sha256(body).hexdigest(), now=clock.now(), received_at=received_at,
        )  # fmt: skip


def _uses(read: schemas.Events) -> Iterator[tuple[Use | None, list[dict[str, Any]]]]:
    for row, one in enumerate(read.events, start=1):
        yield checked_use(row, one.entitlement, one.client_reference, one.occurred_at, one.quantity, one.subject_kind,
                          one.subject, one.hit, read.source)  # fmt: skip
