"""Proposals about payouts of unknown fate; what was proposed never changes, and is decided once by a second person."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from market.payments.rules import Answer
from settlement.resolutions.rules import Fate, ResolutionState

SAID = ("place", "payout_id", "fate", "bank_line", "provider_reference", "words", "proposed_at", "proposed_by_id")
CHANGED = (
    "(OLD.state <> 'proposed' AND (NEW.state <> OLD.state OR NEW.decided_by_id IS DISTINCT FROM OLD.decided_by_id))"
    " OR NEW.file_sha256 IS DISTINCT FROM OLD.file_sha256 OR "
    + " OR ".join(f"NEW.{name} <> OLD.{name}" for name in SAID)
)  # fmt: skip


class PayoutResolution(Entity):
    """One proposal about one payout."""

    __tablename__ = "settlement_payout_resolution"
    __table_args__ = (
        sa.Index(
            "uq_settlement_payout_resolution_proposed", "payout_id", unique=True,
            sqlite_where=sa.text("state = 'proposed'"), postgresql_where=sa.text("state = 'proposed'"),
        ),
        sa.CheckConstraint("(state = 'proposed') = (decided_at IS NULL)", name="decided_at_known"),
        sa.CheckConstraint("state IN ('proposed', 'withdrawn') OR decided_by_id IS NOT NULL", name="decided_by_known"),
        sa.CheckConstraint("decided_by_id IS NULL OR state = 'withdrawn' OR decided_by_id <> proposed_by_id",
                           name="two_persons"),
        sa.CheckConstraint(
            "fate = 'sent_again' OR (file_sha256 IS NOT NULL AND (bank_line <> '' OR provider_reference <> ''))",
            name="shown"),
        {"info": {"rules": [
            (guards.refuse_update, ("settlement_payout_resolution_final", "settlement_payout_resolution", CHANGED,
                                    "a proposal stays as it was made and is decided once")),
            (guards.refuse_delete, ("settlement_payout_resolution_kept", "settlement_payout_resolution",
                                    "OLD.id = OLD.id", "a proposal is kept")),
        ]}},
    )  # fmt: skip

    place: Mapped[str] = mapped_column(index=True)
    payout_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_payout.id"), index=True)
    fate: Mapped[Fate]
    bank_line: Mapped[str] = mapped_column(default="")
    provider_reference: Mapped[str] = mapped_column(default="")
    file_sha256: Mapped[str | None] = mapped_column(sa.ForeignKey("evidence_file.sha256"))
    words: Mapped[str]
    state: Mapped[ResolutionState] = mapped_column(default=ResolutionState.PROPOSED, index=True)
    proposed_at: Mapped[datetime]
    proposed_by: Mapped[str]
    proposed_by_id: Mapped[UUID]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decided_by_id: Mapped[UUID | None]
    decided_words: Mapped[str] = mapped_column(default="")
    heard: Mapped[Answer | None]  # what the provider said afterwards
    heard_at: Mapped[datetime | None]
    contradicted_at: Mapped[datetime | None]  # then a break of the reconciliation is open
