"""Complaints about fees for people: anybody files and follows one, the authorizing entity reviews and decides."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import marshmallow as ma
import sqlalchemy as sa
from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, files
from kernel.errors import DomainError
from kernel.http import Form, attachment, current_actor, match_version, page, public, requires, words_of
from kernel.identity import Permission
from pricing.complaints import commands, queries
from pricing.complaints.model import PriceComplaint
from pricing.complaints.rules import ComplaintState, Ground, Outcome
from pricing.complaints.schemas import (
    CODE_LENGTH_MAX,
    ComplaintClosingIn,
    ComplaintDecisionIn,
    ComplaintFindingsIn,
    PriceComplaintIn,
)
from pricing.costs.pages import RowsForm
from pricing.tariffs import queries as tariffs
from registry.drafts.gateway import kept_form, typed_in, was_sent
from registry.objections.gateway import source_digest
from registry.parties.model import Party
from registry.products import queries as products
from registry.products.model import Product

blueprint = Blueprint("complaint_pages", __name__, template_folder="../templates")
GROUND_WORDS = {Ground.TOO_HIGH: _("收费过高"), Ground.WRONG: _("收费有误")}
OUTCOME_WORDS = {Outcome.ADJUST: _("调整收费标准"), Outcome.KEEP: _("维持收费标准")}
STATE_WORDS = {
    ComplaintState.FILED: _("待受理"),
    ComplaintState.ACCEPTED: _("已受理"),
    ComplaintState.REVIEWED: _("已核查"),
    ComplaintState.DECIDED: _("已决定"),
    ComplaintState.CLOSED: _("已办结"),
    ComplaintState.WITHDRAWN: _("已撤回"),
}
SCHEMAS: dict[str, type[ma.Schema]] = {
    "accept": ma.Schema,
    "review": ComplaintFindingsIn,
    "decide": ComplaintDecisionIn,
    "close": ComplaintClosingIn,
}


@blueprint.route("/prices/complaints/new", methods=["GET", "POST"])
@public
def file_complaint() -> AnyResponse:
    """Complain about the fee of a product, signed in or not."""
    session, actor, status = db.session(), current_actor(), 200
    product = products.by_code(session, request.values.get("product", "")[:CODE_LENGTH_MAX])
    party = session.get(Party, actor.org_id) if actor.org_id else None
    at = url_for("complaint_pages.file_complaint", product=product.code)
    kept = kept_form(at) if request.method == "GET" else None
    form = RowsForm(PriceComplaintIn, {"name": party.name if party else ""} | typed_in(kept))
    if request.method == "POST":
        status = 422
        if form.accepts():
            try:
                with db.transaction() as opened:
                    made = commands.file_complaint(
                        opened, actor, **form.data, source_digest=source_digest(), now=clock.now()
                    )
                    was_sent(opened, at, now=clock.now())
            except DomainError as error:
                form.refuse(error)
                status = error.status
            else:
                flash(
                    gettext("投诉 %(number)s 已提交。请保存查询码，凭它查看办理情况。", number=made.number), "success"
                )
                return redirect(url_for("complaint_pages.follow", reference=made.reference), code=303)
    text = render_template(
        "pricing/complaints/form.html", form=form, product=product, party=party, at=at, kept=kept,
        refusal=words_of(form.problem),
        tariffs=[(one.number, one.number) for one in tariffs.history(session, product.id)],
        grounds=[(ground.value, word) for ground, word in GROUND_WORDS.items()],
    )  # fmt: skip
    return make_response(text, status)


@blueprint.get("/prices/complaints")
@public
def look_up() -> AnyResponse:
    """Go to the complaint whose reference was typed."""
    return redirect(url_for("complaint_pages.follow", reference=request.args.get("reference", "").strip() or "-"))


@blueprint.get("/prices/complaints/<reference>")
@public
def follow(reference: str) -> Response:
    """Show what became of a complaint to whoever knows its reference."""
    return _followed(reference)


@blueprint.post("/prices/complaints/<reference>/withdrawal")
@public
def withdraw(reference: str) -> AnyResponse:
    """Take the own complaint back."""
    try:
        with db.transaction() as session:
            commands.withdraw(session, current_actor(), reference, now=clock.now())
    except DomainError as error:
        if error.status != 409:
            raise
        return _followed(reference, error)
    flash(gettext("投诉已撤回。"), "success")
    return redirect(url_for("complaint_pages.follow", reference=reference), code=303)


@blueprint.get("/pricing/complaints")
@requires(Permission.ORDER_READ)
def browse() -> str:
    """List complaints of the own organisation or at the own places, with the counts per product."""
    session, actor, state = db.session(), current_actor(), request.args.get("state", "")
    query = queries.visible(actor)
    if state in list(ComplaintState):
        query = query.where(PriceComplaint.state == ComplaintState(state))
    found = page(session, query, PriceComplaint, newest_first=True)
    counts = queries.counts(session, actor) if actor.may(Permission.COMPLAINT_DECIDE) else []
    wanted = {item.product_id for item in found["items"]} | {row[0] for row in counts}
    named = {one.id: one for one in session.scalars(sa.select(Product).where(Product.id.in_(wanted)))}
    return render_template(
        "pricing/complaints/list.html", found=found, named=named, counts=counts, titles=STATE_WORDS,
        grounds=GROUND_WORDS, states=[(item.value, word) for item, word in STATE_WORDS.items()],
        waiting=len(queries.waiting(session, actor)) if actor.may(Permission.COMPLAINT_DECIDE) else None,
    )  # fmt: skip


@blueprint.get("/pricing/complaints/<uuid:complaint_id>")
@requires(Permission.ORDER_READ)
def show(complaint_id: UUID) -> Response:
    """Show one complaint and the next step of whoever decides."""
    return _complaint_page(complaint_id)


@blueprint.post("/pricing/complaints/<uuid:complaint_id>/<any(accept, review, decide, close):step>")
@requires(Permission.COMPLAINT_DECIDE)
def take_step(complaint_id: UUID, step: str) -> AnyResponse:
    """Take up, review, decide or close a complaint, on the version that was shown."""
    form = Form(SCHEMAS[step])
    if step != "accept" and not form.accepts():
        return _complaint_page(complaint_id, form, status=422)
    try:
        with db.transaction() as session:
            queries.get(session, current_actor(), complaint_id)
            match_version(session, PriceComplaint, complaint_id)
            getattr(commands, step)(session, current_actor(), complaint_id, **form.data, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return _complaint_page(complaint_id, form, status=error.status)
    flash(gettext("已办理。"), "success")
    return redirect(url_for("complaint_pages.show", complaint_id=complaint_id), code=303)


@blueprint.get("/pricing/complaints/<uuid:complaint_id>/evidence")
@requires(Permission.ORDER_READ)
def evidence(complaint_id: UUID) -> Response:
    """Hand out the file of evidence, as a download and never as a page of this site."""
    complaint = queries.get(db.session(), current_actor(), complaint_id)
    kept = files.get(db.session(), complaint.evidence_sha256 or "")
    return attachment(kept.content, kept.name)


def _followed(reference: str, error: DomainError | None = None) -> Response:
    session = db.session()
    found = queries.by_reference(session, reference)
    text = render_template(
        "pricing/complaints/followed.html", found=found, product=session.get_one(Product, found.product_id),
        state_title=STATE_WORDS[found.state], ground=GROUND_WORDS[found.ground], refusal=words_of(error),
        outcome=OUTCOME_WORDS[found.outcome] if found.outcome else None,
    )  # fmt: skip
    return make_response(text, error.status if error else 200)


def _complaint_page(complaint_id: UUID, form: Form | None = None, *, status: int = 200) -> Response:
    session, actor = db.session(), current_actor()
    found = queries.get(session, actor, complaint_id)
    since = found.decided_at
    options: dict[str, list[Any]] = {"tariffs": [], "caps": []}
    if since is not None:
        options["tariffs"] = [
            (one.number, one.number) for one in queries.tariffs_since(session, found.product_id, since)
        ]
        caps = queries.caps_since(session, found.product_id, since)
        options["caps"] = [(str(one.id), f"{one.amount.text()} · {one.effective_from}") for one in caps]
    is_own = actor.id == found.filed_by or (found.party_id is not None and found.party_id == actor.org_id)
    may_decide = actor.may(Permission.COMPLAINT_DECIDE, org_id=queries.office_of(actor, found), place=found.place)
    text = render_template(
        "pricing/complaints/complaint.html", found=found, product=session.get_one(Product, found.product_id),
        entity=session.get_one(Party, found.authorizing_entity_id), form=form or Form(ma.Schema),
        refusal=words_of(form.problem if form else None), state_title=STATE_WORDS[found.state],
        ground=GROUND_WORDS[found.ground], outcome=OUTCOME_WORDS[found.outcome] if found.outcome else None,
        outcomes=[(one.value, word) for one, word in OUTCOME_WORDS.items()],
        may_decide=may_decide and not is_own, **options,
        new_tariff=tariffs.get(session, found.new_tariff_id) if found.new_tariff_id else None,
    )  # fmt: skip
    return make_response(text, status)
