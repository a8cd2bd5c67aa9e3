"""The history of the emergency plans of each authorization, and of their drills."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Entity
from registry.emergency.rules import DrillOutcome


class EmergencyPlan(Entity):
    """One emergency plan of one authorization; the one with the highest number is current. Never changed."""

    __tablename__ = "registry_emergency_plan"
    __table_args__ = (
        sa.UniqueConstraint("agreement_id", "number"),
        sa.CheckConstraint("number > 0", name="counted_from_one"),
        {"info": {"guard": "append_only"}},
    )

    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_agreement.id"))
    number: Mapped[int]  # 1, 2, 3 … of this authorization
    title: Mapped[str]
    sha256: Mapped[str] = mapped_column(sa.ForeignKey("evidence_file.sha256"))
    participants: Mapped[list[Any]]  # departments that wrote it, by code
    others: Mapped[str]  # further participants in words
    adopted_at: Mapped[datetime]
    adopted_by: Mapped[UUID | None]
    adopter_name: Mapped[str]


class EmergencyDrill(Entity):
    """One drill of the plan that was current; never changed."""

    __tablename__ = "registry_emergency_drill"
    __table_args__ = (
        sa.CheckConstraint("length(participants) > 0 AND length(summary) > 0", name="said"),
        {"info": {"guard": "append_only"}},
    )

    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_agreement.id"), index=True)
    plan_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_emergency_plan.id"), index=True)
    held_on: Mapped[date]
    participants: Mapped[str]
    outcome: Mapped[DrillOutcome]
    summary: Mapped[str]
    evidence_sha256: Mapped[str] = mapped_column(sa.ForeignKey("evidence_file.sha256"))
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[UUID | None]
    recorder_name: Mapped[str]
