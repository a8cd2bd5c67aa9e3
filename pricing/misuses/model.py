"""Tables of misuse: what was found, what the grantee says, and the claim day by day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from kernel.money import Money
from pricing.exemptions.rules import Purpose
from pricing.misuses.rules import MisuseState

FACTS = ("number", "exemption_id", "from_date", "until_date", "actual_purpose", "reason", "evidence_sha256",
         "hearing_until", "recorded_by", "recorded_at")  # fmt: skip
CHANGED = " OR ".join(f"NEW.{name} <> OLD.{name}" for name in FACTS)
DECIDED = " OR ".join(f"NEW.{name} <> OLD.{name}" for name in ("decided_by", "decided_at", "amount", "sha256"))
FINAL = f"OLD.state IN ('dismissed', 'settled') OR (OLD.decided_at IS NOT NULL AND ({DECIDED}))"


class Misuse(Entity):
    """Use of a free product for industry, on the days from ``from_date`` to ``until_date``, both included."""

    __tablename__ = "pricing_misuse"
    __table_args__ = (
        sa.CheckConstraint("from_date <= until_date", name="days_run_forward"),
        sa.CheckConstraint("actual_purpose IN ('industry_development', 'sector_development')", name="charged_use"),
        sa.CheckConstraint("(decided_at IS NULL) = (state IN ('recorded', 'heard'))", name="decided_when_closed"),
        sa.CheckConstraint("(decided_at IS NULL) = (decided_by IS NULL)", name="decided_by_somebody"),
        sa.CheckConstraint("decided_by IS NULL OR decided_by <> recorded_by", name="two_persons"),
        sa.CheckConstraint("(amount IS NOT NULL) = (state IN ('claimed', 'settled'))", name="claimed_with_amount"),
        sa.CheckConstraint("(amount IS NULL) = (sha256 IS NULL)", name="amount_with_digest"),
        sa.CheckConstraint("amount IS NULL OR amount >= 0", name="not_negative"),
        sa.CheckConstraint("(payment_reference IS NOT NULL) = (state = 'settled')", name="settled_by_payment"),
        sa.CheckConstraint("(payment_reference IS NULL) = (settled_at IS NULL)", name="settled_at_known"),
        {"info": {"rules": [(guards.refuse_update, (
            "pricing_misuse_final", "pricing_misuse", f"{CHANGED} OR {FINAL}",
            "what was recorded is not changed, and a claim is fixed"))]}},
    )  # fmt: skip

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    exemption_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pricing_exemption.id"), index=True)
    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"), index=True)
    grantee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    from_date: Mapped[date]
    until_date: Mapped[date]  # last day
    actual_purpose: Mapped[Purpose]
    reason: Mapped[str]
    evidence_sha256: Mapped[str] = mapped_column(sa.ForeignKey("evidence_file.sha256"), index=True)
    hearing_until: Mapped[date]  # last day on which the grantee may state its view
    state: Mapped[MisuseState] = mapped_column(default=MisuseState.RECORDED, index=True)
    recorded_by: Mapped[UUID]
    recorded_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    decided_reason: Mapped[str | None]
    amount: Mapped[Money | None]
    sha256: Mapped[str | None]  # over the claim and its lines
    explanation: Mapped[dict[str, Any] | None]
    payment_reference: Mapped[str | None]
    paid_on: Mapped[date | None]
    settled_by: Mapped[UUID | None]
    settled_at: Mapped[datetime | None]


class MisuseStatement(Entity):
    """What the grantee says to it; never changed."""

    __tablename__ = "pricing_misuse_statement"
    __table_args__ = (sa.CheckConstraint("length(text) > 0", name="said"), {"info": {"guard": "append_only"}})

    misuse_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pricing_misuse.id"), index=True)
    text: Mapped[str]
    evidence_sha256: Mapped[str | None] = mapped_column(sa.ForeignKey("evidence_file.sha256"), index=True)
    stated_by: Mapped[UUID]
    stated_by_name: Mapped[str]
    stated_at: Mapped[datetime]


class MisuseLine(Entity):
    """What one day costs for one kind of subject, by the price of that very day; a day is claimed once."""

    __tablename__ = "pricing_misuse_line"
    __table_args__ = (
        sa.UniqueConstraint("misuse_id", "position"),
        sa.UniqueConstraint("exemption_id", "day", "scope"),
        sa.CheckConstraint("scope = coalesce(subject_kind, '*')", name="scope_names_kind"),
        {"info": {"guard": "append_only"}},
    )

    misuse_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pricing_misuse.id"))
    exemption_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pricing_exemption.id"))
    position: Mapped[int]
    day: Mapped[date]
    subject_kind: Mapped[str | None]
    scope: Mapped[str]  # the kind, "*" for none; lets the unique constraint see it
    units: Mapped[str]  # exact, as a decimal or a fraction
    tariff_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pricing_tariff.id"), index=True)
    tariff_number: Mapped[str]
    amount: Mapped[Money]  # what the day adds; below zero where a lower band is reached for all units
    explanation: Mapped[dict[str, Any]]
