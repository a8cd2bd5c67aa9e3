"""What waits in the determination of permitted revenue: surveys, applications, proposals and caps (PRC-02 to PRC-06).

Since when an operator sells only the market knows; it is read there and handed down (PRC-06).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from flask import url_for
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session

from kernel import clock
from kernel.calendar import DAY, business_date
from kernel.identity import Actor, Permission
from kernel.money import ZERO
from market.orders.model import Order
from market.orders.rules import OrderState
from pricing.cap_plans import queries as cap_plans
from pricing.costs import queries as costs
from pricing.costs.model import CostSurvey
from pricing.costs.rules import SurveyState
from pricing.determinations import queries as determinations
from pricing.determinations.model import Determination
from pricing.determinations.queries import ApplicationDue
from pricing.determinations.rules import DeterminationState
from registry.agreements.model import Agreement
from registry.parties.model import Party

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
    title: str = ""  # whose operation it is about
    due: date | None = None

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
    """Return what the actor can do now: what is due first, then what waits longest."""
    found = [*_of_surveys(session, actor), *_of_determinations(session, actor), *_of_plans(session, actor)]
    for one in due:
        entity, place = one.agreement.authorizing_entity_id, one.agreement.place
        if one.is_due and actor.may(Permission.CEILING_APPLY, org_id=entity, place=place):
            day = one.first_sale_date.isoformat()
            url = url_for("determination_pages.apply", agreement_id=one.agreement.id, first_sale_date=day)
            name = session.get_one(Party, one.agreement.operating_institution_id).name
            number = one.agreement.number
            found.append(PricingTask("application_due", number, place, one.year, url, one.opens_date, name))
    return sorted(found, key=lambda task: (task.due or date.max, task.since, task.number))


def _of_surveys(session: Session, actor: Actor) -> Iterator[PricingTask]:
    waiting = costs.visible(actor, state=SurveyState.SUBMITTED).order_by(CostSurvey.submitted_at).limit(SHOWN)
    for survey in session.scalars(waiting):
        if survey.submitted_at and actor.may(Permission.CEILING_DETERMINE, place=survey.place):
            url = url_for("cost_pages.show", survey_id=survey.id)
            since = business_date(survey.submitted_at)
            name = session.get_one(Party, survey.operating_institution_id).name
            yield PricingTask("survey", survey.number, survey.place, survey.year, url, since, name)


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
                name = session.get_one(Party, one.operating_institution_id).name
                yield PricingTask(kind, one.number, one.place, one.year, url, business_date(one.applied_at), name)


def _of_plans(session: Session, actor: Actor) -> Iterator[PricingTask]:
    rows = cap_plans.to_report(actor).add_columns(Determination).limit(SHOWN)
    for plan, found in session.execute(rows):
        if actor.may(Permission.CAP_SET, org_id=found.authorizing_entity_id, place=plan.place):
            url = url_for("cap_plan_pages.show", plan_id=plan.id)
            name = session.get_one(Party, found.operating_institution_id).name
            since = business_date(plan.drafted_at)
            # reported in writing before they take effect (PRC-04): the day before is the last
            due = plan.effective_from - DAY
            yield PricingTask("report", plan.number, plan.place, found.year, url, since, name, due)
