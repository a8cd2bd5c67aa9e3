"""Lines of revenue, written when a period is sealed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from kernel.money import Money
from settlement.revenue.rules import UseClass

RUN_IS_SEALED = "EXISTS (SELECT 1 FROM settlement_run AS r WHERE r.id = NEW.run_id AND r.state = 'sealed')"


class RevenueLine(Entity):
    """What one entitlement earned in one period."""

    __tablename__ = "settlement_revenue_line"
    __table_args__ = (
        sa.UniqueConstraint("run_id", "entitlement_id"),
        sa.UniqueConstraint("entitlement_id", "sequence"),
        sa.CheckConstraint("sequence > 0 AND late >= 0", name="counted_from_one"),
        sa.CheckConstraint("quantity >= 0 AND billable >= 0", name="counts_not_negative"),
        sa.CheckConstraint("gross >= 0 AND tax >= 0 AND net >= 0 AND shadow >= 0", name="not_negative"),
        sa.CheckConstraint("gross = net + tax", name="tax_is_part_of_gross"),
        sa.CheckConstraint("use_class = 'industry' OR gross = 0", name="public_interest_is_free"),
        {"info": {"guard": "append_only", "rules": [(guards.refuse_insert, (
            "settlement_revenue_line_closed", "settlement_revenue_line", RUN_IS_SEALED, "the period is sealed"))]}},
    )  # fmt: skip

    run_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_run.id"))
    entitlement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_entitlement.id"), index=True)
    order_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_order.id"), index=True)
    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"), index=True)
    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_agreement.id"), index=True)
    place: Mapped[str] = mapped_column(index=True)
    use_class: Mapped[UseClass]
    quantity: Mapped[int]  # units used in the period, late events included
    billable: Mapped[int]  # of these, the ones that are charged
    gross: Mapped[Money]
    tax: Mapped[Money]
    net: Mapped[Money]
    shadow: Mapped[Money]  # what the tariff would have asked of free use
    rating: Mapped[dict[str, Any]]
    # the claim: the n-th taking of an entitlement; two settlements that would take the same one collide here
    sequence: Mapped[int | None]
    continues_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("settlement_revenue_line.id"))  # the taking before
    late: Mapped[int | None]  # units used in a period that was sealed before they came in
