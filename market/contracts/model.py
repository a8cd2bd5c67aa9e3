"""Contracts: a text that never changes and two signatures that are given once."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from market.contracts.rules import ContractType, SealKind, Side, SignatureState, signature_state

CHANGED = (
    "NEW.text <> OLD.text OR NEW.sha256 <> OLD.sha256 OR NEW.order_id <> OLD.order_id OR NEW.number <> OLD.number"
    " OR (OLD.buyer_signed_at IS NOT NULL AND NEW.buyer_signed_at IS DISTINCT FROM OLD.buyer_signed_at)"
    " OR (OLD.seller_signed_at IS NOT NULL AND NEW.seller_signed_at IS DISTINCT FROM OLD.seller_signed_at)"
)


class Contract(Entity):
    """The contract of one order."""

    __tablename__ = "market_contract"
    __table_args__ = (
        sa.CheckConstraint("length(sha256) = 64", name="sha256_hex"),
        sa.CheckConstraint("(buyer_signed_at IS NULL) = (buyer_signed_by IS NULL)", name="buyer_named"),
        sa.CheckConstraint("(seller_signed_at IS NULL) = (seller_signed_by IS NULL)", name="seller_named"),
        {"info": {"rules": [(guards.refuse_update, (
            "market_contract_frozen", "market_contract", CHANGED, "a contract keeps its text and its signatures"))]}},
    )  # fmt: skip

    number: Mapped[str] = mapped_column(unique=True)
    order_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_order.id"), unique=True)
    place: Mapped[str] = mapped_column(index=True)
    buyer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    seller_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    kind: Mapped[ContractType] = mapped_column(default=ContractType.PROVISION)
    text: Mapped[str]
    sha256: Mapped[str]
    drafted_at: Mapped[datetime]
    buyer_signed_at: Mapped[datetime | None]
    buyer_signed_by: Mapped[str | None]
    seller_signed_at: Mapped[datetime | None]
    seller_signed_by: Mapped[str | None]

    @property
    def state(self) -> SignatureState:
        """Who has signed."""
        return signature_state(buyer=self.buyer_signed_at is not None, seller=self.seller_signed_at is not None)


class ContractSeal(Entity):
    """Evidence of the electronic seal under one signature, as the signer or its signing service supplied it.

    The file proves what it proves: this application keeps it and its digest, and does not vouch for the seal.
    """

    __tablename__ = "market_contract_seal"
    __table_args__ = (
        sa.UniqueConstraint("contract_id", "side", "sha256"),
        sa.CheckConstraint("length(statement) > 0", name="stated"),
        sa.CheckConstraint("sealed_at <= attached_at", name="sealed_before_kept"),
        {"info": {"guard": "append_only"}},
    )

    contract_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_contract.id"), index=True)
    side: Mapped[Side]
    kind: Mapped[SealKind]
    sha256: Mapped[str] = mapped_column(sa.ForeignKey("evidence_file.sha256"), index=True)
    file_name: Mapped[str]
    media_type: Mapped[str]
    size_bytes: Mapped[int]
    statement: Mapped[str]  # what signer or service say about the validity of the seal
    service: Mapped[str]  # who provided the seal or the signature
    certificate_serial: Mapped[str]
    sealed_at: Mapped[datetime]  # as stated
    attached_at: Mapped[datetime]
    attached_by: Mapped[str]
    attached_by_id: Mapped[UUID | None]
