"""Evaluation cycles as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, MoneyField, RateField, Schema, SignedMoneyField, TextField
from kernel.http import PageArgs, page_of
from pricing.costs.schemas import REASON_LENGTH_MAX, YEARS

SPREAD_YEARS_MAX = 30


class CycleIn(Schema):
    """The years of a cycle, both included."""

    agreement_id = ma.fields.UUID(required=True)
    first_year = ma.fields.Integer(required=True, validate=ma.validate.Range(*YEARS))
    last_year = ma.fields.Integer(required=True, validate=ma.validate.Range(*YEARS))


class CycleClosingIn(Schema):
    """Over how many years the excess is deducted, and why over several."""

    spread_years = ma.fields.Integer(load_default=1, validate=ma.validate.Range(1, SPREAD_YEARS_MAX))
    reason = TextField(load_default="", min_length=0, max_length=REASON_LENGTH_MAX)


class CycleArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    agreement_id = ma.fields.UUID()


class DeductionDueArgs(ma.Schema):
    """Of which agreement and year."""

    agreement_id = ma.fields.UUID(required=True)
    year = ma.fields.Integer(required=True, validate=ma.validate.Range(*YEARS))


class DeductionOut(ma.Schema):
    """What one year gives back; negative where it corrects an earlier plan."""

    year = ma.fields.Integer()
    amount = SignedMoneyField()


class DeductionDueOut(ma.Schema):
    """What the ceiling of a year has to deduct."""

    amount = MoneyField()
    reason = ma.fields.String()


class CycleClosingOut(EntityOut):
    """What a cycle brought."""

    sequence = ma.fields.Integer()
    permitted = MoneyField()
    actual = MoneyField()
    excess = MoneyField()
    threshold = RateField(allow_none=True)
    spread_years = ma.fields.Integer()
    reason = ma.fields.String()
    inputs = ma.fields.Dict()
    sources = ma.fields.List(ma.fields.Dict())
    closed_at = ma.fields.AwareDateTime()
    deductions = ma.fields.List(ma.fields.Nested(DeductionOut))


class CycleOut(EntityOut):
    """One cycle with its closings."""

    number = ma.fields.String()
    place = ma.fields.String()
    agreement_id = ma.fields.UUID()
    first_year = ma.fields.Integer()
    last_year = ma.fields.Integer()
    years_max = ma.fields.Integer()
    opened_at = ma.fields.AwareDateTime()
    closings = ma.fields.List(ma.fields.Nested(CycleClosingOut))


CyclePageOut = page_of(CycleOut)
