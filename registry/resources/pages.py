"""The catalogue for people."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext
from marshmallow import ValidationError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.calendar import business_date
from kernel.errors import DomainError
from kernel.http import Form, current_actor, match_version, page, policy_book, requires, words_of
from kernel.identity import ROLES_OF, Permission
from kernel.wording import reads_english
from registry.parties import queries as parties
from registry.resources import commands, queries
from registry.resources.model import Resource
from registry.resources.rules import ACCESS_TITLES, STATUS_TITLES
from registry.resources.schemas import (
    DescriptionIn,
    ReasonIn,
    ResourceIn,
    ResourceRegistrationIn,
    ResourceSampleIn,
    SharedInConsentIn,
    SharedInIn,
)

blueprint = Blueprint("resource_pages", __name__, template_folder="../templates")
KEY = {False: "标识", True: "identifier"}  # by whether the reader reads English; both are understood
FIELD_SEPARATOR = re.compile(r"[|,，\t]")


class ResourceForm(Form):
    """The form of a resource: its fields are typed one per line, ``name | title | type | 标识`` (or ``identifier``)."""

    def accepts(self) -> bool:
        """Read the form; the lines become the list that the schema of the API asks for."""
        self.values = {name: value for name, value in request.form.items() if name not in ("csrf_token", "version")}
        sent: dict[str, Any] = {name: value for name, value in self.values.items() if value != ""}
        if "fields" in sent:
            sent["fields"] = [_field(line) for line in sent["fields"].splitlines() if line.strip()]
        try:
            self.data = self.schema.load(sent)
        except ValidationError as error:
            self.errors = dict(error.normalized_messages())
            return False
        return True


class PaperForm(Form):
    """A form with a paper: consent of a provider, confirmation of a registrar; a file of the browser."""

    def accepts(self) -> bool:
        """Read the form and the file; the file needs no base64 here."""
        read = super().accepts()
        sent = request.files.get("letter")
        if read and sent is not None and sent.filename:
            content = sent.read()
            self.data["evidence"] = {"name": sent.filename, "media_type": sent.mimetype, "content": content}
        return read


class SampleForm(Form):
    """The form of simulated rows: one record per line, values in the order of the fields."""

    def __init__(self, names: list[str]) -> None:
        """Know the names of the resource's fields."""
        super().__init__(ResourceSampleIn)
        self.names = names

    def accepts(self) -> bool:
        """Read the lines into the records that the schema of the API asks for."""
        self.values = dict(request.form.items())
        rows = [
            dict(zip(self.names, (part.strip() for part in FIELD_SEPARATOR.split(line)), strict=False))
            for line in request.form.get("rows", "").splitlines()
            if line.strip()
        ]
        try:
            self.data = self.schema.load({"rows": rows, "is_simulated": "is_simulated" in request.form})
        except ValidationError as error:
            self.errors = dict(error.normalized_messages())
            return False
        return True


def _field(line: str) -> dict[str, Any]:
    parts = [part for part in (part.strip() for part in FIELD_SEPARATOR.split(line)) if part]
    marks = set(KEY.values())
    marked = {"key": True} if marks & set(parts) else {}
    return dict(zip(("name", "title", "type"), (part for part in parts if part not in marks), strict=False)) | marked


@blueprint.get("/resources")
@requires(Permission.RESOURCE_READ)
def browse() -> str:
    """List the resources within one's scope."""
    actor = current_actor()
    found = page(db.session(), queries.listed(actor, place=request.args.get("place") or None), Resource)
    return render_template(
        "registry/resources/list.html", found=found, places=_places(), may_write=actor.may(Permission.RESOURCE_WRITE)
    )


