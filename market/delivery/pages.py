"""Loading data sets, for people of the seller."""

from __future__ import annotations

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import current_actor, policy_book, problem, requires
from kernel.identity import Permission
from market.delivery import commands, queries
from registry.products import queries as products

blueprint = Blueprint("delivery_pages", __name__, template_folder="../templates")


@blueprint.route("/products/<code>/data-sets", methods=["GET", "POST"])
@requires(Permission.DATA_SET_LOAD)
def load(code: str) -> AnyResponse:
    """Load the rows from which the newest, reviewed version is served."""
    if request.method == "GET":
        return _page(code)
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _page(code, errors={"file": [gettext("请选择文件")]}, status=422)
    try:
        with db.transaction() as session:
            version = products.latest_version(session, products.visible(session, current_actor(), code).id)
            made = commands.load(
                session, current_actor(), version.id, file_name=sent.filename, content=sent.read(), book=policy_book(),
                now=clock.now(),
            )  # fmt: skip
    except DomainError as error:
        return _page(code, refusal=error, status=error.status)
    flash(gettext("已装载 %(n)s 行。", n=made.row_count), "success")
    return redirect(url_for("delivery_pages.load", code=code), code=303)


def _page(
    code: str, *, errors: dict[str, list[str]] | None = None, refusal: DomainError | None = None, status: int = 200
) -> Response:
    session = db.session()
    product = products.visible(session, current_actor(), code)
    version = products.latest_version(session, product.id)
    text = render_template(
        "market/delivery/load.html", product=product, version=version, loads=queries.loads(session, version.id),
        errors=errors or {}, refusal=None if refusal is None else problem(refusal, language=str(get_locale())),
    )  # fmt: skip
    return make_response(text, status)
