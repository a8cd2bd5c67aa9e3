"""Examinations after training; recorded once, never changed."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Entity
from registry.accounts.model import Account
from registry.training.rules import Result, RoleKind


class TrainingRecord(Entity):
    """One examination of one person for one kind of staff at one place, recorded by the authority."""

    __tablename__ = "registry_training_record"
    __table_args__ = (
        sa.CheckConstraint("length(course) > 0 AND length(examiner) > 0", name="described"),
        sa.Index(None, "account_id", "place", "role_kind", "trained_on"),
        {"info": {"guard": "append_only"}},
    )

    number: Mapped[str] = mapped_column(unique=True)
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_account.id"))
    place: Mapped[str] = mapped_column(index=True)
    role_kind: Mapped[RoleKind]
    course: Mapped[str]
    trained_on: Mapped[date]
    passed: Mapped[bool]
    examiner: Mapped[str]
    evidence_sha256: Mapped[str | None] = mapped_column(sa.ForeignKey("evidence_file.sha256"))
    recorded_by: Mapped[UUID | None]
    recorded_by_name: Mapped[str]
    recorded_at: Mapped[datetime]

    account: Mapped[Account] = relationship(lazy="raise")

    def as_result(self) -> Result:
        """Return the examination as the rules see it."""
        return Result(self.id, self.role_kind, self.trained_on, self.passed)
