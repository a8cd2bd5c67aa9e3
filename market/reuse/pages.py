"""Free reuse for people of source departments: what they may use, and taking it up in one step."""

from __future__ import annotations

from uuid import uuid4

from flask import Blueprint, Response, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import Form, current_actor, policy_book, requires, words_of
from kernel.identity import Permission
from market.reuse import commands, queries
from market.reuse.schemas import ReuseIn

blueprint = Blueprint("reuse_pages", __name__, template_folder="../templates")


@blueprint.get("/reuse")
@requires(Permission.RESOURCE_WRITE)
def browse() -> Response:
    """Show what the own department may use free."""
    return _page(Form(ReuseIn))


@blueprint.post("/reuse")
@requires(Permission.ORDER_PLACE)
def take() -> AnyResponse:
    """Take up the free use of one product."""
    form = Form(ReuseIn)
    if not form.accepts():
        return _page(form, status=422)
    try:
        with db.transaction() as session:
            made = commands.take(session, current_actor(), **form.data, now=clock.now(), book=policy_book())
    except DomainError as error:
        form.refuse(error)
        return _page(form, status=error.status)
    flash(gettext("使用权 %(number)s 已开通，金额 0.00。", number=made.number), "success")
    return redirect(url_for("entitlement_pages.show", number=made.number), code=303)


def _page(form: Form, *, status: int = 200) -> Response:
    org_id = current_actor().org_id
    offers = queries.offers(db.session(), org_id, now=clock.now(), book=policy_book()) if org_id else []
    text = render_template(
        "market/reuse/list.html", offers=offers, form=form, refusal=words_of(form.problem),
        reference=form.value("client_reference") or uuid4().hex,
        options=[(one.product.code, f"{one.product.code} {one.product.title}") for one in offers if not one.closed],
    )  # fmt: skip
    return make_response(text, status)
