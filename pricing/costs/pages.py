"""Cost surveys for people."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

import marshmallow as ma
from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, files
from kernel.errors import DomainError
from kernel.http import Form, attachment, current_actor, match_version, policy_book, requires, words_of
from kernel.identity import Permission
from kernel.money import decimal_text, total
from pricing.costs import commands, queries
from pricing.costs.model import AllocationKey, CostLine, CostSurvey
from pricing.costs.rules import ChargeUnit, CostCategory, Key, KeyEffect, SurveyState
from pricing.costs.schemas import AcceptIn, AllocationKeyBasisIn, AmendIn, CostSurveyIn, DrawIn, SendBackIn
from pricing.policy import PricingPolicy
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.agreements.rules import AgreementState

blueprint = Blueprint("cost_pages", __name__, template_folder="../templates")
ROW = re.compile(r"([a-z_]+)-([0-9]{1,3})-([a-z_]+)")
# what a row carries before anybody types
GIVEN = {"category", "position", "charge_unit", "industry_share", "subsidised", "charge", "evidence_sha256"}
NOT_FIELDS = {"csrf_token", "version", "act"}  # "act" is the button that was pressed
BLANK_ROWS = 2
WHOLLY = "1"
FORM_LINES_MAX = 200  # of a longer survey the spreadsheet is changed, not the form
# the words of the rules once more, so that they can be translated at the moment of showing
CATEGORY_WORDS = {
    CostCategory.PLATFORM_BUILD_OM: _("授权运营相关平台建设和运维成本"),
    CostCategory.DATA_GOVERNANCE: _("数据传输、汇聚、存储、治理等成本"),
    CostCategory.HUMAN_RESOURCES: _("人力资源成本"),
    CostCategory.PUBLIC_DATA_ACQUISITION: _("获取公共数据资源的相关支出"),
    CostCategory.PERIOD_EXPENSE: _("期间费用"),
    CostCategory.OTHER_REASONABLE: _("其他合理费用"),
}
STATE_WORDS = {
    SurveyState.DRAFT: _("填报中"),
    SurveyState.SUBMITTED: _("待审核"),
    SurveyState.ACCEPTED: _("已认定"),
}
UNIT_WORDS = {
    ChargeUnit.PER_ITEM: _("件"),
    ChargeUnit.PER_USE: _("次"),
    ChargeUnit.PER_PERIOD: _("期"),
    ChargeUnit.PER_DATA_VOLUME: _("单位数据量"),
}


class RowsForm(Form):
    """A form with rows and files: ``lines-0-amount`` is the amount of the first of ``lines``.

    Rows that nobody touched are not sent; uploaded files travel as the schema of the API takes them.
    """

    def __init__(self, schema: type[ma.Schema], values: Mapping[str, Any] | None = None) -> None:
        """Hold the schema and the values that the empty form shows."""
        super().__init__(schema, values)
        self.rows: dict[str, list[int]] = {}

    def accepts(self) -> bool:
        """Read the request; say whether it is valid, with each error at the field of its row."""
        self.values = {name: text for name, text in request.form.items() if name not in NOT_FIELDS}
        sent = self._nested()
        try:
            self.data = self.schema.load(sent)
        except ma.ValidationError as error:
            self._note(cast(dict[Any, Any], error.normalized_messages()))
            return False
        return True

    def refuse(self, problem: DomainError) -> None:
        """Show a refusal above the form, and at the fields of the rows that it names."""
        self.problem = problem
        for error in problem.errors:
            path = str(error.get("pointer", "")).strip("/").split("/")
            self.errors.setdefault(self._name(path), []).append(str(error.get("message", problem.detail)))

    def count(self, name: str, least: int) -> int:
        """Return how many rows to show."""
        numbers = [int(match[2]) for key in self.values if (match := ROW.fullmatch(key)) and match[1] == name]
        return max([least, *(number + 1 for number in numbers)])

    def _nested(self) -> dict[str, Any]:
        sent: dict[str, Any] = {}
        rows: dict[str, dict[int, dict[str, Any]]] = {}
        for name, text in self.values.items():
            match = ROW.fullmatch(name)
            wanted = self.schema.fields.get(name)
            if match and text != "":
                rows.setdefault(match[1], {}).setdefault(int(match[2]), {})[match[3]] = text
            elif not match and text != "":
                sent[name] = request.form.getlist(name) if isinstance(wanted, ma.fields.List) else text
        for name, upload in request.files.items():
            if (match := ROW.fullmatch(name)) and upload.filename:
                rows.setdefault(match[1], {}).setdefault(int(match[2]), {})[match[3]] = file_in(upload)
            elif not match and upload.filename:
                sent[name] = file_in(upload)
        for name, found in rows.items():
            self.rows[name] = [number for number in sorted(found) if found[number].keys() - GIVEN]
            sent[name] = [found[number] for number in self.rows[name]]
        return sent

    def _note(self, messages: Any, path: tuple[str, ...] = ()) -> None:
        if isinstance(messages, dict):
            for key, inner in messages.items():
                self._note(inner, (*path, str(key)))
        else:
            self.errors.setdefault(self._name(list(path)), []).extend(str(message) for message in messages)

    def _name(self, path: list[str]) -> str:
        numbers = self.rows.get(path[0], [])
        if len(path) >= 2 and path[1].isdecimal() and int(path[1]) < len(numbers):
            return "-".join([path[0], str(numbers[int(path[1])]), *path[2:3]])
        return path[0]


class SurveyForm(RowsForm):
    """The form of a survey: the share that a row carries before anybody types gives way to the key that it names."""

    def _nested(self) -> dict[str, Any]:
        sent = super()._nested()
        for line in sent.get("lines", []):
            if line.get("key") and line.get("industry_share") == WHOLLY:
                del line["industry_share"]
        return sent


def file_in(upload: Any) -> dict[str, str]:
    """Return an uploaded file as the schema of the API takes it."""
    content = base64.b64encode(upload.read()).decode()
    name = (upload.filename or "file")[:200]
    return {"name": name, "media_type": upload.mimetype or "application/octet-stream", "content_base64": content}


@blueprint.route("/pricing/surveys/new", methods=["GET", "POST"])
@requires(Permission.COST_WRITE)
def open_survey() -> AnyResponse:
    """Fill in a survey."""
    form = SurveyForm(CostSurveyIn, {"year": clock.today().year - 1, "subsidy": "0.00", **_prefilled()})
    if request.method == "POST" and form.accepts():
        try:
            with db.transaction() as session:
                made = commands.open_survey(session, current_actor(), **form.data, now=clock.now(), book=policy_book())
        except DomainError as error:
            form.refuse(error)
        else:
            flash(gettext("成本调查 %(number)s 已保存为草稿，核对后提交。", number=made.number), "success")
            return redirect(url_for("cost_pages.show", survey_id=made.id), code=303)
    return _form_page(form, gettext("新报成本调查"), url_for("cost_pages.open_survey"))


@blueprint.route("/pricing/surveys/<uuid:survey_id>/edit", methods=["GET", "POST"])
@requires(Permission.COST_WRITE)
def amend(survey_id: UUID) -> AnyResponse:
    """Correct a draft; a file of evidence stays unless another one is attached."""
    survey = queries.get(db.session(), current_actor(), survey_id)
    if len(survey.lines) > FORM_LINES_MAX:
        flash(gettext("成本项较多，请下载表格修改后上传。"), "info")
        return redirect(url_for("cost_sheet_pages.replace", survey_id=survey_id), code=303)
    form = SurveyForm(AmendIn, {"subsidy": survey.subsidy.text(), **_rows_of(survey)})
    if request.method == "POST" and form.accepts():
        try:
            with db.transaction() as session:
                match_version(session, CostSurvey, survey_id)
                commands.amend(session, current_actor(), survey_id, **form.data, now=clock.now(), book=policy_book())
        except DomainError as error:
            form.refuse(error)
        else:
            flash(gettext("已保存。"), "success")
            return redirect(url_for("cost_pages.show", survey_id=survey_id), code=303)
    return _form_page(form, gettext("修改成本调查"), url_for("cost_pages.amend", survey_id=survey_id), survey)


@blueprint.get("/pricing/surveys/<uuid:survey_id>")
@requires(Permission.COST_READ)
def show(survey_id: UUID) -> Response:
    """Show one survey with its lines, sums and the next steps."""
    return _survey_page(survey_id)


@blueprint.post("/pricing/surveys/<uuid:survey_id>/<any(submit, send_back, accept):step>")
@requires(Permission.COST_READ)
def take_step(survey_id: UUID, step: str) -> AnyResponse:
    """File, return or accept the survey, decided on the version that was shown; the command asks who may."""
    schemas: dict[str, type[ma.Schema]] = {"send_back": SendBackIn, "accept": AcceptIn}
    form = RowsForm(schemas.get(step, ma.Schema))
    if step != "submit" and not form.accepts():
        return _survey_page(survey_id, form, status=422)
    try:
        with db.transaction() as session:
            queries.get(session, current_actor(), survey_id)
            match_version(session, CostSurvey, survey_id)
            getattr(commands, step)(session, current_actor(), survey_id, **form.data, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return _survey_page(survey_id, form, status=error.status)
    flash(gettext("已办理。"), "success")
    return redirect(url_for("cost_pages.show", survey_id=survey_id), code=303)


@blueprint.route("/pricing/surveys/<uuid:survey_id>/keys/<uuid:key_id>", methods=["GET", "POST"])
@requires(Permission.COST_WRITE)
def change_key(survey_id: UUID, key_id: UUID) -> AnyResponse:
    """Show what a changed key does to each line, before it is saved and after."""
    survey = queries.get(db.session(), current_actor(), survey_id)
    key = queries.key_of(survey, key_id)
    form = RowsForm(AllocationKeyBasisIn, _key_values(key))
    effects: list[KeyEffect] = []
    if request.method == "POST" and form.accepts():
        given = {name: form.data[name] for name in ("industry_units", "public_units", "industry_share")}
        try:
            if request.form.get("act") == "save":
                with db.transaction() as session:
                    match_version(session, CostSurvey, survey_id)
                    commands.change_key(session, current_actor(), survey_id, key_id, **form.data, now=clock.now())
                flash(gettext("分摊依据“%(name)s”已修改。", name=key.name), "success")
                return redirect(url_for("cost_pages.show", survey_id=survey_id), code=303)
            effects = queries.preview_key(survey, Key(key.name, form.data["driver"], *given.values()))
        except DomainError as error:
            form.refuse(error)
    text = render_template(
        "pricing/costs/key.html", survey=survey, key=key, form=form, effects=effects, refusal=words_of(form.problem),
        percent=queries.percent, using=[line for line in survey.lines if line.key_id == key.id],
        previewed=bool(form.data and not form.problem),
    )  # fmt: skip
    return make_response(text, 422 if form.errors or form.problem else 200)


@blueprint.post("/pricing/surveys/<uuid:survey_id>/charges")
@requires(Permission.COST_WRITE)
def draw_charges(survey_id: UUID) -> AnyResponse:
    """Draw the charges of the year into a draft."""
    form = RowsForm(DrawIn)
    if not form.accepts():
        return _survey_page(survey_id, status=422)
    try:
        with db.transaction() as session:
            queries.get(session, current_actor(), survey_id)
            match_version(session, CostSurvey, survey_id)
            done = commands.draw_charges(session, current_actor(), survey_id, **form.data, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return _survey_page(survey_id, form, status=error.status)
    flash(gettext("新计入 %(added)s 笔，移除已更正的 %(removed)s 笔；另有 %(taken)s 笔已由其他认定的成本调查计入。",
                  added=len(done.added), removed=len(done.removed), taken=len(done.taken)), "success")  # fmt: skip
    return redirect(url_for("cost_pages.show", survey_id=survey_id), code=303)


@blueprint.get("/pricing/surveys/<uuid:survey_id>/evidence/<sha256>")
@requires(Permission.COST_READ)
def evidence(survey_id: UUID, sha256: str) -> Response:
    """Hand out a file of evidence, as a download and never as a page of this site."""
    survey = queries.get(db.session(), current_actor(), survey_id)
    rows: list[CostLine | AllocationKey] = [*survey.lines, *survey.keys]
    own = next((row.evidence_sha256 for row in rows if row.evidence_sha256 == sha256), "")
    kept = files.get(db.session(), own or "")
    return attachment(kept.content, kept.name)


def _form_page(form: RowsForm, title: str, action: str, survey: CostSurvey | None = None) -> Response:
    session = db.session()
    mine = agreements.listed(current_actor(), state=AgreementState.ACTIVE).order_by(Agreement.number)
    text = render_template(
        "pricing/costs/form.html", form=form, title=title, action=action, survey=survey,
        agreements=[(str(found.id), f"{found.number} {found.title}") for found in session.scalars(mine)],
        categories=[(category.value, word) for category, word in CATEGORY_WORDS.items()],
        rows=form.count("lines", len(CostCategory)) + BLANK_ROWS, key_rows=form.count("keys", 1) + 1,
        refusal=words_of(form.problem),
    )  # fmt: skip
    return make_response(text, 422 if request.method == "POST" else 200)


def _survey_page(survey_id: UUID, form: RowsForm | None = None, *, status: int = 200) -> Response:
    session, actor = db.session(), current_actor()
    survey = queries.get(session, actor, survey_id)
    agreement = agreements.get(session, survey.agreement_id)
    text = render_template(
        "pricing/costs/survey.html", survey=survey, agreement=agreement, totals=survey.totals(),
        state_title=STATE_WORDS[survey.state], titles=CATEGORY_WORDS,
        form=form or RowsForm(AcceptIn), refusal=words_of(form.problem if form else None),
        may_write=actor.may(
            Permission.COST_WRITE, org_id=survey.operating_institution_id, place=survey.place
        ),
        may_decide=actor.may(Permission.CEILING_DETERMINE, place=survey.place),
        policy=PricingPolicy.at(policy_book(), survey.place, clock.today()), form_lines_max=FORM_LINES_MAX, total=total,
        shares={key.name: queries.percent(key.as_key().share) for key in survey.keys},
        key_choices=[(key.name, f"{key.name}：{key.driver}") for key in survey.keys],
        undrawn=queries.undrawn(session, survey), explanation=queries.explain_cost(survey),
    )  # fmt: skip
    return make_response(text, status)


def _prefilled() -> dict[str, str]:
    """Return a row for each category, wholly for industry use until somebody says otherwise."""
    rows = {f"lines-{number}-category": category.value for number, category in enumerate(CostCategory)}
    return rows | {f"lines-{number}-industry_share": "1" for number in range(len(CostCategory))}


def _rows_of(survey: CostSurvey) -> dict[str, str]:
    shown: dict[str, str] = {}
    for number, key in enumerate(survey.keys):
        values = {"name": key.name, **_key_values(key), "evidence_sha256": key.evidence_sha256 or ""}
        shown |= {f"keys-{number}-{name}": text for name, text in values.items()}
    for number, line in enumerate(survey.lines):
        values = {
            "category": line.category.value, "text": line.text, "amount": line.amount.text(),
            "subsidised": "true" if line.subsidised else "false", "evidence_sha256": line.evidence_sha256 or "",
            "charge": line.charge.number if line.charge is not None else "",
        }  # fmt: skip
        if line.key is not None:
            values["key"] = line.key.name
        else:
            values |= {"industry_share": format(line.industry_share, "f"), "allocation_key": line.allocation_key}
        shown |= {f"lines-{number}-{name}": text for name, text in values.items()}
    return shown


def _key_values(key: AllocationKey) -> dict[str, str]:
    numbers = {
        "industry_units": key.industry_units, "public_units": key.public_units, "industry_share": key.direct_share,
    }  # fmt: skip
    return {"driver": key.driver, **{name: "" if n is None else decimal_text(n) for name, n in numbers.items()}}
