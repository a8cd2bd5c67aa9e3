"""Calls for people: the public list and page, and the form of the authority."""

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
from kernel.http import current_actor, match_version, page, policy_book, public, requires, words_of
from kernel.identity import Permission
from registry.calls import commands, queries
from registry.calls.model import Call
from registry.calls.rules import METHOD_TITLES, TEXT_TITLES, CallState, SelectionMethod, possible
from registry.calls.schemas import CallChangeIn, CallEndIn, CallIn
from registry.parties import queries as parties
from registry.parties.rules import N_, Capacity
from registry.plans import queries as plans
from registry.policy import RegistryPolicy

blueprint = Blueprint("call_pages", __name__, template_folder="../templates")
Act = Callable[[Session, dict[str, Any]], object]
STEP_TITLES = {
    "draft": N_("起草公告"), "publish": N_("发布公告"), "close": N_("申请截止"), "fail": N_("终结（未选出）"),
    "cancel": N_("取消公告"),
}  # fmt: skip


@blueprint.get("/calls")
@public
def browse() -> str:
    """List the calls that the reader may see."""
    actor, state = current_actor(), request.args.get("state", "")
    query = queries.listed(
        actor, place=request.args.get("place") or None, state=CallState(state) if state in list(CallState) else None
    )
    return render_template(
        "registry/calls/list.html", found=page(db.session(), query, Call, newest_first=True), places=_places(),
        today=clock.today(), states=list(CallState), methods=_methods(None), plans=_plans(),
        may_write=actor.may(Permission.CALL_WRITE),
    )  # fmt: skip


@blueprint.get("/calls/<uuid:call_id>")
@public
def show(call_id: UUID) -> Response:
    """Show one call to everybody; its next steps to the authority."""
    return _call_page(call_id)


@blueprint.route("/calls/new", methods=["GET", "POST"])
@requires(Permission.CALL_WRITE)
def draft() -> AnyResponse:
    """Draft a call under a plan in effect."""
    refusal: DomainError | None = None
    errors: dict[str, Any] = {}
    if request.method == "POST":
        sent = _sent()
        errors = CallIn().validate(sent)
        if not errors:
            try:
                with db.transaction() as session:
                    data = CallIn().load(sent)
                    made = commands.draft(session, current_actor(), **data, now=clock.now(), book=policy_book())
            except DomainError as error:
                refusal = error
            else:
                flash(gettext("公告 %(number)s 已起草，可继续修改，发布后不得更改。", number=made.number), "success")
                return redirect(url_for("call_pages.show", call_id=made.id), code=303)
    return _form_page(None, errors, refusal)


@blueprint.route("/calls/<uuid:call_id>/edit", methods=["GET", "POST"])
@requires(Permission.CALL_WRITE)
def edit(call_id: UUID) -> AnyResponse:
    """Save a draft as often as one likes."""
    call = queries.visible(db.session(), current_actor(), call_id)
    refusal: DomainError | None = None
    errors: dict[str, Any] = {}
    if request.method == "POST":
        sent = {**_sent(), "invited_ids": request.form.getlist("invited_ids")}
        sent.pop("plan_id", None)
        errors = CallChangeIn().validate(sent)
        if not errors:
            try:
                with db.transaction() as session:
                    match_version(session, Call, call_id)
                    data = CallChangeIn().load(sent)
                    commands.save(session, current_actor(), call_id, **data, now=clock.now(), book=policy_book())
            except DomainError as error:
                refusal = error
            else:
                flash(gettext("已保存。"), "success")
                return redirect(url_for("call_pages.show", call_id=call_id), code=303)
    return _form_page(call, errors, refusal)


def _sent() -> dict[str, Any]:
    form = request.form
    plain = {name: form[name] for name in ("plan_id", "method", "title", "opens_on", "closes_on") if form.get(name)}
    texts = {name: form[name] for name in TEXT_TITLES if name in form}
    return {**plain, "texts": texts, "invited_ids": form.getlist("invited_ids")}


