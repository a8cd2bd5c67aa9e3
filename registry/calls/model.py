"""Calls and the parties that are invited to them."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel import guards
from kernel.db import Entity
from registry.calls.rules import CallState, SelectionMethod, is_open
from registry.parties.model import Party
from registry.plans.model import Plan

PUBLISHED_TERMS = "OLD.state <> 'draft' AND (" + " OR ".join(
    f"COALESCE(CAST(OLD.{column} AS TEXT), '') <> COALESCE(CAST(NEW.{column} AS TEXT), '')"
    for column in ("plan_id", "method", "content", "conditions", "criteria", "domain", "scenario", "opens_on",
                   "closes_on")
) + ")"  # fmt: skip


class Call(Entity):
    """One call (公告) for an operating institution under a plan."""

    __tablename__ = "registry_call"
    __table_args__ = (
        sa.CheckConstraint("(state = 'draft') = (published_at IS NULL) OR state = 'cancelled'", name="published_once"),
        sa.CheckConstraint("opens_on IS NULL OR closes_on IS NULL OR opens_on <= closes_on", name="days_ordered"),
        sa.CheckConstraint("(state IN ('failed', 'cancelled')) = (end_reason IS NOT NULL)", name="end_reasoned"),
        {
            "info": {
                "rules": [
                    (
                        guards.refuse_update,
                        (
                            "registry_call_published_is_fixed",
                            "registry_call",
                            PUBLISHED_TERMS,
                            "a published call is not changed: cancel it and publish another one",
                        ),
                    )
                ]
            }
        },
    )

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    plan_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_plan.id"), index=True)
    state: Mapped[CallState] = mapped_column(default=CallState.DRAFT)
    method: Mapped[SelectionMethod]
    title: Mapped[str]
    content: Mapped[str]
    conditions: Mapped[str]
    criteria: Mapped[str]
    domain: Mapped[str]
    scenario: Mapped[str]
    opens_on: Mapped[date | None]
    closes_on: Mapped[date | None]  # last day for applications
    drafted_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]

    plan: Mapped[Plan] = relationship(lazy="raise")
    invitations: Mapped[list[CallInvitation]] = relationship(back_populates="call", lazy="raise")

    def is_open(self, on: date) -> bool:
        """Say whether applications are taken on that day."""
        return is_open(self.state, self.opens_on, self.closes_on, on)


class CallInvitation(Entity):
    """One organisation invited to a call."""

    __tablename__ = "registry_call_invitation"
    __table_args__ = (sa.UniqueConstraint("call_id", "party_id"),)

    call_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_call.id"), index=True)
    party_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)

    call: Mapped[Call] = relationship(back_populates="invitations", lazy="raise")
    party: Mapped[Party] = relationship(lazy="raise")
