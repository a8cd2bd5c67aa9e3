"""Share schedules for programs."""

from __future__ import annotations

from typing import Any

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, repeats_harmlessly, requires
from kernel.identity import Permission
from registry.products.queries import by_code
from settlement.splits import commands, queries
from settlement.splits.model import ShareSchedule
from settlement.splits.schemas import (
    ScheduleArgs,
    ScheduleIn,
    ScheduleLintIn,
    ScheduleLintOut,
    ScheduleOut,
    SchedulePageOut,
    SchedulePreviewArgs,
    SchedulePreviewIn,
    SchedulePreviewOut,
    SignIn,
)

blueprint = ApiBlueprint(
    "schedules", __name__, url_prefix="/api/v1/schedules", description="分配方案 · share schedules"
)


@blueprint.get("")
@requires(Permission.STATEMENT_READ)
@blueprint.arguments(ScheduleArgs, location="query")
@blueprint.response(200, SchedulePageOut)
def browse(args: dict[str, Any]):
    """List the schedules that you may read."""
    return page(db.session(), queries.listed(current_actor(), place=args.get("place")), ShareSchedule)


@blueprint.post("")
@requires(Permission.SCHEDULE_WRITE)
@blueprint.arguments(ScheduleIn)
@blueprint.response(201, ScheduleOut)
def draw_up(sent: dict[str, Any]):
    """Draw up the next version of a schedule; parties are named by their credit codes."""
    with db.transaction() as session:
        product = by_code(session, sent["product_code"]) if sent["product_code"] else None
        return commands.draw_up(
            session, current_actor(), agreement_id=queries.agreement_id_of(session, sent["agreement_number"]),
            product_id=product.id if product else None, valid_from=sent["valid_from"], steps=sent["steps"],
            valid_until=sent["valid_until"], clause=sent["clause"], non_money=sent["non_money"],
            now=clock.now(), book=policy_book(),
        )  # fmt: skip


@blueprint.post("/lint")
@repeats_harmlessly
@requires(Permission.STATEMENT_READ)
@blueprint.arguments(ScheduleLintIn)
@blueprint.response(200, ScheduleLintOut)
def lint(sent: dict[str, Any]):
    """Look through steps; every finding names its step, and nothing is stored."""
    return {"findings": queries.findings(sent["steps"])}


@blueprint.post("/preview")
@repeats_harmlessly
@requires(Permission.STATEMENT_READ)
@blueprint.arguments(SchedulePreviewIn)
@blueprint.response(200, SchedulePreviewOut)
def preview(sent: dict[str, Any]):
    """Divide an amount by steps that are not agreed yet; nothing is stored, nothing is carried from earlier periods."""
    return queries.preview(**sent).to_dict()


@blueprint.get("/<number>/preview")
@requires(Permission.STATEMENT_READ)
@blueprint.arguments(SchedulePreviewArgs, location="query")
@blueprint.response(200, SchedulePreviewOut)
def preview_of(args: dict[str, Any], number: str):
    """Divide an amount by a schedule as if it were its first."""
    return queries.preview(steps=queries.visible(db.session(), current_actor(), number).steps, **args).to_dict()


@blueprint.get("/<number>")
@requires(Permission.STATEMENT_READ)
@blueprint.response(200, ScheduleOut)
def show(number: str):
    """Read one schedule."""
    return queries.visible(db.session(), current_actor(), number)


@blueprint.post("/<number>/signatures")
@requires(Permission.SCHEDULE_SIGN)
@blueprint.arguments(SignIn)
@blueprint.response(200, ScheduleOut)
def sign(sent: dict[str, Any], number: str):
    """Sign for one of the organisations that the steps name; send ``If-Match``."""
    with db.transaction() as session:
        match_version(session, ShareSchedule, queries.visible(session, current_actor(), number).id)
        return commands.sign(
            session, current_actor(), number, now=clock.now(), book=policy_book(), party_uscc=sent.get("party_uscc")
        )
