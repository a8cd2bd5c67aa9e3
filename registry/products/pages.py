"""Entering products and versions, for people. The list and the workspace of a product stand with the registrations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.calendar import business_date
from kernel.errors import DomainError
from kernel.http import Form, current_actor, policy_book, requires, words_of
from kernel.identity import Permission
from registry.products import commands, queries
from registry.products.model import ProductVersion
from registry.products.rules import DeliveryForm, difference
from registry.products.schemas import ProductIn, VersionIn
from registry.quality import queries as quality
from registry.requests import queries as data_requests
from registry.resources.model import Resource
from registry.resources.rules import AccessKind

blueprint = Blueprint("product_pages", __name__, template_folder="../templates")

PERSONAL = "个人信息"
ACCESS_WORDS = {AccessKind.FREE: "无偿", AccessKind.PAID: "有偿"}
PLAIN = ("title", "domain", "delivery_form", "source_statement", "description")


class VersionForm(Form):
    """A form whose fields, sample and inputs are typed as lines and tick boxes, and read by the API's schema."""

    def __init__(self, schema: type[ma.Schema], fixed: dict[str, Any], values: Mapping[str, Any]) -> None:
        """Hold the schema, what the page knows already, and what the empty form shows."""
        super().__init__(schema, values)
        self.fixed = fixed

    def accepts(self) -> bool:
        """Read ``request.form``; say whether it is valid."""
        self.values = dict(request.form.items())
        sent = {name: value for name, value in self.values.items() if name in PLAIN and value.strip()}
        sent |= typed(request.form) | self.fixed
        origins, unknown = typed_origins(request.form.get("origins", ""))
        sent["origins"] = origins
        if unknown:
            self.errors["origins"] = [gettext("没有这些产品：%(codes)s", codes="、".join(unknown))]
            return False
        try:
            self.data = self.schema.load(sent)
        except ma.ValidationError as error:
            self.errors = error.normalized_messages()
            return False
        self.data["evidence"] = sent_evidence()
        return True


def sent_evidence() -> list[dict[str, Any]]:
    """Return the files of evidence that the browser sent; the name of a file is its title."""
    chosen = [one for one in request.files.getlist("evidence") if one.filename]
    return [
        {"title": one.filename, "name": one.filename, "media_type": one.mimetype, "content": one.read()}
        for one in chosen
    ]


def typed_origins(text: str) -> tuple[list[dict[str, str]], list[str]]:
    """Return the products that a version is made from, and the codes that nobody knows.

    A line is ``code | 无偿`` or ``code | 有偿``; the newest version of the product is meant.
    """
    lines = [[part.strip() for part in line.split("|")] for line in text.splitlines() if line.strip()]
    wanted = {line[0].upper(): line[1] if len(line) > 1 else "" for line in lines}
    found = {one.product.code: one.id for one in queries.newest_of_codes(db.session(), list(wanted))}
    origins = [
        {"version_id": str(found[code]),
         "access": str(AccessKind.FREE if words == ACCESS_WORDS[AccessKind.FREE] else AccessKind.PAID)}
        for code, words in wanted.items() if code in found
    ]  # fmt: skip
    return origins, [code for code in wanted if code not in found]


def proposed(resources: Iterable[Resource], on: date) -> dict[str, str]:
    """Return the quality that the tickets of each resource lead to, for the form; what is typed is what counts."""
    found = {one.id: quality.quality_of(db.session(), one.id, on, policy_book()) for one in resources}
    return {f"quality-{resource_id}": f"{value:f}" for resource_id, value in found.items() if value is not None}


def typed(form: MultiDict[str, str]) -> dict[str, Any]:
    """Return fields, sample and inputs as the schema wants them.

    A field is a line ``name | title | type | 个人信息``; a sample is a line with a value per field.
    """
    fields = []
    for line in form.get("fields", "").splitlines():
        parts = [part.strip() for part in line.split("|")]
        if any(parts):
            name, title, kind, personal = (*parts, "", "", "", "")[:4]
            fields.append(
                {"name": name, "title": title or name, "type": kind or "text", "personal": personal == PERSONAL}
            )
    names = [field["name"] for field in fields]
    sample = [
        dict(zip(names, (part.strip() for part in line.split("|")), strict=False))
        for line in form.get("sample", "").splitlines()
        if line.strip()
    ]
    inputs = [
        {"resource_id": chosen, "weight_input": form.get(f"weight-{chosen}", "").strip() or "1",
         "quality": form.get(f"quality-{chosen}", "").strip() or "1"}
        for chosen in form.getlist("inputs")
    ]  # fmt: skip
    return {"fields": fields, "sample": sample, "inputs": inputs}