def _form_page(call: Call | None, errors: dict[str, Any], refusal: DomainError | None) -> Response:
    place = call.place if call else None
    typed: Any = request.form if errors or refusal else None
    if typed is None and call is not None:
        named = {name: getattr(call, name) for name in ("method", "title", "opens_on", "closes_on", *TEXT_TITLES)}
        typed = {**named, "invited_ids": [str(one.party_id) for one in call.invitations]}
    candidates = _candidates(place)
    text = render_template(
        "registry/calls/form.html", call=call, errors={**errors, **errors.get("texts", {})}, refusal=words_of(refusal),
        values=typed or {"plan_id": request.args.get("plan", "")}, plans=_plans(), methods=_methods(place),
        texts=[(name, gettext(title)) for name, title in TEXT_TITLES.items()], candidates=candidates,
    )  # fmt: skip
    return make_response(text, refusal.status if refusal else 422 if errors else 200)


@blueprint.post("/calls/<uuid:call_id>/<any(publish, close, fail, cancel):step>")
@requires(Permission.CALL_WRITE)
def take_step(call_id: UUID, step: str) -> AnyResponse:
    """Take the next step of a call, decided on what was shown."""
    sent = {name: value for name, value in request.form.items() if value and name not in ("csrf_token", "version")}
    needs: dict[str, Any] = {"book": policy_book()} if step == "publish" else {}
    errors: dict[str, Any] = CallEndIn().validate(sent) if step in ("fail", "cancel") else {}
    if errors:
        return _call_page(call_id, errors=errors, status=422)
    data = CallEndIn().load(sent) if step in ("fail", "cancel") else {}
    try:
        with db.transaction() as session:
            queries.visible(session, current_actor(), call_id)
            match_version(session, Call, call_id)
            getattr(commands, step)(session, current_actor(), call_id, **data, **needs, now=clock.now())
    except DomainError as error:
        return _call_page(call_id, refusal=error, status=error.status)
    flash(gettext("已办理。"), "success")
    return redirect(url_for("call_pages.show", call_id=call_id), code=303)


def _call_page(
    call_id: UUID, *, errors: dict[str, Any] | None = None, refusal: DomainError | None = None, status: int = 200
) -> Response:
    actor, session = current_actor(), db.session()
    call = queries.visible(session, actor, call_id)
    may_write = actor.may(Permission.CALL_WRITE, place=call.place)
    steps = [
        {
            "title": gettext(STEP_TITLES[line.action.removeprefix("call.")]), "at": line.at, "note": line.note,
            "actor": line.actor_name if may_write else "", "state": "done",
        }
        for line in queries.history(session, call.id)
        if line.action.removeprefix("call.") in STEP_TITLES
    ]  # fmt: skip
    text = render_template(
        "registry/calls/call.html", call=call, method=gettext(METHOD_TITLES[call.method]), today=clock.today(),
        texts=[(gettext(title), getattr(call, name)) for name, title in TEXT_TITLES.items()], steps=steps,
        events=[event.value for event in possible(call.state)] if may_write else [], may_write=may_write,
        may_apply=actor.may(Permission.APPLICATION_WRITE, place=call.place) and call.is_open(clock.today()),
        policy=RegistryPolicy.at(policy_book(), call.place, clock.today()), errors=errors or {},
        refusal=words_of(refusal),
    )  # fmt: skip
    return make_response(text, status)


def _plans() -> list[tuple[str, str]]:
    actor, session, today = current_actor(), db.session(), clock.today()
    places = [key for key in policy_book().places() if actor.may(Permission.CALL_WRITE, place=key)]
    found = [version.plan for place in places for version in plans.in_effect_at(session, place, today)]
    return [(str(plan.id), f"{plan.number} {plan.title}") for plan in found]


def _methods(place: str | None) -> list[tuple[str, str]]:
    named = None
    if place is not None:
        named = RegistryPolicy.at(policy_book(), place, clock.today()).operator_selection_methods
    allowed = [one for one in SelectionMethod if named is None or one.value in named.items()]
    return [(one.value, gettext(METHOD_TITLES[one])) for one in allowed]


def _candidates(place: str | None) -> list[tuple[str, str]]:
    actor, book = current_actor(), policy_book()
    places = [place] if place else [key for key in book.places() if actor.may(Permission.CALL_WRITE, place=key)]
    found = [party for key in places for party in parties.having(db.session(), Capacity.OPERATING_INSTITUTION, key)]
    return list(dict.fromkeys((str(party.id), party.name) for party in found))


def _places() -> list[tuple[str, str]]:
    book = policy_book()
    chinese = str(get_locale() or "zh").startswith("zh")
    return [(key, book.place(key).title if chinese else book.place(key).title_en) for key in book.places()]
