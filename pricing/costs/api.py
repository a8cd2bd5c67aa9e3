"""Cost surveys for programs. Every change is decided on a version: send ``If-Match``."""

from __future__ import annotations

from uuid import UUID

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, requires
from kernel.identity import Permission
from pricing.costs import commands, queries
from pricing.costs.model import CostSurvey
from pricing.costs.schemas import (
    AcceptIn,
    AmendIn,
    CostSurveyArgs,
    CostSurveyIn,
    CostSurveyOut,
    CostSurveyPageOut,
    SendBackIn,
)

blueprint = ApiBlueprint("cost_surveys", __name__, url_prefix="/api/v1/cost-surveys", description="成本调查 · surveys")


@blueprint.get("")
@requires(Permission.COST_READ)
@blueprint.arguments(CostSurveyArgs, location="query")
@blueprint.response(200, CostSurveyPageOut)
def browse(args):
    """List the cost surveys within your scope."""
    query = queries.visible(current_actor(), place=args.get("place"), state=args.get("state"))
    return page(db.session(), query, CostSurvey, newest_first=True)


@blueprint.post("")
@requires(Permission.COST_WRITE)
@blueprint.arguments(CostSurveyIn)
@blueprint.response(201, CostSurveyOut)
def open_survey(survey_in):
    """Open the cost survey of an operating institution for one year."""
    with db.transaction() as session:
        made = commands.open_survey(session, current_actor(), **survey_in, now=clock.now(), book=policy_book())
        session.flush()
        return made


@blueprint.get("/<uuid:survey_id>")
@requires(Permission.COST_READ)
@blueprint.response(200, CostSurveyOut)
def show(survey_id: UUID):
    """Read one cost survey."""
    return queries.get(db.session(), current_actor(), survey_id)


@blueprint.put("/<uuid:survey_id>")
@requires(Permission.COST_WRITE)
@blueprint.arguments(AmendIn)
@blueprint.response(200, CostSurveyOut)
def amend(amend_in, survey_id: UUID):
    """Replace subsidy and lines of a draft."""
    with db.transaction() as session:
        _match(session, survey_id)
        return commands.amend(session, current_actor(), survey_id, **amend_in, now=clock.now(), book=policy_book())


@blueprint.post("/<uuid:survey_id>/submission")
@requires(Permission.COST_WRITE)
@blueprint.response(200, CostSurveyOut)
def submit(survey_id: UUID):
    """File the survey with the price authority."""
    with db.transaction() as session:
        _match(session, survey_id)
        survey = commands.submit(session, current_actor(), survey_id, now=clock.now())
        session.flush()
        return survey


@blueprint.post("/<uuid:survey_id>/return")
@requires(Permission.CEILING_DETERMINE)
@blueprint.arguments(SendBackIn)
@blueprint.response(200, CostSurveyOut)
def send_back(send_back_in, survey_id: UUID):
    """Return a filed survey for correction."""
    with db.transaction() as session:
        _match(session, survey_id)
        survey = commands.send_back(session, current_actor(), survey_id, **send_back_in, now=clock.now())
        session.flush()
        return survey


@blueprint.post("/<uuid:survey_id>/acceptance")
@requires(Permission.CEILING_DETERMINE)
@blueprint.arguments(AcceptIn)
@blueprint.response(200, CostSurveyOut)
def accept(accept_in, survey_id: UUID):
    """Accept a filed survey, less what is disallowed."""
    with db.transaction() as session:
        _match(session, survey_id)
        survey = commands.accept(session, current_actor(), survey_id, **accept_in, now=clock.now())
        session.flush()
        return survey


def _match(session, survey_id: UUID) -> None:
    queries.get(session, current_actor(), survey_id)  # of what somebody may not see, not even the version is told
    match_version(session, CostSurvey, survey_id)
