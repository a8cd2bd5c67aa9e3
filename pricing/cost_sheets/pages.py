"""The spreadsheet of cost surveys for people: download the template, upload it filled."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import Form, attachment, current_actor, match_version, policy_book, requires, words_of
from kernel.identity import Permission
from pricing.cost_sheets import commands
from pricing.cost_sheets.schemas import SheetIn, SheetReplaceIn
from pricing.costs import queries, sheets
from pricing.costs.model import CostSurvey
from pricing.costs.pages import RowsForm
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement

blueprint = Blueprint("cost_sheet_pages", __name__, template_folder="../templates")


class SheetForm(RowsForm):
    """The form with the file; a refusal lists every wrong cell instead of marking one field."""

    def __init__(self, schema: type[ma.Schema], values: dict[str, Any] | None = None) -> None:
        """Start without wrong cells."""
        super().__init__(schema, values)
        self.cells: list[dict[str, Any]] = []

    def refuse(self, problem: DomainError) -> None:
        """Show the refusal above the form, and its cells in a table."""
        self.cells = [error for error in problem.errors if "address" in error]
        if self.cells:
            self.problem = problem
        else:
            Form.refuse(self, problem)


@blueprint.get("/pricing/surveys/template.xlsx")
@requires(Permission.COST_READ)
def template() -> Response:
    """Hand out the empty template."""
    return attachment(sheets.template(), f"{sheets.VERSION}.xlsx")


@blueprint.get("/pricing/surveys/<uuid:survey_id>/sheet.xlsx")
@requires(Permission.COST_READ)
def download(survey_id: UUID) -> Response:
    """Hand out a survey as the filled template."""
    survey = queries.get(db.session(), current_actor(), survey_id)
    agreement = agreements.get(db.session(), survey.agreement_id)
    return attachment(sheets.workbook(survey, agreement.number), f"{survey.number}.xlsx")


@blueprint.route("/pricing/surveys/import", methods=["GET", "POST"])
@requires(Permission.COST_WRITE)
def import_sheet() -> AnyResponse:
    """Take in a filled template for an agreement and year."""
    form = SheetForm(SheetIn, {"year": clock.today().year - 1})
    if request.method == "POST" and form.accepts():
        try:
            with db.transaction() as session:
                made = commands.import_sheet(session, current_actor(), **form.data, now=clock.now(), book=policy_book())
        except DomainError as error:
            form.refuse(error)
        else:
            return _imported(made)
    return _form_page(form, gettext("导入成本调查表"), url_for("cost_sheet_pages.import_sheet"))


@blueprint.route("/pricing/surveys/<uuid:survey_id>/import", methods=["GET", "POST"])
@requires(Permission.COST_WRITE)
def replace(survey_id: UUID) -> AnyResponse:
    """Replace what a draft says by a filled template."""
    survey = queries.get(db.session(), current_actor(), survey_id)
    form = SheetForm(SheetReplaceIn)
    if request.method == "POST" and form.accepts():
        try:
            with db.transaction() as session:
                match_version(session, CostSurvey, survey_id)
                commands.replace(session, current_actor(), survey_id, **form.data, now=clock.now(), book=policy_book())
        except DomainError as error:
            form.refuse(error)
        else:
            return _imported(survey)
    action = url_for("cost_sheet_pages.replace", survey_id=survey_id)
    return _form_page(form, gettext("以表格替换草稿"), action, survey)


def _imported(survey: CostSurvey) -> AnyResponse:
    flash(gettext("成本调查 %(number)s 已按表格保存为草稿，核对后提交。", number=survey.number), "success")
    return redirect(url_for("cost_pages.show", survey_id=survey.id), code=303)


def _form_page(form: SheetForm, title: str, action: str, survey: CostSurvey | None = None) -> Response:
    mine = agreements.listed(current_actor()).order_by(Agreement.number)
    text = render_template(
        "pricing/cost_sheets/form.html", form=form, title=title, action=action, survey=survey,
        agreements=[(str(found.id), f"{found.number} {found.title}") for found in db.session().scalars(mine)],
        refusal=words_of(form.problem),
    )  # fmt: skip
    return make_response(text, 422 if request.method == "POST" else 200)
