"""What was handed in for duties. The duties themselves are derived and stand in no table."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Entity
from registry.obligations.rules import DutyKind

FIRST = sa.text("supersedes_id IS NULL")


class DutyFiling(Entity):
    """A report or publication as it was handed in, for ever; a correction is a new row that names the one before."""

    __tablename__ = "registry_duty_filing"
    __table_args__ = (
        sa.Index("uq_registry_duty_filing_first", "duty_key", unique=True, sqlite_where=FIRST, postgresql_where=FIRST),
        sa.UniqueConstraint("supersedes_id"),
        sa.CheckConstraint("length(text) > 0", name="in_words"),
        sa.CheckConstraint("length(evidence_sha256) = 64", name="with_evidence"),
        sa.CheckConstraint("period_start < period_end", name="period_ordered"),
        sa.CheckConstraint("id <> supersedes_id", name="corrects_another"),
        {"info": {"guard": "append_only"}},
    )

    duty_key: Mapped[str] = mapped_column(index=True)
    kind: Mapped[DutyKind]
    place: Mapped[str] = mapped_column(index=True)
    party_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    agreement_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_agreement.id"), index=True)
    period_start: Mapped[date]
    period_end: Mapped[date]  # first day that does not belong to it
    due_date: Mapped[date | None]  # last day by the rules of the day of filing
    source: Mapped[str]  # act and article
    text: Mapped[str]
    evidence_sha256: Mapped[str] = mapped_column(sa.ForeignKey("evidence_file.sha256"))
    filed_by: Mapped[UUID | None]
    filed_by_name: Mapped[str]
    filed_at: Mapped[datetime]
    filed_on: Mapped[date]  # Beijing date of that moment: it decides whether it was in time
    supersedes_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_duty_filing.id"))

    @property
    def is_late(self) -> bool:
        """Say whether it was handed in after the last day."""
        return self.due_date is not None and self.filed_on > self.due_date
