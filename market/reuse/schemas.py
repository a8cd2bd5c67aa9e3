"""Free reuse as it travels."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import Schema, TextField
from pricing.exemptions.rules import Purpose

CODE_LENGTH_MAX = 40
SCENARIO_LENGTH_MAX = 200
REFERENCE_LENGTH_MAX = 64
QUANTITY_MAX = 10**12


class ReuseIn(Schema):
    """What the department uses, for what, and how much."""

    product_code = TextField(required=True, max_length=CODE_LENGTH_MAX)
    purpose = ma.fields.Enum(Purpose, by_value=True, load_default=Purpose.PUBLIC_GOVERNANCE)
    scenario = TextField(required=True, max_length=SCENARIO_LENGTH_MAX)
    quantity = ma.fields.Integer(required=True, validate=ma.validate.Range(1, QUANTITY_MAX))
    client_reference = TextField(required=True, max_length=REFERENCE_LENGTH_MAX)


class ReuseOfferOut(ma.Schema):
    """One product that your department may use free."""

    product_code = ma.fields.String(attribute="product.code")
    title = ma.fields.String(attribute="product.title")
    place = ma.fields.String(attribute="product.place")
    resources = ma.fields.List(ma.fields.String())
    agreement = ma.fields.String()
    rule = ma.fields.Function(lambda one: one.rule.citation(), metadata={"type": "string"})
    closed = ma.fields.List(ma.fields.String())
    entitlements = ma.fields.Function(
        lambda one: [held.number for held in one.held], metadata={"type": "array", "items": {"type": "string"}}
    )
