"""Cap plans as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, MoneyField, Schema, TextField, UnitPriceField
from kernel.http import PageArgs, page_of
from pricing.cap_plans.rules import RECIPIENTS, CapPlanState
from pricing.ceilings.schemas import CAPS_MAX, CapIn
from pricing.costs.rules import ChargeUnit
from pricing.costs.schemas import NAME_LENGTH_MAX, REASON_LENGTH_MAX, QuantityField


class CapPlanAmendIn(Schema):
    """Day and caps of a plan, all anew."""

    effective_from = ma.fields.Date(required=True)
    caps = ma.fields.List(ma.fields.Nested(CapIn), required=True, validate=ma.validate.Length(1, CAPS_MAX))
    note = TextField(load_default="", min_length=0, max_length=REASON_LENGTH_MAX)


class CapPlanIn(CapPlanAmendIn):
    """A new plan under a determination."""

    determination_id = ma.fields.UUID(required=True)


class CapPlanCheckIn(Schema):
    """Caps to be tried against the permitted revenue; nothing is stored."""

    ceiling_id = ma.fields.UUID(required=True)
    effective_from = ma.fields.Date(required=True)
    caps = ma.fields.List(ma.fields.Nested(CapIn), required=True, validate=ma.validate.Length(1, CAPS_MAX))


class CapPlanDropIn(Schema):
    """Why a plan is given up."""

    note = TextField(required=True, max_length=REASON_LENGTH_MAX)


class CapReportIn(Schema):
    """The written report by which a plan takes effect: number, day, both recipients."""

    report_number = TextField(required=True, max_length=NAME_LENGTH_MAX)
    report_date = ma.fields.Date(required=True)
    reported_to = ma.fields.List(
        ma.fields.String(validate=ma.validate.OneOf(sorted(RECIPIENTS))), required=True,
        validate=ma.validate.Length(1, len(RECIPIENTS)),
    )  # fmt: skip


class CapPlanArgs(PageArgs):
    """Filters of the list."""

    determination_id = ma.fields.UUID()
    state = ma.fields.Enum(CapPlanState, by_value=True)


class CapPlanRowOut(ma.Schema):
    """One planned cap."""

    position = ma.fields.Integer()
    product_id = ma.fields.UUID()
    charge_unit = ma.fields.Enum(ChargeUnit, by_value=True)
    subject_kind = ma.fields.String(allow_none=True)
    amount = UnitPriceField()
    forecast_volume = QuantityField()


class CapPlanOut(EntityOut):
    """One plan with its caps and, where it was made, its written report."""

    number = ma.fields.String()
    place = ma.fields.String()
    determination_id = ma.fields.UUID()
    ceiling_id = ma.fields.UUID()
    state = ma.fields.Enum(CapPlanState, by_value=True)
    effective_from = ma.fields.Date()
    note = ma.fields.String()
    drafted_at = ma.fields.AwareDateTime()
    report_number = ma.fields.String(allow_none=True)
    report_date = ma.fields.Date(allow_none=True)
    reported_to = ma.fields.List(ma.fields.String())
    recorded_at = ma.fields.AwareDateTime(allow_none=True)
    rows = ma.fields.List(ma.fields.Nested(CapPlanRowOut))


class LoadOut(ma.Schema):
    """What the caps in effect from a day on bring in at the forecast volumes; yuan, exact."""

    on = ma.fields.Date()
    expected = ma.fields.String()
    permitted = MoneyField()
    headroom = ma.fields.String()
    fits = ma.fields.Boolean()


class HeadroomOut(ma.Schema):
    """The headroom on the first day and from each later change of the year on."""

    fits = ma.fields.Boolean()
    days = ma.fields.List(ma.fields.Nested(LoadOut))


CapPlanPageOut = page_of(CapPlanOut)
