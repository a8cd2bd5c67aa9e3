"""Where the operator's platform is, as it was registered each time; and one row per product that keeps its circuit."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, Entity
from market.gateways.rules import Circuit, Health, Terms


class Gateway(Entity):
    """One registration of a platform's address for a product; the newest counts, an inactive one ends the serving."""

    __tablename__ = "market_gateway"
    __table_args__ = (
        sa.UniqueConstraint("product_id", "sequence"),
        sa.CheckConstraint("sequence >= 1", name="sequence_positive"),
        sa.CheckConstraint(
            "seconds_max >= 1 AND bytes_max >= 1 AND failures_max >= 1 AND pause_seconds >= 1", name="terms_positive"
        ),
        {"info": {"guard": "append_only"}},
    )

    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"))
    sequence: Mapped[int]
    is_active: Mapped[bool]
    url: Mapped[str]
    secret_sha256: Mapped[str]  # tells when the application's key, from which the secret is derived, was changed
    seconds_max: Mapped[int]
    bytes_max: Mapped[int]
    failures_max: Mapped[int]
    pause_seconds: Mapped[int]
    registered_at: Mapped[datetime]
    registered_by: Mapped[UUID | None]
    registered_by_name: Mapped[str]

    @property
    def terms(self) -> Terms:
        """How the platform is asked, as the rules read it."""
        return Terms(self.seconds_max, self.bytes_max, self.failures_max, self.pause_seconds)


class GatewayCircuit(Base):
    """Whether the platform of a product is asked; every worker reads and moves this row."""

    __tablename__ = "market_gateway_circuit"
    __table_args__ = (sa.CheckConstraint("failures >= 0", name="not_negative"),)

    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"), primary_key=True)
    state: Mapped[Circuit]
    failures: Mapped[int]
    changed_at: Mapped[datetime]

    @property
    def health(self) -> Health:
        """The state, as the rules read it."""
        return Health(self.state, self.failures, self.changed_at)
