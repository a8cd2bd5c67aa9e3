"""How often buyers may call a product: one page for its seller."""

from __future__ import annotations

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import Form, current_actor, requires, words_of
from kernel.identity import Permission
from market.entitlements.model import Entitlement
from market.limits import commands, queries
from market.limits.schemas import CallLimitIn
from registry.products import queries as products

blueprint = Blueprint("limit_pages", __name__, template_folder="../templates")


@blueprint.route("/products/<code>/limits", methods=["GET", "POST"])
@requires(Permission.LIMIT_SET)
def edit(code: str) -> AnyResponse:
    """Show the limits of a product and set one."""
    form = Form(CallLimitIn)
    if request.method == "GET":
        return _page(code, form)
    if not form.accepts():
        return _page(code, form, status=422)
    try:
        with db.transaction() as session:
            commands.limit_calls(session, current_actor(), code=code, **form.data, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return _page(code, form, status=error.status)
    flash(gettext("已设置，立即生效。"), "success")
    return redirect(url_for("limit_pages.edit", code=code), code=303)


def _page(code: str, form: Form, *, status: int = 200) -> Response:
    session, actor = db.session(), current_actor()
    product = products.visible(session, actor, code)
    actor.must(Permission.LIMIT_SET, org_id=product.owner_id, place=product.place)
    rows = [
        {"limit": one, "entitlement": session.get(Entitlement, one.entitlement_id) if one.entitlement_id else None}
        for one in queries.of_product(session, product.id)
    ]
    text = render_template(
        "market/limits/limits.html", product=product, form=form, rows=rows, refusal=words_of(form.problem)
    )  # fmt: skip
    return make_response(text, status)
