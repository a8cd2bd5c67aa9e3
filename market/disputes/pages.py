"""Disputes for people: filing, both sides' views, two persons' decision, and what is frozen meanwhile."""

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
from kernel.http import (
    Form,
    attachment,
    current_actor,
    match_version,
    page,
    policy_book,
    public,
    requires,
    words_of,
    working_calendar,
)
from kernel.identity import Permission
from market.disputes import commands, queries
from market.disputes.model import Dispute
from market.disputes.rules import DECIDABLE, UNDECIDED, DisputeState, Outcome, Side, Track
from market.disputes.schemas import (
    CODE_LENGTH_MAX,
    OF_ORGANISATIONS,
    DataSubjectIn,
    DisputeAcceptanceIn,
    DisputeClosingIn,
    DisputeIn,
    DisputeProposalIn,
    DisputeStatementIn,
    DisputeVerdictIn,
    DisputeWayIn,
)
from market.orders.model import Order
from market.receipts.model import DeliveryReceipt
from pricing.costs.pages import RowsForm
from registry.agreements.model import Agreement
from registry.objections.gateway import source_digest
from registry.parties.model import Party
from registry.products import queries as products
from registry.products.model import Product

blueprint = Blueprint("dispute_pages", __name__, template_folder="../templates")
TRACK_WORDS = {
    Track.ADMIN_BODY: _("行政机关"),
    Track.MERCHANT: _("数据商、运营机构"),
    Track.BUYER: _("购买方"),
    Track.DATA_SUBJECT: _("数据主体"),
}
STATE_WORDS = {
    DisputeState.FILED: _("待受理"),
    DisputeState.ACCEPTED: _("已受理"),
    DisputeState.MEDIATION: _("调解中"),
    DisputeState.REVIEW: _("审理中"),
    DisputeState.DECIDED: _("已决定"),
    DisputeState.CLOSED: _("已办结"),
    DisputeState.WITHDRAWN: _("已撤回"),
}
TONES = {
    DisputeState.FILED: "wait",
    DisputeState.ACCEPTED: "wait",
    DisputeState.MEDIATION: "wait",
    DisputeState.REVIEW: "wait",
    DisputeState.DECIDED: "good",
    DisputeState.CLOSED: "off",
    DisputeState.WITHDRAWN: "off",
}
OUTCOME_WORDS = {
    Outcome.UPHELD: _("支持"),
    Outcome.PARTLY: _("部分支持"),
    Outcome.DISMISSED: _("不予支持"),
    Outcome.SETTLED: _("调解达成协议"),
}
SIDE_WORDS = {Side.CLAIMANT: _("提出方"), Side.RESPONDENT: _("另一方")}
STEPS: dict[str, tuple[type[ma.Schema], Any]] = {
    "accept": (DisputeAcceptanceIn, commands.accept),
    "proceed": (DisputeWayIn, commands.proceed),
    "state_view": (DisputeStatementIn, commands.state_view),
    "propose": (DisputeProposalIn, commands.propose),
    "confirm": (DisputeVerdictIn, commands.confirm),
    "close": (DisputeClosingIn, commands.close),
    "withdraw": (ma.Schema, commands.withdraw),
}


@blueprint.get("/disputes")
@requires(Permission.ORDER_READ)
def browse() -> str:
    """List the disputes of the own organisation, or at the own places."""
    session, actor = db.session(), current_actor()
    state, track = request.args.get("state", ""), request.args.get("track", "")
    query = queries.listed(
        actor, state=DisputeState(state) if state in list(DisputeState) else None,
        track=Track(track) if track in list(Track) else None,
    )  # fmt: skip
    found = page(session, query, Dispute, newest_first=True)
    named = {one.product_id for one in found["items"]}
    return render_template(
        "market/disputes/list.html", found=found, tracks=TRACK_WORDS, words=STATE_WORDS, tones=TONES,
        products={one.id: one for one in session.scalars(sa.select(Product).where(Product.id.in_(named)))},
        waiting=len(queries.waiting(session, actor)), answers=len(queries.to_answer(session, actor, clock.today())),
        states=[(one.value, word) for one, word in STATE_WORDS.items()],
        track_options=[(one.value, word) for one, word in TRACK_WORDS.items()],
        may_file=actor.org_id is not None and actor.may(Permission.DISPUTE_FILE, org_id=actor.org_id),
    )  # fmt: skip


