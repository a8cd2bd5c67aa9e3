"""Deliveries as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.http import PageArgs, page_of
from registry.products.rules import DeliveryForm

MONTH = r"^[0-9]{4}-(0[1-9]|1[0-2])$"


class DeliveryArgs(PageArgs):
    """Which month; without one, the running month."""

    month = ma.fields.String(validate=ma.validate.Regexp(MONTH), load_default=None)


class DeliveryOut(ma.Schema):
    """One entitlement that your organisation sold, and what went out under it in the month."""

    entitlement = ma.fields.String(attribute="entitlement.number")
    order = ma.fields.String(attribute="order.number")
    product = ma.fields.String(attribute="product.code")
    title = ma.fields.String(attribute="product.title")
    version = ma.fields.Integer()
    form = ma.fields.Enum(DeliveryForm, by_value=True, attribute="product.delivery_form")
    buyer = ma.fields.String()
    valid_from = ma.fields.Date(attribute="entitlement.valid_from")
    valid_until = ma.fields.Date(attribute="entitlement.valid_until")
    calls = ma.fields.Integer()
    units = ma.fields.Integer()
    downloads = ma.fields.Integer()
    last_at = ma.fields.AwareDateTime(allow_none=True)
    receipts = ma.fields.List(ma.fields.Pluck(ma.Schema.from_dict({"number": ma.fields.String()}), "number"))
    files = ma.fields.Integer()
    rows = ma.fields.Integer(allow_none=True)


DeliveryPageOut = page_of(DeliveryOut)
