"""Organisations for people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import Form, current_actor, match_version, page, policy_book, requires, words_of
from kernel.identity import Permission
from registry.parties import commands, queries
from registry.parties.model import Party
from registry.parties.rules import CAPACITY_TITLES, CREDIT_TITLES, FORM_TITLES, KIND_TITLES, Capacity, CreditKind
from registry.parties.schemas import CapacityIn, CreditIn, PartyIn, ReasonIn

blueprint = Blueprint("party_pages", __name__, template_folder="../templates")


@blueprint.get("/parties")
@requires(Permission.PARTY_READ)
def browse() -> str:
    """List the organisations within one's scope."""
    capacity = request.args.get("capacity", "")
    query = queries.listed(
        current_actor(), place=request.args.get("place") or None,
        capacity=Capacity(capacity) if capacity in list(Capacity) else None,
    )  # fmt: skip
    found = page(db.session(), query, Party)
    return render_template("registry/parties/list.html", found=found, choices=_choices(), may_create=_may_create())


@blueprint.route("/parties/new", methods=["GET", "POST"])
@requires(Permission.PARTY_CREATE)
def create() -> AnyResponse:
    """Register an organisation."""
    form = Form(PartyIn)
    status = 200
    if request.method == "POST":
        status = 422
        if form.accepts():
            try:
                with db.transaction() as session:
                    party = commands.create_party(
                        session, current_actor(), **form.data, now=clock.now(), book=policy_book()
                    )
            except DomainError as error:
                form.refuse(error)
                status = error.status
            else:
                flash(gettext("机构“%(name)s”已登记。", name=party.name), "success")
                return redirect(url_for("party_pages.show", party_id=party.id), code=303)
    text = render_template("registry/parties/new.html", form=form, choices=_choices(), refusal=words_of(form.problem))
    return make_response(text, status)


@blueprint.get("/parties/<uuid:party_id>")
@requires(Permission.PARTY_READ)
def show(party_id: UUID) -> Response:
    """Show one organisation."""
    return _party_page(party_id)


@blueprint.post("/parties/<uuid:party_id>/capacities")
@requires(Permission.PARTY_CREATE)
def add_capacity(party_id: UUID) -> AnyResponse:
    """Let an organisation act as one thing more at a place."""
    return _step(
        party_id, CapacityIn, gettext("身份已登记。"),
        lambda session, data: commands.add_capacity(
            session, current_actor(), party_id, **data, now=clock.now(), book=policy_book()
        ),
    )  # fmt: skip


@blueprint.post("/parties/<uuid:party_id>/suspension")
@requires(Permission.PARTY_SUSPEND)
def suspend(party_id: UUID) -> AnyResponse:
    """Suspend an organisation at once."""
    return _step(
        party_id, ReasonIn, gettext("机构已暂停，其人员的权限即时关闭。"),
        lambda session, data: commands.suspend(session, current_actor(), party_id, **data, now=clock.now()),
    )  # fmt: skip


@blueprint.post("/parties/<uuid:party_id>/restoration")
@requires(Permission.PARTY_SUSPEND)
def restore(party_id: UUID) -> AnyResponse:
    """Ask for the end of a suspension, or confirm it."""
    return _step(
        party_id, None, gettext("已受理：恢复须由两位主管人员先后确认。"),
        lambda session, data: commands.restore(session, current_actor(), party_id, now=clock.now()),
    )  # fmt: skip


@blueprint.post("/parties/<uuid:party_id>/credit-records")
@requires(Permission.CREDIT_WRITE)
def record_credit(party_id: UUID) -> AnyResponse:
    """Write a record into the credit file, or clear one."""
    return _step(
        party_id, CreditIn, gettext("信用记录已登记，不可更改。"),
        lambda session, data: commands.record_credit(session, current_actor(), party_id, **data, now=clock.now()),
        is_versioned=False,
    )  # fmt: skip


def _step(
    party_id: UUID,
    schema: Any,
    done: str,
    act: Callable[[Session, dict[str, Any]], object],
    *,
    is_versioned: bool = True,
) -> AnyResponse:
    form = Form(schema) if schema else None
    if form is not None and not form.accepts():
        return _party_page(party_id, form=form, status=422)
    try:
        with db.transaction() as session:
            queries.visible(session, current_actor(), party_id)
            if is_versioned:
                match_version(session, Party, party_id)
            act(session, form.data if form else {})
    except DomainError as error:
        return _party_page(party_id, form=form, refusal=error, status=error.status)
    flash(done, "success")
    return redirect(url_for("party_pages.show", party_id=party_id), code=303)


def _party_page(
    party_id: UUID, *, form: Form | None = None, refusal: DomainError | None = None, status: int = 200
) -> Response:
    actor = current_actor()
    party = queries.visible(db.session(), actor, party_id)
    credit = queries.credit_file(db.session(), party.id)
    text = render_template(
        "registry/parties/party.html", party=party, remarks=queries.remarks(db.session(), party), credit=credit,
        today=clock.today(), may_record=actor.may(Permission.CREDIT_WRITE, place=party.place),
        form_title=gettext(FORM_TITLES[party.legal_form]), form=form or Form(ReasonIn), refusal=words_of(refusal),
        choices=_choices(), may_create=_may_create(), asked_by_me=party.restore_asked_by == actor.id,
        may_suspend=actor.may(Permission.PARTY_SUSPEND, place=party.place),
    )  # fmt: skip
    return make_response(text, status)


def _may_create() -> bool:
    return current_actor().may(Permission.PARTY_CREATE)


def _choices() -> dict[str, list[tuple[str, str]]]:
    book = policy_book()
    chinese = str(get_locale() or "zh").startswith("zh")
    profiles = [book.place(key) for key in book.places()]
    return {
        "place": [(profile.key, profile.title if chinese else profile.title_en) for profile in profiles],
        "kind": [(kind.value, gettext(title)) for kind, title in KIND_TITLES.items()],
        "credit": [
            (kind.value, gettext(title)) for kind, title in CREDIT_TITLES.items() if kind is not CreditKind.CLEARED
        ],
        "capacity": [(capacity.value, gettext(title)) for capacity, title in CAPACITY_TITLES.items()],
    }
