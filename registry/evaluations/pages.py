"""Evaluations for people. Opening one needs figures of higher floors: its page stands in ``web``."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import format_datetime, get_locale, gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, files
from kernel.calendar import Period
from kernel.errors import DomainError
from kernel.http import attachment, current_actor, match_version, page, policy_book, requires, words_of
from kernel.identity import Permission
from kernel.money import Money
from registry.evaluations import commands, queries
from registry.evaluations.model import Evaluation
from registry.evaluations.rules import (
    EVENT_TITLES,
    INDEX_TITLES,
    KIND_TITLES,
    PARTICIPATION_TITLES,
    STATE_TITLES,
    EvaluationState,
    possible,
)
from registry.evaluations.schemas import AssessmentIn, ClosingIn, SelfAssessmentIn
from registry.parties.rules import N_

blueprint = Blueprint("evaluation_pages", __name__, template_folder="../templates")
FEN = "_fen"
FIGURE_TITLES = {"revenue_fen": N_("已结算收入"), "used": N_("使用量"), "products": N_("在售产品"),
                 "orders": N_("订单")}  # fmt: skip


@blueprint.get("/evaluations")
@requires(Permission.DUTY_READ)
def browse() -> str:
    """List the evaluations within one's scope and the published ones."""
    actor, state = current_actor(), request.args.get("state", "")
    query = queries.listed(
        actor, place=request.args.get("place") or None,
        state=EvaluationState(state) if state in list(EvaluationState) else None,
    )  # fmt: skip
    return render_template(
        "registry/evaluations/list.html", found=page(db.session(), query, Evaluation, newest_first=True),
        titles=_titles(), kinds=_kinds(), places=_places(), period=Period,
        may_open=actor.may(Permission.EVALUATION_WRITE),
    )  # fmt: skip


@blueprint.get("/evaluations/<uuid:evaluation_id>")
@requires(Permission.DUTY_READ)
def show(evaluation_id: UUID) -> Response:
    """Show one evaluation: figures, both assessments, and the next step."""
    return _evaluation_page(evaluation_id)


@blueprint.get("/evaluations/<uuid:evaluation_id>/evidence")
@requires(Permission.DUTY_READ)
def evidence(evaluation_id: UUID) -> Response:
    """Hand out the evidence of the own assessment, as a download."""
    evaluation = queries.visible(db.session(), current_actor(), evaluation_id)
    kept = files.get(db.session(), evaluation.self_evidence_sha256 or "")
    return attachment(kept.content, kept.name)


@blueprint.post("/evaluations/<uuid:evaluation_id>/<any(self_assess, assess, publish, close):step>")
@requires(Permission.DUTY_READ)
def take_step(evaluation_id: UUID, step: str) -> AnyResponse:
    """Take the next step, decided on the version that was shown; the command asks who may."""
    readers: dict[str, Any] = {"self_assess": _own_words, "assess": _result, "close": _closing}
    try:
        data = readers[step]() if step in readers else {}
    except ma.ValidationError as error:
        return _evaluation_page(evaluation_id, errors=error.normalized_messages(), status=422)
    try:
        with db.transaction() as session:
            queries.visible(session, current_actor(), evaluation_id)
            match_version(session, Evaluation, evaluation_id)
            getattr(commands, step)(session, current_actor(), evaluation_id, **data, now=clock.now())
    except DomainError as error:
        return _evaluation_page(evaluation_id, refusal=error, status=error.status)
    flash(gettext("已办理。"), "success")
    return redirect(url_for("evaluation_pages.show", evaluation_id=evaluation_id), code=303)


def _own_words() -> dict[str, Any]:
    """Return the own assessment as the form sends it: one figure per line, name and value parted by a colon."""
    sent = request.files.get("evidence")
    lines = [line.replace("：", ":").partition(":") for line in request.form.get("figures", "").splitlines()]
    figures = {name.strip(): value.strip() for name, _, value in lines if name.strip()}
    data = SelfAssessmentIn(exclude=("name", "content", "media_type")).load(
        {"text": request.form.get("text", ""), "figures": figures}
    )
    return {
        **data, "content": sent.read() if sent else b"", "name": ((sent.filename if sent else "") or "file")[:200],
        "media_type": (sent.mimetype if sent else "") or "application/octet-stream",
    }  # fmt: skip


def _result() -> dict[str, Any]:
    """Return the result as the form sends it: a list of participants per kind, one name per line; scores by index."""
    participants = [
        {"name": name.strip(), "participation": kind.value}
        for kind in PARTICIPATION_TITLES
        for name in request.form.get(f"participants_{kind.value}", "").splitlines()
        if name.strip()
    ]
    scores = {name.removeprefix("score_"): value for name, value in request.form.items() if name.startswith("score_")}
    return dict(AssessmentIn().load({
        "participants": participants, "scores": {name: value for name, value in scores.items() if value.strip()},
        "grade": request.form.get("grade", ""), "opinion": request.form.get("opinion", ""),
    }))  # fmt: skip


def _closing() -> dict[str, Any]:
    return dict(ClosingIn().load({"reason": request.form.get("reason", "")}))


def _evaluation_page(
    evaluation_id: UUID, *, errors: Any = None, refusal: DomainError | None = None, status: int = 200
) -> Response:
    actor, session = current_actor(), db.session()
    found = queries.visible(session, actor, evaluation_id)
    is_own = any(grant.org_id == found.party_id for grant in actor.grants)
    may_decide = actor.may(Permission.EVALUATION_WRITE, place=found.place)
    text = render_template(
        "registry/evaluations/evaluation.html", evaluation=found, errors=errors or {}, titles=_titles(),
        kinds=_kinds(), period=Period(found.period_start, found.period_end).text(),
        events=[event.value for event in possible(found.state)
                if (is_own if event.value == "self_assess" else may_decide)],
        refusal=words_of(refusal),
        figures=[(gettext(FIGURE_TITLES.get(name, name)), Money(value) if name.endswith(FEN) else None, value)
                 for name, value in sorted(found.figures.items())],
        indices=[(code, gettext(INDEX_TITLES.get(code, code))) for code in found.indices or found.scores],
        participations=[(kind.value, gettext(title)) for kind, title in PARTICIPATION_TITLES.items()],
        participation_titles=PARTICIPATION_TITLES, steps=_timeline(session, found),
    )  # fmt: skip
    return make_response(text, status)


def _timeline(session: Session, evaluation: Evaluation) -> list[dict[str, Any]]:
    words = {"open": gettext("发起评价"), **{event.value: gettext(title) for event, title in EVENT_TITLES.items()}}
    return [
        {"title": words.get(line.action.removeprefix("evaluation."), line.action), "actor": line.actor_name,
         "at": format_datetime(line.at, "yyyy-MM-dd HH:mm"), "state": "done"}
        for line in queries.history(session, evaluation.id)
    ]  # fmt: skip


def _titles() -> dict[str, str]:
    return {state.value: gettext(title) for state, title in STATE_TITLES.items()}


def _kinds() -> dict[str, str]:
    return {kind.value: gettext(title) for kind, title in KIND_TITLES.items()}


def _places() -> list[tuple[str, str]]:
    book = policy_book()
    chinese = str(get_locale() or "zh").startswith("zh")
    return [(key, book.place(key).title if chinese else book.place(key).title_en) for key in book.places()]
