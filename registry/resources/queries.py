"""Reading the catalogue of public data resources."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, joinedload

from kernel import audit
from kernel.errors import NotFound
from kernel.identity import ROLES_OF, SELLERS, Actor, Permission, Role
from kernel.policy import PolicyBook
from registry.parties.model import Party
from registry.policy import RegistryPolicy
from registry.resources.model import Resource, ResourceRegistration, SharedIn, SharedInConsent, SimulatedSample
from registry.resources.rules import SamplesNotOffered, consent_holds, simulated_rows

SIMULATED_ROWS = 8


class NoSuchResource(NotFound):
    """There is no such resource, or none that the actor may know of."""

    code = "resource.not_found"


def get(session: Session, resource_id: UUID, *, lock: bool = False) -> Resource:
    """Return the resource with its department; locked and read afresh on demand.

    Raises:
        NoSuchResource: there is none.
    """
    query = sa.select(Resource).where(Resource.id == resource_id).options(joinedload(Resource.source_department))
    if lock:
        query = query.with_for_update(of=Resource).execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise _none(str(resource_id))
    return found


def by_code(session: Session, code: str) -> Resource:
    """Return the resource with that catalogue code.

    Raises:
        NoSuchResource: there is none.
    """
    found = session.scalar(sa.select(Resource).where(Resource.code == code))
    if found is None:
        raise _none(code)
    return found


def visible(session: Session, actor: Actor, resource_id: UUID) -> Resource:
    """Return the resource with its department if it lies within the actor's scope.

    Raises:
        NoSuchResource: there is none, or none that the actor may know of.
    """
    found = session.scalar(listed(actor).where(Resource.id == resource_id))
    if found is None:
        raise _none(str(resource_id))
    return found


def several(session: Session, resource_ids: Collection[UUID]) -> Sequence[Resource]:
    """Return the named resources in order of code.

    Raises:
        NoSuchResource: one of them does not exist.
    """
    wanted = set(resource_ids)
    found = session.scalars(sa.select(Resource).where(Resource.id.in_(wanted)).order_by(Resource.code)).all()
    missing = wanted - {resource.id for resource in found}
    if missing:
        raise _none("、".join(sorted(str(resource_id) for resource_id in missing)))
    return found


def listed(actor: Actor, *, place: str | None = None, source_department_id: UUID | None = None) -> sa.Select[Resource]:
    """Return the query of resources within the actor's scope, with their departments.

    A source department sees its own; sellers see what may be authorized at their places (SEP-04); authorities,
    finance and auditors see their places.
    """
    query = sa.select(Resource).where(_in_scope(actor)).options(joinedload(Resource.source_department))
    if place is not None:
        query = query.where(Resource.place == place)
    if source_department_id is not None:
        query = query.where(Resource.source_department_id == source_department_id)
    return query


def search(
    actor: Actor,
    *,
    q: str = "",
    place: str | None = None,
    source_department_id: UUID | None = None,
    classification: str = "",
    grade: int | None = None,
) -> sa.Select[Resource]:
    """Return the query of the sharing catalogue (共享目录): :func:`listed`, narrowed by words and features.

    Words are looked for in code, title and description.
    """
    query = listed(actor, place=place, source_department_id=source_department_id)
    for word in q.split():
        found = [
            column.icontains(word, autoescape=True) for column in (Resource.code, Resource.title, Resource.description)
        ]
        query = query.where(sa.or_(*found))
    if classification:
        query = query.where(Resource.classification.icontains(classification, autoescape=True))
    return query if grade is None else query.where(Resource.grade == grade)


def departments_of(session: Session, actor: Actor) -> list[tuple[UUID, str]]:
    """Return the source departments whose resources the actor may see, by name."""
    query = sa.select(Resource.source_department_id).where(_in_scope(actor)).distinct()
    parties = session.execute(sa.select(Party.id, Party.name).where(Party.id.in_(query)).order_by(Party.name, Party.id))
    return [(row.id, row.name) for row in parties]


def shared_in(session: Session, resource_id: UUID) -> SharedIn | None:
    """Return the newest statement on whether the resource was shared in, or ``None`` where nobody stated anything."""
    query = sa.select(SharedIn).where(SharedIn.resource_id == resource_id).order_by(SharedIn.id.desc()).limit(1)
    return session.scalar(query)


def registrations(session: Session, resource_id: UUID) -> Sequence[ResourceRegistration]:
    """Return what was recorded on the registration of the resource itself, newest first; the newest counts."""
    query = sa.select(ResourceRegistration).where(ResourceRegistration.resource_id == resource_id)
    return session.scalars(query.order_by(ResourceRegistration.id.desc())).all()


def standing_registrations(session: Session, resource_ids: Collection[UUID]) -> dict[UUID, ResourceRegistration]:
    """Return the newest record on the registration of each resource that has one, in one query."""
    query = sa.select(ResourceRegistration).where(ResourceRegistration.resource_id.in_(resource_ids))
    return {one.resource_id: one for one in session.scalars(query.order_by(ResourceRegistration.id))}


def holder_of_number(session: Session, number: str) -> ResourceRegistration | None:
    """Return the newest record that gives this confirmation number, or ``None``."""
    query = sa.select(ResourceRegistration).where(ResourceRegistration.number == number)
    return session.scalar(query.order_by(ResourceRegistration.id.desc()).limit(1))


def consents(session: Session, statement_id: UUID) -> Sequence[SharedInConsent]:
    """Return what the provider said about one statement, newest first."""
    query = sa.select(SharedInConsent).where(SharedInConsent.statement_id == statement_id)
    return session.scalars(query.order_by(SharedInConsent.id.desc())).all()


def lacks_consent(session: Session, resource_id: UUID, on: date) -> bool:
    """Say whether the resource was shared in and no consent of its provider covers that day (APP-05)."""
    statement = shared_in(session, resource_id)
    if statement is None or not statement.is_shared_in:
        return False
    said = consents(session, statement.id)
    return not said or not consent_holds(
        granted=said[0].is_granted, consented_on=said[0].consented_on, valid_until=said[0].valid_until, on=on
    )


def shared_in_without_consent(on: date) -> sa.ColumnElement[bool]:
    """Return the SQL condition on a resource that it was shared in and lacks a consent: :func:`lacks_consent` for sets.

    Whether consent is demanded there (``request.shared_data_consent_required``) is the caller's question.
    """
    statement, later = aliased(SharedIn), aliased(SharedIn)
    word, afterwards = aliased(SharedInConsent), aliased(SharedInConsent)
    is_newest = ~sa.exists().where(later.resource_id == statement.resource_id, later.id > statement.id)
    is_last_word = ~sa.exists().where(afterwards.statement_id == word.statement_id, afterwards.id > word.id)
    covered = sa.exists().where(
        word.statement_id == statement.id,
        word.is_granted,
        word.consented_on <= on,
        sa.or_(word.valid_until.is_(None), word.valid_until >= on),
        is_last_word,
    )
    return (
        sa.exists()
        .where(statement.resource_id == Resource.id, statement.is_shared_in, is_newest, ~covered)
        .correlate(Resource)
    )


def without_consent(session: Session, resource_ids: Iterable[UUID], on: date) -> Sequence[Resource]:
    """Return those of the resources that were shared in and lack a consent on that day, by code."""
    query = sa.select(Resource).where(Resource.id.in_(list(resource_ids)), shared_in_without_consent(on))
    return session.scalars(query.order_by(Resource.code)).all()


def consent_gate_fact(
    session: Session, resource_ids: Collection[UUID], *, place: str, on: date, book: PolicyBook
) -> tuple[bool, str, date | None]:
    """Return whether the consents that the place demands are there, the fact in words, and since when (APP-05)."""
    if not RegistryPolicy.at(book, place, on).says("request_shared_data_consent_required"):
        return True, "当地未要求提供单位同意", None
    lacking = without_consent(session, resource_ids, on)
    if lacking:
        return False, f"共享数据未经提供单位同意：{'、'.join(resource.code for resource in lacking)}", None
    statements = [shared_in(session, resource_id) for resource_id in resource_ids]
    given = [
        consents(session, statement.id)[0].consented_on
        for statement in statements
        if statement is not None and statement.is_shared_in
    ]
    if not given:
        return True, "所用数据均由数源部门自有，无须提供单位同意", None
    return True, f"{len(given)} 项共享数据均有提供单位的有效同意", max(given)


@dataclass(frozen=True, slots=True)
class Simulated:
    """The simulated sample of a resource, and whether the department gave it or the system made it up."""

    rows: list[dict[str, str]]
    is_uploaded: bool


def simulated(session: Session, resource: Resource) -> Simulated:
    """Return the department's own simulated rows, or generated ones; never raw data."""
    query = sa.select(SimulatedSample).where(SimulatedSample.resource_id == resource.id)
    own = session.scalar(query.order_by(SimulatedSample.id.desc()).limit(1))
    known = {str(field["name"]) for field in resource.fields}
    if own is not None and all(set(row) <= known for row in own.rows):
        return Simulated([{str(name): str(value) for name, value in row.items()} for row in own.rows], True)
    # fields may have changed since the upload: rows that do not fit any more are not shown
    return Simulated(simulated_rows(resource.code, resource.fields, rows=SIMULATED_ROWS), False)


