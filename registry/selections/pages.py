"""The choice of an operating institution for the authority, and its result for everybody."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import Form, current_actor, match_version, page, policy_book, public, requires, words_of
from kernel.identity import Permission
from registry.applications import queries as applications
from registry.applications.rules import ApplicationState
from registry.calls import queries as calls
from registry.calls.rules import METHOD_TITLES
from registry.policy import RegistryPolicy
from registry.selections import commands, queries
from registry.selections.model import Selection
from registry.selections.rules import APPROVER_TITLES
from registry.selections.schemas import SelectionDropIn, SelectionIn, SelectionResultIn

blueprint = Blueprint("selection_pages", __name__, template_folder="../templates")


@blueprint.get("/calls/results")
@public
def results() -> str:
    """List the published results: operator, domain, scenario."""
    query = queries.published(place=request.args.get("place") or None)
    return render_template(
        "registry/selections/results.html", found=page(db.session(), query, Selection, newest_first=True),
        places=_places(),
    )  # fmt: skip


@blueprint.get("/calls/<uuid:call_id>/result")
@public
def result(call_id: UUID) -> str:
    """Show the published result of one call to everybody.

    Raises:
        NoSuchCall: the call or its result is not published.
    """
    found = queries.of_call(db.session(), call_id)
    call = calls.visible(db.session(), current_actor(), call_id)
    if found is None or not found.counts(clock.today()):
        raise calls.none_such(call.number)
    policy = RegistryPolicy.at(policy_book(), call.place, clock.today())
    return render_template(
        "registry/selections/result.html", call=call, found=found, policy=policy, approver=_approver(found),
        method=gettext(METHOD_TITLES[call.method]),
    )  # fmt: skip


@blueprint.route("/calls/<uuid:call_id>/selection", methods=["GET", "POST"])
@requires(Permission.CALL_WRITE)
def choose(call_id: UUID) -> AnyResponse:
    """Compare the applications, propose one; a second person confirms; then the result is published."""
    if request.method == "GET":
        return _page(call_id)
    schema = SelectionIn(exclude=("call_id",))
    sent = {name: value for name, value in request.form.items() if value and name not in ("csrf_token", "version")}
    errors = schema.validate(sent)
    if errors:
        return _page(call_id, errors=errors, status=422)
    try:
        with db.transaction() as session:
            calls.visible(session, current_actor(), call_id)
            commands.propose(
                session, current_actor(), call_id, **schema.load(sent), book=policy_book(), now=clock.now()
            )  # fmt: skip
    except DomainError as error:
        return _page(call_id, refusal=error, status=error.status)
    flash(gettext("选定意见已提出，须由另一位主管人员确认。"), "success")
    return redirect(url_for("selection_pages.choose", call_id=call_id), code=303)


@blueprint.post("/calls/<uuid:call_id>/selection/<any(confirm, drop, publish):step>")
@requires(Permission.CALL_WRITE)
def take_step(call_id: UUID, step: str) -> AnyResponse:
    """Confirm, drop or publish what was proposed, decided on what was shown."""
    found = queries.of_call(db.session(), call_id)
    schemas = {"drop": SelectionDropIn, "publish": SelectionResultIn}
    form = Form(schemas[step]) if step in schemas else None
    if form is not None and not form.accepts():
        return _page(call_id, errors=form.errors, status=422)
    needs: dict[str, Any] = {"book": policy_book()} if step == "publish" else {}
    try:
        with db.transaction() as session:
            calls.visible(session, current_actor(), call_id)
            selection_id = found.id if found else call_id
            match_version(session, Selection, selection_id)
            getattr(commands, step)(
                session, current_actor(), selection_id, **(form.data if form else {}), **needs, now=clock.now()
            )
    except DomainError as error:
        return _page(call_id, refusal=error, status=error.status)
    flash(gettext("已办理。"), "success")
    return redirect(url_for("selection_pages.choose", call_id=call_id), code=303)


def _page(
    call_id: UUID, *, errors: dict[str, Any] | None = None, refusal: DomainError | None = None, status: int = 200
) -> Response:
    actor, session = current_actor(), db.session()
    found = queries.of_call(session, call_id)
    call = calls.visible(session, actor, call_id)
    actor.must(Permission.CALL_WRITE, place=call.place)
    received = applications.of_call(session, call_id)
    text = render_template(
        "registry/selections/choose.html", call=call, found=found, received=received, errors=errors or {},
        refusal=words_of(refusal), proposed_by_me=found is not None and found.proposed_by == actor.id,
        candidates=[
            (str(one.id), f"{one.number} {one.applicant.name}") for one in received
            if one.state is ApplicationState.PASSED
        ],
        policy=RegistryPolicy.at(policy_book(), call.place, clock.today()), approver=_approver(found),
    )  # fmt: skip
    return make_response(text, status)


def _approver(found: Selection | None) -> str:
    key = found.status_approved_by if found else None
    return gettext(APPROVER_TITLES[key]) if key in APPROVER_TITLES else key or ""


def _places() -> list[tuple[str, str]]:
    book = policy_book()
    chinese = str(get_locale() or "zh").startswith("zh")
    return [(key, book.place(key).title if chinese else book.place(key).title_en) for key in book.places()]
