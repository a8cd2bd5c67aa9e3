"""Cap plans for people: drawing them up with the headroom beside, the printable report, and the plots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, plots
from kernel.errors import DomainError
from kernel.http import attachment, current_actor, match_version, policy_book, requires, words_of
from kernel.identity import Permission
from kernel.money import decimal_text
from pricing.cap_plans import commands, queries, sheets
from pricing.cap_plans.model import CapPlan
from pricing.cap_plans.rules import CapPlanState
from pricing.cap_plans.schemas import CapPlanAmendIn, CapPlanDropIn, CapReportIn
from pricing.ceilings import queries as ceilings
from pricing.ceilings.model import Ceiling
from pricing.ceilings.rules import Load
from pricing.costs.pages import UNIT_WORDS, RowsForm
from pricing.determinations import queries as determined
from pricing.determinations.model import Determination
from pricing.policy import PricingPolicy
from registry.agreements import queries as agreements
from registry.products.model import Product

blueprint = Blueprint("cap_plan_pages", __name__, template_folder="../templates")
BLANK_ROWS = 2
STATE_WORDS = {
    CapPlanState.DRAFT: _("拟定中，未生效"),
    CapPlanState.REPORTED: _("已书面报告，按生效日执行"),
    CapPlanState.DROPPED: _("已放弃"),
}
RECIPIENT_WORDS = {"price_authority": _("发展改革（价格主管）部门"), "data_authority": _("数据管理部门")}


@blueprint.get("/pricing/determinations/<uuid:determination_id>/cap-plans")
@requires(Permission.COST_READ)
def browse(determination_id: UUID) -> str:
    """List the plans under a determination."""
    session = db.session()
    found = determined.get(session, current_actor(), determination_id)
    return render_template(
        "pricing/cap_plans/list.html", found=found, plans=queries.of_determination(session, found.id),
        words=STATE_WORDS,
    )  # fmt: skip


@blueprint.route("/pricing/determinations/<uuid:determination_id>/cap-plans/new", methods=["GET", "POST"])
@requires(Permission.CAP_SET)
def draft(determination_id: UUID) -> AnyResponse:
    """Draw up caps, tried against the headroom before they are kept."""
    found = determined.get(db.session(), current_actor(), determination_id)
    form = RowsForm(CapPlanAmendIn, {"effective_from": clock.today()})
    return _edited(found, form, url_for("cap_plan_pages.draft", determination_id=found.id))


@blueprint.route("/pricing/cap-plans/<uuid:plan_id>/edit", methods=["GET", "POST"])
@requires(Permission.CAP_SET)
def amend(plan_id: UUID) -> AnyResponse:
    """Change a draft."""
    session, actor = db.session(), current_actor()
    plan = queries.get(session, actor, plan_id)
    found = determined.get(session, actor, plan.determination_id)
    form = RowsForm(CapPlanAmendIn, {"effective_from": plan.effective_from, "note": plan.note, **_rows_of(plan)})
    return _edited(found, form, url_for("cap_plan_pages.amend", plan_id=plan.id), plan)


@blueprint.get("/pricing/cap-plans/<uuid:plan_id>")
@requires(Permission.COST_READ)
def show(plan_id: UUID) -> AnyResponse:
    """Show a plan with its headroom and, while it is a draft, the form of its written report."""
    return _shown(plan_id)


@blueprint.post("/pricing/cap-plans/<uuid:plan_id>/<any(record_report, drop):step>")
@requires(Permission.CAP_SET)
def take_step(plan_id: UUID, step: str) -> AnyResponse:
    """Record the written report, or give the plan up."""
    form = RowsForm(CapReportIn if step == "record_report" else CapPlanDropIn)
    if not form.accepts():
        return _shown(plan_id, form, status=422)
    given = {"book": policy_book()} if step == "record_report" else {}
    try:
        with db.transaction() as session:
            queries.get(session, current_actor(), plan_id)
            match_version(session, CapPlan, plan_id)
            getattr(commands, step)(session, current_actor(), plan_id, **form.data, **given, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return _shown(plan_id, form, status=error.status)
    flash(gettext("已办理。"), "success")
    return redirect(url_for("cap_plan_pages.show", plan_id=plan_id), code=303)


@blueprint.get("/pricing/cap-plans/<uuid:plan_id>/report")
@requires(Permission.COST_READ)
def report(plan_id: UUID) -> str:
    """Show the written report as it is printed and signed."""
    plan, ceiling, names = _reported(plan_id)
    agreement = agreements.get(db.session(), ceiling.agreement_id)
    return render_template(
        "pricing/cap_plans/report.html", plan=plan, ceiling=ceiling, agreement=agreement,
        rows=list(zip(plan.rows, names, strict=True)), unit_titles=UNIT_WORDS, today=clock.today(),
        loads=queries.headroom_of(db.session(), plan), exact=decimal_text,
    )  # fmt: skip


@blueprint.get("/pricing/cap-plans/<uuid:plan_id>/report.xlsx")
@requires(Permission.COST_READ)
def report_sheet(plan_id: UUID) -> Response:
    """Hand out the written report as a workbook."""
    plan, ceiling, names = _reported(plan_id)
    agreement = agreements.get(db.session(), ceiling.agreement_id)
    head = [
        ("报告单位", agreement.authorizing_entity.name), ("报告对象", "发展改革（价格主管）部门、数据管理部门"),
        ("运营机构", agreement.operating_institution.name), ("最高准许收入核定", ceiling.number),
        ("生效日", str(plan.effective_from)), ("报告文号", plan.report_number or ""),
        ("报告日期", str(plan.report_date or "")), ("依据", "发改价格〔2025〕65号 二"), ("说明", plan.note),
    ]  # fmt: skip
    return attachment(sheets.report(plan, ceiling, names, head), f"{plan.number}.xlsx")


@blueprint.get("/pricing/cap-plans/<uuid:plan_id>/headroom.svg")
@requires(Permission.COST_READ)
def headroom_plot(plan_id: UUID) -> Response:
    """Draw what the caps bring in with this plan, under the permitted revenue."""
    session = db.session()
    plan = queries.get(session, current_actor(), plan_id)
    return _drawn(session.get_one(Ceiling, plan.ceiling_id), queries.headroom_of(session, plan))


@blueprint.get("/pricing/ceilings/<uuid:ceiling_id>/headroom")
@requires(Permission.COST_READ)
def headroom(ceiling_id: UUID) -> str:
    """Show what the caps in force bring in, cap by cap, under the permitted revenue."""
    ceiling, loads = _of_ceiling(ceiling_id)
    parts = [(load, queries.parts_of(db.session(), load)) for load in loads]
    return render_template(
        "pricing/cap_plans/headroom.html", ceiling=ceiling, loads=loads, parts=parts, unit_titles=UNIT_WORDS,
        exact=decimal_text,
    )  # fmt: skip


@blueprint.get("/pricing/ceilings/<uuid:ceiling_id>/headroom.svg")
@requires(Permission.COST_READ)
def headroom_of_ceiling_plot(ceiling_id: UUID) -> Response:
    """Draw what the caps in force bring in, under the permitted revenue."""
    return _drawn(*_of_ceiling(ceiling_id))


@blueprint.get("/pricing/ceilings/<uuid:ceiling_id>/headroom.xlsx")
@requires(Permission.COST_READ)
def headroom_sheet(ceiling_id: UUID) -> Response:
    """Hand out the headroom as a workbook."""
    ceiling, loads = _of_ceiling(ceiling_id)
    parts = [(load, queries.parts_of(db.session(), load)) for load in loads]
    return attachment(sheets.headroom(ceiling, parts), f"{ceiling.number}-headroom.xlsx")


def _edited(found: Determination, form: RowsForm, action: str, plan: CapPlan | None = None) -> AnyResponse:
    session = db.session()
    ceiling = determined.ceiling_of(session, found.id)
    loads: list[Load] = []
    if request.method == "POST" and form.accepts() and ceiling is not None:
        loads = queries.headroom(session, ceiling, form.data["caps"], start=form.data["effective_from"])
        if request.form.get("act") == "keep":
            try:
                kept = _keep(found, form, plan)
            except DomainError as error:
                form.refuse(error)
            else:
                flash(gettext("上限方案 %(number)s 已保存；记录书面报告后才生效。", number=kept.number), "success")
                return redirect(url_for("cap_plan_pages.show", plan_id=kept.id), code=303)
    agreement = agreements.get(session, found.agreement_id)
    products = queries.own_products(session, agreement)
    text = render_template(
        "pricing/cap_plans/form.html", found=found, plan=plan, ceiling=ceiling, form=form, action=action, loads=loads,
        refusal=words_of(form.problem), rows=form.count("caps", len(products) + BLANK_ROWS), exact=decimal_text,
        products=[(str(product.id), f"{product.code} {product.title}") for product in products],
        units=[(unit.value, word) for unit, word in UNIT_WORDS.items()],
        policy=PricingPolicy.at(policy_book(), found.place, clock.today()),
    )  # fmt: skip
    return make_response(text, 422 if form.errors or form.problem else 200)


def _keep(found: Determination, form: RowsForm, plan: CapPlan | None) -> CapPlan:
    with db.transaction() as session:
        given: dict[str, Any] = {**form.data, "now": clock.now(), "book": policy_book()}
        if plan is None:
            return commands.draft(session, current_actor(), determination_id=found.id, **given)
        match_version(session, CapPlan, plan.id)
        return commands.amend(session, current_actor(), plan.id, **given)


def _shown(plan_id: UUID, form: RowsForm | None = None, *, status: int = 200) -> AnyResponse:
    session, actor = db.session(), current_actor()
    plan, ceiling, names = _reported(plan_id)
    agreement = agreements.get(session, ceiling.agreement_id)
    may = actor.may(Permission.CAP_SET, org_id=agreement.authorizing_entity_id, place=plan.place)
    text = render_template(
        "pricing/cap_plans/plan.html", plan=plan, ceiling=ceiling, agreement=agreement, words=STATE_WORDS,
        rows=list(zip(plan.rows, names, strict=True)), loads=queries.headroom_of(session, plan), exact=decimal_text,
        unit_titles=UNIT_WORDS, recipients=RECIPIENT_WORDS, refusal=words_of(form.problem if form else None),
        may_act=may and plan.state is CapPlanState.DRAFT,
        form=form or RowsForm(CapReportIn, {"report_date": clock.today(), "reported_to": list(RECIPIENT_WORDS)}),
    )  # fmt: skip
    return make_response(text, status)


def _reported(plan_id: UUID) -> tuple[CapPlan, Ceiling, list[tuple[str, str]]]:
    session = db.session()
    plan = queries.get(session, current_actor(), plan_id)
    rows = session.scalars(sa.select(Product).where(Product.id.in_({row.product_id for row in plan.rows})))
    products = {product.id: (product.code, product.title) for product in rows}
    ceiling = session.get_one(Ceiling, plan.ceiling_id)
    return plan, ceiling, [products[row.product_id] for row in plan.rows]


def _of_ceiling(ceiling_id: UUID) -> tuple[Ceiling, list[Load]]:
    session = db.session()
    ceiling = ceilings.get(session, current_actor(), ceiling_id)
    return ceiling, queries.headroom(session, ceiling, start=queries.first_day(ceiling, clock.today()))


def _drawn(ceiling: Ceiling, loads: Sequence[Load]) -> Response:
    expected = [sheets.yuan(load.fit.expected) for load in loads]
    limit = {gettext("最高准许收入"): sheets.yuan(ceiling.max_permitted_revenue.exact_yuan())}
    svg = plots.bars(
        gettext("上限收费标准按预测业务量的合计"), [str(load.on) for load in loads], {gettext("合计"): expected},
        unit=gettext("元"), limits=limit,
    )  # fmt: skip
    return Response(svg, mimetype="image/svg+xml")


def _rows_of(plan: CapPlan) -> dict[str, str]:
    shown: dict[str, str] = {}
    for number, row in enumerate(plan.rows):
        shown |= {
            f"caps-{number}-product_id": str(row.product_id),
            f"caps-{number}-charge_unit": row.charge_unit.value,
            f"caps-{number}-amount": row.amount.text(),
            f"caps-{number}-forecast_volume": format(row.forecast_volume, "f"),
            f"caps-{number}-subject_kind": row.subject_kind or "",
        }
    return shown
