"""What was charged or paid; a row is never changed, a correction is a row of its own."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Entity
from kernel.money import Money
from pricing.charges.rules import ChargeKind
from registry.parties.model import Party


class Charge(Entity):
    """One charge borne by the operating institution in one month, or the reversal of one."""

    __tablename__ = "pricing_charge"
    __table_args__ = (
        sa.CheckConstraint("(amount > 0) = (corrects_id IS NULL)", name="only_a_correction_is_negative"),
        sa.CheckConstraint("amount <> 0", name="amount_not_zero"),
        sa.CheckConstraint("(corrects_id IS NULL) = (reason IS NULL)", name="corrected_with_reason"),
        sa.CheckConstraint("(quantity IS NULL) = (unit IS NULL)", name="quantity_with_unit"),
        sa.CheckConstraint("corrects_id IS NOT NULL OR evidence_sha256 IS NOT NULL", name="recorded_with_evidence"),
        sa.CheckConstraint("length(month) = 7", name="month_is_a_month"),
        {"info": {"guard": "append_only"}},
    )

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_agreement.id"), index=True)
    operating_institution_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    payee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    year: Mapped[int]
    month: Mapped[str]  # 2026-10, the month in which the cost arose
    kind: Mapped[ChargeKind]
    amount: Mapped[Money]
    quantity: Mapped[Decimal | None]
    unit: Mapped[str | None]
    note: Mapped[str] = mapped_column(default="")
    in_cost_base: Mapped[bool]  # counts in the operating cost, and is then not deducted from revenue again
    evidence_sha256: Mapped[str | None] = mapped_column(sa.ForeignKey("evidence_file.sha256"), index=True)
    corrects_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("pricing_charge.id"), unique=True)
    reason: Mapped[str | None]  # of a correction
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[UUID]
    sources: Mapped[list[Any]]  # the rule by which the operator bears it

    payee: Mapped[Party] = relationship(foreign_keys=payee_id, lazy="raise")
