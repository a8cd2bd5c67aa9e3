"""Ceilings and caps for people, with what was known when."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import marshmallow as ma
import sqlalchemy as sa
from flask import Blueprint, make_response, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.http import Form, current_actor, page, requires
from kernel.identity import Permission
from pricing.ceilings import queries
from pricing.ceilings.model import Ceiling, FeeCap
from pricing.ceilings.rules import computed, last_moment
from pricing.ceilings.schemas import LEVELS, KnownArgs
from pricing.costs import queries as costs
from pricing.costs.model import CostSurvey
from pricing.costs.pages import STATE_WORDS, UNIT_WORDS
from pricing.costs.rules import SurveyState
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
    )  # fmt: skip


def _levels() -> list[tuple[str, str]]:
    titles = {"province": gettext("省级"), "prefecture": gettext("地市级"), "county": gettext("县级")}
    return [(level, titles[level]) for level in LEVELS]
