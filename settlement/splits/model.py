"""Share schedules with their signatures, and the lines by which a period's revenue was divided."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from kernel.money import Money
from settlement.revenue.model import RUN_IS_SEALED
from settlement.splits.rules import PayeeKind, PayeeReason, ScheduleState

FROZEN = ("number", "place", "agreement_id", "scope", "version_number", "valid_from", "clause", "made_at")
CHANGED = (
    "OLD.state = 'signed' OR COALESCE(CAST(NEW.valid_until AS TEXT), '') <> COALESCE(CAST(OLD.valid_until AS TEXT), '')"
    " OR CAST(NEW.non_money AS TEXT) <> CAST(OLD.non_money AS TEXT)"
    " OR CAST(NEW.steps AS TEXT) <> CAST(OLD.steps AS TEXT)"
    " OR CAST(NEW.parties AS TEXT) <> CAST(OLD.parties AS TEXT)"
    " OR " + " OR ".join(f"NEW.{name} <> OLD.{name}" for name in FROZEN)
)
PAID_TO_ITSELF = (
    "NEW.payee_kind = 'own_account' AND EXISTS (SELECT 1 FROM registry_party AS p "
    "WHERE p.id = NEW.party_id AND p.kind = 'administrative_unit')"
)


class ShareSchedule(Entity):
    """A version of the distribution agreed for an agreement, or for one product under it (分配方案)."""

    __tablename__ = "settlement_share_schedule"
    __table_args__ = (
        sa.UniqueConstraint("agreement_id", "scope", "version_number"),
        sa.CheckConstraint("version_number >= 1", name="version_from_one"),
        sa.CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", name="ends_after_start"),
        sa.CheckConstraint("(state = 'signed') = (signed_at IS NOT NULL)", name="signed_at_known"),
        {"info": {"rules": [(guards.refuse_update, (
            "settlement_share_schedule_frozen", "settlement_share_schedule", CHANGED,
            "a schedule keeps what was agreed: draw up a new version"))]}},
    )  # fmt: skip

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_agreement.id"))
    product_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_product.id"), index=True)
    scope: Mapped[str]  # code of the product, or "*": lets the unique constraint see the absent one
    version_number: Mapped[int]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]  # last day of order that it divides; None while no end is agreed
    clause: Mapped[str] = mapped_column(default="", server_default="")  # of the agreement that it carries out
    steps: Mapped[list[Any]]
    non_money: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")  # equity, IP share, services
    parties: Mapped[list[Any]]  # credit codes of everybody named in the steps: all of them sign
    state: Mapped[ScheduleState] = mapped_column(default=ScheduleState.DRAFT)
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    made_by_id: Mapped[UUID | None]  # the account, where one drew it up; whoever is behind it does not sign
    signed_at: Mapped[datetime | None]


class ScheduleSignature(Entity):
    """The signature of one party under one schedule."""

    __tablename__ = "settlement_schedule_signature"
    __table_args__ = (sa.UniqueConstraint("schedule_id", "party_id"), {"info": {"guard": "append_only"}})

    schedule_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_share_schedule.id"))
    party_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    account: Mapped[str]
    account_id: Mapped[UUID | None]
    steps_sha256: Mapped[str]
    content_sha256: Mapped[str | None]  # over everything that was agreed, days and lines without money included
    signed_at: Mapped[datetime]


class OrderTerms(Entity):
    """The schedule that divides one order, frozen: what is signed later changes no order that was placed before."""

    __tablename__ = "settlement_order_terms"
    __table_args__ = ({"info": {"guard": "append_only"}},)

    order_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_order.id"), unique=True)
    schedule_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_share_schedule.id"), index=True)
    place: Mapped[str] = mapped_column(index=True)
    content_sha256: Mapped[str]
    frozen_at: Mapped[datetime]


class ShareLine(Entity):
    """What one party receives of one line of revenue by one step, and on which account (REV-05)."""

    __tablename__ = "settlement_share_line"
    __table_args__ = (
        sa.UniqueConstraint("revenue_line_id", "step", "party_id"),
        sa.CheckConstraint("amount >= 0 AND step >= 1", name="not_negative"),
        sa.CheckConstraint(
            "(payee_kind = 'held') = (reason_code IN ('PAYEE_RULE_MISSING', 'CONTRIBUTION_OBJECTED'))",
            name="held_for_a_reason",
        ),
        {"info": {"guard": "append_only", "rules": [
            (guards.refuse_insert, (
                "settlement_share_line_closed", "settlement_share_line", RUN_IS_SEALED, "the period is sealed")),
            (guards.refuse_insert, (
                "settlement_share_line_payee", "settlement_share_line", PAID_TO_ITSELF,
                "income of an administrative unit goes to the treasury (REV-05)")),
        ]}},
    )  # fmt: skip

    run_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_run.id"), index=True)
    revenue_line_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_revenue_line.id"))
    schedule_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_share_schedule.id"), index=True)
    party_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    step: Mapped[int]
    amount: Mapped[Money]
    payee_kind: Mapped[PayeeKind]
    reason_code: Mapped[PayeeReason]
    rule: Mapped[dict[str, Any]]
