"""What source departments do with their catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import business_date
from kernel.errors import Conflict, Invalid
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from registry.parties import queries as parties
from registry.parties.rules import Capacity, check_in_order
from registry.resources import queries
from registry.resources.model import Resource
from registry.resources.rules import AccessKind, ResourceEvent, barred_after

CHANGEABLE = ("title", "description", "classification", "grade", "update_frequency", "fields", "access")


class CodeTaken(Conflict):
    """Another resource carries this catalogue code."""

    code = "resource.code_taken"


class NotASourceDepartment(Invalid):
    """The organisation is not registered as source department there."""

    code = "resource.not_a_source_department"


def catalogue(
    session: Session,
    actor: Actor,
    *,
    place: str,
    source_department_id: UUID,
    title: str,
    description: str,
    classification: str,
    grade: int,
    update_frequency: str,
    fields: Sequence[Mapping[str, Any]],
    now: datetime,
    book: PolicyBook,
    code: str | None = None,
    access: AccessKind = AccessKind.FREE,
    return_flow: bool = False,
    barred: bool = False,
) -> Resource:
    """Enter a resource into the catalogue; without a ``code`` of its own it gets the next number.

    Raises:
        NotAllowed: the actor does not act for that source department there.
        NoSuchPlace: there is no such place.
        NoSuchParty: there is no such organisation.
        NotInOrder: it is suspended or ended.
        NotASourceDepartment: it is not registered as source department there.
        CodeTaken: another resource carries the code.
    """
    actor.must(Permission.RESOURCE_WRITE, org_id=source_department_id, place=place)
    book.place(place)
    department = parties.get(session, source_department_id)
    check_in_order(department.name, department.standing)
    if not parties.has_capacity(session, department.id, Capacity.SOURCE_DEPARTMENT, place):
        raise NotASourceDepartment(
            f"{department.name} 未在{book.place(place).title}登记为数源部门，请先由主管部门登记其身份",
            detail_en=f"{department.name} is not a source department there.",
            errors=[{"pointer": "/source_department_id", "code": NotASourceDepartment.code, "message": "不是数源部门"}],
        )
    resource = Resource(
        code=code or numbering.number(session, "RES", business_date(now)), place=place,
        source_department_id=department.id, title=title, description=description, classification=classification,
        grade=grade, update_frequency=update_frequency, fields=[dict(item) for item in fields], access=access,
        return_flow=return_flow, barred=barred, catalogued_at=now,
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(resource)
            session.flush()
    except IntegrityError as error:
        raise CodeTaken(
            f"目录编码 {resource.code} 已被另一数据资源使用，请改用其他编码",
            detail_en=f"The code {resource.code} is taken.",
            errors=[{"pointer": "/code", "code": CodeTaken.code, "message": "编码已存在"}],
        ) from error
    audit.record(session, actor, "resource.catalogue", resource, at=now, note=resource.code)
    return resource


def change(session: Session, actor: Actor, resource_id: UUID, *, now: datetime, **values: Any) -> Resource:
    """Change the description of a resource; code, place and department stay.

    Raises:
        NotAllowed: the actor does not act for its source department.
        NoSuchResource: there is none.
        TypeError: a column that is not :data:`CHANGEABLE` was named.
    """
    resource = _own(session, actor, resource_id)
    resource.barred = barred_after(resource.barred, ResourceEvent.CHANGE)
    for name, value in values.items():
        if name not in CHANGEABLE:
            raise TypeError(f"{name} of a resource cannot be changed")
        setattr(resource, name, value)
    audit.record(session, actor, "resource.change", resource, at=now, detail={"fields": sorted(values)})
    return resource


def bar(session: Session, actor: Actor, resource_id: UUID, *, reason: str, now: datetime) -> Resource:
    """Bar a resource from opening (不予开放): no agreement may cover it from now on (APP-05).

    Raises:
        NotAllowed: the actor does not act for its source department.
        NoSuchResource: there is none.
        WrongResourceState: it is barred already.
    """
    resource = _own(session, actor, resource_id)
    resource.barred = barred_after(resource.barred, ResourceEvent.BAR)
    resource.barred_reason = reason
    audit.record(session, actor, "resource.bar", resource, at=now, note=reason)
    return resource


def unbar(session: Session, actor: Actor, resource_id: UUID, *, reason: str, now: datetime) -> Resource:
    """Admit a barred resource again.

    Raises:
        NotAllowed: the actor does not act for its source department.
        NoSuchResource: there is none.
        WrongResourceState: it was not barred.
    """
    resource = _own(session, actor, resource_id)
    resource.barred = barred_after(resource.barred, ResourceEvent.UNBAR)
    resource.barred_reason = None
    audit.record(session, actor, "resource.unbar", resource, at=now, note=reason)
    return resource


def _own(session: Session, actor: Actor, resource_id: UUID) -> Resource:
    resource = queries.get(session, resource_id, lock=True)
    actor.must(Permission.RESOURCE_WRITE, org_id=resource.source_department_id, place=resource.place)
    return resource
