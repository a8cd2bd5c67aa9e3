"""Cost surveys for programs. Every change is decided on a version: send ``If-Match``."""

from __future__ import annotations

from uuid import UUID

from kernel import clock, db
from kernel.http import (
    ApiBlueprint,
    current_actor,
    match_version,
    page,
    policy_book,
    repeats_harmlessly,
    requires,
)
from kernel.identity import Permission
from pricing.costs import commands, queries
from pricing.costs.model import CostSurvey
from pricing.costs.rules import Key
from pricing.costs.schemas import (
    AcceptIn,
    AccountArgs,
    AccountOut,
    AllocationKeyBasisIn,
    AmendIn,
    CostExplanationOut,
    CostSurveyArgs,
    CostSurveyIn,
    CostSurveyOut,
    CostSurveyPageOut,
    DrawIn,
    DrawnOut,
    KeyChangeOut,
    KeyPreviewOut,
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


@blueprint.get("/<uuid:survey_id>/explanation")
@requires(Permission.COST_READ)
@blueprint.response(200, CostExplanationOut)
def explain(survey_id: UUID):
    """Explain the operating cost: categories, lines, keys, evidence, disallowances, articles."""
    survey = queries.get(db.session(), current_actor(), survey_id)
    return {"number": survey.number, "explanation": queries.explain_cost(survey)}


@blueprint.get("/accounts")
@requires(Permission.COST_READ)
@blueprint.arguments(AccountArgs, location="query")
@blueprint.response(200, AccountOut)
def account(args):
    """Give the separate account of an agreement and year: category by use class, with what was subsidised."""
    survey, rows = queries.account_of(db.session(), current_actor(), args["agreement_id"], args["year"])
    return {**args, "survey": survey.number, "state": survey.state, "subsidy": survey.subsidy, "rows": rows}


@blueprint.post("/<uuid:survey_id>/keys/<uuid:key_id>/preview")
@requires(Permission.COST_READ)
@repeats_harmlessly
@blueprint.arguments(AllocationKeyBasisIn)
@blueprint.response(200, KeyPreviewOut)
def preview_key(key_in, survey_id: UUID, key_id: UUID):
    """Say what a changed allocation key would do, line by line; nothing is changed."""
    survey = queries.get(db.session(), current_actor(), survey_id)
    name = queries.key_of(survey, key_id).name
    numbers = (key_in["industry_units"], key_in["public_units"], key_in["industry_share"])
    return {"effects": queries.preview_key(survey, Key(name, key_in["driver"], *numbers))}


@blueprint.put("/<uuid:survey_id>/keys/<uuid:key_id>")
@requires(Permission.COST_WRITE)
@blueprint.arguments(AllocationKeyBasisIn)
@blueprint.response(200, KeyChangeOut)
def change_key(key_in, survey_id: UUID, key_id: UUID):
    """Change one allocation key of a draft: exactly the lines that use it change."""
    with db.transaction() as session:
        _match(session, survey_id)
        survey, effects = commands.change_key(session, current_actor(), survey_id, key_id, **key_in, now=clock.now())
        return {"id": survey.id, "version": survey.version, "survey": survey, "effects": effects}


@blueprint.post("/<uuid:survey_id>/charges")
@requires(Permission.COST_WRITE)
@blueprint.arguments(DrawIn)
@blueprint.response(200, DrawnOut)
def draw_charges(draw_in, survey_id: UUID):
    """Draw the charges of the survey's year into a draft, each once."""
    with db.transaction() as session:
        _match(session, survey_id)
        done = commands.draw_charges(session, current_actor(), survey_id, **draw_in, now=clock.now())
        named = {name: getattr(done, name) for name in ("survey", "added", "removed", "taken")}
        return {"id": done.survey.id, "version": done.survey.version, **named}


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
