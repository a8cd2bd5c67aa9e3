"""Readings of the running year, one a day and agreement, and the alarms that they raised; both only ever added to."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.calendar import DAY, Period
from kernel.db import Entity
from kernel.money import Money
from pricing.headroom.rules import Accrued

WHOLE_AGREEMENT = "*"


class HeadroomReading(Entity):
    """What an agreement had earned in the running year when it was read; the newest counts."""

    __tablename__ = "pricing_headroom_reading"
    __table_args__ = (
        sa.CheckConstraint("accrued >= 0 AND permitted >= 0", name="not_negative"),
        {"info": {"guard": "append_only"}},
    )

    place: Mapped[str] = mapped_column(index=True)
    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_agreement.id"), index=True)
    year: Mapped[int]
    ceiling_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pricing_ceiling.id"), index=True)
    permitted: Mapped[Money]
    accrued: Mapped[Money]
    until: Mapped[date]  # first day that is not counted
    lines: Mapped[list[Any]]  # from, until (not included), product, title, amount, whether settled
    read_at: Mapped[datetime]

    @property
    def last_day(self) -> date:
        """The last day that is counted."""
        return self.until - DAY

    def earned(self, product: str = "") -> list[Accrued]:
        """Return the stored lines of one product, or of all."""
        return [
            Accrued(
                Period(date.fromisoformat(line["from"]), date.fromisoformat(line["until"])), line["product"],
                Money.yuan(line["amount"]),
            )
            for line in self.lines
            if product in ("", line["product"])
        ]  # fmt: skip


class HeadroomAlarm(Entity):
    """A share of a limit was reached: told once for each agreement or product, year and share."""

    __tablename__ = "pricing_headroom_alarm"
    __table_args__ = (
        sa.UniqueConstraint("agreement_id", "year", "scope", "share"),
        sa.CheckConstraint("share > 0", name="share_positive"),
        {"info": {"guard": "append_only"}},
    )

    place: Mapped[str] = mapped_column(index=True)
    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_agreement.id"), index=True)
    reading_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pricing_headroom_reading.id"), index=True)
    year: Mapped[int]
    scope: Mapped[str]  # code of a product, or "*" for all of the agreement
    share: Mapped[Decimal]
    accrued: Mapped[Money]
    limit_amount: Mapped[Money]
    sources: Mapped[list[Any]]  # the rule that names the share
    raised_at: Mapped[datetime]
