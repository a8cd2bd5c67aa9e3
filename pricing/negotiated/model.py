"""Tables of the negotiated prices: what may be negotiated, each negotiation, and every word that was said."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from kernel.money import UnitPrice
from pricing.costs.rules import ChargeUnit
from pricing.negotiated.rules import NegotiationAct, NegotiationState, Side
from pricing.tariffs.rules import Regime, TariffModel

CLOSED = "('accepted', 'declined', 'withdrawn')"


class NegotiableProduct(Entity):
    """The seller's publication that the price of a product can be negotiated, and under which rule (SEP-03)."""

    __tablename__ = "pricing_negotiable"
    __table_args__ = (
        sa.UniqueConstraint("product_id", "since"),
        sa.CheckConstraint("length(rule) > 0", name="rule_is_written"),
        {"info": {"guard": "append_only"}},
    )

    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"), index=True)
    rule: Mapped[str]  # who can negotiate, about what, within which bounds; or why that ends
    is_open: Mapped[bool]  # False: from that day on nothing is negotiated any more
    since: Mapped[date]
    set_by: Mapped[UUID]
    set_at: Mapped[datetime]


class Negotiation(Entity):
    """One negotiation of a seller with one buyer; its terms are those of the last round."""

    __tablename__ = "pricing_negotiation"
    __table_args__ = (
        sa.CheckConstraint("state <> 'expired'", name="time_is_never_stored"),
        sa.CheckConstraint(f"(state IN {CLOSED}) = (closed_at IS NOT NULL)", name="closed_when_ended"),
        sa.CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name="closed_by_somebody"),
        sa.CheckConstraint("valid_from <= valid_until AND answer_by <= valid_until", name="runs_forward"),
        sa.CheckConstraint("length(rule) > 0", name="names_its_rule"),
        sa.CheckConstraint("seller_id <> buyer_id", name="two_sides"),
        {
            "info": {
                "rules": [
                    (
                        guards.refuse_update,
                        (
                            "pricing_negotiation_closed",
                            "pricing_negotiation",
                            f"OLD.state IN {CLOSED}",
                            "a negotiation that has ended is never changed",
                        ),
                    ),
                    (
                        guards.refuse_delete,
                        (
                            "pricing_negotiation_kept",
                            "pricing_negotiation",
                            "OLD.id IS NOT NULL",
                            "a negotiation is never deleted",
                        ),
                    ),
                ]
            }
        },
    )

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"), index=True)
    seller_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    buyer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    tariff_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pricing_tariff.id"), index=True)  # the list price then
    regime: Mapped[Regime]
    charge_unit: Mapped[ChargeUnit]
    subject_kind: Mapped[str | None]
    model: Mapped[dict[str, Any]]
    unit_price_max: Mapped[UnitPrice]
    valid_from: Mapped[date]
    valid_until: Mapped[date]  # last day
    answer_by: Mapped[date]  # last day for an answer
    rule: Mapped[str]  # the published rule by which the price differs
    state: Mapped[NegotiationState] = mapped_column(default=NegotiationState.OFFERED)
    opened_at: Mapped[datetime]
    closed_by: Mapped[UUID | None]
    closed_at: Mapped[datetime | None]

    def tariff_model(self) -> TariffModel:
        """Return the way of charging with its numbers."""
        return TariffModel.from_dict(self.model)


class NegotiationRound(Entity):
    """One word in a negotiation, kept as it was said."""

    __tablename__ = "pricing_negotiation_round"
    __table_args__ = (sa.UniqueConstraint("negotiation_id", "position"), {"info": {"guard": "append_only"}})

    negotiation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pricing_negotiation.id"), index=True)
    position: Mapped[int]
    side: Mapped[Side]
    act: Mapped[NegotiationAct | None]  # None: the opening offer
    model: Mapped[dict[str, Any]]
    valid_from: Mapped[date]
    valid_until: Mapped[date]
    answer_by: Mapped[date]
    note: Mapped[str]
    said_by: Mapped[UUID]
    said_at: Mapped[datetime]
