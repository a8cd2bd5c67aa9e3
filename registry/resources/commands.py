"""What source departments do with their catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import audit, files, numbering
from kernel.calendar import business_date
from kernel.errors import Conflict, Invalid
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from registry.parties import queries as parties
from registry.parties.rules import Capacity, check_in_order
from registry.resources import queries
from registry.resources.model import Resource, ResourceRegistration, SharedIn, SharedInConsent, SimulatedSample
from registry.resources.rules import (
    AccessKind,
    ConfirmationTaken,
    NotSharedIn,
    RegistrationStatus,
    ResourceEvent,
    barred_after,
    changed_names,
    check_consent_period,
    check_registration,
    check_sample,
)

CHANGEABLE = ("title", "description", "classification", "grade", "update_frequency", "fields", "access")


class CodeTaken(Conflict):
    """Another resource carries this catalogue code."""

    code = "resource.code_taken"


class NotASourceDepartment(Invalid):
    """The organisation is not registered as source department there."""

    code = "resource.not_a_source_department"


class ProviderMissing(Invalid):
    """Shared-in data without the name of its provider."""

    code = "resource.provider_missing"


class EvidenceMissing(Invalid):
    """A consent without the provider's letter."""

    code = "resource.evidence_missing"


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
    changed = changed_names({name: getattr(resource, name, None) for name in values}, values)
    for name, value in values.items():
        if name not in CHANGEABLE:
            raise TypeError(f"{name} of a resource cannot be changed")
        setattr(resource, name, value)
    audit.record(session, actor, "resource.change", resource, at=now, detail={"fields": changed})
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


def state_shared_in(
    session: Session,
    actor: Actor,
    resource_id: UUID,
    *,
    is_shared_in: bool,
    now: datetime,
    provider_id: UUID | None = None,
    provider_name: str = "",
    note: str = "",
) -> SharedIn:
    """State that a resource was shared in by another region or department, or that it was not (APP-05).

    A provider that is registered here is named by ``provider_id``, any other by its name. A new statement needs
    a new consent.

    Raises:
        NotAllowed: the actor does not act for the source department.
        NoSuchResource: there is none.
        NoSuchParty: there is no such provider.
        ProviderMissing: the resource was shared in, and nobody is named.
    """
    resource = _own(session, actor, resource_id)
    name = parties.get(session, provider_id).name if provider_id is not None else provider_name.strip()
    if is_shared_in and not name:
        raise ProviderMissing(
            "共享取得的数据须写明提供单位（APP-05）",
            detail_en="Name the provider of shared-in data",
            rule="APP-05",
            errors=[{"pointer": "/provider_name", "code": ProviderMissing.code, "message": "请写明提供单位"}],
        )
    statement = SharedIn(
        resource_id=resource.id, is_shared_in=is_shared_in, provider_id=provider_id, provider_name=name, note=note,
        stated_at=now, stated_by=actor.id, stated_by_name=actor.name,
    )  # fmt: skip
    session.add(statement)
    audit.record(session, actor, "resource.state_shared_in", resource, at=now, note=name or "自有数据")
    return statement


def record_consent(
    session: Session,
    actor: Actor,
    resource_id: UUID,
    *,
    is_granted: bool,
    consented_on: date,
    now: datetime,
    valid_until: date | None = None,
    note: str = "",
    evidence: Mapping[str, Any] | None = None,
) -> SharedInConsent:
    """Record what the provider of a shared-in resource said; the newest word counts (APP-05).

    ``valid_until`` is the last day of the consent, ``evidence`` the provider's letter ({name, media_type, content}),
    needed for a consent; a withdrawal may be recorded without one.

    Raises:
        NotAllowed: the actor does not act for the source department.
        NoSuchResource: there is none.
        NotSharedIn: nobody stated that the resource was shared in.
        ConsentPeriodWrong: the consent would end before it begins.
        EvidenceMissing: a consent without the provider's letter.
        FileRefused: the letter is empty or too large.
    """
    resource = _own(session, actor, resource_id)
    statement = queries.shared_in(session, resource.id)
    if statement is None or not statement.is_shared_in:
        raise NotSharedIn(
            f"数据资源 {resource.code} 未登记为共享取得的数据，请先登记提供单位（APP-05）",
            detail_en="State first that the resource was shared in",
            rule="APP-05",
        )
    check_consent_period(consented_on, valid_until)
    if is_granted and not evidence:
        raise EvidenceMissing(
            "登记同意须上传提供单位的书面同意（APP-05）",
            detail_en="Upload the provider's letter",
            rule="APP-05",
            errors=[{"pointer": "/evidence", "code": EvidenceMissing.code, "message": "请上传书面同意"}],
        )
    word = SharedInConsent(
        statement_id=statement.id, is_granted=is_granted, consented_on=consented_on, valid_until=valid_until,
        evidence_sha256=files.keep(session, now=now, **evidence) if evidence else None,
        evidence_name=evidence["name"] if evidence else None, note=note, recorded_at=now, recorded_by=actor.id,
        recorded_by_name=actor.name,
    )  # fmt: skip
    session.add(word)
    audit.record(
        session, actor, "resource.record_consent", resource, at=now, note="同意" if is_granted else "撤回同意",
        detail={"sha256": word.evidence_sha256 or ""},
    )  # fmt: skip
    return word


