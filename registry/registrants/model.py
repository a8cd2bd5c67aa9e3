"""Tables of co-registrants and of interested parties; append-only, as the application stated them."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Entity
from registry.parties.model import Party
from registry.registrants.rules import ApplicationMode, CorrectionBasis

APPEND_ONLY = {"info": {"guard": "append_only"}}


class CoRegistrant(Entity):
    """Another registrant of the product beside the one that applied."""

    __tablename__ = "registry_co_registrant"
    __table_args__ = (sa.UniqueConstraint("registration_id", "party_id"), APPEND_ONLY)

    registration_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_registration.id"))
    party_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    mode: Mapped[ApplicationMode]
    evidence_sha256: Mapped[str]  # its consent, or the agreement that one of them applies

    party: Mapped[Party] = relationship(lazy="raise")


class InterestedParty(Entity):
    """Who asked for a correction in place of the registrant, and on what basis."""

    __tablename__ = "registry_interested_party"
    __table_args__ = (APPEND_ONLY,)

    registration_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_registration.id"), unique=True)
    party_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    basis: Mapped[CorrectionBasis]
    evidence_sha256: Mapped[str]

    party: Mapped[Party] = relationship(lazy="raise")
