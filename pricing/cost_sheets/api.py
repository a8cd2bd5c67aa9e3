"""The spreadsheet of cost surveys for programs: the template, a survey as a sheet, and filled sheets back."""

from __future__ import annotations

from uuid import UUID

from flask import Response

from kernel import clock, db
from kernel.http import ApiBlueprint, attachment, current_actor, match_version, policy_book, requires
from kernel.identity import Permission
from pricing.cost_sheets import commands
from pricing.cost_sheets.schemas import SheetIn, SheetReplaceIn
from pricing.costs import queries, sheets
from pricing.costs.model import CostSurvey
from pricing.costs.schemas import CostSurveyOut
from registry.agreements import queries as agreements

blueprint = ApiBlueprint(
    "cost_sheets", __name__, url_prefix="/api/v1/cost-surveys", description="成本调查表 · spreadsheets of surveys"
)


@blueprint.get("/template.xlsx")
@requires(Permission.COST_READ)
def template() -> Response:
    """Download the empty template."""
    return attachment(sheets.template(), f"{sheets.VERSION}.xlsx")


@blueprint.get("/<uuid:survey_id>/sheet.xlsx")
@requires(Permission.COST_READ)
def download(survey_id: UUID) -> Response:
    """Download a survey as the filled template."""
    survey = queries.get(db.session(), current_actor(), survey_id)
    agreement = agreements.get(db.session(), survey.agreement_id)
    return attachment(sheets.workbook(survey, agreement.number), f"{survey.number}.xlsx")


@blueprint.post("/imports")
@requires(Permission.COST_WRITE)
@blueprint.arguments(SheetIn)
@blueprint.response(201, CostSurveyOut)
def import_sheet(sheet_in):
    """Take in a filled template as a draft; the one draft of that agreement and year is replaced."""
    with db.transaction() as session:
        return commands.import_sheet(session, current_actor(), **sheet_in, now=clock.now(), book=policy_book())


@blueprint.put("/<uuid:survey_id>/sheet")
@requires(Permission.COST_WRITE)
@blueprint.arguments(SheetReplaceIn)
@blueprint.response(200, CostSurveyOut)
def replace(sheet_in, survey_id: UUID):
    """Replace what a draft says by a filled template."""
    with db.transaction() as session:
        queries.get(session, current_actor(), survey_id)
        match_version(session, CostSurvey, survey_id)
        return commands.replace(session, current_actor(), survey_id, **sheet_in, now=clock.now(), book=policy_book())
