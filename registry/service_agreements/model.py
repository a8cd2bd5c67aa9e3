"""Standard texts, service agreements and their signatures."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel import guards
from kernel.db import Entity
from registry.agreements.model import Agreement
from registry.parties.model import Party
from registry.service_agreements.rules import ServiceState, TextKind, is_in_force

SIGNED_TERMS = " OR ".join(
    f"OLD.{column} <> NEW.{column}"
    for column in ("agreement_id", "partner_id", "operating_institution_id", "text_id", "start_date", "end_date",
                   "particulars", "content_sha256")
)  # fmt: skip


class StandardText(Entity):
    """A standard text (格式文本) of a place; a newer one stands beside it, none is changed."""

    __tablename__ = "registry_standard_text"
    __table_args__ = (
        sa.CheckConstraint("length(sha256) = 64", name="hashed"),
        {"info": {"guard": "append_only"}},
    )

    place: Mapped[str] = mapped_column(index=True)
    kind: Mapped[TextKind]
    title: Mapped[str]
    sha256: Mapped[str] = mapped_column(sa.ForeignKey("evidence_file.sha256"))
    published_at: Mapped[datetime]
    published_by: Mapped[UUID | None]
    publisher_name: Mapped[str]


class ServiceAgreement(Entity):
    """One service agreement between the operating institution of an authorization and a data merchant."""

    __tablename__ = "registry_service_agreement"
    __table_args__ = (
        sa.CheckConstraint("start_date < end_date", name="term_ordered"),
        sa.CheckConstraint("partner_id <> operating_institution_id", name="two_parties"),
        sa.CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name="ended_when_ended"),
        sa.CheckConstraint("(state IN ('signed', 'ended')) = (signed_at IS NOT NULL)", name="signed_by_both"),
        sa.Index("ix_registry_service_agreement_gate", "agreement_id", "partner_id", "state"),
        {
            "info": {
                "rules": [
                    (
                        guards.refuse_update,
                        (
                            "registry_service_agreement_is_fixed",
                            "registry_service_agreement",
                            f"OLD.state <> 'draft' AND ({SIGNED_TERMS})",
                            "a service agreement that somebody signed is not changed: sign a new one",
                        ),
                    )
                ]
            }
        },
    )

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_agreement.id"))
    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    operating_institution_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    text_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_standard_text.id"))
    particulars: Mapped[str]  # what is agreed beyond the standard text
    start_date: Mapped[date]
    end_date: Mapped[date]  # first day that is not covered any more
    content_sha256: Mapped[str]  # of everything that is signed
    state: Mapped[ServiceState] = mapped_column(default=ServiceState.DRAFT)
    drafted_at: Mapped[datetime]
    signed_at: Mapped[datetime | None]  # by the second side
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]

    agreement: Mapped[Agreement] = relationship(lazy="raise")
    partner: Mapped[Party] = relationship(foreign_keys=[partner_id], lazy="raise")
    operating_institution: Mapped[Party] = relationship(foreign_keys=[operating_institution_id], lazy="raise")
    text: Mapped[StandardText] = relationship(lazy="raise")
    signatures: Mapped[list[ServiceSignature]] = relationship(order_by="ServiceSignature.id", lazy="raise")

    def in_force(self, on: date) -> bool:
        """Say whether the service agreement holds on that day; time alone closes it."""
        return is_in_force(self.state, self.start_date, self.end_date, on)


class ServiceSignature(Entity):
    """One side's signature under exactly this content; never changed."""

    __tablename__ = "registry_service_signature"
    __table_args__ = (
        sa.UniqueConstraint("service_agreement_id", "party_id"),
        {"info": {"guard": "append_only"}},
    )

    service_agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_service_agreement.id"))
    party_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"))
    content_sha256: Mapped[str]
    signed_at: Mapped[datetime]
    signed_by: Mapped[UUID]
    signer_name: Mapped[str]
