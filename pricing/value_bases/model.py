"""The table of the value bases; a statement is never changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Entity
from pricing.value_bases.rules import ValuationMethod


class ValueBasis(Entity):
    """What the seller states as the application value behind one market price."""

    __tablename__ = "pricing_value_basis"
    __table_args__ = (
        sa.UniqueConstraint("tariff_id"),
        sa.CheckConstraint("length(scenario) > 0 AND length(benefit) > 0", name="is_stated"),
        {"info": {"guard": "append_only"}},
    )

    tariff_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pricing_tariff.id"), index=True)
    scenario: Mapped[str]
    benefit: Mapped[str]  # what the use is worth, in words and figures
    method: Mapped[ValuationMethod]
    comparables: Mapped[list[Any]]  # [{"product", "price", "source"}], yuan as text
    stated_by: Mapped[UUID]
    stated_at: Mapped[datetime]