def as_typed(version: ProductVersion) -> dict[str, str]:
    """Return a version as the form shows it, so that the next one starts from it."""
    lines = [
        " | ".join([field["name"], field["title"], field["type"], *([PERSONAL] if field["personal"] else [])])
        for field in version.fields
    ]
    names = [field["name"] for field in version.fields]
    sample = [" | ".join(str(record.get(name, "")) for name in names) for record in version.sample]
    weights = {f"weight-{used.resource_id}": format(used.weight_input, "f") for used in version.inputs}
    qualities = {f"quality-{used.resource_id}": format(used.quality, "f") for used in version.inputs}
    origins = [f"{one.origin.product.code} | {ACCESS_WORDS[one.access]}" for one in version.origins]
    own = {"description": version.description, "fields": "\n".join(lines), "sample": "\n".join(sample),
           "origins": "\n".join(origins)}  # fmt: skip
    return own | weights | qualities


@blueprint.route("/workspace/products/new", methods=["GET", "POST"])
@requires(Permission.PRODUCT_WRITE)
def create() -> AnyResponse:
    """Enter a product: first the approved request that it rests on is chosen."""
    on = business_date(clock.now())
    offered = queries.approved_requests(db.session(), current_actor(), on)
    chosen = next((found for found in offered if str(found.id) == request.args.get("request_id", "")), None)
    if chosen is None:
        return make_response(render_template("registry/products/choose.html", requests=offered))
    fixed = {
        "owner_id": str(chosen.applicant_id),
        "agreement_id": str(chosen.agreement_id),
        "scenario": chosen.scenario,
    }
    resources = data_requests.resources(db.session(), chosen.id)
    form, status = VersionForm(ProductIn, fixed, proposed(resources, on)), 200
    if request.method == "POST":
        status = 422
        if form.accepts():
            try:
                with db.transaction() as session:
                    made = commands.create(session, current_actor(), **form.data, book=policy_book(), now=clock.now())
            except DomainError as error:
                form.refuse(error)
            else:
                flash(gettext("产品 %(code)s 已建立。", code=made.code), "success")
                return redirect(url_for("workspace_pages.workspace", code=made.code), code=303)
    text = render_template(
        "registry/products/new.html", form=form, chosen=chosen, forms=list(DeliveryForm),
        refusal=words_of(form.problem), resources=resources, picked=request.form.getlist("inputs"),
    )  # fmt: skip
    return make_response(text, status)


@blueprint.route("/workspace/products/<code>/versions/new", methods=["GET", "POST"])
@requires(Permission.PRODUCT_WRITE)
def add_version(code: str) -> AnyResponse:
    """Enter a new version, starting from the newest one."""
    product = queries.visible(db.session(), current_actor(), code)
    newest = queries.latest_version(db.session(), product.id)
    suggested = proposed((used.resource for used in newest.inputs), business_date(clock.now()))
    form, status = VersionForm(VersionIn, {}, as_typed(newest) | suggested), 200
    picked = [str(used.resource_id) for used in newest.inputs]
    if request.method == "POST":
        status, picked = 422, request.form.getlist("inputs")
        if form.accepts():
            try:
                with db.transaction() as session:
                    made = commands.add_version(
                        session, current_actor(), product.id, **form.data, book=policy_book(), now=clock.now()
                    )
            except DomainError as error:
                form.refuse(error)
            else:
                flash(gettext("第 %(number)s 版已建立；通过审查前产品不可出售。", number=made.number), "success")
                return redirect(url_for("workspace_pages.workspace", code=product.code), code=303)
    text = render_template(
        "registry/products/version.html", form=form, product=product, newest=newest, refusal=words_of(form.problem),
        resources=data_requests.scope(db.session(), product.agreement_id), picked=picked,
        approved=_approved(product.id),
    )  # fmt: skip
    return make_response(text, status)


@blueprint.get("/workspace/products/<code>/difference")
@requires(Permission.PRODUCT_READ)
def compare(code: str) -> str:
    """Compare two versions part by part; without a choice, the newest with the one before it."""
    product = queries.visible(db.session(), current_actor(), code)
    versions = queries.versions(db.session(), product.id)
    numbers = {str(one.number): one for one in versions}
    after = numbers.get(request.args.get("after", ""), versions[0])
    before = numbers.get(request.args.get("before", ""), numbers.get(str(after.number - 1), after))
    changes = difference(queries.facts_of(before), queries.facts_of(after))
    return render_template(
        "registry/products/difference.html", product=product, versions=versions, before=before, after=after,
        changes=changes,
    )  # fmt: skip


def _approved(product_id: UUID) -> set[UUID]:
    product = queries.get(db.session(), product_id)
    return data_requests.approved_resources(
        db.session(), applicant_id=product.owner_id, agreement_id=product.agreement_id, scenario=product.scenario,
        on=business_date(clock.now()),
    )  # fmt: skip