@blueprint.route("/disputes/new", methods=["GET", "POST"])
@requires(Permission.DISPUTE_FILE)
def file_dispute() -> AnyResponse:
    """File a dispute about an order, a receipt's difference, or a product."""
    names = ("order_number", "receipt_number", "product_code", "track")
    form, status = RowsForm(DisputeIn, {name: request.args.get(name, "") for name in names}), 200
    if request.method == "POST":
        status = 422
        if form.accepts():
            try:
                with db.transaction() as session:
                    made = commands.file_dispute(
                        session, current_actor(), **form.data, now=clock.now(), book=policy_book(),
                        calendar=working_calendar(),
                    )  # fmt: skip
            except DomainError as error:
                form.refuse(error)
                status = error.status
            else:
                flash(gettext("争议 %(number)s 已提交。", number=made.number), "success")
                return redirect(url_for("dispute_pages.show", dispute_id=made.id), code=303)
    text = render_template(
        "market/disputes/new.html", form=form, refusal=words_of(form.problem),
        tracks=[(one.value, TRACK_WORDS[one]) for one in OF_ORGANISATIONS],
    )  # fmt: skip
    return make_response(text, status)


@blueprint.route("/disputes/data-subjects/new", methods=["GET", "POST"])
@public
def file_as_data_subject() -> AnyResponse:
    """Complain as a data subject, without an account."""
    product = products.by_code(db.session(), request.values.get("product_code", "")[:CODE_LENGTH_MAX])
    form, status = RowsForm(DataSubjectIn), 200
    if request.method == "POST":
        status = 422
        if form.accepts():
            try:
                with db.transaction() as session:
                    made = commands.file_as_data_subject(
                        session, current_actor(), **form.data, source_digest=source_digest(), now=clock.now(),
                        book=policy_book(), calendar=working_calendar(),
                    )  # fmt: skip
            except DomainError as error:
                form.refuse(error)
                status = error.status
            else:
                flash(gettext("%(number)s 已提交。请保存查询码，凭它查看办理情况。", number=made.number), "success")
                return redirect(url_for("dispute_pages.follow", reference=made.reference), code=303)
    text = render_template("market/disputes/subject.html", form=form, product=product, refusal=words_of(form.problem))
    return make_response(text, status)


@blueprint.get("/disputes/followed")
@public
def look_up() -> AnyResponse:
    """Go to the matter whose reference was typed."""
    return redirect(url_for("dispute_pages.follow", reference=request.args.get("reference", "").strip() or "-"))


@blueprint.get("/disputes/followed/<reference>")
@public
def follow(reference: str) -> Response:
    """Show what became of a matter to whoever knows its reference."""
    return _followed(reference)


@blueprint.post("/disputes/followed/<reference>/withdrawal")
@public
def withdraw_by_reference(reference: str) -> AnyResponse:
    """Take the own matter back."""
    try:
        with db.transaction() as session:
            commands.withdraw_by_reference(session, current_actor(), reference, now=clock.now())
    except DomainError as error:
        if error.status != 409:
            raise
        return _followed(reference, error)
    flash(gettext("已撤回。"), "success")
    return redirect(url_for("dispute_pages.follow", reference=reference), code=303)


@blueprint.get("/disputes/<uuid:dispute_id>")
@requires(Permission.ORDER_READ)
def show(dispute_id: UUID) -> Response:
    """Show one dispute: both sides, days, decision, and what is frozen."""
    return _dispute_page(dispute_id)