def record_registration(
    session: Session,
    actor: Actor,
    resource_id: UUID,
    *,
    status: RegistrationStatus,
    issuer: str,
    now: datetime,
    number: str = "",
    registered_on: date | None = None,
    note: str = "",
    evidence: Mapping[str, Any] | None = None,
) -> ResourceRegistration:
    """Record whether the resource itself is registered, with its confirmation number; the newest record counts.

    ``evidence`` is the registrar's confirmation ({name, media_type, content}), needed for a registered resource.

    Raises:
        NotAllowed: the actor does not act for the source department.
        NoSuchResource: there is none.
        RegistrationIncomplete: number, day or evidence are missing, or are too many.
        ConfirmationTaken: the number belongs to another resource.
        FileRefused: the evidence is empty or too large.

    Source:
        发改数据规〔2025〕26号 第五条 (REG-01).
    """
    resource = _own(session, actor, resource_id)
    given = number.strip()
    check_registration(
        status, number=given, registered_on=registered_on, has_evidence=bool(evidence), on=business_date(now)
    )
    holder = queries.holder_of_number(session, given) if given else None
    if holder is not None and holder.resource_id != resource.id:
        raise ConfirmationTaken(
            f"登记确认编号 {given} 已用于另一数据资源，请核对登记证明（REG-01）",
            detail_en=f"{given} belongs to another resource",
            rule="REG-01",
            errors=[{"pointer": "/number", "code": ConfirmationTaken.code, "message": "编号已用于另一资源"}],
        )
    record = ResourceRegistration(
        resource_id=resource.id, status=status, number=given or None, issuer=issuer, registered_on=registered_on,
        evidence_sha256=files.keep(session, now=now, **evidence) if evidence else None,
        evidence_name=evidence["name"] if evidence else None, note=note, recorded_at=now, recorded_by=actor.id,
        recorded_by_name=actor.name,
    )  # fmt: skip
    session.add(record)
    audit.record(session, actor, "resource.record_registration", resource, at=now, note=given or status.value)
    return record


def upload_sample(
    session: Session,
    actor: Actor,
    resource_id: UUID,
    *,
    rows: Sequence[Mapping[str, str]],
    is_simulated: bool,
    now: datetime,
) -> SimulatedSample:
    """Give the department's own simulated rows, shown instead of the generated ones (SEP-04).

    Raises:
        NotAllowed: the actor does not act for the source department.
        NoSuchResource: there is none.
        SampleRefused: the rows are not declared as simulated, are empty, or have other fields.
    """
    resource = _own(session, actor, resource_id)
    check_sample(rows, resource.fields, is_simulated=is_simulated)
    sample = SimulatedSample(
        resource_id=resource.id, rows=[dict(row) for row in rows], uploaded_at=now, uploaded_by=actor.id,
        uploaded_by_name=actor.name,
    )  # fmt: skip
    session.add(sample)
    audit.record(session, actor, "resource.upload_sample", resource, at=now, detail={"rows": len(rows)})
    return sample


def _own(session: Session, actor: Actor, resource_id: UUID) -> Resource:
    resource = queries.get(session, resource_id, lock=True)
    actor.must(Permission.RESOURCE_WRITE, org_id=resource.source_department_id, place=resource.place)
    return resource
