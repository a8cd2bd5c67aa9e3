"""The desk of pricing: what waits for whom in cost surveys, applications, proposals and caps, due things on top.

The tasks themselves are gathered in :mod:`web.worklists`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

import marshmallow as ma
import sqlalchemy as sa
from flask import Blueprint, render_template
from flask_babel import gettext
from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, policy_book, requires
from kernel.identity import Actor, Permission
from pricing.ceilings import queries as ceilings
from pricing.ceilings.model import Ceiling
from pricing.costs import queries as costs
from pricing.costs.model import CostSurvey
from pricing.costs.pages import STATE_WORDS as SURVEY_WORDS
from pricing.costs.rules import SurveyState
from pricing.determinations import queries as determinations
from pricing.determinations.model import Determination
from pricing.determinations.pages import STATE_WORDS
from pricing.determinations.rules import DeterminationState
from pricing.policy import PricingPolicy
from registry.parties.model import Party
from web.desks import ABOUT_PRICES, asked, gathered
from web.worklists.procedures import SHOWN, applications, tasks

api = ApiBlueprint("pricing_desk_api", __name__, url_prefix="/api/v1/pricing", description="定价工作台 · pricing desk")
blueprint = Blueprint("pricing_desk", __name__)


class PricingTaskOut(ma.Schema):
    """One thing to do."""

    kind = ma.fields.String()
    word = ma.fields.String()
    number = ma.fields.String()
    place = ma.fields.String()
    year = ma.fields.Integer()
    url = ma.fields.String()
    since = ma.fields.Date()
    title = ma.fields.String()
    due = ma.fields.Date(allow_none=True)


class ApplicationDueOut(ma.Schema):
    """An agreement whose written application is due, or coming."""

    agreement_id = ma.fields.UUID(attribute="agreement.id")
    agreement = ma.fields.String(attribute="agreement.number")
    place = ma.fields.String(attribute="agreement.place")
    first_sale_date = ma.fields.Date()
    first_complete_year = ma.fields.Integer(attribute="readiness.first_complete_year")
    year = ma.fields.Integer()
    opens_date = ma.fields.Date()
    is_due = ma.fields.Boolean()


class PricingDeskOut(ma.Schema):
    """What waits in pricing."""

    tasks = ma.fields.List(ma.fields.Nested(PricingTaskOut))
    applications = ma.fields.List(ma.fields.Nested(ApplicationDueOut))


@api.get("/desk")
@requires(Permission.COST_READ)
@api.response(200, PricingDeskOut)
def read():
    """Read what you can do now in pricing, and whose written application is due."""
    session, actor = db.session(), current_actor()
    due = applications(session, actor)
    return {"tasks": tasks(session, actor, due), "applications": due}


@blueprint.get("/pricing")
@requires(Permission.COST_READ)
def desk() -> str:
    """Show what needs doing now first, then whose application is due, counts and history."""
    session, actor, today = db.session(), current_actor(), clock.today()
    due = applications(session, actor)
    found: list[Any] = list(
        session.scalars(determinations.visible(actor).order_by(Determination.id.desc()).limit(SHOWN))
    )
    recent = ceilings.visible(actor).order_by(Ceiling.id.desc()).limit(SHOWN)
    surveys = session.scalars(costs.visible(actor).order_by(CostSurvey.id.desc()).limit(SHOWN)).all()
    places = sorted(actor.places() or {one.place for one in found})
    return render_template(
        "pricing/determinations/desk.html", work=gathered(asked(), ABOUT_PRICES), due=due, found=found,
        phases=determinations.phases(session, found, today), words=STATE_WORDS, surveys=surveys,
        survey_words=SURVEY_WORDS, ceilings=session.scalars(recent).all(), reports=_reports(places, today),
        counts=_counts(session, actor), may_file=actor.may(Permission.COST_WRITE),
        may_apply=actor.may(Permission.CEILING_APPLY), names=_names(session, found, surveys),
    )  # fmt: skip


def _names(session: Session, *shown: Iterable[Any]) -> dict[UUID, str]:
    """Return the names of the operating institutions that the rows are about."""
    wanted = {one.operating_institution_id for rows in shown for one in rows}
    return {party.id: party.name for party in session.scalars(sa.select(Party).where(Party.id.in_(wanted)))}


def _counts(session: Session, actor: Actor) -> list[tuple[str, int]]:
    def number(query: sa.Select[Any], column: Any) -> int:
        return session.scalar(sa.select(sa.func.count()).select_from(query.with_only_columns(column).subquery())) or 0

    return [
        (gettext("待审核的成本调查"), number(costs.visible(actor, state=SurveyState.SUBMITTED), CostSurvey.id)),
        (gettext("办理中的定价程序"), number(
            determinations.visible(actor).where(Determination.state.in_(UNDER_WAY)), Determination.id)),
        (gettext("最高准许收入核定"), number(ceilings.visible(actor), Ceiling.id)),
    ]  # fmt: skip


UNDER_WAY = (
    DeterminationState.APPLIED, DeterminationState.RETURNED, DeterminationState.READINESS_ASSESSED,
    DeterminationState.PROPOSED, DeterminationState.MPR_DETERMINED, DeterminationState.CAPS_SET,
)  # fmt: skip


def _reports(places: Iterable[str], today: date) -> list[tuple[str, Any]]:
    """Return by when each place reports on the year before, as the rules say."""
    book = policy_book()
    found = ((place, PricingPolicy.at(book, place, today).report_due) for place in places)
    return [(place, cited) for place, cited in found if cited is not None]
