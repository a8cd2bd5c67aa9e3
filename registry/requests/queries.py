"""Reading data-use requests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, selectinload
from sqlalchemy.sql.base import ExecutableOption

from kernel.calendar import DAY, start_of_day
from kernel.errors import Conflict, NotFound
from kernel.identity import FINANCE, SELLERS, WATCHERS, Actor, Role
from kernel.policy import Cited
from registry.agreements.model import Agreement, AgreementResource
from registry.agreements.queries import in_force_clause, in_scope_clause
from registry.parties import queries as parties
from registry.parties.rules import CAPACITY_TITLES, Capacity
from registry.policy import RegistryPolicy
from registry.procedures.rules import Procedure, Seat
from registry.requests.model import DataRequest, RequestClearance, RequestOpinion, RequestResource
from registry.requests.rules import CHECK_KINDS, GRANTED, ClearanceKind, RequestState, missing_clearances, seats_of
from registry.resources.model import Resource
from registry.reviews.model import Opinion, Review, ReviewStage

AFTER_THE_CHECK = 2


class NoSuchRequest(NotFound):
    """There is no such request, or none that the actor may know of."""

    code = "data_request.not_found"


class ReviewerMissing(Conflict):
    """Nobody is registered who could take a seat that the rules demand."""

    code = "data_request.reviewer_missing"


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
            selectinload(DataRequest.clearances),
            *_with_reviews(),
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
    query = (
        sa.select(DataRequest).where(_in_scope(actor)).options(selectinload(DataRequest.applicant), *_with_reviews())
    )
    if place is not None:
        query = query.where(DataRequest.place == place)
    return query if state is None else query.where(DataRequest.state == state)


def counts(session: Session, actor: Actor) -> dict[RequestState, int]:
    """Return how many requests within the actor's scope stand in each state."""
    query = sa.select(DataRequest.state, sa.func.count()).where(_in_scope(actor)).group_by(DataRequest.state)
    return dict(session.execute(query).all())


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
            seated = (
                sa.select(Review.subject_id)
                .join(ReviewStage, ReviewStage.review_id == Review.id)
                .where(
                    Review.procedure == Procedure.DATA_REQUEST,
                    ReviewStage.party_id == grant.org_id,
                    ReviewStage.opened_on.is_not(None),
                )
            )
            reached.append(DataRequest.id.in_(seated))
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
    query = sa.select(DataRequest).where(DataRequest.id == request_id).options(*_with_reviews())
    return session.scalars(query.execution_options(populate_existing=True)).one().opinions


def is_deemed(session: Session, request_id: UUID) -> bool:
    """Say whether silence consented on any seat of a request."""
    query = (
        sa.select(sa.literal(1))
        .select_from(Opinion)
        .join(ReviewStage, ReviewStage.id == Opinion.stage_id)
        .join(Review, Review.id == ReviewStage.review_id)
        .where(Review.procedure == Procedure.DATA_REQUEST, Review.subject_id == request_id, Opinion.deemed)
    )
    return session.scalar(query.limit(1)) is not None


def clearance_kinds(session: Session, request_id: UUID) -> set[ClearanceKind]:
    """Return the reviews of the scenario that are documented."""
    return set(session.scalars(sa.select(RequestClearance.kind).where(RequestClearance.request_id == request_id)))


def lacking_clearances(session: Session, request: DataRequest, policy: RegistryPolicy) -> list[ClearanceKind]:
    """Return the reviews of the scenario that the place demands and that are not documented (RVW-02, RVW-03)."""
    return missing_clearances(
        needs_network_security=policy.says("request_network_security_review_required"),
        needs_irs=policy.says("request_irs_review_required"),
        held=clearance_kinds(session, request.id),
    )


def seats_for(session: Session, request: DataRequest, policy: RegistryPolicy) -> tuple[list[Seat], list[Cited]]:
    """Return the seats of the review of a request, the check first, and the rules that they rest on.

    Raises:
        PolicyGap: the place does not say who reviews, or lets silence consent without a number of days.
        ReviewerMissing: nobody is registered for a required seat.
    """
    reviewers = policy.require("request_reviewers")
    silence = policy.says("request_deemed_consent")
    # silence may only consent to a known deadline (RVW-05)
    days = policy.require("request_review_working_days") if silence else policy.request_review_working_days
    found, cited = _check_seats(session, request, policy), [policy.request_check_by]
    cited += [policy.request_check_working_days] if found else []
    listed = resources(session, request.id)
    for capacity in seats_of(reviewers.items(), has_return_data=any(one.return_flow for one in listed)):
        holders = _holders(session, capacity, request, listed)
        if not holders:
            raise ReviewerMissing(
                f"{request.place} 没有登记为“{CAPACITY_TITLES[capacity]}”的正常机构，使用申请 {request.number} 无法送审"
                f"（{reviewers.citation()}）；请主管部门先登记该机构",
                detail_en=f"No organisation is registered as {capacity} at {request.place}",
                rule="RVW-03",
                article=reviewers.citation(),
            )
        found += [Seat(capacity.value, AFTER_THE_CHECK, holder, days, silence) for holder in holders]
    cited += [reviewers, days, policy.request_deemed_consent if silence else None]
    return found, [one for one in cited if one is not None]


def _check_seats(session: Session, request: DataRequest, policy: RegistryPolicy) -> list[Seat]:
    if policy.request_check_by is None:
        return []
    kind = CHECK_KINDS[policy.request_check_by.value]
    operator = session.get_one(Agreement, request.agreement_id).operating_institution_id
    return [Seat(kind, 1, operator if kind == "operator_check" else None, policy.request_check_working_days)]


def _holders(session: Session, capacity: Capacity, request: DataRequest, listed: Sequence[Resource]) -> list[UUID]:
    """Who takes the seats: each department of a listed resource, the authority that signed, else all of that kind."""
    if capacity is Capacity.SOURCE_DEPARTMENT:
        return list(dict.fromkeys(found.source_department_id for found in listed))
    signed = session.get_one(Agreement, request.agreement_id).authorizing_entity_id
    if parties.has_capacity(session, signed, capacity, request.place):
        return [signed]
    return [party.id for party in parties.having(session, capacity, request.place)]


def _with_reviews() -> tuple[ExecutableOption, ...]:
    stages = selectinload(DataRequest.reviews).selectinload(Review.stages)
    return stages.selectinload(ReviewStage.opinions), stages.joinedload(ReviewStage.party)


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
            request.state.in_(GRANTED),
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


def same_scenario(session: Session, request: DataRequest) -> str | None:
    """Return the number of another request of the applicant for this scenario that was not rejected (RVW-02)."""
    query = sa.select(DataRequest.number).where(
        DataRequest.id != request.id,
        DataRequest.applicant_id == request.applicant_id,
        DataRequest.agreement_id == request.agreement_id,
        DataRequest.scenario == request.scenario,
        DataRequest.state != RequestState.REJECTED,
    )
    return session.scalar(query)


def granted_scenarios(session: Session, applicant_id: UUID, agreement_id: UUID, *, on: date) -> set[str]:
    """Return the scenarios for which the applicant had a request granted under that agreement by the end of the day."""
    query = sa.select(DataRequest.scenario).where(
        DataRequest.applicant_id == applicant_id,
        DataRequest.agreement_id == agreement_id,
        DataRequest.state.in_(GRANTED),
        DataRequest.decided_at < start_of_day(on + DAY),
    )
    return set(session.scalars(query))


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
