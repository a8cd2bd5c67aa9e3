"""Corrections as they were reported and answered, and the end of part of the data."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Entity


class CorrectionReport(Entity):
    """What the operator reports to have corrected, with evidence; never changed."""

    __tablename__ = "registry_correction_report"
    __table_args__ = (
        sa.CheckConstraint("length(text) > 0", name="said"),
        sa.CheckConstraint("length(evidence_sha256) = 64", name="evidenced"),
        {"info": {"guard": "append_only"}},
    )

    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_agreement.id"), index=True)
    suspended_at: Mapped[datetime]  # which suspension of the agreement it answers
    text: Mapped[str]
    evidence_sha256: Mapped[str] = mapped_column(sa.ForeignKey("evidence_file.sha256"))
    reported_at: Mapped[datetime]
    reported_by: Mapped[UUID | None]
    reporter_name: Mapped[str]

    finding: Mapped[CorrectionFinding | None] = relationship(back_populates="report", lazy="raise")


class CorrectionFinding(Entity):
    """Why the authority found a reported correction insufficient; never changed."""

    __tablename__ = "registry_correction_finding"
    __table_args__ = (
        sa.UniqueConstraint("report_id"),
        sa.CheckConstraint("length(reason) > 0", name="reasoned"),
        {"info": {"guard": "append_only"}},
    )

    report_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_correction_report.id"))
    reason: Mapped[str]
    found_at: Mapped[datetime]
    found_by: Mapped[UUID | None]
    finder_name: Mapped[str]

    report: Mapped[CorrectionReport] = relationship(back_populates="finding", lazy="raise")


class PartialEnd(Entity):
    """The end of the authorization of the affected data alone: asked for by one person, confirmed by another."""

    __tablename__ = "registry_partial_end"
    __table_args__ = (
        sa.CheckConstraint("length(reason) > 0", name="reasoned"),
        sa.CheckConstraint("(confirmed_at IS NULL) = (confirmed_by IS NULL)", name="confirmed_whole"),
        sa.CheckConstraint("confirmed_by IS NULL OR confirmed_by <> asked_by", name="two_persons"),
    )

    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_agreement.id"), index=True)
    suspended_at: Mapped[datetime]
    resource_ids: Mapped[list[Any]]  # as text
    reason: Mapped[str]
    coordination_record: Mapped[str | None]
    asked_at: Mapped[datetime]
    asked_by: Mapped[UUID]
    confirmed_at: Mapped[datetime | None]
    confirmed_by: Mapped[UUID | None]
