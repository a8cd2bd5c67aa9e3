"""Ceilings and caps as they travel."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from kernel.fields import EntityOut, MoneyField, RateField, Schema, TextField, UnitPriceField
from kernel.http import PageArgs, page_of
from pricing.ceilings.queries import breakdown
from pricing.costs.rules import ChargeUnit
from pricing.costs.schemas import YEARS, QuantityField

KIND_LENGTH_MAX = 40
LEVELS = ("province", "prefecture", "county")
CAPS_MAX = 200


def stated(ceiling: Any) -> dict[str, Any]:
    """Return what the determination took in; its explanation travels in a field of its own."""
    return {name: value for name, value in ceiling.inputs.items() if name != "explanation"}


class CapIn(Schema):
    """One cap per unit, and how many units are expected in the year."""

    product_id = ma.fields.UUID(required=True)
    charge_unit = ma.fields.Enum(ChargeUnit, by_value=True, required=True)
    amount = UnitPriceField(required=True)
    forecast_volume = QuantityField(required=True)
    subject_kind = TextField(load_default=None, allow_none=True, max_length=KIND_LENGTH_MAX)


class CeilingArgs(PageArgs):
    """Filters of the list; ``on`` keeps what counts for its year, ``known_on`` what was known at the end of a day."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    year = ma.fields.Integer(validate=ma.validate.Range(*YEARS))
    agreement_id = ma.fields.UUID()
    on = ma.fields.Date(load_default=None)
    known_on = ma.fields.Date(load_default=None)


class CapArgs(PageArgs):
    """Filters of the list; ``on`` keeps what is in effect on a day, ``known_on`` what was known at the end of one."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    product_id = ma.fields.UUID()
    on = ma.fields.Date(load_default=None)
    known_on = ma.fields.Date(load_default=None)


class KnownArgs(Schema):
    """The question what the ceiling was on a day as it was known on another."""

    agreement_id = ma.fields.UUID(required=True)
    on = ma.fields.Date(required=True)
    known_on = ma.fields.Date(required=True)


class CeilingOut(EntityOut):
    """One ceiling with everything that it rests on."""

    number = ma.fields.String()
    place = ma.fields.String()
    agreement_id = ma.fields.UUID()
    survey_id = ma.fields.UUID()
    year = ma.fields.Integer()
    bond_yield = RateField()
    spread_max = RateField()
    profit_rate = RateField()
    operating_cost = MoneyField()
    permitted_profit = MoneyField()
    tax = MoneyField()
    clawback = MoneyField()
    max_permitted_revenue = MoneyField()
    inputs = ma.fields.Function(stated, metadata={"type": "object"})
    sources = ma.fields.List(ma.fields.Dict())
    determined_at = ma.fields.AwareDateTime()
    supersedes_id = ma.fields.UUID(allow_none=True)
    explanation = ma.fields.Function(breakdown, metadata={"type": "object"})


class CapOut(EntityOut):
    """One cap."""

    place = ma.fields.String()
    product_id = ma.fields.UUID()
    charge_unit = ma.fields.Enum(ChargeUnit, by_value=True)
    subject_kind = ma.fields.String(allow_none=True)
    amount = UnitPriceField()
    forecast_volume = QuantityField()
    ceiling_id = ma.fields.UUID()
    effective_from = ma.fields.Date()
    report_number = ma.fields.String()
    report_date = ma.fields.Date()
    reported_to = ma.fields.List(ma.fields.String())
    set_at = ma.fields.AwareDateTime()


CeilingPageOut = page_of(CeilingOut)
CapPageOut = page_of(CapOut)
