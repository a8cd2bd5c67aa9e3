"""Breaks and everything that happened to them: nothing is taken back, nothing closes by itself."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from kernel.money import Money
from settlement.breaks.rules import BreakAct, BreakState, Owner, Resolution
from settlement.matching.rules import Flow, Kind, Side

CHANGED = (
    "NEW.number <> OLD.number OR NEW.fingerprint <> OLD.fingerprint OR NEW.kind <> OLD.kind OR NEW.place <> OLD.place"
    " OR NEW.reference <> OLD.reference OR NEW.found_at <> OLD.found_at"
)
# the last word on a break is a confirmation by somebody else than who proposed, of exactly what was proposed
CLOSED_ALONE = (
    "NEW.state = 'closed' AND OLD.state <> 'closed' AND NOT EXISTS (SELECT 1 FROM settlement_break_step AS c"
    " JOIN settlement_break_step AS p ON p.id = c.answers_id WHERE c.break_id = NEW.id AND c.act = 'confirm'"
    " AND p.act = 'propose' AND c.actor_id <> p.actor_id AND c.sha256 = p.sha256)"
)


class Break(Entity):
    """One disagreement between the sides; ``facts`` is what they said when it was seen last."""

    __tablename__ = "settlement_break"
    __table_args__ = (
        sa.UniqueConstraint("place", "fingerprint"),
        sa.CheckConstraint("difference >= 0", name="difference_not_negative"),
        sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_at_known"),
        {"info": {"rules": [
            (guards.refuse_update, ("settlement_break_frozen", "settlement_break", CHANGED,
                                    "a break stays what it was found as")),
            (guards.refuse_update, ("settlement_break_two_people", "settlement_break", CLOSED_ALONE,
                                    "a break is closed by a second person")),
            (guards.refuse_delete, ("settlement_break_kept", "settlement_break", "OLD.id = OLD.id",
                                    "a break is kept")),
        ]}},
    )  # fmt: skip

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    fingerprint: Mapped[str]
    kind: Mapped[Kind] = mapped_column(index=True)
    side: Mapped[Side | None]
    flow: Mapped[Flow]
    reference: Mapped[str] = mapped_column(index=True)
    order_number: Mapped[str]
    difference: Mapped[Money]
    since: Mapped[date] = mapped_column(index=True)  # business day of the oldest item in it
    facts: Mapped[list[Any]]
    facts_sha256: Mapped[str]
    owner: Mapped[Owner] = mapped_column(index=True)
    state: Mapped[BreakState] = mapped_column(default=BreakState.OPEN, index=True)
    found_at: Mapped[datetime]
    run_number: Mapped[str]  # in which it was found first
    assigned_to: Mapped[UUID | None]
    assigned_name: Mapped[str] = mapped_column(default="")
    healed_at: Mapped[datetime | None]
    healed_by_run: Mapped[str] = mapped_column(default="")
    closed_at: Mapped[datetime | None]


class BreakStep(Entity):
    """One thing that happened to a break."""

    __tablename__ = "settlement_break_step"
    __table_args__ = (
        sa.UniqueConstraint("break_id", "position"),
        sa.CheckConstraint("(answers_id IS NOT NULL) = (act IN ('confirm', 'reject'))", name="answers_a_proposal"),
        {"info": {"guard": "append_only"}},
    )

    break_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_break.id"), index=True)
    position: Mapped[int]
    act: Mapped[BreakAct]
    state: Mapped[BreakState]  # afterwards
    note: Mapped[str]
    resolution: Mapped[Resolution | None]
    sha256: Mapped[str]  # of what was proposed, or of the facts that a run saw
    answers_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("settlement_break_step.id"), unique=True)
    run_number: Mapped[str]
    facts: Mapped[list[Any]]  # the lines that came late, or the facts as they are now
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str]
    at: Mapped[datetime]
