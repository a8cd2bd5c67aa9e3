"""Files and reports for buyers, put up by people of the seller: admitted by the registry, recorded as an export."""

from __future__ import annotations

from datetime import date, datetime

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import ApiBlueprint, Form, current_actor, policy_book, requires, words_of
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from market.delivery import commands, queries
from market.delivery.model import ProductFile
from market.delivery.schemas import ProductFileFactsIn, ProductFileIn, ProductFileOut
from registry.access import commands as access
from registry.access.rules import Purpose
from registry.egress import commands as egress
from registry.egress import queries as egress_queries
from registry.egress.rules import OPEN
from registry.products import queries as products

blueprint = Blueprint("file_pages", __name__, template_folder="templates")
api = ApiBlueprint("product_files", __name__, url_prefix="/api/v1/products", description="文件和报告 · files, reports")
RECIPIENT = "惠益交易平台"


def put_up(
    session: Session,
    actor: Actor,
    code: str,
    *,
    file_name: str,
    content: bytes,
    period_start: date | None,
    period_end: date | None,
    book: PolicyBook,
    now: datetime,
) -> ProductFile:
    """Admit the actor to the data, keep the file for buyers, and record that it left the domain (EGR-02, CST-01).

    Raises:
        DomainError: whatever the registry or the delivery refuses.
    """
    product = products.visible(session, actor, code)
    actor.must(Permission.DATA_SET_LOAD, org_id=product.owner_id, place=product.place)
    version = products.latest_version(session, product.id)
    access.admit(
        session, actor, purpose=Purpose.LOAD_DATA, agreement_id=product.agreement_id, organisation_id=product.owner_id,
        resource_ids=[one.resource_id for one in version.inputs], book=book, now=now,
    )  # fmt: skip
    made = commands.add_file(
        session, actor, version.id, file_name=file_name, content=content, period_start=period_start,
        period_end=period_end, book=book, now=now,
    )  # fmt: skip
    check = egress_queries.of_version(session, version.id)
    if check is not None and check.state in OPEN:
        egress.export(
            session, actor, check.id, file_sha256=made.sha256, form=made.form, recipient=RECIPIENT,
            reference=f"file:{made.id}", size_bytes=made.size_bytes, units=made.row_count or 1, now=now,
        )  # fmt: skip
    return made


@api.post("/<code>/files")
@requires(Permission.DATA_SET_LOAD)
@api.arguments(ProductFileIn)
@api.response(201, ProductFileOut)
def add(file_in, code: str):
    """Put up a file, or a report about a period, for the buyers of the newest version of the product."""
    with db.transaction() as session:
        return put_up(session, current_actor(), code, **file_in, book=policy_book(), now=clock.now())


@api.get("/<code>/files")
@requires(Permission.DATA_SET_LOAD)
@api.response(200, ProductFileOut(many=True))
def files(code: str):
    """List what buyers of the newest version may download, newest first."""
    session = db.session()
    version = products.latest_version(session, products.visible(session, current_actor(), code).id)
    return queries.files_of(session, version.id)


@blueprint.route("/products/<code>/files", methods=["GET", "POST"])
@requires(Permission.DATA_SET_LOAD)
def load(code: str) -> AnyResponse:
    """Put up a file or report, and see what buyers may download."""
    form = Form(ProductFileFactsIn)
    if request.method == "GET":
        return _page(code, form)
    sent, is_valid = request.files.get("file"), form.accepts()
    if sent is None or not sent.filename:
        form.errors["file"], is_valid = [gettext("请选择文件")], False
    if sent is None or not is_valid:
        return _page(code, form, status=422)
    try:
        with db.transaction() as session:
            made = put_up(session, current_actor(), code, file_name=sent.filename or "", content=sent.read(),
                          **form.data, book=policy_book(), now=clock.now())  # fmt: skip
    except DomainError as error:
        form.refuse(error)
        return _page(code, form, status=error.status)
    flash(gettext("已接收 %(name)s。", name=made.file_name), "success")
    return redirect(url_for("file_pages.load", code=code), code=303)


def _page(code: str, form: Form, *, status: int = 200) -> Response:
    session = db.session()
    product = products.visible(session, current_actor(), code)
    version = products.latest_version(session, product.id)
    text = render_template(
        "market/delivery/files.html", product=product, version=version, form=form,
        files=queries.files_of(session, version.id), refusal=words_of(form.problem),
    )  # fmt: skip
    return make_response(text, status)
