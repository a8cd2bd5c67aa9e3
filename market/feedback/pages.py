"""Feedback for people: what is due, delivering it, receiving it."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, Response, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, files
from kernel.errors import DomainError
from kernel.http import Form, attachment, current_actor, match_version, page, policy_book, requires, words_of
from kernel.identity import Permission
from market.feedback import commands, queries
from market.feedback.model import Feedback
from market.feedback.rules import FeedbackKind, FeedbackState
from market.feedback.schemas import FeedbackAnswerIn, FeedbackIn
from pricing.costs.pages import RowsForm
from registry.products.model import Product

blueprint = Blueprint("feedback_pages", __name__, template_folder="../templates")
KIND_WORDS = {FeedbackKind.RESULT: _("成果"), FeedbackKind.SIMULATED: _("仿真数据")}
STATE_WORDS = {
    FeedbackState.DELIVERED: _("待接收"),
    FeedbackState.RECEIVED: _("已接收"),
    FeedbackState.RETURNED: _("已退回"),
}


@blueprint.get("/feedback")
@requires(Permission.PRODUCT_READ)
def browse() -> Response:
    """Show what is due to be fed back, and what was."""
    return _page(RowsForm(FeedbackIn))


@blueprint.post("/feedback")
@requires(Permission.FEEDBACK_DELIVER)
def deliver() -> AnyResponse:
    """Feed a result or simulated data back."""
    form = RowsForm(FeedbackIn)
    if not form.accepts():
        return _page(form, status=422)
    try:
        with db.transaction() as session:
            commands.deliver(session, current_actor(), **form.data, now=clock.now(), book=policy_book())
    except DomainError as error:
        form.refuse(error)
        return _page(form, status=error.status)
    flash(gettext("已提交成果回馈。"), "success")
    return redirect(url_for("feedback_pages.browse"), code=303)


@blueprint.get("/feedback/<number>/file")
@requires(Permission.PRODUCT_READ)
def file(number: str) -> Response:
    """Hand out what was fed back, as a download."""
    session = db.session()
    kept = files.get(session, queries.visible(session, current_actor(), number).file_sha256)
    return attachment(kept.content, kept.name)


@blueprint.post("/feedback/<number>/answer")
@requires(Permission.FEEDBACK_RECEIVE)
def answer(number: str) -> AnyResponse:
    """Receive a delivery, or send it back."""
    form = Form(FeedbackAnswerIn)
    if not form.accepts():
        return _page(form, status=422)
    try:
        with db.transaction() as session:
            found = queries.visible(session, current_actor(), number)
            match_version(session, Feedback, found.id)
            commands.answer(session, current_actor(), found.id, **form.data, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return _page(form, status=error.status)
    flash(gettext("已办理。"), "success")
    return redirect(url_for("feedback_pages.browse"), code=303)


def _page(form: Form, *, status: int = 200) -> Response:
    session, actor = db.session(), current_actor()
    found = page(session, queries.listed(actor), Feedback, newest_first=True)
    wanted = {one.product_id for one in found["items"]}
    due = queries.due(session, actor, on=clock.today(), book=policy_book())
    text = render_template(
        "market/feedback/list.html", found=found, due=due, form=form, refusal=words_of(form.problem),
        products={one.id: one for one in session.scalars(sa.select(Product).where(Product.id.in_(wanted)))},
        kinds=KIND_WORDS, words=STATE_WORDS, waiting={one.id for one in queries.waiting(session, actor)},
        options=[(one.code, f"{one.code} {one.title}") for one in due],
        kind_options=[(one.value, word) for one, word in KIND_WORDS.items()],
    )  # fmt: skip
    return make_response(text, status)
