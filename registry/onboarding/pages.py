"""Asking to be admitted in a browser, without an account; and the authority's list of applications."""

from __future__ import annotations

import base64
from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, files
from kernel.errors import DomainError
from kernel.http import Form, attachment, current_actor, page, policy_book, public, requires, words_of, working_calendar
from kernel.identity import Permission
from registry.accounts.commands import PASSWORD_LENGTH_MIN
from registry.onboarding import commands, queries
from registry.onboarding.commands import DOCUMENT_BYTES_MAX, DOCUMENTS_MAX
from registry.onboarding.model import Onboarding
from registry.onboarding.rules import DOCUMENT_TITLES, OPEN_CAPACITIES, STATE_TITLES, ApplicationState, DocumentKind
from registry.onboarding.schemas import (
    ApplicationFieldsIn,
    ApplicationIn,
    ResubmissionFieldsIn,
    ResubmissionIn,
    WordIn,
    stated_of,
)
from registry.parties.rules import CAPACITY_TITLES, KIND_TITLES, normalised_uscc
from registry.persons.schemas import identity_key

blueprint = Blueprint("onboarding_pages", __name__, template_folder="../templates")
MEGABYTE = 1024 * 1024


class DocumentsForm(Form):
    """A form whose uploaded files travel as the schema of the API takes them."""

    def __init__(self, fields: type[ma.Schema], whole: type[ma.Schema]) -> None:
        """Read the fields of the form, and the documents as ``whole`` does."""
        super().__init__(fields)
        self.documents = whole().fields["documents"]

    def accepts(self) -> bool:
        """Read the fields and the files; a missing or wrong upload is named at the field of the certificate."""
        documents = [
            {"kind": kind.value, "name": sent.filename[-200:], "content_base64": base64.b64encode(sent.read()).decode()}
            for kind in DocumentKind
            for sent in request.files.getlist(kind.value)
            if sent.filename
        ]
        is_right = super().accepts()
        try:
            self.data["documents"] = self.documents.deserialize(documents)
        except ma.ValidationError:
            self.errors["documents"] = [gettext("请上传营业执照或登记证书；材料最多 %(n)s 份", n=DOCUMENTS_MAX)]
            return False
        return is_right


@blueprint.route("/onboarding", methods=["GET", "POST"])
@public
def apply() -> AnyResponse:
    """Ask to be admitted."""
    form = DocumentsForm(ApplicationFieldsIn, ApplicationIn)
    if request.method == "GET":
        return make_response(_form_page(form))
    if not form.accepts():
        return make_response(_form_page(form), 422)
    try:
        _count(normalised_uscc(form.data["uscc"]))
        with db.transaction() as session:
            applied = commands.apply(
                session, current_actor(), uscc=form.data["uscc"], place=form.data["place"], stated=stated_of(form.data),
                password=form.data["password"], number=form.data["identity_number"], key=identity_key(),
                book=policy_book(), calendar=working_calendar(), now=clock.now(),
            )  # fmt: skip
    except DomainError as error:
        form.refuse(error)
        return make_response(_form_page(form), error.status, error.headers)
    # the word is in this answer only: it is neither kept in a cookie nor shown again
    return make_response(render_template("registry/onboarding/receipt.html", applied=applied), 201)


@blueprint.get("/onboarding/look-up")
@public
def find() -> AnyResponse:
    """Go to the application whose number was typed; without one, back to where it is typed."""
    number = request.args.get("number", "").strip()
    return redirect(url_for("onboarding_pages.show", number=number) if number else url_for("onboarding_pages.apply"))


