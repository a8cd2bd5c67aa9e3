"""What stands on record about a product, for people: three short forms and their lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import Blueprint, Response, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, files
from kernel.errors import DomainError, NotFound
from kernel.fields import TextField
from kernel.http import Form, attachment, current_actor, policy_book, requires, words_of, working_calendar
from kernel.identity import Permission
from registry.parties.schemas import NAME_LENGTH_MAX
from registry.products import queries as products
from registry.records import commands, queries
from registry.records.gateway import upload
from registry.records.rules import RecordKind, Upload
from registry.records.schemas import DeliveryIn, EvidenceIn, RecordEndIn, RecordIn

blueprint = Blueprint("record_pages", __name__, template_folder="../templates")
Act = Callable[[Session, UUID, dict[str, Any]], object]


@blueprint.get("/workspace/products/<code>/records")
@requires(Permission.PRODUCT_READ)
def show(code: str) -> Response:
    """Show deliveries, evidence and registrations elsewhere, with the term of the first application."""
    return _page(code)


@blueprint.post("/workspace/products/<code>/deliveries")
@requires(Permission.REGISTRATION_READ)
def state_delivery(code: str) -> AnyResponse:
    """State a delivery."""
    return _step(
        code, "delivery", Form(_without_file(DeliveryIn)), gettext("交付日期已登记，首次登记的申请期限自该日起算。"),
        lambda session, product_id, data: commands.state_delivery(
            session, current_actor(), product_id, **data, now=clock.now()
        ),
    )  # fmt: skip


@blueprint.post("/workspace/products/<code>/evidence")
@requires(Permission.REGISTRATION_READ)
def preserve(code: str) -> AnyResponse:
    """Enter a preservation."""
    return _step(
        code, "evidence", Form(_EvidenceForm), gettext("存证已登记。"),
        lambda session, _product_id, data: commands.preserve(session, current_actor(), **data, now=clock.now()),
    )  # fmt: skip


@blueprint.post("/workspace/products/<code>/other-registrations")
@requires(Permission.REGISTRATION_READ)
def record_registration(code: str) -> AnyResponse:
    """Enter a registration elsewhere; its certificate has to come with it."""
    return _step(
        code, "record", Form(_without_file(RecordIn)), gettext("其他登记已录入。"),
        lambda session, product_id, data: commands.record_registration(
            session, current_actor(), product_id, **{"upload": Upload(b"", gettext("登记凭证")), **data},
            now=clock.now(),
        ),
    )  # fmt: skip


@blueprint.post("/workspace/products/<code>/other-registrations/<uuid:record_id>/end")
@requires(Permission.REGISTRATION_READ)
def end_record(code: str, record_id: UUID) -> AnyResponse:
    """State the end of a registration elsewhere."""
    return _step(
        code, "end", Form(RecordEndIn), gettext("该登记已终止。"),
        lambda session, _product_id, data: commands.end_record(
            session, current_actor(), record_id, **data, now=clock.now()
        ),
    )  # fmt: skip


@blueprint.get("/workspace/products/<code>/evidence/<sha256>")
@requires(Permission.PRODUCT_READ)
def download(code: str, sha256: str) -> Response:
    """Hand out a file that belongs to the product's records, as a download and never as a page of this site."""
    session = db.session()
    product = products.visible(session, current_actor(), code)
    kept = [one.evidence_sha256 for one in queries.deliveries(session, product.id)]
    kept += [one.evidence_sha256 for one in queries.of_product(session, product.id)]
    for version in products.versions(session, product.id):
        kept += [one.evidence_sha256 for one in queries.evidence_records(session, version.id)]
    if sha256 not in kept:
        raise NotFound("没有这份凭证", detail_en="No such file")
    found = files.get(session, sha256)
    return attachment(found.content, found.name)


class _EvidenceForm(EvidenceIn):
    """A preservation as the page sends it, whose forms share no names."""

    reference = TextField(required=True, max_length=NAME_LENGTH_MAX, data_key="evidence_reference")


def _without_file(schema: type[ma.Schema]) -> Any:
    """Return the schema for a form, whose file does not travel among its fields."""
    meta = type("Meta", (schema.Meta,), {"exclude": ("upload",)})
    return type(schema.__name__, (schema,), {"Meta": meta})


def _step(code: str, part: str, form: Form, done: str, act: Act) -> AnyResponse:
    if not form.accepts():
        return _page(code, part=part, form=form, status=422)
    sent = upload(f"{part}_file")
    data = {**form.data, **({"upload": sent} if sent else {})}
    try:
        with db.transaction() as session:
            act(session, products.visible(session, current_actor(), code).id, data)
    except DomainError as error:
        form.refuse(error)
        return _page(code, part=part, form=form, refusal=error, status=error.status)
    flash(done, "success")
    return redirect(url_for("record_pages.show", code=code), code=303)


def _page(
    code: str, *, part: str = "", form: Form | None = None, refusal: DomainError | None = None, status: int = 200
) -> Response:
    session, actor, on = db.session(), current_actor(), clock.today()
    product = products.visible(session, actor, code)
    newest = products.latest_version(session, product.id)
    terms = queries.clocks(session, [product], on=on, book=policy_book(), calendar=working_calendar())
    text = render_template(
        "registry/records/records.html", product=product, newest=newest, clock=terms.get(product.id), today=on,
        deliveries=queries.deliveries(session, product.id), evidence=queries.evidence_records(session, newest.id),
        records=queries.of_product(session, product.id), kinds=list(RecordKind), part=part, form=form,
        demanded=queries.demanded(policy_book(), product.place, on),
        refusal=words_of(refusal),
        may_write=actor.may(Permission.REGISTRATION_APPLY, org_id=product.owner_id, place=product.place)
        or actor.may(Permission.REGISTRATION_DECIDE, place=product.place),
    )  # fmt: skip
    return make_response(text, status)