@blueprint.route("/resources/new", methods=["GET", "POST"])
@requires(Permission.RESOURCE_WRITE)
def create() -> AnyResponse:
    """Enter a resource into the catalogue."""
    departments = _departments()
    own = departments[0][0] if len(departments) == 1 else ""
    form = ResourceForm(ResourceIn, {"grade": "2", "access": "free", "source_department_id": own})
    status = 200
    if request.method == "POST":
        status = 422
        if form.accepts():
            try:
                with db.transaction() as session:
                    made = commands.catalogue(
                        session, current_actor(), **form.data, now=clock.now(), book=policy_book()
                    )
            except DomainError as error:
                form.refuse(error)
                status = error.status
            else:
                flash(gettext("数据资源 %(code)s 已编目。", code=made.code), "success")
                return redirect(url_for("resource_pages.show", resource_id=made.id), code=303)
    text = render_template(
        "registry/resources/form.html", form=form, refusal=words_of(form.problem), places=_places(),
        departments=departments, access=_access(), resource=None,
    )  # fmt: skip
    return make_response(text, status)


@blueprint.get("/resources/<uuid:resource_id>")
@requires(Permission.RESOURCE_READ)
def show(resource_id: UUID) -> Response:
    """Show one resource."""
    return _resource_page(resource_id)


@blueprint.route("/resources/<uuid:resource_id>/edit", methods=["GET", "POST"])
@requires(Permission.RESOURCE_WRITE)
def change(resource_id: UUID) -> AnyResponse:
    """Change the description of a resource."""
    resource = queries.visible(db.session(), current_actor(), resource_id)
    lines = "\n".join(
        " | ".join([*_in_order(item).values(), *([KEY[reads_english()]] if item.get("key") else [])])
        for item in resource.fields
    )
    shown = {name: getattr(resource, name) for name in commands.CHANGEABLE}
    form = ResourceForm(DescriptionIn, {**shown, "fields": lines, "access": resource.access.value})
    status, version = 200, resource.version
    if request.method == "POST":
        status = 422
        if form.accepts():
            try:
                with db.transaction() as session:
                    queries.visible(session, current_actor(), resource_id)
                    match_version(session, Resource, resource_id)
                    commands.change(session, current_actor(), resource_id, **form.data, now=clock.now())
            except DomainError as error:
                form.refuse(error)
                status = error.status
            else:
                flash(gettext("说明已更新。"), "success")
                return redirect(url_for("resource_pages.show", resource_id=resource_id), code=303)
    text = render_template(
        "registry/resources/form.html", form=form, refusal=words_of(form.problem), access=_access(), resource=resource,
        version=request.form.get("version", version), places=[], departments=[],
    )  # fmt: skip
    return make_response(text, status)


@blueprint.post("/resources/<uuid:resource_id>/bar")
@requires(Permission.RESOURCE_WRITE)
def bar(resource_id: UUID) -> AnyResponse:
    """Bar a resource from opening."""
    return _step(
        resource_id, gettext("已列为不予开放，今后不得纳入授权范围。"),
        lambda session, data: commands.bar(session, current_actor(), resource_id, **data, now=clock.now()),
    )  # fmt: skip


@blueprint.post("/resources/<uuid:resource_id>/unbar")
@requires(Permission.RESOURCE_WRITE)
def unbar(resource_id: UUID) -> AnyResponse:
    """Admit a barred resource again."""
    return _step(
        resource_id, gettext("已解除不予开放。"),
        lambda session, data: commands.unbar(session, current_actor(), resource_id, **data, now=clock.now()),
    )  # fmt: skip


@blueprint.post("/resources/<uuid:resource_id>/shared-in")
@requires(Permission.RESOURCE_WRITE)
def state_shared_in(resource_id: UUID) -> AnyResponse:
    """State who provided the resource."""
    return _step(
        resource_id, gettext("数据来源已登记。"),
        lambda session, data: commands.state_shared_in(
            session, current_actor(), resource_id, **data, now=clock.now()
        ),
        Form(SharedInIn),
    )  # fmt: skip


@blueprint.post("/resources/<uuid:resource_id>/consents")
@requires(Permission.RESOURCE_WRITE)
def record_consent(resource_id: UUID) -> AnyResponse:
    """Record what the provider said."""
    return _step(
        resource_id, gettext("提供单位的意见已登记。"),
        lambda session, data: commands.record_consent(
            session, current_actor(), resource_id, **data, now=clock.now()
        ),
        PaperForm(SharedInConsentIn),
    )  # fmt: skip


