"""Operator-level reviews for people: list, and one page that is form, status and next step."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, files
from kernel.calendar import DAY
from kernel.errors import DomainError
from kernel.http import (
    Form,
    attachment,
    current_actor,
    match_version,
    page,
    policy_book,
    requires,
    words_of,
    working_calendar,
)
from kernel.identity import Permission
from registry.operator_reviews import commands, queries
from registry.operator_reviews.model import OperatorReview
from registry.operator_reviews.rules import EDITABLE, STATEMENT_TITLES, OperatorReviewState, lacking, possible
from registry.operator_reviews.schemas import OperatorReviewReasonIn, OperatorStatementsIn
from registry.parties.rules import N_
from registry.policy import RegistryPolicy

blueprint = Blueprint("operator_review_pages", __name__, template_folder="../templates")
STEP_TITLES = {
    "start": N_("开始送审"), "submit": N_("提交审核"), "approve": N_("审核通过"), "refuse": N_("未通过"),
    "return": N_("退回补正"), "withdraw": N_("撤回"), "add_evidence": N_("提交证明材料"),
}  # fmt: skip


@blueprint.get("/operator-reviews")
@requires(Permission.APPLICATION_READ)
def browse() -> str:
    """List the operator-level reviews within one's scope."""
    actor = current_actor()
    query = queries.listed(actor, place=request.args.get("place") or None)
    own = [(key, title) for key, title in _places() if actor.may(Permission.APPLICATION_WRITE, place=key)]
    return render_template(
        "registry/operator_reviews/list.html", found=page(db.session(), query, OperatorReview, newest_first=True),
        places=_places(), today=clock.today(), day=DAY, own_places=own if actor.org_id else [],
    )  # fmt: skip


@blueprint.post("/operator-reviews")
@requires(Permission.APPLICATION_WRITE)
def start() -> AnyResponse:
    """Draft the request of one's own organisation at a place."""
    actor, place = current_actor(), request.form.get("place", "")
    try:
        with db.transaction() as session:
            made = commands.start(
                session, actor, operator_id=actor.org_id or UUID(int=0), place=place, now=clock.now(),
                book=policy_book(),
            )  # fmt: skip
    except DomainError as error:
        flash(error.detail, "danger")
        return redirect(url_for("operator_review_pages.browse"), code=303)
    return redirect(url_for("operator_review_pages.show", operator_review_id=made.id), code=303)


@blueprint.get("/operator-reviews/<uuid:operator_review_id>")
@requires(Permission.APPLICATION_READ)
def show(operator_review_id: UUID) -> Response:
    """Show one operator-level review."""
    return _page(operator_review_id)


@blueprint.post("/operator-reviews/<uuid:operator_review_id>/statements")
@requires(Permission.APPLICATION_WRITE)
def save(operator_review_id: UUID) -> AnyResponse:
    """Save the statements."""
    sent = {"statements": {kind: request.form.get(kind, "") for kind in STATEMENT_TITLES}}
    errors = OperatorStatementsIn().validate(sent)
    if errors:
        return _page(operator_review_id, errors=errors, status=422)
    return _step(operator_review_id, commands.save, OperatorStatementsIn().load(sent))


@blueprint.post("/operator-reviews/<uuid:operator_review_id>/evidence")
@requires(Permission.APPLICATION_WRITE)
def add_evidence(operator_review_id: UUID) -> AnyResponse:
    """Keep the uploaded document."""
    sent = request.files.get("evidence")
    data = {
        "content": sent.read() if sent else b"", "name": ((sent.filename if sent else "") or "evidence")[:200],
        "media_type": (sent.mimetype if sent else "") or "application/octet-stream",
    }  # fmt: skip
    return _step(operator_review_id, commands.add_evidence, data)


@blueprint.get("/operator-reviews/<uuid:operator_review_id>/evidence")
@requires(Permission.APPLICATION_READ)
def evidence(operator_review_id: UUID) -> Response:
    """Hand out the document, as a download and never as a page of this site."""
    found = queries.visible(db.session(), current_actor(), operator_review_id)
    kept = files.get(db.session(), found.evidence_sha256 or "")
    return attachment(kept.content, kept.name)


@blueprint.post("/operator-reviews/<uuid:operator_review_id>/submit")
@requires(Permission.APPLICATION_WRITE)
def submit(operator_review_id: UUID) -> AnyResponse:
    """Ask for the review."""
    return _step(operator_review_id, commands.submit, {"book": policy_book(), "calendar": working_calendar()})


@blueprint.post("/operator-reviews/<uuid:operator_review_id>/withdraw")
@requires(Permission.APPLICATION_WRITE)
def withdraw(operator_review_id: UUID) -> AnyResponse:
    """Take the request back."""
    form = Form(OperatorReviewReasonIn)
    if not form.accepts():
        return _page(operator_review_id, errors=form.errors, status=422)
    return _step(operator_review_id, commands.withdraw, form.data)


def _step(operator_review_id: UUID, command: Any, data: dict[str, Any]) -> AnyResponse:
    try:
        with db.transaction() as session:
            queries.visible(session, current_actor(), operator_review_id)
            match_version(session, OperatorReview, operator_review_id)
            command(session, current_actor(), operator_review_id, **data, now=clock.now())
    except DomainError as error:
        return _page(operator_review_id, refusal=error, status=error.status)
    flash(gettext("已办理。"), "success")
    return redirect(url_for("operator_review_pages.show", operator_review_id=operator_review_id), code=303)


def _page(
    operator_review_id: UUID,
    *,
    errors: dict[str, Any] | None = None,
    refusal: DomainError | None = None,
    status: int = 200,
) -> Response:
    actor = current_actor()
    found = queries.visible(db.session(), actor, operator_review_id)
    may_write = actor.may(Permission.APPLICATION_WRITE, org_id=found.operator_id, place=found.place)
    steps = [
        {"title": gettext(STEP_TITLES[name]), "at": line.at, "actor": line.actor_name, "note": "",
         "state": "failed" if name == "refuse" else "done"}
        for line in queries.history(db.session(), found.id)
        if (name := line.action.removeprefix("operator_review.")) in STEP_TITLES
    ]  # fmt: skip
    if found.state is OperatorReviewState.UNDER_REVIEW:
        steps.append({"title": gettext("审查中"), "state": "current"})
    text = render_template(
        "registry/operator_reviews/operator_review.html", found=found, may_write=may_write, errors=errors or {},
        refusal=words_of(refusal), events=[event.value for event in possible(found.state)], steps=steps, day=DAY,
        statements=[(kind, gettext(title), found.statements.get(kind, "")) for kind, title in STATEMENT_TITLES.items()],
        missing=[gettext(words) for _, words in lacking(found.statements, found.evidence_sha256)],
        editable=may_write and found.state in EDITABLE, today=clock.today(),
        policy=RegistryPolicy.at(policy_book(), found.place, clock.today()),
    )  # fmt: skip
    return make_response(text, status)


def _places() -> list[tuple[str, str]]:
    book = policy_book()
    chinese = str(get_locale() or "zh").startswith("zh")
    return [(key, book.place(key).title if chinese else book.place(key).title_en) for key in book.places()]
