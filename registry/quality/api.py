"""Quality tickets for programs."""

from __future__ import annotations

from uuid import UUID

from kernel import clock, db
from kernel.calendar import business_date
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, requires, working_calendar
from kernel.identity import Permission
from registry.quality import commands, queries
from registry.quality.model import QualityTicket
from registry.quality.schemas import (
    QualityScoreOut,
    QualityStepIn,
    QualityTicketArgs,
    QualityTicketDetailOut,
    QualityTicketIn,
    QualityTicketPageOut,
)
from registry.resources import queries as resources

blueprint = ApiBlueprint(
    "quality", __name__, url_prefix="/api/v1/quality", description="数据质量反馈 · quality tickets and scores"
)


@blueprint.get("/tickets")
@requires(Permission.QUALITY_READ)
@blueprint.arguments(QualityTicketArgs, location="query")
@blueprint.response(200, QualityTicketPageOut)
def browse(args):
    """List the tickets within your scope, newest first."""
    wanted = {name: value for name, value in args.items() if name not in ("limit", "cursor")}
    return page(db.session(), queries.listed(current_actor(), **wanted), QualityTicket, newest_first=True)


@blueprint.post("/tickets")
@requires(Permission.QUALITY_REPORT)
@blueprint.arguments(QualityTicketIn)
@blueprint.response(201, QualityTicketDetailOut)
def report(ticket_in):
    """Report a quality problem of a resource."""
    with db.transaction() as session:
        made = commands.report(
            session, current_actor(), **ticket_in, book=policy_book(), calendar=working_calendar(), now=clock.now()
        )
        session.flush()
        return queries.detail(session, current_actor(), made.id)


@blueprint.get("/tickets/<uuid:ticket_id>")
@requires(Permission.QUALITY_READ)
@blueprint.response(200, QualityTicketDetailOut)
def show(ticket_id: UUID):
    """Read one ticket with its course."""
    return queries.detail(db.session(), current_actor(), ticket_id)


@blueprint.post("/tickets/<uuid:ticket_id>/steps")
@requires(Permission.QUALITY_READ)
@blueprint.arguments(QualityStepIn)
@blueprint.response(200, QualityTicketDetailOut)
def take_step(step_in, ticket_id: UUID):
    """Answer a ticket (source department), or judge the answer (reporter)."""
    with db.transaction() as session:
        queries.detail(session, current_actor(), ticket_id)
        match_version(session, QualityTicket, ticket_id)
        commands.take_step(
            session, current_actor(), ticket_id, **step_in, book=policy_book(), calendar=working_calendar(),
            now=clock.now(),
        )  # fmt: skip
        session.flush()
        return queries.detail(session, current_actor(), ticket_id)


@blueprint.get("/resources/<uuid:resource_id>/score")
@requires(Permission.RESOURCE_READ)
@blueprint.response(200, QualityScoreOut)
def show_score(resource_id: UUID):
    """Read the quality score of a resource today."""
    found = resources.visible(db.session(), current_actor(), resource_id)
    return queries.score(db.session(), found.id, business_date(clock.now()), policy_book())
