"""Reading data-use requests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, selectinload

from kernel.calendar import DAY, business_date, start_of_day
from kernel.errors import NotFound
from kernel.identity import FINANCE, SELLERS, WATCHERS, Actor, Role
from registry.agreements.model import Agreement, AgreementResource
from registry.agreements.queries import in_force_clause, in_scope_clause
from registry.requests.model import DataRequest, RequestOpinion, RequestResource
from registry.requests.rules import RequestState
from registry.resources.model import Resource


class NoSuchRequest(NotFound):
    """There is no such request, or none that the actor may know of."""

    code = "data_request.not_found"


def get(session: Session, request_id: UUID, *, lock: bool = False) -> DataRequest:
    """Return the request; locked and read afresh on demand.

    Raises:
        NoSuchRequest: there is none.
    """
    query = sa.select(DataRequest).where(DataRequest.id == request_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NoSuchRequest(f"没有编号为 {request_id} 的使用申请", detail_en="No such data-use request")
    return found


def detail(session: Session, actor: Actor, request_id: UUID) -> DataRequest:
    """Return a request within the actor's scope, with applicant, agreement, resources and opinions.

    Raises:
        NoSuchRequest: there is none, or none that the actor may know of.
    """
    query = (
        listed(actor)
        .where(DataRequest.id == request_id)
        .options(
            selectinload(DataRequest.agreement),
            selectinload(DataRequest.listing)
            .selectinload(RequestResource.resource)
            .selectinload(Resource.source_department),
            selectinload(DataRequest.opinions).selectinload(RequestOpinion.party),
        )
        .execution_options(populate_existing=True)
    )
    found = session.scalar(query)
    if found is None:
        raise NoSuchRequest(f"没有编号为 {request_id} 的使用申请，或不在您的职责范围内", detail_en="No such request")
    return found


def listed(actor: Actor, *, place: str | None = None, state: RequestState | None = None) -> sa.Select[DataRequest]:
    """Return the query of requests within the actor's scope.

    Applicants see their own; an operator those under its agreements; a source department and other reviewers those
    on which they have a seat; authorities, finance and auditors those of their places.
    """
    query = sa.select(DataRequest).where(_in_scope(actor)).options(selectinload(DataRequest.applicant))
    if place is not None:
        query = query.where(DataRequest.place == place)
    return query if state is None else query.where(DataRequest.state == state)


def _in_scope(actor: Actor) -> sa.ColumnElement[bool]:
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        at_place = sa.true() if grant.place is None else DataRequest.place == grant.place
        if grant.role in WATCHERS and grant.role not in FINANCE:
            reached.append(at_place)
        elif grant.role in SELLERS:
            own = sa.true() if grant.org_id is None else DataRequest.applicant_id == grant.org_id
            reached.append(own & at_place)
        if grant.role is Role.OPERATOR and grant.org_id is not None:
            operated = sa.select(Agreement.id).where(Agreement.operating_institution_id == grant.org_id)
            reached.append(DataRequest.agreement_id.in_(operated))
        if grant.role is Role.SOURCE and grant.org_id is not None:
            seats = sa.select(RequestOpinion.request_id).where(RequestOpinion.party_id == grant.org_id)
            reached.append(DataRequest.id.in_(seats))
    return sa.or_(sa.false(), *reached)


def resources(session: Session, request_id: UUID) -> Sequence[Resource]:
    """Return the resources on the list of a request, by code."""
    query = (
        sa.select(Resource)
        .join(RequestResource, RequestResource.resource_id == Resource.id)
        .where(RequestResource.request_id == request_id)
        .order_by(Resource.code)
    )
    return session.scalars(query).all()


def opinions(session: Session, request_id: UUID) -> Sequence[RequestOpinion]:
    """Return the seats of a request and what was said on them; read afresh, for somebody may just have spoken."""
    query = sa.select(RequestOpinion).where(RequestOpinion.request_id == request_id).order_by(RequestOpinion.id)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def silent(session: Session, now: datetime, *, limit: int) -> Sequence[UUID]:
    """Return the requests whose last day for opinions is over where silence counts as consent (RVW-05)."""
    query = (
        sa.select(DataRequest.id)
        .where(
            DataRequest.state == RequestState.UNDER_REVIEW,
            DataRequest.silence_consents,
            DataRequest.due_date < business_date(now),
        )
        .order_by(DataRequest.due_date, DataRequest.id)
        .limit(limit)
    )
    return session.scalars(query).all()


def is_approved(
    *,
    applicant_id: sa.ColumnElement[UUID] | UUID,
    agreement_id: sa.ColumnElement[UUID] | UUID,
    scenario: sa.ColumnElement[str] | str,
    resource_id: sa.ColumnElement[UUID],
    on: date,
) -> sa.ColumnElement[bool]:
    """Return the condition that the applicant had the resource approved for that scenario by the end of the day.

    An approval reaches no other scenario, no other agreement and no resource outside its list (RVW-02), and none
    whose authorization has ended since (ACC-01).
    """
    request, line = aliased(DataRequest), aliased(RequestResource)
    approved = (
        sa.select(sa.literal(1))
        .select_from(request)
        .join(line, line.request_id == request.id)
        .where(
            request.applicant_id == applicant_id,
            request.agreement_id == agreement_id,
            request.scenario == scenario,
            request.state == RequestState.APPROVED,
            request.decided_at < start_of_day(on + DAY),
            line.resource_id == resource_id,
        )
        .correlate_except(request, line)
    )
    return sa.and_(approved.exists(), in_scope_clause(agreement_id, resource_id, on))


def approved_resources(
    session: Session, *, applicant_id: UUID, agreement_id: UUID, scenario: str, on: date
) -> set[UUID]:
    """Return the resources that the applicant may use for that scenario under that agreement on that day."""
    approved = is_approved(
        applicant_id=applicant_id,
        agreement_id=agreement_id,
        scenario=scenario,
        resource_id=Resource.__table__.c.id,
        on=on,
    )
    return set(session.scalars(sa.select(Resource.id).where(approved, ~Resource.barred)))


def agreements_open_to(session: Session, actor: Actor, on: date) -> Sequence[Agreement]:
    """Return the agreements in force under which the actor's organisation might ask for data, by number."""
    query = sa.select(Agreement).where(in_force_clause(on)).order_by(Agreement.number)
    places = actor.places()
    if places is not None:
        query = query.where(Agreement.place.in_(places))
    return session.scalars(query.options(selectinload(Agreement.operating_institution))).all()


def scope(session: Session, agreement_id: UUID) -> Sequence[Resource]:
    """Return the resources in the scope of an agreement, not barred and not ended, by code, with departments."""
    query = (
        sa.select(Resource)
        .join(AgreementResource, AgreementResource.resource_id == Resource.id)
        .where(AgreementResource.agreement_id == agreement_id, AgreementResource.ended_on.is_(None), ~Resource.barred)
        .order_by(Resource.code)
        .options(selectinload(Resource.source_department))
    )
    return session.scalars(query).all()
