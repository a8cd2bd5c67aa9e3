"""Parked changes of price as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField, UnitPriceField
from kernel.http import PageArgs, page_of
from pricing.costs.rules import ChargeUnit
from pricing.costs.schemas import REASON_LENGTH_MAX
from pricing.parked_prices.rules import ParkedState

REASON_LENGTH_MIN = 4


class ParkedPriceReleaseIn(Schema):
    """Why the change is right."""

    reason = TextField(required=True, min_length=REASON_LENGTH_MIN, max_length=REASON_LENGTH_MAX)


class ParkedPriceWithdrawIn(Schema):
    """Why it is taken back, where the seller says so."""

    reason = TextField(load_default="", min_length=0, max_length=REASON_LENGTH_MAX)


class ParkedPriceArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    product_id = ma.fields.UUID()
    state = ma.fields.Enum(ParkedState, by_value=True)


class ParkedPriceOut(EntityOut):
    """One change of price that is not in effect; ``terms`` are all that was asked for."""

    number = ma.fields.String()
    place = ma.fields.String()
    product_id = ma.fields.UUID()
    seller_id = ma.fields.UUID()
    scope = ma.fields.String()
    charge_unit = ma.fields.Enum(ChargeUnit, by_value=True)
    effective_from = ma.fields.Date()
    terms = ma.fields.Dict()
    before_id = ma.fields.UUID()
    old_unit_price_max = UnitPriceField()
    new_unit_price_max = UnitPriceField()
    reason = ma.fields.String()
    state = ma.fields.Enum(ParkedState, by_value=True)
    asked_at = ma.fields.AwareDateTime()
    decided_at = ma.fields.AwareDateTime(allow_none=True)
    note = ma.fields.String(allow_none=True)
    tariff_id = ma.fields.UUID(allow_none=True)


ParkedPricePageOut = page_of(ParkedPriceOut)
