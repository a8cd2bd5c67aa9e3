"""Public data resources."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Entity
from registry.parties.model import Party
from registry.resources.rules import AccessKind, RegistrationStatus


class Resource(Entity):
    """One entry of the catalogue: what a source department (数源部门) holds and how it may be used."""

    __tablename__ = "registry_resource"
    __table_args__ = (
        sa.CheckConstraint("grade BETWEEN 1 AND 5", name="grade_range"),
        sa.CheckConstraint("length(title) > 0 AND length(classification) > 0", name="named_and_classified"),
    )

    code: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    source_department_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    title: Mapped[str]
    description: Mapped[str]
    classification: Mapped[str]
    grade: Mapped[int]
    update_frequency: Mapped[str]
    fields: Mapped[list[Any]]  # [{"name": …, "title": …, "type": …}]
    barred: Mapped[bool] = mapped_column(default=False)  # 不予开放
    barred_reason: Mapped[str | None]
    return_flow: Mapped[bool] = mapped_column(default=False)  # 省回流数据
    access: Mapped[AccessKind] = mapped_column(default=AccessKind.FREE)
    catalogued_at: Mapped[datetime]

    source_department: Mapped[Party] = relationship(lazy="raise")


class SharedIn(Entity):
    """A statement that a resource was provided by another region or department (共享数据), or that it was not.

    The newest statement counts.
    """

    __tablename__ = "registry_resource_shared_in"
    __table_args__ = (
        sa.CheckConstraint("NOT is_shared_in OR length(provider_name) > 0", name="provider_named"),
        {"info": {"guard": "append_only"}},
    )

    resource_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_resource.id"), index=True)
    is_shared_in: Mapped[bool]
    provider_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    provider_name: Mapped[str]  # also where the provider is not registered here
    note: Mapped[str]
    stated_at: Mapped[datetime]
    stated_by: Mapped[UUID | None]
    stated_by_name: Mapped[str]


class SharedInConsent(Entity):
    """What the provider of a shared-in resource said: consent, or its withdrawal; the newest word counts."""

    __tablename__ = "registry_resource_consent"
    __table_args__ = (
        sa.CheckConstraint("valid_until IS NULL OR valid_until >= consented_on", name="period_ordered"),
        sa.CheckConstraint("NOT is_granted OR evidence_sha256 IS NOT NULL", name="consent_has_evidence"),
        {"info": {"guard": "append_only"}},
    )

    statement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_resource_shared_in.id"), index=True)
    is_granted: Mapped[bool]
    consented_on: Mapped[date]
    valid_until: Mapped[date | None]  # last day; without one the consent has no end
    evidence_sha256: Mapped[str | None]
    evidence_name: Mapped[str | None]
    note: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[UUID | None]
    recorded_by_name: Mapped[str]


class SimulatedSample(Entity):
    """Made-up records (仿真数据) that the source department gave for a resource; the newest ones are shown."""

    __tablename__ = "registry_resource_sample"
    __table_args__ = ({"info": {"guard": "append_only"}},)

    resource_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_resource.id"), index=True)
    rows: Mapped[list[Any]]
    uploaded_at: Mapped[datetime]
    uploaded_by: Mapped[UUID | None]
    uploaded_by_name: Mapped[str]


class ResourceRegistration(Entity):
    """Whether the resource itself is registered (26号 第五条), with number and evidence; the newest word counts."""

    __tablename__ = "registry_resource_registration"
    __table_args__ = (
        sa.CheckConstraint("(status = 'registered') = (number IS NOT NULL)", name="registered_with_number"),
        sa.CheckConstraint("(number IS NULL) = (registered_on IS NULL)", name="number_with_its_day"),
        sa.CheckConstraint("number IS NULL OR evidence_sha256 IS NOT NULL", name="number_evidenced"),
        {"info": {"guard": "append_only"}},
    )

    resource_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_resource.id"), index=True)
    status: Mapped[RegistrationStatus]
    number: Mapped[str | None] = mapped_column(index=True)  # registration confirmation number (登记确认编号)
    issuer: Mapped[str]  # the registrar that confirmed, or with which the registration is applied for
    registered_on: Mapped[date | None]
    evidence_sha256: Mapped[str | None] = mapped_column(sa.ForeignKey("evidence_file.sha256"))
    evidence_name: Mapped[str | None]
    note: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[UUID | None]
    recorded_by_name: Mapped[str]