def samples_offered(actor: Actor, resource: Resource, *, book: PolicyBook, on: date) -> bool:
    """Say whether the actor may look at the simulated rows: sellers only where the place offers that (SEP-04)."""
    if RegistryPolicy.at(book, resource.place, on).says("request_simulated_data_offered"):
        return True
    beyond = [role for role in ROLES_OF[Permission.RESOURCE_READ] if role not in SELLERS]
    return any(
        grant.role in beyond
        and grant.covers(org_id=resource.source_department_id if grant.role is Role.SOURCE else None,
                         place=resource.place)
        for grant in actor.grants
    )  # fmt: skip


def offered_sample(session: Session, actor: Actor, resource: Resource, *, book: PolicyBook, on: date) -> Simulated:
    """Return the simulated sample for somebody who may look at it.

    Raises:
        SamplesNotOffered: the place does not offer it to sellers before a request.
    """
    if not samples_offered(actor, resource, book=book, on=on):
        raise SamplesNotOffered(
            f"{book.place(resource.place).title}未规定申请前可查阅仿真数据（SEP-04）：请先提交数据使用申请",
            detail_en="No simulated data before a request is offered there",
            rule="SEP-04",
        )
    return simulated(session, resource)


def history(session: Session, resource_id: UUID) -> Sequence[audit.AuditLine]:
    """Return what was done with the resource, newest first."""
    query = sa.select(audit.AuditLine).where(
        audit.AuditLine.object_type == Resource.__tablename__, audit.AuditLine.object_id == str(resource_id)
    )
    return session.scalars(query.order_by(audit.AuditLine.id.desc())).all()


def open_at(session: Session, place: str) -> Sequence[Resource]:
    """Return the resources of a place that may be authorized (APP-05), with their departments, by code."""
    query = sa.select(Resource).where(Resource.place == place, Resource.barred.is_(False)).order_by(Resource.code)
    return session.scalars(query.options(joinedload(Resource.source_department))).all()


def _in_scope(actor: Actor) -> sa.ColumnElement[bool]:
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role not in ROLES_OF[Permission.RESOURCE_READ]:
            continue
        condition: sa.ColumnElement[bool] = sa.true() if grant.place is None else Resource.place == grant.place
        if grant.role in SELLERS:
            condition = sa.and_(condition, Resource.barred.is_(False))
        elif grant.org_id is not None:
            condition = sa.and_(condition, Resource.source_department_id == grant.org_id)
        reached.append(condition)
    return sa.or_(sa.false(), *reached)


def _none(name: str) -> NoSuchResource:
    return NoSuchResource(f"没有数据资源 {name}，或不在您的职责范围内", detail_en=f"No resource {name}.")
