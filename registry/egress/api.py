"""Egress checks for programs."""

from __future__ import annotations

from uuid import UUID

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, requires, working_calendar
from kernel.identity import Permission
from registry.egress import commands, queries
from registry.egress.model import EgressCheck
from registry.egress.schemas import (
    EgressCheckArgs,
    EgressCheckDetailOut,
    EgressCheckIn,
    EgressCheckPageOut,
    EgressExportIn,
    EgressExportOut,
    EgressFactsIn,
    EgressWithdrawalIn,
)

blueprint = ApiBlueprint(
    "egress", __name__, url_prefix="/api/v1/egress-checks", description="出域合规核查 · egress checks and exports"
)


@blueprint.get("")
@requires(Permission.PRODUCT_READ)
@blueprint.arguments(EgressCheckArgs, location="query")
@blueprint.response(200, EgressCheckPageOut)
def browse(args):
    """List the checks within your scope, newest first."""
    query = queries.listed(current_actor(), place=args.get("place"), state=args.get("state"))
    return page(db.session(), query, EgressCheck, newest_first=True)


@blueprint.post("")
@requires(Permission.EGRESS_REQUEST)
@blueprint.arguments(EgressCheckIn)
@blueprint.response(201, EgressCheckDetailOut)
def request_check(check_in):
    """Ask that the newest version of a product be checked before it leaves the domain."""
    with db.transaction() as session:
        made = commands.request_check(
            session, current_actor(), **check_in, book=policy_book(), calendar=working_calendar(), now=clock.now()
        )
        session.flush()
        return queries.detail(session, current_actor(), made.id)


@blueprint.get("/<uuid:check_id>")
@requires(Permission.PRODUCT_READ)
@blueprint.response(200, EgressCheckDetailOut)
def show(check_id: UUID):
    """Read one check with everything that left under it."""
    return queries.detail(db.session(), current_actor(), check_id)


@blueprint.post("/<uuid:check_id>/resubmission")
@requires(Permission.EGRESS_REQUEST)
@blueprint.arguments(EgressFactsIn)
@blueprint.response(200, EgressCheckDetailOut)
def resubmit(facts_in, check_id: UUID):
    """Send a returned check in again."""
    with db.transaction() as session:
        queries.detail(session, current_actor(), check_id)
        match_version(session, EgressCheck, check_id)
        commands.resubmit(
            session, current_actor(), check_id, **facts_in, calendar=working_calendar(), now=clock.now()
        )  # fmt: skip
        session.flush()
        return queries.detail(session, current_actor(), check_id)


@blueprint.post("/<uuid:check_id>/withdrawal")
@requires(Permission.EGRESS_REQUEST)
@blueprint.arguments(EgressWithdrawalIn)
@blueprint.response(200, EgressCheckDetailOut)
def withdraw(reason_in, check_id: UUID):
    """Take a check back before it is decided."""
    with db.transaction() as session:
        queries.detail(session, current_actor(), check_id)
        match_version(session, EgressCheck, check_id)
        commands.withdraw(session, current_actor(), check_id, **reason_in, now=clock.now())
        session.flush()
        return queries.detail(session, current_actor(), check_id)


@blueprint.post("/<uuid:check_id>/exports")
@requires(Permission.EGRESS_REQUEST)
@blueprint.arguments(EgressExportIn)
@blueprint.response(201, EgressExportOut)
def export(export_in, check_id: UUID):
    """Record one delivery of a checked version out of the domain."""
    with db.transaction() as session:
        queries.detail(session, current_actor(), check_id)
        made = commands.export(session, current_actor(), check_id, **export_in, now=clock.now())
        session.flush()
        return made
