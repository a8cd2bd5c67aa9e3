"""Tables of the quality tickets."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Entity
from registry.parties.model import Party
from registry.quality.rules import WAITING, Category, TicketEvent, TicketState
from registry.resources.model import Resource


class QualityTicket(Entity):
    """One problem that an operator or merchant reported about a resource (数据质量反馈)."""

    __tablename__ = "registry_quality_ticket"
    __table_args__ = (
        sa.CheckConstraint("length(description) > 0", name="described"),
        sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_when_closed"),
        sa.Index("ix_registry_quality_ticket_open", "state", "due_date"),
    )

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    resource_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_resource.id"), index=True)
    reporter_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    category: Mapped[Category]
    description: Mapped[str]
    evidence_sha256: Mapped[str | None]
    evidence_name: Mapped[str | None]
    state: Mapped[TicketState] = mapped_column(default=TicketState.FILED)
    filed_at: Mapped[datetime]
    due_date: Mapped[date | None]  # last working day for an answer; none where no number of days is configured
    answered_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]

    resource: Mapped[Resource] = relationship(lazy="raise")
    reporter: Mapped[Party] = relationship(lazy="raise")
    course: Mapped[list[QualityEvent]] = relationship(lazy="raise", viewonly=True, order_by="QualityEvent.id")

    def is_overdue(self, today: date) -> bool:
        """Say whether the source department is late with its answer."""
        return self.state in WAITING and self.due_date is not None and today > self.due_date


class QualityEvent(Entity):
    """One step of a ticket: who did what and why; never changed."""

    __tablename__ = "registry_quality_event"
    __table_args__ = ({"info": {"guard": "append_only"}},)

    ticket_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_quality_ticket.id"), index=True)
    event: Mapped[TicketEvent]
    reason: Mapped[str]
    evidence_sha256: Mapped[str | None]
    happened_at: Mapped[datetime]
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str]
