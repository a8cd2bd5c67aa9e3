"""Training for people: the records, and the assigned users of one organisation."""

from __future__ import annotations

import base64
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, files
from kernel.errors import DomainError
from kernel.http import Form, attachment, current_actor, page, policy_book, requires, words_of
from kernel.identity import Permission
from registry.parties import queries as parties
from registry.parties.model import Party
from registry.training import commands, queries
from registry.training.model import TrainingRecord
from registry.training.rules import KIND_TITLES
from registry.training.schemas import TrainingIn

blueprint = Blueprint("training_pages", __name__, template_folder="../templates")
CHOICES_MAX = 500


@blueprint.get("/trainings")
@requires(Permission.TRAINING_READ)
def browse() -> Response:
    """List the records; of the organisation that was chosen, show who is trained."""
    return _page(Form(TrainingIn), 200)


@blueprint.post("/trainings")
@requires(Permission.TRAINING_WRITE)
def record() -> AnyResponse:
    """Record an examination."""
    form = TrainingForm()
    if not form.accepts():
        return _page(form, 422)
    try:
        with db.transaction() as session:
            made = commands.record(session, current_actor(), **form.data, book=policy_book(), now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return _page(form, error.status)
    flash(gettext("培训记录 %(number)s 已登记。", number=made.number), "success")
    chosen = request.args.get("party_id")
    return redirect(url_for("training_pages.browse", party_id=chosen, place=made.place), code=303)


@blueprint.get("/trainings/<uuid:record_id>/evidence")
@requires(Permission.TRAINING_READ)
def evidence(record_id: UUID) -> Response:
    """Hand out the document behind a record, as a download and never as a page of this site."""
    found = queries.visible(db.session(), current_actor(), record_id)
    kept = files.get(db.session(), found.evidence_sha256 or "")
    return attachment(kept.content, kept.name)


class TrainingForm(Form):
    """The form of an examination with its document."""

    def __init__(self) -> None:
        """Read the schema of the API."""
        super().__init__(TrainingIn)

    def accepts(self) -> bool:
        """Read the fields and the file."""
        sent = request.files.get("evidence")
        is_right = super().accepts()
        if is_right and sent is not None and sent.filename:
            content = base64.b64encode(sent.read()).decode()
            media_type = sent.mimetype or "application/octet-stream"
            document = {"name": sent.filename[-200:], "media_type": media_type, "content_base64": content}
            self.data["evidence"] = TrainingIn().fields["evidence"].deserialize(document)
        return is_right


def _page(form: Form, status: int) -> Response:
    session, actor, book = db.session(), current_actor(), policy_book()
    known = session.scalars(parties.listed(actor).order_by(Party.name, Party.id).limit(CHOICES_MAX)).all()
    place = request.args.get("place", "")
    if place not in book.places():
        place = known[0].place if known else ""
    chosen = next((party for party in known if str(party.id) == request.args.get("party_id")), None)
    if chosen is None and actor.org_id is not None:
        chosen = next((party for party in known if party.id == actor.org_id), None)
    overview = None
    if chosen is not None and place and queries.may_see(session, actor, chosen.id, place):
        overview = queries.organisation(session, chosen.id, place, on=clock.today(), book=book)
    text = render_template(
        "registry/training/list.html", form=form, refusal=words_of(form.problem), chosen=chosen, place=place,
        found=page(session, queries.listed(actor), TrainingRecord, newest_first=True), overview=overview,
        parties=[(str(party.id), party.name) for party in known],
        places=[(key, book.place(key).title) for key in book.places()],
        kinds=[(kind.value, gettext(title)) for kind, title in KIND_TITLES.items()], today=clock.today(),
        may_record=bool(place) and actor.may(Permission.TRAINING_WRITE, place=place),
    )  # fmt: skip
    return make_response(text, status)
