"""Reports of the payment provider and their lines, as they were delivered."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Entity
from kernel.money import Money
from settlement.matching.rules import Flow


class ProviderFile(Entity):
    """One report, from a file or through the port: taken as a whole or not at all."""

    __tablename__ = "settlement_provider_file"
    __table_args__ = (sa.UniqueConstraint("place", "sha256"), {"info": {"guard": "append_only"}})

    place: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    sha256: Mapped[str]
    row_count: Mapped[int]
    known: Mapped[int]  # lines that stood in an earlier report
    imported_at: Mapped[datetime]
    imported_by: Mapped[str]


class ProviderLine(Entity):
    """One line: what moved at the provider, its fee, and the payout in which it went to the bank."""

    __tablename__ = "settlement_provider_line"
    __table_args__ = (
        sa.UniqueConstraint("place", "serial"),
        sa.Index("ix_settlement_provider_line_day", "place", "day"),
        {"info": {"guard": "append_only"}},
    )

    place: Mapped[str]
    serial: Mapped[str]  # the provider's own name of the line
    flow: Mapped[Flow]
    reference: Mapped[str] = mapped_column(index=True)
    parent: Mapped[str] = mapped_column(index=True)
    batch: Mapped[str] = mapped_column(index=True)
    own: Mapped[str]  # our own number, as the provider carries it
    amount: Mapped[Money]
    fee: Mapped[Money]
    net: Mapped[Money]
    currency: Mapped[str]
    happened_at: Mapped[datetime]
    day: Mapped[date]
    words: Mapped[str]
    file_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_provider_file.id"), index=True)
    line_number: Mapped[int]


class ProviderBatch(Entity):
    """In which payout a line went to the bank, where the provider told it after the line itself."""

    __tablename__ = "settlement_provider_batch"
    __table_args__ = (sa.UniqueConstraint("place", "serial"), {"info": {"guard": "append_only"}})

    place: Mapped[str]
    serial: Mapped[str]  # of the line
    batch: Mapped[str] = mapped_column(index=True)
    file_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_provider_file.id"), index=True)
