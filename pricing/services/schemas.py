"""Service fees as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, RateField, Schema, TextField, UnitPriceField
from pricing.costs.rules import ChargeUnit
from pricing.costs.schemas import REASON_LENGTH_MAX
from pricing.services.rules import MerchantService


class ServiceFeeIn(Schema):
    """A fee from a day on; ``cost_basis`` says how the unit cost was found."""

    agreement_id = ma.fields.UUID(required=True)
    service = ma.fields.Enum(MerchantService, by_value=True, required=True)
    charge_unit = ma.fields.Enum(ChargeUnit, by_value=True, required=True)
    unit_cost = UnitPriceField(required=True)
    cost_basis = TextField(required=True, max_length=REASON_LENGTH_MAX)
    price = UnitPriceField(required=True)
    effective_from = ma.fields.Date(required=True)


class ServiceFeeArgs(ma.Schema):
    """Which place, and on which day (today unless named)."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    on = ma.fields.Date()


class ServiceFeeHistoryArgs(ma.Schema):
    """Which place, or which agreement."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    agreement_id = ma.fields.UUID()


class ServiceFeeOut(EntityOut):
    """One fee."""

    number = ma.fields.String()
    place = ma.fields.String()
    agreement_id = ma.fields.UUID()
    operating_institution_id = ma.fields.UUID()
    service = ma.fields.Enum(MerchantService, by_value=True)
    charge_unit = ma.fields.Enum(ChargeUnit, by_value=True)
    unit_cost = UnitPriceField()
    cost_basis = ma.fields.String()
    margin_max = RateField()
    price = UnitPriceField()
    effective_from = ma.fields.Date()
    published_at = ma.fields.AwareDateTime()
    sources = ma.fields.List(ma.fields.Dict())


class ServiceFeeListOut(ma.Schema):
    """The fees in force on a day."""

    on = ma.fields.Date()
    items = ma.fields.List(ma.fields.Nested(ServiceFeeOut))


class ServiceFeeHistoryOut(ma.Schema):
    """Every fee ever published, by service and the latest first."""

    items = ma.fields.List(ma.fields.Nested(ServiceFeeOut))