@blueprint.post("/resources/<uuid:resource_id>/registrations")
@requires(Permission.RESOURCE_WRITE)
def record_registration(resource_id: UUID) -> AnyResponse:
    """Record whether the resource itself is registered."""
    return _step(
        resource_id, gettext("资源登记情况已记录。"),
        lambda session, data: commands.record_registration(
            session, current_actor(), resource_id, **data, now=clock.now()
        ),
        PaperForm(ResourceRegistrationIn),
    )  # fmt: skip


@blueprint.post("/resources/<uuid:resource_id>/samples")
@requires(Permission.RESOURCE_WRITE)
def upload_sample(resource_id: UUID) -> AnyResponse:
    """Give the department's own simulated rows."""
    resource = queries.visible(db.session(), current_actor(), resource_id)
    return _step(
        resource_id, gettext("仿真数据已更新。"),
        lambda session, data: commands.upload_sample(session, current_actor(), resource_id, **data, now=clock.now()),
        SampleForm([str(item["name"]) for item in resource.fields]),
    )  # fmt: skip


def _step(
    resource_id: UUID, done: str, act: Callable[[Session, dict[str, Any]], object], form: Form | None = None
) -> AnyResponse:
    form = form or Form(ReasonIn)
    if not form.accepts():
        return _resource_page(resource_id, form=form, status=422)
    try:
        with db.transaction() as session:
            queries.visible(session, current_actor(), resource_id)
            match_version(session, Resource, resource_id)
            act(session, form.data)
    except DomainError as error:
        return _resource_page(resource_id, form=form, refusal=error, status=error.status)
    flash(done, "success")
    return redirect(url_for("resource_pages.show", resource_id=resource_id), code=303)


def _resource_page(
    resource_id: UUID, *, form: Form | None = None, refusal: DomainError | None = None, status: int = 200
) -> Response:
    actor, session, today = current_actor(), db.session(), business_date(clock.now())
    resource = queries.visible(session, actor, resource_id)
    may_write = actor.may(Permission.RESOURCE_WRITE, org_id=resource.source_department_id, place=resource.place)
    statement = queries.shared_in(session, resource.id)
    is_offered = queries.samples_offered(actor, resource, book=policy_book(), on=today)
    text = render_template(
        "registry/resources/resource.html", resource=resource, fields=[_in_order(item) for item in resource.fields],
        form=form or Form(ReasonIn), refusal=words_of(refusal), may_write=may_write, access=dict(_access()),
        statement=statement, consents=queries.consents(session, statement.id) if statement else [],
        lacks_consent=queries.lacks_consent(session, resource.id, today), today=today,
        sample=queries.simulated(session, resource) if is_offered else None,
        history=queries.history(session, resource.id) if not actor.may(Permission.PRODUCT_WRITE) else [],
        registrations=queries.registrations(session, resource.id),
        statuses=[(status.value, gettext(title)) for status, title in STATUS_TITLES.items()],
        may_read_quality=actor.may(Permission.QUALITY_READ),
    )  # fmt: skip
    return make_response(text, status)


def _in_order(item: dict[str, str]) -> dict[str, str]:
    return {name: item.get(name, "") for name in ("name", "title", "type")}


def _departments() -> list[tuple[str, str]]:
    """Return the organisations for which the actor may enter resources."""
    writing = ROLES_OF[Permission.RESOURCE_WRITE]
    own = {grant.org_id for grant in current_actor().grants if grant.role in writing and grant.org_id is not None}
    found = [parties.get(db.session(), party_id) for party_id in own]
    return sorted((str(party.id), party.name) for party in found)


def _places() -> list[tuple[str, str]]:
    book = policy_book()
    chinese = str(get_locale() or "zh").startswith("zh")
    return [(key, book.place(key).title if chinese else book.place(key).title_en) for key in book.places()]


def _access() -> list[tuple[str, str]]:
    return [(kind.value, gettext(title)) for kind, title in ACCESS_TITLES.items()]
