"""Adjustments as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, MoneyField, Schema, TextField, UnitPriceField
from kernel.http import PageArgs, page_of
from pricing.adjustments.rules import AdjustmentKind, AdjustmentState
from pricing.costs.rules import ChargeUnit
from pricing.costs.schemas import REASON_LENGTH_MAX


class AdjustmentAcceptIn(Schema):
    """Another amount than the proposed one needs a reason."""

    amount = UnitPriceField(load_default=None, allow_none=True)
    reason = TextField(load_default="", min_length=0, max_length=REASON_LENGTH_MAX)


class AdjustmentRefuseIn(Schema):
    """Why it is refused."""

    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class AdjustmentCarryOutIn(Schema):
    """The price or cap that carries it out."""

    by_id = ma.fields.UUID(required=True)


class AdjustmentArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    assessment_id = ma.fields.UUID()
    state = ma.fields.Enum(AdjustmentState, by_value=True)


class AdjustmentOut(EntityOut):
    """One adjustment."""

    number = ma.fields.String()
    place = ma.fields.String()
    agreement_id = ma.fields.UUID()
    assessment_id = ma.fields.UUID()
    kind = ma.fields.Enum(AdjustmentKind, by_value=True)
    product_id = ma.fields.UUID()
    charge_unit = ma.fields.Enum(ChargeUnit, by_value=True)
    scope = ma.fields.String()
    current = UnitPriceField()
    proposed = UnitPriceField()
    revenue = MoneyField()
    expected = MoneyField()
    state = ma.fields.Enum(AdjustmentState, by_value=True)
    decided = UnitPriceField(allow_none=True)
    reason = ma.fields.String(allow_none=True)
    decided_at = ma.fields.AwareDateTime(allow_none=True)
    due_date = ma.fields.Date(allow_none=True)
    tariff_id = ma.fields.UUID(allow_none=True)
    cap_id = ma.fields.UUID(allow_none=True)
    carried_out_at = ma.fields.AwareDateTime(allow_none=True)


AdjustmentPageOut = page_of(AdjustmentOut)