@blueprint.post(
    "/disputes/<uuid:dispute_id>/<any(accept, proceed, state_view, propose, confirm, close, withdraw):step>"
)
@requires(Permission.ORDER_READ)
def take_step(dispute_id: UUID, step: str) -> AnyResponse:
    """Take the next step on the version that was shown; who may is asked by the step itself."""
    schema, command = STEPS[step]
    form: Form = Form(schema) if step == "proceed" else RowsForm(schema)  # a form with rows knows no field "act"
    if step != "withdraw" and not form.accepts():
        return _dispute_page(dispute_id, form, status=422)
    more = {"book": policy_book(), "calendar": working_calendar()} if step == "accept" else {}
    try:
        with db.transaction() as session:
            queries.visible(session, current_actor(), dispute_id)
            match_version(session, Dispute, dispute_id)
            command(session, current_actor(), dispute_id, **form.data, **more, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return _dispute_page(dispute_id, form, status=error.status)
    flash(gettext("已办理。"), "success")
    return redirect(url_for("dispute_pages.show", dispute_id=dispute_id), code=303)


@blueprint.get("/disputes/<uuid:dispute_id>/evidence")
@requires(Permission.ORDER_READ)
def evidence(dispute_id: UUID) -> Response:
    """Hand out the file of evidence, or that of a statement, as a download."""
    session = db.session()
    found = queries.visible(session, current_actor(), dispute_id)
    said = request.args.get("statement", default=None, type=UUID)
    digest = queries.statement(session, found.id, said).evidence_sha256 if said else found.evidence_sha256
    kept = files.get(session, digest or "")
    return attachment(kept.content, kept.name)


def _followed(reference: str, error: DomainError | None = None) -> Response:
    session = db.session()
    found = queries.by_reference(session, reference)
    text = render_template(
        "market/disputes/followed.html", found=found, product=session.get_one(Product, found.product_id),
        state_title=STATE_WORDS[found.state], tone=TONES[found.state],
        may_withdraw=found.state in UNDECIDED, refusal=words_of(error),
        outcome=OUTCOME_WORDS[found.outcome] if found.outcome else None,
    )  # fmt: skip
    return make_response(text, error.status if error else 200)


def _dispute_page(dispute_id: UUID, form: Form | None = None, *, status: int = 200) -> Response:
    session, actor, today = db.session(), current_actor(), clock.today()
    found = queries.visible(session, actor, dispute_id)
    pending = queries.pending_proposal(session, found.id)
    own = {found.claimant_id, found.respondent_id} - {None}
    is_side = actor.org_id in own and actor.may(Permission.DISPUTE_FILE, org_id=actor.org_id)
    product = session.get_one(Product, found.product_id)
    spoken = queries.has_spoken(session, found.id, Side.RESPONDENT)
    context: dict[str, Any] = {
        "found": found, "product": product, "pending": pending, "proposals": queries.proposals(session, found.id),
        "statements": queries.statements(session, found.id), "sides": SIDE_WORDS, "outcomes": OUTCOME_WORDS,
        "order": session.get(Order, found.order_id) if found.order_id else None, "today": today,
        "receipt": session.get(DeliveryReceipt, found.receipt_id) if found.receipt_id else None,
        "respondent": session.get_one(Party, found.respondent_id), "track": TRACK_WORDS[found.track],
        "frozen": queries.held(session, [found.order_id]).get(found.order_id) if found.order_id else None,
        "clause": session.get_one(Agreement, product.agreement_id).items.get("dispute_resolution"),
        "may_handle": actor.may(Permission.DISPUTE_HANDLE, place=found.place) and actor.org_id not in own
        and actor.id != found.filed_by, "may_confirm": pending is not None and pending.proposed_by != actor.id,
        "may_speak": is_side and found.state in UNDECIDED, "may_withdraw": is_side and found.state in UNDECIDED
        and actor.org_id == found.claimant_id, "is_decidable": found.state in DECIDABLE,
        "is_heard": spoken or (found.answer_until is not None and today > found.answer_until),
        "outcome_options": [(one.value, word) for one, word in OUTCOME_WORDS.items()
                            if (one is Outcome.SETTLED) == (found.state is DisputeState.MEDIATION)],
        "state_title": STATE_WORDS[found.state], "tone": TONES[found.state],
    }  # fmt: skip
    text = render_template(
        "market/disputes/dispute.html", form=form or Form(ma.Schema), refusal=words_of(form.problem if form else None),
        **context,
    )  # fmt: skip
    return make_response(text, status)
