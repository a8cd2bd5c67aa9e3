"""Tables of invoices: what was asked for never changes, and what the tax system issued is final."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from kernel.money import Money
from market.invoices.rules import InvoiceKind, InvoiceState, InvoiceType, Parts, TaxpayerKind

FACTS = ("number", "kind", "type", "title", "tax_number", "gross", "net", "tax", "rate", "requested_at")
CHANGED = " OR ".join(f"NEW.{name} <> OLD.{name}" for name in FACTS)
CHANGED += " OR NEW.order_id IS DISTINCT FROM OLD.order_id OR NEW.month IS DISTINCT FROM OLD.month"
IS_STANDING = sa.text("released_at IS NULL")
LINE_CHANGED = " OR ".join(f"NEW.{name} <> OLD.{name}" for name in ("invoice_id", "order_id", "gross", "net", "tax"))


class Taxpayer(Entity):
    """What a seller stated about how it is taxed, from a day on; a change is a new row."""

    __tablename__ = "market_taxpayer"
    __table_args__ = (sa.UniqueConstraint("party_id", "from_date"), {"info": {"guard": "append_only"}})

    party_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"))
    kind: Mapped[TaxpayerKind]
    from_date: Mapped[date]
    stated_by: Mapped[UUID | None]
    stated_by_name: Mapped[str]
    stated_at: Mapped[datetime]


class Invoice(Entity):
    """One invoice: asked for by the buyer, issued by the seller in the tax system (开票申请)."""

    __tablename__ = "market_invoice"
    __table_args__ = (
        sa.CheckConstraint("(order_id IS NULL) = (month IS NOT NULL)", name="of_an_order_or_a_month"),
        sa.CheckConstraint("gross = net + tax", name="parts_add_up"),
        sa.CheckConstraint("(kind = 'blue' AND gross > 0 AND net >= 0 AND tax >= 0)"
                           " OR (kind = 'red' AND gross < 0 AND net <= 0 AND tax <= 0)", name="signed_by_kind"),
        sa.CheckConstraint("(kind = 'red') = (original_id IS NOT NULL)", name="red_has_original"),
        sa.CheckConstraint("(kind = 'red') = (reason IS NOT NULL)", name="red_says_why"),
        sa.CheckConstraint("length(tax_number) = 18 AND length(title) > 0", name="buyer_named"),
        sa.CheckConstraint("(state = 'issued') = (tax_system_number IS NOT NULL)", name="issued_with_number"),
        sa.CheckConstraint("(tax_system_number IS NULL) = (issued_date IS NULL)", name="number_with_date"),
        sa.CheckConstraint("(state = 'refused') = (refused_reason IS NOT NULL)", name="refused_with_reason"),
        sa.CheckConstraint("(state = 'requested') = (ended_at IS NULL)", name="ended_when_over"),
        {"info": {"rules": [(guards.refuse_update, (
            "market_invoice_frozen", "market_invoice", f"OLD.state <> 'requested' OR {CHANGED}",
            "an invoice is taken back by a red letter, never changed"))]}},
    )  # fmt: skip

    number: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[InvoiceKind] = mapped_column(default=InvoiceKind.BLUE)
    type: Mapped[InvoiceType]
    place: Mapped[str] = mapped_column(index=True)
    order_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("market_order.id"), index=True)
    month: Mapped[date | None]  # first day, where it is about several orders (月结)
    original_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("market_invoice.id"), index=True)
    seller_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    buyer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    title: Mapped[str]
    tax_number: Mapped[str]
    address: Mapped[str | None]  # and telephone
    bank: Mapped[str | None]  # and account
    gross: Mapped[Money]
    net: Mapped[Money]
    tax: Mapped[Money]
    rate: Mapped[Decimal]
    rate_source: Mapped[dict[str, Any]]
    reason: Mapped[str | None]  # why it is taken back
    state: Mapped[InvoiceState] = mapped_column(default=InvoiceState.REQUESTED, index=True)
    requested_by: Mapped[UUID | None]
    requested_at: Mapped[datetime]
    tax_system_number: Mapped[str | None] = mapped_column(unique=True)
    issued_date: Mapped[date | None]
    refused_reason: Mapped[str | None]
    ended_by: Mapped[UUID | None]
    ended_at: Mapped[datetime | None]  # when the seller said that it is issued, or refused

    @property
    def parts(self) -> Parts:
        """What it is about, as the rules read it."""
        return Parts(self.gross, self.net, self.tax)


class InvoiceLine(Entity):
    """What of a first invoice is about one order; given free again where the request is sent back."""

    __tablename__ = "market_invoice_line"
    __table_args__ = (
        sa.UniqueConstraint("invoice_id", "order_id"),
        sa.Index("uq_market_invoice_of_order", "order_id", unique=True, sqlite_where=IS_STANDING,
                 postgresql_where=IS_STANDING),
        sa.CheckConstraint("gross = net + tax AND gross > 0 AND net >= 0 AND tax >= 0", name="parts_add_up"),
        {"info": {"rules": [
            (guards.refuse_update, (
                "market_invoice_line_kept", "market_invoice_line", f"OLD.released_at IS NOT NULL OR {LINE_CHANGED}",
                "a line of an invoice is not changed")),
            (guards.refuse_delete, (
                "market_invoice_line_stays", "market_invoice_line", "OLD.id = OLD.id",
                "a line of an invoice is kept")),
        ]}},
    )  # fmt: skip

    invoice_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_invoice.id"))
    order_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_order.id"))
    gross: Mapped[Money]
    net: Mapped[Money]
    tax: Mapped[Money]
    released_at: Mapped[datetime | None]

    @property
    def parts(self) -> Parts:
        """What it is about, as the rules read it."""
        return Parts(self.gross, self.net, self.tax)