@blueprint.route("/onboarding/<number>", methods=["GET", "POST"])
@public
def show(number: str) -> AnyResponse:
    """Ask for the secret word; with it, show how the application stands."""
    form = Form(WordIn)
    if request.method == "GET":
        return make_response(_word_page(number, form))
    if not form.accepts():
        return make_response(_word_page(number, form), 422)
    try:
        _count(number)
        with db.transaction() as session:
            found = commands.look_up(session, current_actor(), number, **form.data, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return make_response(_word_page(number, form), error.status, error.headers)
    return make_response(_state_page(found))


@blueprint.post("/onboarding/<number>/resubmission")
@public
def resubmit(number: str) -> AnyResponse:
    """Send a returned application in again."""
    form = DocumentsForm(ResubmissionFieldsIn, ResubmissionIn)
    if not form.accepts():
        return make_response(_word_page(number, form, is_resubmission=True), 422)
    try:
        _count(number)
        with db.transaction() as session:
            found = commands.resubmit(
                session, current_actor(), number, word=form.data["word"], stated=stated_of(form.data),
                password=form.data["password"], book=policy_book(), calendar=working_calendar(), now=clock.now(),
            )  # fmt: skip
    except DomainError as error:
        form.refuse(error)
        return make_response(_word_page(number, form, is_resubmission=True), error.status, error.headers)
    return make_response(_state_page(found))


@blueprint.post("/onboarding/<number>/withdrawal")
@public
def withdraw(number: str) -> AnyResponse:
    """Take an application back."""
    form = Form(WordIn)
    if not form.accepts():
        return make_response(_word_page(number, form), 422)
    try:
        _count(number)
        with db.transaction() as session:
            found = commands.withdraw(session, current_actor(), number, **form.data, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return make_response(_word_page(number, form), error.status, error.headers)
    flash(gettext("申请已撤回。"), "success")
    return make_response(_state_page(found))


@blueprint.get("/onboarding-desk")
@requires(Permission.ONBOARDING_DECIDE)
def browse() -> str:
    """List the applications at one's place."""
    state = request.args.get("state", "")
    wanted = ApplicationState(state) if state in list(ApplicationState) else None
    found = page(db.session(), queries.listed(current_actor(), state=wanted), Onboarding, newest_first=True)
    return render_template(
        "registry/onboarding/desk.html", found=found, state_title=_state_title,
        states=[(state.value, _state_title(state)) for state in ApplicationState],
    )  # fmt: skip


@blueprint.get("/onboarding-desk/<number>")
@requires(Permission.ONBOARDING_DECIDE)
def inspect(number: str) -> str:
    """Show one application with its documents."""
    found = queries.visible(db.session(), current_actor(), number)
    return render_template(
        "registry/onboarding/application.html", found=found, state_title=_state_title,
        document_title=lambda kind: gettext(DOCUMENT_TITLES[kind]),
    )  # fmt: skip


@blueprint.get("/onboarding-desk/<number>/documents/<uuid:document_id>")
@requires(Permission.ONBOARDING_DECIDE)
def document(number: str, document_id: UUID) -> Response:
    """Hand out a document, as a download and never as a page of this site."""
    found = queries.document(queries.visible(db.session(), current_actor(), number), document_id)
    kept = files.get(db.session(), found.sha256)
    return attachment(kept.content, found.name)


def _count(subject: str) -> None:
    with db.transaction() as session:
        commands.count_attempt(session, current_actor(), subject=subject, now=clock.now())


def _form_page(form: Form) -> str:
    return render_template(
        "registry/onboarding/form.html",
        form=form,
        refusal=words_of(form.problem),
        **_choices(),
        picked=request.form,
    )


def _word_page(number: str, form: Form, *, is_resubmission: bool = False) -> str:
    return render_template(
        "registry/onboarding/look_up.html", number=number, form=form, refusal=words_of(form.problem),
        is_resubmission=is_resubmission, picked=request.form, **_choices(),
    )  # fmt: skip


def _state_page(found: Onboarding) -> str:
    stated = found.statement
    values = {name: getattr(stated, name) for name in ("name", "contact", "person_name", "login")}
    return render_template(
        "registry/onboarding/state.html", found=found, state_title=_state_title, **_choices(),
        values={**values, "kind": stated.kind.value}, picked={"capacities": stated.capacities},
    )  # fmt: skip


def _choices() -> dict[str, Any]:
    book = policy_book()
    chinese = str(get_locale() or "zh").startswith("zh")
    profiles = [book.place(key) for key in book.places()]
    return {
        "places": [(profile.key, profile.title if chinese else profile.title_en) for profile in profiles],
        "kinds": [(kind.value, gettext(title)) for kind, title in KIND_TITLES.items()],
        "capacities": [(capacity.value, gettext(CAPACITY_TITLES[capacity])) for capacity in OPEN_CAPACITIES],
        "password_length_min": PASSWORD_LENGTH_MIN,
        "megabytes": DOCUMENT_BYTES_MAX // MEGABYTE,
    }


def _state_title(state: ApplicationState) -> str:
    return str(gettext(STATE_TITLES[state]))
