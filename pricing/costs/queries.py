"""Reads of the cost surveys."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session, selectinload

from kernel.errors import NotFound
from kernel.identity import ROLES_OF, WATCHERS, Actor, Permission
from pricing.costs.model import CostSurvey
from pricing.costs.rules import SurveyState


class NoSuchSurvey(NotFound):
    """There is no such cost survey, or none that the actor may know of."""

    code = "cost_survey.not_found"


def within_reach(
    actor: Actor, permission: Permission, place: InstrumentedAttribute[str], org: InstrumentedAttribute[UUID]
) -> sa.ColumnElement[bool]:
    """Return the condition by which lists show what the actor may read: own organisation, or own place for watchers."""
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role not in ROLES_OF[permission]:
            continue
        limits: list[sa.ColumnElement[bool]] = [sa.true()]
        if grant.place is not None:
            limits.append(place == grant.place)
        if grant.org_id is not None and grant.role not in WATCHERS:
            limits.append(org == grant.org_id)
        reached.append(sa.and_(*limits))
    return sa.or_(sa.false(), *reached)


def visible(actor: Actor, *, place: str | None = None, state: SurveyState | None = None) -> sa.Select[CostSurvey]:
    """Return the query of the surveys that the actor may read, with their lines."""
    reach = within_reach(actor, Permission.COST_READ, CostSurvey.place, CostSurvey.operating_institution_id)
    query = sa.select(CostSurvey).where(reach).options(selectinload(CostSurvey.lines))
    if place is not None:
        query = query.where(CostSurvey.place == place)
    return query if state is None else query.where(CostSurvey.state == state)


def get(session: Session, actor: Actor, survey_id: UUID) -> CostSurvey:
    """Return one survey with its lines.

    Raises:
        NoSuchSurvey: there is none that the actor may read.
    """
    found = session.scalar(visible(actor).where(CostSurvey.id == survey_id))
    if found is None:
        raise NoSuchSurvey(f"没有编号为 {survey_id} 的成本调查，或您无权查看。")
    return found


def locked(session: Session, survey_id: UUID) -> CostSurvey:
    """Return one survey with its lines, locked for a change.

    Raises:
        NoSuchSurvey: there is none.
    """
    query = (
        sa.select(CostSurvey)
        .where(CostSurvey.id == survey_id)
        .options(selectinload(CostSurvey.lines))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = session.scalar(query)
    if found is None:
        raise NoSuchSurvey(f"没有编号为 {survey_id} 的成本调查。")
    return found
