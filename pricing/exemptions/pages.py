"""Free use in the public interest for people: asking for it, and the desk that decides."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, files
from kernel.errors import DomainError
from kernel.http import Form, attachment, current_actor, match_version, page, policy_book, requires, words_of
from kernel.identity import ROLES_OF, Permission
from pricing.costs.pages import RowsForm
from pricing.exemptions import commands, queries
from pricing.exemptions.model import Exemption
from pricing.exemptions.rules import ExemptionState, Purpose
from pricing.exemptions.schemas import ExemptionIn, ReasonIn
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
    ExemptionState.REVOKED: _("已撤销"),
}


@blueprint.get("/exemptions")
@requires(Permission.ORDER_READ)
def browse() -> str:
    """List requests for free use within one's scope, the undecided first on demand."""
    session, actor, state = db.session(), current_actor(), request.args.get("state", "")
    query = queries.visible(actor)
    if state in list(ExemptionState):
        query = query.where(Exemption.state == ExemptionState(state))
    found = page(session, query, Exemption, newest_first=True)
    return render_template(
        "pricing/exemptions/list.html", found=found, names=_names(found["items"]),
        states=[(item.value, word) for item, word in STATE_WORDS.items()], state_titles=STATE_WORDS,
        purpose_titles=PURPOSE_WORDS, may_ask=actor.may(Permission.ORDER_PLACE),
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
    form = Form(ReasonIn)
    if step != "approve" and not form.accepts():
        return _exemption_page(exemption_id, form, status=422)
    try:
        with db.transaction() as session:
            queries.get(session, current_actor(), exemption_id)
            match_version(session, Exemption, exemption_id)
            getattr(commands, step)(session, current_actor(), exemption_id, **form.data, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return _exemption_page(exemption_id, form, status=error.status)
    flash(gettext("已办理。"), "success")
    return redirect(url_for("exemption_pages.show", exemption_id=exemption_id), code=303)


@blueprint.get("/exemptions/<uuid:exemption_id>/evidence")
@requires(Permission.ORDER_READ)
def evidence(exemption_id: UUID) -> Response:
    """Hand out the file of evidence, as a download and never as a page of this site."""
    exemption = queries.get(db.session(), current_actor(), exemption_id)
    kept = files.get(db.session(), exemption.evidence_sha256 or "")
    return attachment(kept.content, kept.name)


def _exemption_page(exemption_id: UUID, form: Form | None = None, *, status: int = 200) -> Response:
    session, actor = db.session(), current_actor()
    exemption = queries.get(session, actor, exemption_id)
    text = render_template(
        "pricing/exemptions/exemption.html", exemption=exemption, names=_names([exemption]),
        form=form or Form(ReasonIn), refusal=words_of(form.problem if form else None),
        state_title=STATE_WORDS[exemption.state], purpose_title=PURPOSE_WORDS[exemption.purpose],
        may_decide=actor.may(Permission.EXEMPTION_APPROVE, place=exemption.place),
        policy=PricingPolicy.at(policy_book(), exemption.place, clock.today()),
    )  # fmt: skip
    return make_response(text, status)


def _names(shown: list[Exemption]) -> dict[UUID, Any]:
    """Return products and grantees of the exemptions by their ids, in two queries."""
    session = db.session()
    codes = session.scalars(sa.select(Product).where(Product.id.in_([item.product_id for item in shown])))
    grantees = session.scalars(sa.select(Party).where(Party.id.in_([item.grantee_id for item in shown])))
    return {found.id: found for found in (*codes, *grantees)}
