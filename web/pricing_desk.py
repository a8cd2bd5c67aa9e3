"""The desk of pricing: what waits for whom in cost surveys, applications, proposals and caps, due things on top.

Since when an operator sells only the market knows; the desk reads it there and hands it down (PRC-06).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import marshmallow as ma
import sqlalchemy as sa
from flask import Blueprint, render_template, url_for
from flask_babel import gettext, lazy_gettext
from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.calendar import business_date
from kernel.http import ApiBlueprint, current_actor, policy_book, requires
from kernel.identity import Actor, Permission
from kernel.money import ZERO
from market.orders.model import Order
from market.orders.rules import OrderState
from pricing.cap_plans import queries as cap_plans
from pricing.ceilings import queries as ceilings
from pricing.ceilings.model import Ceiling
from pricing.costs import queries as costs
from pricing.costs.model import CostSurvey
from pricing.costs.pages import STATE_WORDS as SURVEY_WORDS
from pricing.costs.rules import SurveyState
from pricing.determinations import queries as determinations
from pricing.determinations.model import Determination
from pricing.determinations.pages import STATE_WORDS
from pricing.determinations.queries import ApplicationDue
from pricing.determinations.rules import DeterminationState
from pricing.policy import PricingPolicy
from registry.agreements.model import Agreement

api = ApiBlueprint("pricing_desk_api", __name__, url_prefix="/api/v1/pricing", description="定价工作台 · pricing desk")
blueprint = Blueprint("pricing_desk", __name__)
SHOWN = 20
NOT_SOLD = (OrderState.PLACED, OrderState.CANCELLED)
KIND_WORDS = {
    "application_due": lazy_gettext("应提出书面申请"),
    "survey": lazy_gettext("审核成本调查"),
    "assess": lazy_gettext("评估定价基础"),
    "propose": lazy_gettext("拟定最高准许收入"),
    "confirm": lazy_gettext("确认或否决拟定"),
    "returned": lazy_gettext("补正申请"),
    "set_caps": lazy_gettext("制定上限收费标准"),
    "report": lazy_gettext("书面报告并记录"),
}


@dataclass(frozen=True, slots=True)
class PricingTask:
    """One thing that the person who looks can do now."""

    kind: str
    number: str
    place: str
    year: int
    url: str
    since: date

    @property
    def word(self) -> str:
        """What it is, in the reader's language."""
        return str(KIND_WORDS[self.kind])


def first_sales(session: Session, actor: Actor) -> dict[UUID, date]:
    """Return since when the operator of each agreement sells for money, from the orders."""
    query = (
        sa.select(Order.agreement_id, sa.func.min(Order.placed_at))
        .join(Agreement, Agreement.id == Order.agreement_id)
        .where(
            Order.seller_id == Agreement.operating_institution_id,
            Order.amount > ZERO,
            Order.state.not_in(NOT_SOLD),
        )
        .group_by(Order.agreement_id)
    )
    if (places := actor.places()) is not None:
        query = query.where(Agreement.place.in_(places))
    return {agreement_id: business_date(placed_at) for agreement_id, placed_at in session.execute(query)}


def applications(session: Session, actor: Actor) -> list[ApplicationDue]:
    """Return the agreements within reach whose written application is due or coming."""
    sales = first_sales(session, actor)
    return determinations.applications(session, actor, first_sales=sales, on=clock.today())


def tasks(session: Session, actor: Actor, due: Iterable[ApplicationDue]) -> list[PricingTask]:
    """Return what the actor can do now, what waits longest first."""
    found = [*_of_surveys(session, actor), *_of_determinations(session, actor), *_of_plans(session, actor)]
    for one in due:
        entity, place = one.agreement.authorizing_entity_id, one.agreement.place
        if one.is_due and actor.may(Permission.CEILING_APPLY, org_id=entity, place=place):
            day = one.first_sale_date.isoformat()
            url = url_for("determination_pages.apply", agreement_id=one.agreement.id, first_sale_date=day)
            found.append(PricingTask("application_due", one.agreement.number, place, one.year, url, one.opens_date))
    return sorted(found, key=lambda task: (task.since, task.number))


def _of_surveys(session: Session, actor: Actor) -> Iterator[PricingTask]:
    waiting = costs.visible(actor, state=SurveyState.SUBMITTED).order_by(CostSurvey.submitted_at).limit(SHOWN)
    for survey in session.scalars(waiting):
        if survey.submitted_at and actor.may(Permission.CEILING_DETERMINE, place=survey.place):
            url = url_for("cost_pages.show", survey_id=survey.id)
            since = business_date(survey.submitted_at)
            yield PricingTask("survey", survey.number, survey.place, survey.year, url, since)


WAITING: tuple[tuple[DeterminationState, str, Permission], ...] = (
    (DeterminationState.APPLIED, "assess", Permission.CEILING_DETERMINE),
    (DeterminationState.READINESS_ASSESSED, "propose", Permission.CEILING_DETERMINE),
    (DeterminationState.RETURNED, "returned", Permission.CEILING_APPLY),
    (DeterminationState.MPR_DETERMINED, "set_caps", Permission.CAP_SET),
)


def _of_determinations(session: Session, actor: Actor) -> Iterator[PricingTask]:
    listed: list[tuple[sa.Select[Determination], str, Permission]] = [
        (determinations.visible(actor).where(Determination.state == state), kind, permission)
        for state, kind, permission in WAITING
    ]
    listed.append((determinations.to_confirm(actor), "confirm", Permission.CEILING_CONFIRM))
    for query, kind, permission in listed:
        for one in session.scalars(query.order_by(Determination.applied_at).limit(SHOWN)):
            own = permission in (Permission.CEILING_APPLY, Permission.CAP_SET)
            org = one.authorizing_entity_id if own else None
            if actor.may(permission, org_id=org, place=one.place) and actor.org_id != one.operating_institution_id:
                url = url_for("determination_pages.show", determination_id=one.id)
                yield PricingTask(kind, one.number, one.place, one.year, url, business_date(one.applied_at))


def _of_plans(session: Session, actor: Actor) -> Iterator[PricingTask]:
    rows = cap_plans.to_report(actor).add_columns(Determination).limit(SHOWN)
    for plan, found in session.execute(rows):
        if actor.may(Permission.CAP_SET, org_id=found.authorizing_entity_id, place=plan.place):
            url = url_for("cap_plan_pages.show", plan_id=plan.id)
            yield PricingTask("report", plan.number, plan.place, found.year, url, business_date(plan.drafted_at))


class PricingTaskOut(ma.Schema):
    """One thing to do."""

    kind = ma.fields.String()
    word = ma.fields.String()
    number = ma.fields.String()
    place = ma.fields.String()
    year = ma.fields.Integer()
    url = ma.fields.String()
    since = ma.fields.Date()


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
        "pricing/determinations/desk.html", tasks=tasks(session, actor, due), due=due, found=found,
        phases=determinations.phases(session, found, today), words=STATE_WORDS, surveys=surveys,
        survey_words=SURVEY_WORDS, ceilings=session.scalars(recent).all(), reports=_reports(places, today),
        counts=_counts(session, actor), may_file=actor.may(Permission.COST_WRITE),
        may_apply=actor.may(Permission.CEILING_APPLY),
    )  # fmt: skip


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
