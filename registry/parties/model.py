"""Organisations and what they may act as."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Entity
from registry.parties.rules import Capacity, PartyKind, Standing


class Party(Entity):
    """One organisation, known by its unified social credit code."""

    __tablename__ = "registry_party"
    __table_args__ = (
        sa.CheckConstraint("length(uscc) = 18", name="uscc_length"),
        sa.CheckConstraint("length(name) > 0", name="named"),
        sa.CheckConstraint("standing = 'suspended' OR restore_asked_by IS NULL", name="restore_asked_while_suspended"),
    )

    uscc: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[PartyKind]
    place: Mapped[str] = mapped_column(index=True)  # where it is registered
    standing: Mapped[Standing] = mapped_column(default=Standing.IN_ORDER)
    standing_reason: Mapped[str | None]
    restore_asked_by: Mapped[UUID | None]  # first of the two persons who lift a suspension
    registered_at: Mapped[datetime]
    contact: Mapped[str | None]

    capacities: Mapped[list[PartyCapacity]] = relationship(
        back_populates="party", order_by="PartyCapacity.capacity", lazy="raise"
    )

    @property
    def is_in_order(self) -> bool:
        """Say whether the organisation may act."""
        return self.standing is Standing.IN_ORDER


class PartyCapacity(Entity):
    """What one organisation may act as at one place."""

    __tablename__ = "registry_party_capacity"
    __table_args__ = (
        sa.UniqueConstraint("party_id", "capacity", "place"),
        sa.Index(None, "place", "capacity"),
    )

    party_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    capacity: Mapped[Capacity]
    place: Mapped[str]
    added_at: Mapped[datetime]

    party: Mapped[Party] = relationship(back_populates="capacities", lazy="raise")
