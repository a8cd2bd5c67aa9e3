"""Free use in the public interest for people: asking for it, and the desk that decides."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, Response, current_app, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, files
from kernel.calendar import DAY
from kernel.errors import DomainError
from kernel.http import Form, attachment, current_actor, match_version, page, policy_book, requires, words_of
from kernel.identity import ROLES_OF, Permission
from pricing.costs.pages import RowsForm
from pricing.exemptions import commands, queries
from pricing.exemptions.model import Exemption
from pricing.exemptions.rules import AmendmentState, ExemptionState, Purpose, Standing, Use, days_left
from pricing.exemptions.schemas import (
    AmendmentDecisionIn,
    ExemptionApprovalIn,
    ExemptionChangeIn,
    ExemptionIn,
    ReasonIn,
)
from pricing.policy import PricingPolicy
from registry.parties.model import Party
from registry.products import queries as products
from registry.products.model import Product

blueprint = Blueprint("exemption_pages", __name__, template_folder="../templates")
PURPOSE_WORDS = {Purpose.PUBLIC_GOVERNANCE: _("公共治理"), Purpose.PUBLIC_WELFARE: _("公益事业")}
STATE_WORDS = {
    ExemptionState.REQUESTED: _("待审批"),
    ExemptionState.APPROVED: _("已批准"),
    ExemptionState.REFUSED: _("未批准"),
    ExemptionState.REVOKED: _("已撤销或退回"),
}
STANDING_WORDS = {
    Standing.REQUESTED: _("待审批"),
    Standing.REFUSED: _("未批准"),
    Standing.COMING: _("已批准，尚未开始"),
    Standing.IN_FORCE: _("有效"),
    Standing.ENDED: _("期限届满"),
    Standing.RETURNED: _("使用单位已退回"),
    Standing.REVOKED: _("已撤销"),
}
AMENDMENT_WORDS = {
    AmendmentState.ASKED: _("待审批"),
    AmendmentState.AGREED: _("已同意"),
    AmendmentState.REFUSED: _("不同意"),
}
ENDING_DAYS = 30  # how far the list of those that end soon looks ahead
USE = "huiyi_exemption_use"  # orders and use lie on higher floors, so the application hands the reader in
Reader = Callable[[Session, UUID], Use]


@blueprint.get("/exemptions")
@requires(Permission.ORDER_READ)
def browse() -> str:
    """List requests for free use within one's scope, the undecided first on demand."""
    session, actor, state = db.session(), current_actor(), request.args.get("state", "")
    query, today = queries.visible(actor), clock.today()
    if state in list(ExemptionState):
        query = query.where(Exemption.state == ExemptionState(state))
    if request.args.get("ending"):
        query = queries.ending(actor, today, today + timedelta(days=ENDING_DAYS))
    found = page(session, query, Exemption, newest_first=True)
    return render_template(
        "pricing/exemptions/list.html", found=found, names=_names(found["items"]),
        states=[(item.value, word) for item, word in STATE_WORDS.items()], titles=STANDING_WORDS, today=today,
        purpose_titles=PURPOSE_WORDS, ending_days=ENDING_DAYS, days_left=days_left,
    )  # fmt: skip


@blueprint.route("/exemptions/new", methods=["GET", "POST"])
@requires(Permission.ORDER_PLACE)
def request_exemption() -> AnyResponse:
    """Ask for free use of a product."""
    session = db.session()
    product = products.by_code(session, request.values.get("product", ""))
    form = RowsForm(ExemptionIn, {"valid_from": clock.today()})
    if request.method == "POST" and form.accepts():
        try:
            with db.transaction() as opened:
                made = commands.request(opened, current_actor(), **form.data, now=clock.now(), book=policy_book())
        except DomainError as error:
            form.refuse(error)
        else:
            flash(gettext("%(number)s 已提交，等待授权主体审批。", number=made.number), "success")
            return redirect(url_for("exemption_pages.show", exemption_id=made.id), code=303)
    own = {grant.org_id for grant in current_actor().grants if grant.role in ROLES_OF[Permission.ORDER_PLACE]}
    parties = session.scalars(sa.select(Party).where(Party.id.in_(own - {None})).order_by(Party.name))
    text = render_template(
        "pricing/exemptions/form.html", product=product, form=form, refusal=words_of(form.problem),
        parties=[(str(party.id), party.name) for party in parties],
        purposes=[(purpose.value, word) for purpose, word in PURPOSE_WORDS.items()],
        policy=PricingPolicy.at(policy_book(), product.place, clock.today()),
    )  # fmt: skip
    return make_response(text, 422 if request.method == "POST" else 200)


@blueprint.get("/exemptions/<uuid:exemption_id>")
@requires(Permission.ORDER_READ)
def show(exemption_id: UUID) -> Response:
    """Show one request, its decision, and who may decide next."""
    return _exemption_page(exemption_id)


@blueprint.post("/exemptions/<uuid:exemption_id>/<any(approve, refuse, revoke):step>")
@requires(Permission.EXEMPTION_APPROVE)
def decide(exemption_id: UUID, step: str) -> AnyResponse:
    """Approve, refuse or revoke, decided on the version that was shown."""
    form = Form(ExemptionApprovalIn if step == "approve" else ReasonIn)
    return _take(exemption_id, form, getattr(commands, step))


@blueprint.post("/exemptions/<uuid:exemption_id>/return")
@requires(Permission.ORDER_PLACE)
def give_back(exemption_id: UUID) -> AnyResponse:
    """Give the own exemption back."""
    return _take(exemption_id, Form(ReasonIn), commands.give_back)


