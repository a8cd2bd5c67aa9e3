"""Access decisions for people: the log, and the question whether one may use data now."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, make_response, render_template, request
from flask_babel import gettext

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import current_actor, page, policy_book, requires, words_of
from kernel.identity import Permission
from registry.access import commands, queries
from registry.access.model import AccessDecision
from registry.access.rules import TITLES, Condition, Outcome
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement

blueprint = Blueprint("access_pages", __name__, template_folder="../templates")
CHOICES_MAX = 500


@blueprint.get("/access-decisions")
@requires(Permission.ACCESS_READ)
def browse() -> Response:
    """Show the log."""
    return _page()


@blueprint.post("/access-decisions")
@requires(Permission.ACCESS_READ)
def decide() -> Response:
    """Decide for oneself and every resource of an agreement, and log it."""
    try:
        wanted = UUID(request.form.get("agreement_id", ""))
    except ValueError:
        return _page(status=422)
    try:
        with db.transaction() as session:
            today = clock.today()
            scope = [found.id for found in agreements.scope_of(session, wanted, on=today)]
            made = commands.decide(
                session, current_actor(), agreement_id=wanted, resource_ids=scope, book=policy_book(), now=clock.now()
            )
    except DomainError as error:
        return _page(refusal=error, status=error.status)
    return _page(made=made, status=201)


def _page(*, made: AccessDecision | None = None, refusal: DomainError | None = None, status: int = 200) -> Response:
    session, actor = db.session(), current_actor()
    asked = request.args.get("outcome", "")
    outcome = Outcome(asked) if asked in list(Outcome) else None
    known = session.scalars(agreements.listed(actor).order_by(Agreement.number).limit(CHOICES_MAX)).all()
    text = render_template(
        "registry/access/list.html", made=made, refusal=words_of(refusal),
        found=page(session, queries.listed(actor, outcome=outcome), AccessDecision, newest_first=True),
        agreements=[(str(one.id), f"{one.number} {one.title}") for one in known],
        outcomes=[("granted", gettext("准予")), ("denied", gettext("拒绝"))],
        looked=_looked(made) if made else [],
    )  # fmt: skip
    return make_response(text, status)


def _looked(made: AccessDecision) -> list[dict[str, Any]]:
    return [
        {"open": one["is_met"], "name": gettext(TITLES[Condition(one["condition"])]), "fact": one["words"],
         "rule": one["rule"], "article": one["article"], "date": one["since"] or "", "todo": one["code"]}
        for one in made.looked
    ]  # fmt: skip
