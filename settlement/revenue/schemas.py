"""What the routes of revenue show."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, SignedMoneyField
from kernel.http import page_of


class RevenueLineOut(EntityOut):
    """What one entitlement earned in one sealed period."""

    place = ma.fields.String()
    run_id = ma.fields.UUID()
    order_id = ma.fields.UUID()
    product_id = ma.fields.UUID()
    use_class = ma.fields.String()
    quantity = ma.fields.Integer()
    billable = ma.fields.Integer()
    gross = SignedMoneyField()
    tax = SignedMoneyField()
    net = SignedMoneyField()
    shadow = SignedMoneyField()
    rating = ma.fields.Dict()


RevenueLinePageOut = page_of(RevenueLineOut)
