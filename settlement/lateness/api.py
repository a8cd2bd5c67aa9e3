"""The state of metering for programs: engine, archive, late events, and the times of one event."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kernel import clock, db
from kernel.calendar import Period
from kernel.http import ApiBlueprint, current_actor, policy_book, requires
from kernel.identity import Permission
from settlement.lateness import queries, schemas
from settlement.usage import queries as usage

blueprint = ApiBlueprint("usage_state", __name__, url_prefix="/api/v1/usage", description="用量：汇总引擎、归档、迟到")


@blueprint.get("/state")
@requires(Permission.SETTLEMENT_READ)
@blueprint.arguments(schemas.PlaceArgs, location="query")
@blueprint.response(200, schemas.StateOut)
def state(args: dict[str, Any]) -> dict[str, Any]:
    """一地用量由什么引擎汇总、迟到宽限多久、当月哪些日子已归档、已封存的结算各有哪些迟到用量。"""
    place, actor, session, book = args["place"], current_actor(), db.session(), policy_book()
    actor.must(Permission.SETTLEMENT_READ, place=place)
    book.place(place)
    month = Period.month(args["month"]) if args.get("month") else Period.month_of(clock.today())
    return {
        "place": place, "engine": usage.archive_of(session).engine,
        "grace_hours": usage.grace_hours(book, place, month.last_day), "days": usage.days(session, place, month),
        "late": queries.late(session, place),
    }  # fmt: skip


@blueprint.get("/events/<uuid:event_id>/times")
@requires(Permission.SETTLEMENT_READ)
@blueprint.response(200, schemas.TimesOut)
def times(event_id: UUID) -> queries.Times:
    """一个使用事件的四个时间：发生、收到、入库、结算，以及由哪一期结算。"""
    return queries.times_of(db.session(), current_actor(), event_id)
