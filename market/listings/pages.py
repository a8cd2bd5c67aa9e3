"""Listings and imports for people."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import Form, attachment, current_actor, match_version, page, policy_book, requires, words_of
from kernel.identity import Permission
from market.listings import commands, queries, sheets
from market.listings.model import ImportBatch, ImportRow, Listing
from market.listings.rules import EXCHANGES, REQUIRED, Column
from market.listings.schemas import ListingIn
from market.policy import MarketPolicy
from market.venues.rules import venue_rule
from registry.products import queries as products
from registry.products.model import Product

blueprint = Blueprint("listing_pages", __name__, template_folder="../templates")
SHEET_TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@blueprint.get("/listings")
@requires(Permission.PRODUCT_READ)
def browse() -> str:
    """List your listings and imported drafts."""
    session = db.session()
    query = queries.listed(current_actor(), is_imported=request.args.get("kind") == "imported")
    found = page(session, query, Listing, newest_first=True)
    shown = {one.product_id: session.get_one(Product, one.product_id) for one in found["items"] if one.product_id}
    return render_template(
        "market/listings/list.html", found=found, products=shown, exchanges=EXCHANGES,
        is_imported=request.args.get("kind") == "imported", may_import=current_actor().may(Permission.LISTING_IMPORT),
        may_list=current_actor().may(Permission.LISTING_WRITE),
    )  # fmt: skip


@blueprint.route("/listings/new", methods=["GET", "POST"])
@requires(Permission.LISTING_WRITE)
def create() -> AnyResponse:
    """Offer a product."""
    session = db.session()
    product = products.visible(session, current_actor(), request.values.get("product", ""))
    form = Form(ListingIn, {"title": product.title})
    if request.method == "POST" and form.accepts():
        try:
            with db.transaction() as opened:
                commands.list_product(opened, current_actor(), **form.data, now=clock.now(), book=policy_book())
        except DomainError as error:
            form.refuse(error)
        else:
            flash(gettext("产品已上架；条件全部满足时即在目录中展示。"), "success")
            return redirect(url_for("catalogue_pages.product", code=product.code), code=303)
    rule = venue_rule(MarketPolicy.at(policy_book(), product.place, clock.today()))
    text = render_template(
        "market/listings/new.html", product=product, form=form, rule=rule, refusal=words_of(form.problem)
    )
    return make_response(text, 422 if request.method == "POST" else 200)


@blueprint.post("/listings/<uuid:listing_id>/withdrawal")
@requires(Permission.LISTING_WRITE)
def withdraw(listing_id: Any) -> AnyResponse:
    """Take an offer from the catalogue."""
    with db.transaction() as session:
        queries.visible(session, current_actor(), listing_id)
        match_version(session, Listing, listing_id)
        commands.withdraw(session, current_actor(), listing_id, now=clock.now())
    flash(gettext("已下架。"), "success")
    return redirect(url_for("listing_pages.browse"), code=303)


@blueprint.get("/imports")
@requires(Permission.LISTING_IMPORT)
def imports() -> Response:
    """List the files that were read in, and read another one in."""
    return _imports_page()


@blueprint.post("/imports")
@requires(Permission.LISTING_IMPORT)
def read_in() -> AnyResponse:
    """Read a foreign catalogue in."""
    place, sent = request.form.get("place", ""), request.files.get("file")
    if not place or sent is None or not sent.filename:
        errors = {} if place else {"place": [gettext("请选择地区")]}
        if sent is None or not sent.filename:
            errors["file"] = [gettext("请选择文件")]
        return _imports_page(errors=errors, status=422)
    try:
        with db.transaction() as session:
            result = commands.import_listings(
                session, current_actor(), place=place, file_name=sent.filename, content=sent.read(), now=clock.now(),
                book=policy_book(),
            )  # fmt: skip
    except DomainError as error:
        return _imports_page(refusal=error, status=error.status)
    flash(gettext("已导入：接受 %(a)s 行，拒绝 %(r)s 行。", a=result.accepted, r=result.refused), "success")
    return redirect(url_for("listing_pages.show_import", number=result.batch.number), code=303)


@blueprint.get("/imports/<number>")
@requires(Permission.LISTING_IMPORT)
def show_import(number: str) -> str:
    """Show what became of every row."""
    session = db.session()
    batch = queries.batch(session, current_actor(), number)
    accepted = {"accepted": True, "refused": False}.get(request.args.get("rows", ""))
    found = page(session, queries.import_rows(batch.id, accepted=accepted), ImportRow)
    return render_template(
        "market/listings/import.html", batch=batch, found=found, remarks=queries.remarks(session, batch.id)
    )


@blueprint.get("/imports/<number>/report.<any(csv, xlsx):kind>")
@requires(Permission.LISTING_IMPORT)
def report(number: str, kind: str) -> Response:
    """Hand out the report of an import as a file of text cells."""
    session = db.session()
    batch = queries.batch(session, current_actor(), number)
    rows = [
        {"line_number": row.line_number, "accepted": row.accepted, "reasons": row.reasons, "raw": row.raw}
        for row in session.scalars(queries.import_rows(batch.id).order_by(ImportRow.line_number))
    ]
    content = sheets.report_csv(rows) if kind == "csv" else sheets.report_xlsx(rows)
    return attachment(content, f"{batch.number}.{kind}", SHEET_TYPES[kind])


def _imports_page(
    *, errors: dict[str, list[str]] | None = None, refusal: DomainError | None = None, status: int = 200
) -> Response:
    found = page(db.session(), queries.batches(current_actor()), ImportBatch, newest_first=True)
    text = render_template(
        "market/listings/imports.html", found=found, errors=errors or {}, refusal=words_of(refusal), places=_places(),
        columns=[str(column) for column in Column], required=[str(column) for column in REQUIRED],
    )  # fmt: skip
    return make_response(text, status)


def _places() -> list[tuple[str, str]]:
    book, is_chinese = policy_book(), str(get_locale() or "zh").startswith("zh")
    actor = current_actor()
    return [
        (key, book.place(key).title if is_chinese else book.place(key).title_en)
        for key in book.places()
        if actor.may(Permission.LISTING_IMPORT, org_id=actor.org_id, place=key)
    ]
