"""Public data resources."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Entity
from registry.parties.model import Party
from registry.resources.rules import AccessKind


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
