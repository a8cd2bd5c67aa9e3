"""Organisations and what they may act as."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Entity
from registry.parties.rules import Capacity, CreditKind, LegalForm, PartyKind, Standing, legal_form


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

    @property
    def legal_form(self) -> LegalForm:
        """Say whether it is a legal person."""
        return legal_form(self.kind)


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


class PartyName(Entity):
    """A name under which an organisation is or was registered, in the one spelling by which names are compared."""

    __tablename__ = "registry_party_name"
    __table_args__ = (
        sa.UniqueConstraint("party_id", "name_key"),
        sa.CheckConstraint("length(name_key) > 0", name="named"),
        {"info": {"guard": "append_only"}},
    )

    party_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    name_key: Mapped[str] = mapped_column(index=True)
    noted_at: Mapped[datetime]


class CreditRecord(Entity):
    """One entry of the credit file (信用记录) of an organisation; a later entry may clear it, none is changed."""

    __tablename__ = "registry_credit_record"
    __table_args__ = (
        sa.UniqueConstraint("clears_id"),
        sa.CheckConstraint("(kind = 'cleared') = (clears_id IS NOT NULL)", name="clears_one"),
        sa.CheckConstraint("length(fact) > 0 AND length(document) > 0", name="documented"),
        {"info": {"guard": "append_only"}},
    )

    party_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    kind: Mapped[CreditKind]
    fact: Mapped[str]
    document: Mapped[str]  # number of the decision
    from_date: Mapped[date]
    clears_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_credit_record.id"))
    recorded_by: Mapped[UUID | None]
    recorded_by_name: Mapped[str]
    recorded_at: Mapped[datetime]
