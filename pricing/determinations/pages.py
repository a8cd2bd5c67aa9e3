"""Determinations for people: the application, its assessment, the proposal, and the second person's decision."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import marshmallow as ma
import sqlalchemy as sa
from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, files
from kernel.errors import DomainError
from kernel.http import attachment, current_actor, match_version, page, policy_book, requires, words_of
from kernel.identity import Permission
from pricing.ceilings.rules import LEVEL_TITLES, readiness, yuan
from pricing.costs.pages import RowsForm
from pricing.determinations import commands, queries
from pricing.determinations.model import Determination, Proposal
from pricing.determinations.rules import DETERMINED, DeterminationEvent, DeterminationState, possible
from pricing.determinations.schemas import (
    ApplicationFilingIn,
    AssessmentOfReadinessIn,
    ConfirmationIn,
    DeterminationIn,
    DeterminationNoteIn,
    ProposalIn,
    RejectionIn,
)
from pricing.policy import PricingPolicy
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.agreements.rules import AgreementState

blueprint = Blueprint("determination_pages", __name__, template_folder="../templates")
TAX_ROWS = 3
STEPS: dict[str, type[ma.Schema]] = {
    "withdraw": DeterminationNoteIn,
    "send_back": DeterminationNoteIn,
    "assess": AssessmentOfReadinessIn,
    "confirm": ConfirmationIn,
    "reject": RejectionIn,
}
# the words of the rules once more, so that they can be translated at the moment of showing
STATE_WORDS = {
    DeterminationState.APPLIED: _("已申请，待评估"),
    DeterminationState.RETURNED: _("已退回补正"),
    DeterminationState.REFUSED: _("不具备定价基础"),
    DeterminationState.WITHDRAWN: _("已撤回"),
    DeterminationState.READINESS_ASSESSED: _("具备定价基础，待拟定"),
    DeterminationState.PROPOSED: _("已拟定，待确认"),
    DeterminationState.MPR_DETERMINED: _("已核定最高准许收入"),
    DeterminationState.CAPS_SET: _("上限已拟定，待报告"),
    DeterminationState.CAPS_REPORTED: _("上限已书面报告"),
    DeterminationState.ACTIVE: _("执行中"),
    DeterminationState.UNDER_EVALUATION: _("评估中"),
    DeterminationState.SUPERSEDED: _("已被取代"),
}
EVENT_WORDS = {
    None: _("提出书面申请"),
    DeterminationEvent.AMEND: _("补正申请"),
    DeterminationEvent.RETURN: _("退回补正"),
    DeterminationEvent.REFUSE: _("认定不具备定价基础"),
    DeterminationEvent.WITHDRAW: _("撤回申请"),
    DeterminationEvent.ASSESS: _("认定具备定价基础"),
    DeterminationEvent.PROPOSE: _("拟定最高准许收入"),
    DeterminationEvent.REJECT: _("否决拟定"),
    DeterminationEvent.CONFIRM: _("确认核定"),
    DeterminationEvent.SET_CAPS: _("拟定上限收费标准"),
    DeterminationEvent.DROP_CAPS: _("放弃拟定的上限"),
    DeterminationEvent.REPORT_CAPS: _("记录书面报告"),
}


@blueprint.get("/pricing/determinations")
@requires(Permission.COST_READ)
def browse() -> str:
    """List the determinations and where each stands today."""
    session, actor = db.session(), current_actor()
    found = page(session, queries.visible(actor), Determination, newest_first=True)
    of = {one.agreement_id for one in found["items"]}
    numbers = session.execute(sa.select(Agreement.id, Agreement.number).where(Agreement.id.in_(of)))
    return render_template(
        "pricing/determinations/list.html", found=found, words=STATE_WORDS,
        numbers={row.id: row.number for row in numbers}, phases=queries.phases(session, found["items"], clock.today()),
        may_apply=actor.may(Permission.CEILING_APPLY),
    )  # fmt: skip


@blueprint.route("/pricing/determinations/new", methods=["GET", "POST"])
@requires(Permission.CEILING_APPLY)
def apply() -> AnyResponse:
    """Fill in the written application."""
    prefilled = {name: request.args[name] for name in ("agreement_id", "first_sale_date") if name in request.args}
    form = RowsForm(DeterminationIn, {"year": clock.today().year, **prefilled})
    if request.method == "POST" and form.accepts():
        try:
            with db.transaction() as session:
                made = commands.apply(session, current_actor(), **form.data, now=clock.now())
        except DomainError as error:
            form.refuse(error)
        else:
            flash(gettext("申请 %(number)s 已提交，待价格主管部门评估。", number=made.number), "success")
            return redirect(url_for("determination_pages.show", determination_id=made.id), code=303)
    return _application_page(form, url_for("determination_pages.apply"))


@blueprint.route("/pricing/determinations/<uuid:determination_id>/edit", methods=["GET", "POST"])
@requires(Permission.CEILING_APPLY)
def amend(determination_id: UUID) -> AnyResponse:
    """Correct a returned application."""
    found = queries.get(db.session(), current_actor(), determination_id)
    names = ("first_sale_date", "reference", "statement")
    form = RowsForm(ApplicationFilingIn, {name: getattr(found, name) for name in names})
    if request.method == "POST" and form.accepts():
        try:
            with db.transaction() as session:
                match_version(session, Determination, determination_id)
                commands.amend(session, current_actor(), determination_id, **form.data, now=clock.now())
        except DomainError as error:
            form.refuse(error)
        else:
            flash(gettext("已办理。"), "success")
            return redirect(url_for("determination_pages.show", determination_id=determination_id), code=303)
    return _application_page(form, url_for("determination_pages.amend", determination_id=found.id), found)


@blueprint.get("/pricing/determinations/<uuid:determination_id>")
@requires(Permission.COST_READ)
def show(determination_id: UUID) -> AnyResponse:
    """Show one determination: where it stands, what was proposed and decided, and what can be done."""
    return _shown(determination_id)


@blueprint.post(
    "/pricing/determinations/<uuid:determination_id>/<any(withdraw, send_back, assess, confirm, reject):step>"
)
@requires(Permission.COST_READ)
def take_step(determination_id: UUID, step: str) -> AnyResponse:
    """Withdraw, return, assess, confirm or reject, on the version that was shown; the command asks who may."""
    form = RowsForm(STEPS[step])
    if not form.accepts():
        return _shown(determination_id, form, status=422)
    given = {"book": policy_book()} if step == "confirm" else {}
    try:
        with db.transaction() as session:
            queries.get(session, current_actor(), determination_id)
            match_version(session, Determination, determination_id)
            getattr(commands, step)(session, current_actor(), determination_id, **form.data, **given, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return _shown(determination_id, form, status=error.status)
    flash(gettext("已办理。"), "success")
    return redirect(url_for("determination_pages.show", determination_id=determination_id), code=303)


@blueprint.route("/pricing/determinations/<uuid:determination_id>/proposals/new", methods=["GET", "POST"])
@requires(Permission.CEILING_DETERMINE)
def propose(determination_id: UUID) -> AnyResponse:
    """Fill in a proposal; what would follow is shown before it is made."""
    session, actor = db.session(), current_actor()
    found = queries.get(session, actor, determination_id)
    due, cycle = queries.deduction(session, found.agreement_id, found.year)
    form = RowsForm(ProposalIn, {"authority_level": "province", "clawback": due.text(), "clawback_reason": cycle})
    preview: Proposal | None = None
    if request.method == "POST" and form.accepts():
        try:
            preview = queries.previewed(session, actor, found, **form.data, now=clock.now(), book=policy_book())
            if request.form.get("act") == "propose":
                with db.transaction() as opened:
                    match_version(opened, Determination, determination_id)
                    commands.propose(opened, actor, determination_id, **form.data, now=clock.now(), book=policy_book())
                flash(gettext("已拟定，须由另一人确认后才算核定。"), "success")
                return redirect(url_for("determination_pages.show", determination_id=determination_id), code=303)
        except DomainError as error:
            form.refuse(error)
    surveys = queries.surveys_for(session, actor, found)
    text = render_template(
        "pricing/determinations/proposal.html", found=found, form=form, refusal=words_of(form.problem),
        preview=preview, taxes=form.count("tax_lines", TAX_ROWS), due=due, cycle=cycle,
        surveys=[(str(one.id), f"{one.number} · {one.year} · {yuan(one.totals().recognised)}") for one in surveys],
        levels=list(LEVEL_WORDS.items()), policy=PricingPolicy.at(policy_book(), found.place, clock.today()),
    )  # fmt: skip
    return make_response(text, 422 if form.errors or form.problem else 200)


@blueprint.get("/pricing/determinations/<uuid:determination_id>/evidence")
@requires(Permission.COST_READ)
def evidence(determination_id: UUID) -> AnyResponse:
    """Hand out the application as it was filed."""
    found = queries.get(db.session(), current_actor(), determination_id)
    kept = files.get(db.session(), found.evidence_sha256 or "")
    return attachment(kept.content, kept.name)


LEVEL_WORDS = {"province": _("省级"), "prefecture": _("地市级"), "county": _("县级")}
assert LEVEL_WORDS.keys() == LEVEL_TITLES.keys()


def _application_page(form: RowsForm, action: str, found: Determination | None = None) -> AnyResponse:
    mine = agreements.listed(current_actor(), state=AgreementState.ACTIVE).order_by(Agreement.number)
    text = render_template(
        "pricing/determinations/application.html", form=form, action=action, found=found,
        refusal=words_of(form.problem),
        agreements=[(str(one.id), f"{one.number} {one.title}") for one in db.session().scalars(mine)],
    )  # fmt: skip
    return make_response(text, 422 if request.method == "POST" else 200)


def _shown(determination_id: UUID, form: RowsForm | None = None, *, status: int = 200) -> AnyResponse:
    session, actor, today = db.session(), current_actor(), clock.today()
    found = queries.get(session, actor, determination_id)
    agreement = agreements.get(session, found.agreement_id)
    waiting = next((one for one in reversed(found.proposals) if one.decision is None), None)
    events = possible(found.state)
    text = render_template(
        "pricing/determinations/determination.html", found=found, agreement=agreement, words=STATE_WORDS,
        phase=queries.phases(session, [found], today)[found.id], waiting=waiting, events=EVENT_WORDS,
        ceiling=queries.ceiling_of(session, found.id), readiness=readiness(found.first_sale_date, today),
        form=form or RowsForm(ma.Schema), refusal=words_of(form.problem if form else None), may=_acts(found, events),
        levels=LEVEL_WORDS, is_determined=found.state in DETERMINED,
    )  # fmt: skip
    return make_response(text, status)


def _acts(found: Determination, events: tuple[DeterminationEvent, ...]) -> dict[str, Any]:
    """Return which forms the page offers to the person who looks at it."""
    actor = current_actor()
    of_operator = actor.org_id == found.operating_institution_id
    entity = actor.may(Permission.CEILING_APPLY, org_id=found.authorizing_entity_id, place=found.place)
    officer = actor.may(Permission.CEILING_DETERMINE, place=found.place) and not of_operator
    confirmer = actor.may(Permission.CEILING_CONFIRM, place=found.place) and not of_operator
    return {
        "amend": entity and DeterminationEvent.AMEND in events,
        "withdraw": entity and DeterminationEvent.WITHDRAW in events,
        "assess": officer and DeterminationEvent.ASSESS in events,
        "propose": officer and DeterminationEvent.PROPOSE in events,
        "confirm": confirmer and DeterminationEvent.CONFIRM in events and actor.id != found.applied_by,
        "is_proposer": any(one.decision is None and one.proposed_by == actor.id for one in found.proposals),
        "set_caps": entity and not of_operator and DeterminationEvent.SET_CAPS in events,
    }
