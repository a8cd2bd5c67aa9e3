"""Reading agreements and what they cover."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload

from kernel import audit
from kernel.errors import NotFound
from kernel.identity import ROLES_OF, Actor, Permission, Role
from kernel.policy import PolicyBook
from registry.agreements.model import Agreement, AgreementResource
from registry.agreements.rules import AgreementState
from registry.clauses.rules import missing_items as rules_missing
from registry.policy import RegistryPolicy
from registry.resources.model import Resource


class NoSuchAgreement(NotFound):
    """There is no such agreement, or none that the actor may know of."""

    code = "agreement.not_found"


def get(session: Session, agreement_id: UUID, *, lock: bool = False) -> Agreement:
    """Return the agreement with its two parties; locked and read afresh on demand.

    Raises:
        NoSuchAgreement: there is none.
    """
    query = _with_parties(sa.select(Agreement).where(Agreement.id == agreement_id))
    if lock:
        query = query.with_for_update(of=Agreement).execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise _none(str(agreement_id))
    return found


def by_number(session: Session, number: str) -> Agreement:
    """Return the agreement with that number.

    Raises:
        NoSuchAgreement: there is none.
    """
    found = session.scalar(_with_parties(sa.select(Agreement).where(Agreement.number == number)))
    if found is None:
        raise _none(number)
    return found


def visible(session: Session, actor: Actor, agreement_id: UUID) -> Agreement:
    """Return the agreement, read afresh with parties and scope, if it lies within the actor's scope.

    Raises:
        NoSuchAgreement: there is none, or none that the actor may know of.
    """
    scope = selectinload(Agreement.scope).joinedload(AgreementResource.resource).joinedload(Resource.source_department)
    query = listed(actor).where(Agreement.id == agreement_id).options(scope)
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise _none(str(agreement_id))
    return found


def listed(actor: Actor, *, place: str | None = None, state: AgreementState | None = None) -> sa.Select[Agreement]:
    """Return the query of agreements within the actor's scope, with their parties.

    The operator sees its own; a source department those that cover its resources; merchants those signed at their
    places (27号 第十八条 makes them public); authorities, finance and auditors their places.
    """
    query = _with_parties(sa.select(Agreement).where(_in_scope(actor)))
    if place is not None:
        query = query.where(Agreement.place == place)
    if state is not None:
        query = query.where(Agreement.state == state)
    return query


def _in_scope(actor: Actor) -> sa.ColumnElement[bool]:
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role not in ROLES_OF[Permission.AGREEMENT_READ]:
            continue
        condition: sa.ColumnElement[bool] = sa.true() if grant.place is None else Agreement.place == grant.place
        if grant.role is Role.MERCHANT:
            condition = sa.and_(condition, Agreement.state != AgreementState.DRAFT)
        elif grant.role is Role.SOURCE and grant.org_id is not None:
            condition = sa.and_(condition, Agreement.id.in_(_covering_resources_of(grant.org_id)))
        elif grant.org_id is not None:
            condition = sa.and_(
                condition,
                sa.or_(
                    Agreement.operating_institution_id == grant.org_id, Agreement.authorizing_entity_id == grant.org_id
                ),
            )
        reached.append(condition)
    return sa.or_(sa.false(), *reached)


def _covering_resources_of(party_id: UUID) -> sa.Select[UUID]:
    query = sa.select(AgreementResource.agreement_id).join(Resource)
    return query.where(Resource.source_department_id == party_id)


def in_force_clause(on: date) -> sa.ColumnElement[bool]:
    """Return the SQL condition that an agreement is in force on that day: :meth:`Agreement.in_force` for sets."""
    formal = sa.and_(Agreement.term_start <= on, Agreement.term_end > on)
    trial = sa.and_(Agreement.trial_start <= on, Agreement.trial_end > on)
    return sa.and_(Agreement.state == AgreementState.ACTIVE, sa.or_(formal, trial))


def in_force_for(session: Session, operating_institution_id: UUID, place: str, on: date) -> Sequence[Agreement]:
    """Return the agreements under which the institution may operate at the place on that day, the oldest first."""
    query = sa.select(Agreement).where(
        Agreement.operating_institution_id == operating_institution_id, Agreement.place == place, in_force_clause(on)
    )
    return session.scalars(_with_parties(query).order_by(Agreement.term_start, Agreement.id)).all()


def covers_resource(session: Session, agreement_id: UUID, resource_id: UUID) -> bool:
    """Say whether the resource is in the agreement's scope and not barred from opening meanwhile (APP-05)."""
    query = (
        sa.select(sa.literal(1))
        .select_from(AgreementResource)
        .join(Resource)
        .where(
            AgreementResource.agreement_id == agreement_id,
            AgreementResource.resource_id == resource_id,
            Resource.barred.is_(False),
        )
    )
    return session.scalar(query) is not None


def scope_of(session: Session, agreement_id: UUID) -> Sequence[Resource]:
    """Return the resources in the agreement's scope with their departments, in order of code."""
    query = sa.select(Resource).join(AgreementResource).where(AgreementResource.agreement_id == agreement_id)
    return session.scalars(query.options(joinedload(Resource.source_department)).order_by(Resource.code)).all()


def missing_items(agreement: Agreement, book: PolicyBook, on: date) -> tuple[str, ...]:
    """Return the codes of mandatory contents that are still empty, by the rules of that day; none once it is signed."""
    required = RegistryPolicy.at(book, agreement.place, on).agreement_items_required
    if required is None or agreement.state is not AgreementState.DRAFT:
        return ()
    return rules_missing(agreement.items, required.items())


def history(session: Session, agreement_id: UUID) -> Sequence[audit.AuditLine]:
    """Return what was done with the agreement, the oldest first."""
    query = sa.select(audit.AuditLine).where(
        audit.AuditLine.object_type == Agreement.__tablename__, audit.AuditLine.object_id == str(agreement_id)
    )
    return session.scalars(query.order_by(audit.AuditLine.id)).all()


def _with_parties(query: sa.Select[Agreement]) -> sa.Select[Agreement]:
    return query.options(joinedload(Agreement.authorizing_entity), joinedload(Agreement.operating_institution))


def _none(name: str) -> NoSuchAgreement:
    return NoSuchAgreement(f"没有授权运营协议 {name}，或不在您的职责范围内", detail_en=f"No agreement {name}.")
