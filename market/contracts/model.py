"""Contracts: a text that never changes and two signatures that are given once."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from market.contracts.rules import ContractType, SignatureState, signature_state

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
