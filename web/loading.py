"""Loading data sets, for people of the seller: the registry decides and logs who may, then the market loads."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import current_actor, policy_book, requires, words_of
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from market.delivery import commands, queries
from market.delivery.model import DataSet
from registry.access import commands as access
from registry.access.rules import Purpose
from registry.products import queries as products

blueprint = Blueprint("delivery_pages", __name__, template_folder="templates")


def load_rows(
    session: Session, actor: Actor, code: str, *, file_name: str, content: bytes, book: PolicyBook, now: datetime
) -> DataSet:
    """Let the registry admit the actor to the data, then load the rows of the newest version.

    Raises:
        NoSuchProduct: there is no such product, or none that the actor may know of.
        NotAllowed: the actor does not act for the seller.
        AccessRefused: the agreement is not in force, or a person of the operator is untrained; it is logged (ACC-03).
        NotReviewed: the version has not passed its review.
        FileUnreadable: the file is neither CSV nor JSON.
        DataSetRefused: keys are missing or repeated, or a field was not reviewed.
    """
    product = products.visible(session, actor, code)
    actor.must(Permission.DATA_SET_LOAD, org_id=product.owner_id, place=product.place)
    version = products.latest_version(session, product.id)
    access.admit(
        session, actor, purpose=Purpose.LOAD_DATA, agreement_id=product.agreement_id, organisation_id=product.owner_id,
        resource_ids=[one.resource_id for one in version.inputs], book=book, now=now,
    )  # fmt: skip
    return commands.load(session, actor, version.id, file_name=file_name, content=content, book=book, now=now)


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
            made = load_rows(
                session, current_actor(), code, file_name=sent.filename, content=sent.read(), book=policy_book(),
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
        errors=errors or {}, refusal=words_of(refusal),
    )  # fmt: skip
    return make_response(text, status)
