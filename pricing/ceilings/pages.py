"""Ceilings and caps for people, with what was known when."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import marshmallow as ma
import sqlalchemy as sa
from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import Form, ValidationFailed, current_actor, page, policy_book, requires, words_of
from kernel.identity import Permission
from pricing.ceilings import commands, queries
from pricing.ceilings.model import Ceiling, FeeCap
from pricing.ceilings.rules import computed, last_moment
from pricing.ceilings.schemas import LEVELS, CapsIn, CeilingIn, KnownArgs
from pricing.costs import queries as costs
from pricing.costs.model import CostSurvey
from pricing.costs.pages import STATE_WORDS, UNIT_WORDS, RowsForm
from pricing.costs.rules import SurveyState
from pricing.policy import PricingPolicy
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.products.model import Product

blueprint = Blueprint("ceiling_pages", __name__, template_folder="../templates")
TAX_ROWS = 3
BLANK_CAPS = 2
SHOWN = 20


@blueprint.get("/pricing/ceilings")
@requires(Permission.COST_READ)
def desk() -> str:
    """Show surveys, ceilings and caps within one's scope."""
    session, actor = db.session(), current_actor()
    surveys = page(session, costs.visible(actor), CostSurvey, newest_first=True)
    ceilings = session.scalars(queries.visible(actor).order_by(Ceiling.id.desc()).limit(SHOWN)).all()
    caps = session.execute(
        sa.select(FeeCap, Product)
        .join(Product, Product.id == FeeCap.product_id)
        .where(FeeCap.ceiling_id.in_(queries.visible(actor).with_only_columns(Ceiling.id)))
        .order_by(FeeCap.effective_from.desc(), Product.code)
        .limit(SHOWN)
    ).all()
    waiting = sa.select(sa.func.count()).select_from(
        costs.visible(actor, state=SurveyState.SUBMITTED).with_only_columns(CostSurvey.id).subquery()
    )
    return render_template(
        "pricing/ceilings/desk.html", surveys=surveys, ceilings=ceilings, caps=caps, waiting=session.scalar(waiting),
        state_titles=STATE_WORDS, unit_titles=UNIT_WORDS, may_file=actor.may(Permission.COST_WRITE),
    )  # fmt: skip


@blueprint.route("/pricing/ceilings/new", methods=["GET", "POST"])
@requires(Permission.CEILING_DETERMINE)
def determine() -> AnyResponse:
    """Determine a ceiling from an accepted survey; the breakdown is shown before anything is decided."""
    survey = costs.get(db.session(), current_actor(), _survey_id())
    form = RowsForm(CeilingIn, {"year": clock.today().year, "authority_level": "prefecture"})
    preview: Ceiling | None = None
    if request.method == "POST" and form.accepts():
        form.data["survey_id"] = survey.id
        try:
            preview = _prepared(survey, form.data)
            if request.form.get("act") == "determine":
                with db.transaction() as session:
                    made = commands.determine(
                        session, current_actor(), **form.data, now=clock.now(), book=policy_book()
                    )
                flash(gettext("%(number)s 已核定，可制定上限收费标准。", number=made.number), "success")
                return redirect(url_for("ceiling_pages.show", ceiling_id=made.id), code=303)
        except DomainError as error:
            form.refuse(error)
    agreement = agreements.get(db.session(), survey.agreement_id)
    text = render_template(
        "pricing/ceilings/form.html", survey=survey, agreement=agreement, totals=survey.totals(), form=form,
        refusal=words_of(form.problem), preview=queries.breakdown(preview) if preview else None,
        policy=PricingPolicy.at(policy_book(), survey.place, clock.today()),
        taxes=form.count("tax_lines", TAX_ROWS), levels=_levels(),
    )  # fmt: skip
    return make_response(text, 422 if form.errors or form.problem else 200)


