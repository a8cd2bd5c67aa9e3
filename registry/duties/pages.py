"""Duties for people: who owes what to whom until when, and what was handed in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, files
from kernel.errors import DomainError
from kernel.http import Form, attachment, current_actor, policy_book, problem, requires
from kernel.identity import Permission
from registry.duties import commands, queries
from registry.duties.queries import Duty
from registry.duties.rules import FILERS, RECIPIENT_TITLES, STATE_TITLES
from registry.duties.schemas import FilingFormIn, owed_to
from registry.obligations.rules import DutyState

blueprint = Blueprint("duty_pages", __name__, template_folder="../templates")
OPEN = (DutyState.OVERDUE, DutyState.DUE, DutyState.UPCOMING)


@blueprint.get("/duties")
@requires(Permission.DUTY_READ)
def browse() -> str:
    """List the duties within one's scope: overdue, due and fulfilled, the earliest due first."""
    place, state, party = (request.args.get(name, "") for name in ("place", "state", "party"))
    found = queries.listed(
        db.session(), current_actor(), book=policy_book(), on=clock.today(),
        place=place if place in policy_book().places() else None,
    )  # fmt: skip
    parties = {str(duty.party.id): duty.party.name for duty in found}
    if party in parties:
        found = [duty for duty in found if str(duty.party.id) == party]
    counts = {one.value: sum(duty.state is one for duty in found) for one in DutyState}
    shown = [duty for duty in found if not state or duty.state.value == state]
    return render_template(
        "registry/duties/list.html", duties=shown, counts=counts,
        parties=sorted(parties.items(), key=lambda one: one[1]), places=_places(), titles=_titles(),
        states=[(one.value, gettext(STATE_TITLES[one])) for one in DutyState],
    )  # fmt: skip


@blueprint.get("/duties/<key>")
@requires(Permission.DUTY_READ)
def show(key: str) -> Response:
    """Show one duty: where it comes from, what was handed in, and the form."""
    return _duty_page(key, Form(FilingFormIn), 200)


@blueprint.post("/duties/<key>/filings")
@requires(Permission.DUTY_FILE)
def file(key: str) -> AnyResponse:
    """Hand in what fulfils a duty, or correct it."""
    form, sent = Form(FilingFormIn), request.files.get("evidence")
    content, name = (sent.read(), (sent.filename or "file")[:200]) if sent else (b"", "")
    if not form.accepts():
        return _duty_page(key, form, 422)
    try:
        with db.transaction() as session:
            queries.visible(session, current_actor(), key, book=policy_book(), on=clock.today())
            filed = commands.file(
                session, current_actor(), key, **form.data, content=content, name=name,
                media_type=(sent.mimetype if sent else "") or "application/octet-stream", now=clock.now(),
                book=policy_book(),
            )  # fmt: skip
    except DomainError as error:
        form.refuse(error)
        return _duty_page(key, form, error.status)
    flash(gettext("已报送，记为逾期履行。") if filed.is_late else gettext("已报送。"), "success")
    return redirect(url_for("duty_pages.show", key=key), code=303)


@blueprint.get("/duties/<key>/filings/<uuid:filing_id>/evidence")
@requires(Permission.DUTY_READ)
def evidence(key: str, filing_id: UUID) -> Response:
    """Hand out what was handed in, as a download and never as a page of this site."""
    duty = queries.visible(db.session(), current_actor(), key, book=policy_book(), on=clock.today())
    sha256 = next((filing.evidence_sha256 for filing in duty.filings if filing.id == filing_id), "")
    kept = files.get(db.session(), sha256)
    return attachment(kept.content, kept.name)


def _duty_page(key: str, form: Form, status: int) -> Response:
    actor = current_actor()
    duty = queries.visible(db.session(), actor, key, book=policy_book(), on=clock.today())
    text = render_template(
        "registry/duties/duty.html", duty=duty, form=form, may_file=_may_file(duty), titles=_titles(),
        refusal=problem(form.problem, language=str(get_locale())) if form.problem else None,
        owed_to=[gettext(RECIPIENT_TITLES[code]) for code in owed_to(duty)],
    )  # fmt: skip
    return make_response(text, status)


def _may_file(duty: Duty) -> bool:
    owner, place = duty.party.id, duty.obligation.place
    return not duty.obligation.recorded_elsewhere and any(
        grant.role is FILERS[duty.owed_by] and grant.covers(org_id=owner, place=place)
        for grant in current_actor().grants
    )


def _titles() -> dict[str, Any]:
    return {state: gettext(title) for state, title in STATE_TITLES.items()}


def _places() -> list[tuple[str, str]]:
    book = policy_book()
    chinese = str(get_locale() or "zh").startswith("zh")
    return [(key, book.place(key).title if chinese else book.place(key).title_en) for key in book.places()]
