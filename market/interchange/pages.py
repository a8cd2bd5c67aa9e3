"""The pages for developers, and of product records that came from other platforms."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, flash, json, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import Form, attachment, current_actor, page, public, requires, words_of
from kernel.identity import Permission
from kernel.json_body import read_json
from market.interchange import commands, queries, rules
from market.interchange.gateway import LINKED_DATA, PAGE_MAX, base
from market.interchange.model import ImportedRecord
from market.interchange.schemas import RECORD_CHARACTERS_MAX, RecordOriginIn

blueprint = Blueprint("developer_pages", __name__, template_folder="../templates")
CLIENT = "clients/python"


@blueprint.get("/developers")
@public
def developers() -> str:
    """Show the interface, the client, the events and the formats of interchange."""
    return render_template(
        "market/interchange/developers.html", base=base(), client=CLIENT, page_max=PAGE_MAX,
        record_kib=RECORD_CHARACTERS_MAX // 1024,
    )  # fmt: skip


@blueprint.get("/imports/records")
@requires(Permission.LISTING_IMPORT)
def records() -> Response:
    """List the product records of other platforms that your organisation read in, and read another one in."""
    return _records_page(Form(RecordOriginIn))


@blueprint.post("/imports/records")
@requires(Permission.LISTING_IMPORT)
def read_in() -> AnyResponse:
    """Read in a product record that another platform exported as a file."""
    form = Form(RecordOriginIn)
    if not form.accepts():
        return _records_page(form)
    sent = request.files.get("file")
    content = sent.read(RECORD_CHARACTERS_MAX + 1) if sent else b""
    if not content or len(content) > RECORD_CHARACTERS_MAX:
        largest = RECORD_CHARACTERS_MAX // 1024
        form.errors["file"] = [gettext("请选择不超过 %(kib)s KiB 的 JSON-LD 文件", kib=largest)]
        return _records_page(form)
    try:
        document = read_json(content)
        with db.transaction() as session:
            actor, now = current_actor(), clock.now()
            made = commands.import_record(
                session, actor, document if isinstance(document, dict) else {}, origin=form.data["origin"], now=now
            )
    except DomainError as error:
        form.refuse(error)
        return _records_page(form)
    flash(gettext("已导入 %(code)s：内容的摘要与来源一致。", code=made.code), "success")
    return redirect(url_for("developer_pages.record", record_id=made.id), code=303)


@blueprint.get("/imports/records/<uuid:record_id>")
@requires(Permission.LISTING_IMPORT)
def record(record_id: UUID) -> str:
    """Show one record that was read in: its content, where it came from, and its digest."""
    found = queries.imported_one(db.session(), current_actor(), record_id)
    return render_template("market/interchange/record.html", record=found, content=queries.plain(found))


@blueprint.get("/imports/records/<uuid:record_id>/dataset.jsonld")
@requires(Permission.LISTING_IMPORT)
def record_file(record_id: UUID) -> Response:
    """Hand out a record that was read in as the file that another platform reads in again."""
    found = queries.imported_one(db.session(), current_actor(), record_id)
    document = rules.document(rules.dataset(queries.plain(found), base()))
    return attachment(json.dumps(document, ensure_ascii=False), f"{found.code}.jsonld", LINKED_DATA)


def _records_page(form: Form) -> Response:
    found = page(db.session(), queries.imported(current_actor()), ImportedRecord, newest_first=True)
    text = render_template("market/interchange/records.html", found=found, form=form, refusal=words_of(form.problem))
    refused = form.problem.status if form.problem else 422
    return make_response(text, refused if form.problem or form.errors else 200)
