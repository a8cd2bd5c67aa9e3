"""Fees for services to merchants; a new fee is a new row, and the old ones stay."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Entity
from kernel.money import UnitPrice
from pricing.costs.rules import ChargeUnit
from pricing.services.rules import MerchantService


class ServiceFee(Entity):
    """The operator's fee for a service to merchants from a day on: cost plus a small margin (保本微利)."""

    __tablename__ = "pricing_service_fee"
    __table_args__ = (
        sa.UniqueConstraint("agreement_id", "service", "charge_unit", "effective_from"),
        sa.CheckConstraint("price >= 0 AND unit_cost >= 0", name="not_negative"),
        sa.CheckConstraint("margin_max >= 0", name="margin_not_negative"),
        {"info": {"guard": "append_only"}},
    )

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_agreement.id"), index=True)
    operating_institution_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    service: Mapped[MerchantService]
    charge_unit: Mapped[ChargeUnit]
    unit_cost: Mapped[UnitPrice]
    cost_basis: Mapped[str]
    margin_max: Mapped[Decimal]
    price: Mapped[UnitPrice]
    effective_from: Mapped[date]
    published_at: Mapped[datetime]
    set_by: Mapped[UUID]
    sources: Mapped[list[Any]]