@blueprint.get("/pricing/ceilings/known")
@requires(Permission.COST_READ)
def known() -> AnyResponse:
    """Answer what the ceiling was on one day as it was known on another, with what was known when."""
    session, actor, today = db.session(), current_actor(), clock.today()
    form = Form(KnownArgs, {"on": today, "known_on": today, **request.args})
    asked: dict[str, Any] = {}
    if "agreement_id" in request.args:
        try:
            asked = form.schema.load({name: text for name, text in request.args.items() if text})
        except ma.ValidationError as error:
            form.errors = error.normalized_messages()
    answer: dict[str, Any] = {}
    if asked:
        on, moment = asked["on"], last_moment(asked["known_on"])
        agreement = agreements.visible(session, actor, asked["agreement_id"])
        own = sa.select(Product.id).where(Product.agreement_id == agreement.id)
        caps = queries.caps_as_known(sa.select(FeeCap).where(FeeCap.product_id.in_(own)), on, asked["known_on"])
        rows = caps.add_columns(Product).join(Product, Product.id == FeeCap.product_id)
        answer = {
            **asked, "agreement": agreement, "ceiling": queries.ceiling_at(session, agreement.id, on, moment),
            "history": queries.history(session, agreement.id, on.year), "moment": moment,
            "caps": session.execute(rows.order_by(Product.code, FeeCap.charge_unit, FeeCap.scope)).all(),
        }  # fmt: skip
    of_ceilings = queries.visible(actor).with_only_columns(Ceiling.agreement_id)
    choice = sa.select(Agreement).where(Agreement.id.in_(of_ceilings)).order_by(Agreement.number)
    text = render_template(
        "pricing/ceilings/known.html", form=form, answer=answer, unit_titles=UNIT_WORDS,
        agreements=[(str(found.id), f"{found.number} {found.title}") for found in session.scalars(choice)],
    )  # fmt: skip
    return make_response(text, 422 if form.errors else 200)


@blueprint.get("/pricing/ceilings/<uuid:ceiling_id>")
@requires(Permission.COST_READ)
def show(ceiling_id: UUID) -> str:
    """Show how a ceiling came about, what it cites, and the caps within it."""
    session, actor = db.session(), current_actor()
    ceiling = queries.get(session, actor, ceiling_id)
    agreement = agreements.get(session, ceiling.agreement_id)
    newest = queries.latest(session, ceiling.agreement_id, ceiling.year)
    rows = sa.select(FeeCap, Product).join(Product, Product.id == FeeCap.product_id)
    caps = session.execute(rows.where(FeeCap.ceiling_id == ceiling.id).order_by(FeeCap.effective_from, Product.code))
    return render_template(
        "pricing/ceilings/ceiling.html", ceiling=ceiling, agreement=agreement, tree=queries.breakdown(ceiling),
        newest=newest if newest is not None and newest.id != ceiling.id else None, caps=caps.all(),
        recomputed=computed(ceiling.inputs).total == ceiling.max_permitted_revenue,
        unit_titles=UNIT_WORDS, levels=dict(_levels()),
        may_set=actor.may(Permission.CAP_SET, org_id=agreement.authorizing_entity_id, place=ceiling.place),
    )  # fmt: skip


@blueprint.route("/pricing/ceilings/<uuid:ceiling_id>/caps/new", methods=["GET", "POST"])
@requires(Permission.CAP_SET)
def set_caps(ceiling_id: UUID) -> AnyResponse:
    """Set caps for the operator's products within a ceiling."""
    session = db.session()
    ceiling = queries.get(session, current_actor(), ceiling_id)
    agreement = agreements.get(session, ceiling.agreement_id)
    today = clock.today()
    form = RowsForm(CapsIn, {"effective_from": today, "report_date": today})
    if request.method == "POST" and form.accepts():
        try:
            with db.transaction() as opened:
                commands.set_caps(opened, current_actor(), **form.data, now=clock.now(), book=policy_book())
        except DomainError as error:
            form.refuse(error)
        else:
            flash(gettext("上限收费标准已制定并记录书面报告。"), "success")
            return redirect(url_for("ceiling_pages.show", ceiling_id=ceiling_id), code=303)
    own = sa.select(Product).where(
        Product.agreement_id == agreement.id, Product.owner_id == agreement.operating_institution_id
    )
    products = session.scalars(own.order_by(Product.code)).all()
    text = render_template(
        "pricing/ceilings/caps.html", ceiling=ceiling, agreement=agreement, form=form, refusal=words_of(form.problem),
        products=[(str(product.id), f"{product.code} {product.title}") for product in products],
        units=[(unit.value, word) for unit, word in UNIT_WORDS.items()],
        rows=form.count("caps", len(products) + BLANK_CAPS),
        policy=PricingPolicy.at(policy_book(), ceiling.place, today),
    )  # fmt: skip
    return make_response(text, 422 if request.method == "POST" else 200)


def _survey_id() -> UUID:
    sent = request.values.get("survey_id") or request.values.get("survey", "")
    try:
        return UUID(sent)
    except ValueError as error:
        raise ValidationFailed("请从已认定的成本调查进入核定。", detail_en="Start from an accepted survey.") from error


def _prepared(survey: CostSurvey, data: dict[str, Any]) -> Ceiling:
    given = {name: value for name, value in data.items() if name not in ("survey_id", "jointly_with")}
    return queries.prepared(survey, now=clock.now(), book=policy_book(), **given)


def _levels() -> list[tuple[str, str]]:
    titles = {"province": gettext("省级"), "prefecture": gettext("地市级"), "county": gettext("县级")}
    return [(level, titles[level]) for level in LEVELS]