@blueprint.post("/exemptions/<uuid:exemption_id>/amendments/<uuid:amendment_id>/decision")
@requires(Permission.EXEMPTION_APPROVE)
def decide_amendment(exemption_id: UUID, amendment_id: UUID) -> AnyResponse:
    """Decide a change of terms, on the version that was shown."""

    def act(session: Session, actor: Any, identity: UUID, **given: Any) -> Exemption:
        return commands.decide_amendment(session, actor, identity, amendment_id, **given)

    return _take(exemption_id, Form(AmendmentDecisionIn), act)


@blueprint.route("/exemptions/<uuid:exemption_id>/<any(renew, amend):step>", methods=["GET", "POST"])
@requires(Permission.ORDER_PLACE)
def change(exemption_id: UUID, step: str) -> AnyResponse:
    """Ask for a renewal, or for another quota or last day."""
    session, actor = db.session(), current_actor()
    exemption = queries.get(session, actor, exemption_id)
    form = RowsForm(ExemptionChangeIn, {"valid_until": exemption.valid_until, "quota": exemption.quota or ""})
    status = 200
    if request.method == "POST":
        status = 422
        if form.accepts():
            command = commands.renew if step == "renew" else commands.ask_amendment
            try:
                with db.transaction() as opened:
                    if step == "amend":
                        match_version(opened, Exemption, exemption_id)
                    made: Any = command(opened, actor, exemption_id, **form.data, now=clock.now(), book=policy_book())
            except DomainError as error:
                form.refuse(error)
                status = error.status
            else:
                flash(gettext("已提交，等待授权主体审批。"), "success")
                shown = made.id if step == "renew" else exemption_id
                return redirect(url_for("exemption_pages.show", exemption_id=shown), code=303)
    text = render_template(
        "pricing/exemptions/change.html", exemption=exemption, step=step, form=form, names=_names([exemption]),
        refusal=words_of(form.problem), first_day=exemption.valid_until + DAY, policy=_policy(exemption.place),
    )  # fmt: skip
    return make_response(text, status)


def _take(exemption_id: UUID, form: Form, command: Callable[..., Any]) -> AnyResponse:
    """Take one step on the version that was shown; the command asks who may."""
    if not form.accepts():
        return _exemption_page(exemption_id, form, status=422)
    try:
        with db.transaction() as session:
            queries.get(session, current_actor(), exemption_id)
            match_version(session, Exemption, exemption_id)
            command(session, current_actor(), exemption_id, **form.data, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return _exemption_page(exemption_id, form, status=error.status)
    flash(gettext("已办理。"), "success")
    return redirect(url_for("exemption_pages.show", exemption_id=exemption_id), code=303)


@blueprint.get("/exemptions/<uuid:exemption_id>/evidence")
@requires(Permission.ORDER_READ)
def evidence(exemption_id: UUID) -> Response:
    """Hand out the file of evidence, or that of a change, as a download and never as a page of this site."""
    session, wanted = db.session(), request.args.get("sha256", "")
    exemption = queries.get(session, current_actor(), exemption_id)
    own = [exemption.evidence_sha256, *(one.evidence_sha256 for one in queries.amendments_of(session, exemption.id))]
    kept = files.get(session, (wanted if wanted in own else "") if wanted else exemption.evidence_sha256 or "")
    return attachment(kept.content, kept.name)


def _exemption_page(exemption_id: UUID, form: Form | None = None, *, status: int = 200) -> Response:
    session, actor, today = db.session(), current_actor(), clock.today()
    exemption = queries.get(session, actor, exemption_id)
    reader: Reader | None = current_app.extensions.get(USE)
    renewed = session.get(Exemption, exemption.renews_id) if exemption.renews_id else None
    text = render_template(
        "pricing/exemptions/exemption.html", exemption=exemption, names=_names([exemption]),
        form=form or Form(ReasonIn), refusal=words_of(form.problem if form else None),
        standing=exemption.standing(today), standing_title=STANDING_WORDS[exemption.standing(today)],
        purpose_title=PURPOSE_WORDS[exemption.purpose], days_left=days_left(exemption.grant(), today),
        may_decide=actor.may(Permission.EXEMPTION_APPROVE, place=exemption.place),
        is_own=actor.may(Permission.ORDER_PLACE, org_id=exemption.grantee_id),
        may_record_misuse=actor.may(Permission.MISUSE_RECORD, place=exemption.place),
        use=reader(session, exemption.id) if reader else None, terms=queries.terms_of(session, exemption.id),
        amendments=queries.amendments_of(session, exemption.id), amendment_titles=AMENDMENT_WORDS,
        renewed=renewed, renewal=queries.renewal_of(session, exemption.id), policy=_policy(exemption.place),
    )  # fmt: skip
    return make_response(text, status)


def _policy(place: str) -> PricingPolicy:
    return PricingPolicy.at(policy_book(), place, clock.today())


def _names(shown: list[Exemption]) -> dict[UUID, Any]:
    """Return products and grantees of the exemptions by their ids, in two queries."""
    session = db.session()
    codes = session.scalars(sa.select(Product).where(Product.id.in_([item.product_id for item in shown])))
    grantees = session.scalars(sa.select(Party).where(Party.id.in_([item.grantee_id for item in shown])))
    return {found.id: found for found in (*codes, *grantees)}
