"""Reading the catalogue of public data resources."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from kernel.errors import NotFound
from kernel.identity import ROLES_OF, SELLERS, Actor, Permission
from registry.resources.model import Resource


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
