"""Evaluation cycles for people: what is due, what a cycle brought, and which years give it back."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import Form, current_actor, page, policy_book, requires, words_of
from kernel.identity import Permission
from pricing.ceilings.queries import latest
from pricing.cycles import commands, queries
from pricing.cycles.model import EvaluationCycle
from pricing.cycles.schemas import CycleClosingIn, CycleIn
from pricing.policy import PricingPolicy
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement

blueprint = Blueprint("cycle_pages", __name__, template_folder="../templates")


@blueprint.get("/pricing/cycles")
@requires(Permission.COST_READ)
def browse() -> str:
    """Show which evaluations are due, opened or not, and every cycle within one's scope."""
    session, actor, today = db.session(), current_actor(), clock.today()
    return render_template(
        "pricing/cycles/list.html", found=page(session, queries.visible(actor), EvaluationCycle, newest_first=True),
        due=queries.due(session, actor, policy_book(), today), today=today,
        may_open=actor.may(Permission.ASSESSMENT_WRITE),
    )  # fmt: skip


@blueprint.route("/pricing/cycles/new", methods=["GET", "POST"])
@requires(Permission.ASSESSMENT_WRITE)
def open_cycle() -> AnyResponse:
    """Open a cycle."""
    shown = {name: request.args.get(name, "") for name in ("agreement_id", "first_year", "last_year")}
    form = Form(CycleIn, shown)
    if request.method == "POST" and form.accepts():
        try:
            with db.transaction() as session:
                made = commands.open_cycle(session, current_actor(), **form.data, now=clock.now(), book=policy_book())
        except DomainError as error:
            form.refuse(error)
        else:
            flash(gettext("评估周期 %(number)s 已建立。", number=made.number), "success")
            return redirect(url_for("cycle_pages.show", cycle_id=made.id), code=303)
    actor = current_actor()
    listed = db.session().scalars(agreements.listed(actor).order_by(Agreement.number))
    mine = [one for one in listed if actor.may(Permission.ASSESSMENT_WRITE, place=one.place)]
    text = render_template(
        "pricing/cycles/form.html", form=form, refusal=words_of(form.problem),
        agreements=[(str(one.id), f"{one.number} {one.title}") for one in mine],
    )  # fmt: skip
    return make_response(text, 422 if request.method == "POST" else 200)


@blueprint.get("/pricing/cycles/<uuid:cycle_id>")
@requires(Permission.COST_READ)
def show(cycle_id: UUID) -> Response:
    """Show the years of a cycle, its result, and the plan of deductions."""
    return _page(cycle_id)


@blueprint.post("/pricing/cycles/<uuid:cycle_id>/close")
@requires(Permission.ASSESSMENT_WRITE)
def close_cycle(cycle_id: UUID) -> AnyResponse:
    """Close a cycle on the assessments of its years."""
    form = Form(CycleClosingIn)
    if not form.accepts():
        return _page(cycle_id, form, status=422)
    try:
        with db.transaction() as session:
            queries.get(session, current_actor(), cycle_id)
            commands.close_cycle(session, current_actor(), cycle_id, **form.data, now=clock.now(), book=policy_book())
    except DomainError as error:
        form.refuse(error)
        return _page(cycle_id, form, status=error.status)
    flash(gettext("评估周期已结束，扣减计划已记录。"), "success")
    return redirect(url_for("cycle_pages.show", cycle_id=cycle_id), code=303)


def _page(cycle_id: UUID, form: Form | None = None, *, status: int = 200) -> Response:
    session, actor = db.session(), current_actor()
    cycle = queries.get(session, actor, cycle_id)
    planned = [row for row in queries.planned(session, cycle.agreement_id) if row.closing_id in _own(cycle)]
    years = sorted({row.year for row in planned})
    text = render_template(
        "pricing/cycles/cycle.html", cycle=cycle, agreement=agreements.get(session, cycle.agreement_id),
        years=queries.results(session, cycle), planned=planned,
        ceilings={year: latest(session, cycle.agreement_id, year) for year in years},
        due={year: queries.deduction_due(session, cycle.agreement_id, year)[0] for year in years},
        tree=queries.explained(cycle, cycle.closing) if cycle.closing else None,
        form=form or Form(CycleClosingIn, {"spread_years": "1"}), refusal=words_of(form.problem if form else None),
        may_close=actor.may(Permission.ASSESSMENT_WRITE, place=cycle.place),
        policy=PricingPolicy.at(policy_book(), cycle.place, clock.today()),
    )  # fmt: skip
    return make_response(text, status)


def _own(cycle: EvaluationCycle) -> set[UUID]:
    return {closing.id for closing in cycle.closings}
