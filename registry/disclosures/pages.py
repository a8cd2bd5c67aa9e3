"""Disclosures for people: what must be disclosed, what is published, and the steps to it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import format_datetime, get_locale, gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import attachment, current_actor, match_version, page, policy_book, public, requires, words_of
from kernel.identity import Permission
from registry.disclosure_entries.rules import ENTRIES
from registry.disclosures import commands, queries, sheets
from registry.disclosures.model import Disclosure
from registry.disclosures.rules import EVENT_TITLES, ROLE_OF, SIDE_TITLES, STATE_TITLES, Side, possible

blueprint = Blueprint("disclosure_pages", __name__, template_folder="../templates")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
YEAR_DIGITS = 4


@blueprint.get("/disclosures")
@public
def browse() -> str:
    """Show what must be disclosed, and the published disclosures."""
    actor, year, side = current_actor(), request.args.get("year", ""), request.args.get("side", "")
    place = request.args.get("place", "")
    place = place if place in policy_book().places() else ""
    query = queries.published(
        place=place or None, year=int(year) if year.isdecimal() and len(year) == YEAR_DIGITS else None,
        side=Side(side) if side in list(Side) else None,
    )  # fmt: skip
    may_write = actor.may(Permission.DISCLOSURE_WRITE)
    return render_template(
        "registry/disclosures/list.html", found=page(db.session(), query, Disclosure, newest_first=True),
        entries=[(one, policy_book().get(place, one.parameter, on=clock.today()) if place and one.parameter else None)
                 for one in ENTRIES],
        places=_places(), sides=_sides(), titles=_titles(), may_write=may_write,
        may_read_duties=actor.may(Permission.DUTY_READ),
        unfinished=queries.unfinished(db.session(), actor) if may_write else [],
    )  # fmt: skip


@blueprint.get("/disclosures/<uuid:disclosure_id>")
@public
def show(disclosure_id: UUID) -> Response:
    """Show one disclosure as it is published, or as it will be."""
    return _disclosure_page(disclosure_id)


@blueprint.get("/disclosures/<uuid:disclosure_id>.xlsx")
@public
def workbook(disclosure_id: UUID) -> Response:
    """Give one disclosure as a workbook."""
    found = queries.visible(db.session(), current_actor(), disclosure_id)
    return attachment(sheets.workbook(found, policy_book().place(found.place).title), f"{found.number}.xlsx", XLSX)


@blueprint.post("/disclosures/<uuid:disclosure_id>/<any(check, publish, discard):step>")
@requires(Permission.DISCLOSURE_WRITE)
def take_step(disclosure_id: UUID, step: str) -> AnyResponse:
    """Check, publish or discard, decided on the version that was shown."""
    needs_book = {"book": policy_book()} if step == "publish" else {}
    try:
        with db.transaction() as session:
            queries.visible(session, current_actor(), disclosure_id)
            match_version(session, Disclosure, disclosure_id)
            getattr(commands, step)(session, current_actor(), disclosure_id, **needs_book, now=clock.now())
    except DomainError as error:
        return _disclosure_page(disclosure_id, refusal=error, status=error.status)
    flash(gettext("已办理。"), "success")
    return redirect(url_for("disclosure_pages.show", disclosure_id=disclosure_id), code=303)


def _disclosure_page(disclosure_id: UUID, *, refusal: DomainError | None = None, status: int = 200) -> Response:
    actor, session = current_actor(), db.session()
    found = queries.visible(session, actor, disclosure_id)
    is_own = any(
        grant.role is ROLE_OF[found.side] and grant.covers(org_id=found.party_id, place=found.place)
        for grant in actor.grants
    )
    text = render_template(
        "registry/disclosures/disclosure.html", disclosure=found, is_own=is_own, sides=_sides(), titles=_titles(),
        tables=sheets.tables(found, policy_book().place(found.place).title),
        events=[event.value for event in possible(found.state)] if is_own else [],
        prepared_by_me=found.prepared_by is not None and found.prepared_by == actor.id,
        correction=queries.correction_of(session, found.id), steps=_timeline(session, found) if is_own else [],
        refusal=words_of(refusal),
    )  # fmt: skip
    return make_response(text, status)


def _timeline(session: Session, disclosure: Disclosure) -> list[dict[str, Any]]:
    words = {"prepare": gettext("编制"), **{event.value: gettext(title) for event, title in EVENT_TITLES.items()}}
    return [
        {"title": words.get(line.action.removeprefix("disclosure."), line.action), "actor": line.actor_name,
         "at": format_datetime(line.at, "yyyy-MM-dd HH:mm"), "state": "done"}
        for line in queries.history(session, disclosure.id)
    ]  # fmt: skip


def _titles() -> dict[str, str]:
    return {state.value: gettext(title) for state, title in STATE_TITLES.items()}


def _sides() -> dict[str, str]:
    return {side.value: gettext(title) for side, title in SIDE_TITLES.items()}


def _places() -> list[tuple[str, str]]:
    book = policy_book()
    chinese = str(get_locale() or "zh").startswith("zh")
    return [(key, book.place(key).title if chinese else book.place(key).title_en) for key in book.places()]
