"""Selections."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Entity
from registry.applications.model import Application
from registry.calls.model import Call
from registry.parties.model import Party
from registry.selections.rules import SelectionState, is_selected

STANDING = sa.text("state <> 'dropped'")


class Selection(Entity):
    """The choice of one operating institution after one call."""

    __tablename__ = "registry_selection"
    __table_args__ = (
        sa.Index(
            "uq_registry_selection_call", "call_id", unique=True, sqlite_where=STANDING, postgresql_where=STANDING
        ),
        sa.CheckConstraint("(state IN ('confirmed', 'published')) = (confirmed_by IS NOT NULL)", name="confirmed"),
        sa.CheckConstraint("confirmed_by IS NULL OR confirmed_by <> proposed_by", name="two_persons"),
        sa.CheckConstraint("(state = 'published') = (published_on IS NOT NULL)", name="published"),
        sa.CheckConstraint("length(reason) > 0", name="reasoned"),
    )

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    call_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_call.id"), index=True)
    application_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_application.id"), index=True)
    operator_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    state: Mapped[SelectionState] = mapped_column(default=SelectionState.PROPOSED)
    reason: Mapped[str]
    status_approved_by: Mapped[str | None]  # which government approves the operator, where one does
    status_approval_record: Mapped[str | None]
    filing_reference: Mapped[str | None]
    proposed_by: Mapped[UUID]
    proposed_at: Mapped[datetime]
    confirmed_by: Mapped[UUID | None]
    confirmed_at: Mapped[datetime | None]
    published_on: Mapped[date | None]
    sources: Mapped[list[Any]] = mapped_column(default=list)

    call: Mapped[Call] = relationship(lazy="raise")
    application: Mapped[Application] = relationship(lazy="raise")
    operator: Mapped[Party] = relationship(lazy="raise")

    def counts(self, on: date) -> bool:
        """Say whether the institution is selected on that day."""
        return is_selected(self.state, self.published_on, on)
