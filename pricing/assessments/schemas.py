"""Yearly assessments as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, MoneyField, RateField, Schema, SignedMoneyField, TextField, UnitPriceField
from kernel.http import PageArgs, page_of
from pricing.assessments.queries import explained
from pricing.assessments.rules import Action, Basis, Direction, share_text
from pricing.costs.schemas import REASON_LENGTH_MAX, YEARS


class AssessmentIn(Schema):
    """Which year of which agreement is assessed; the revenue is read from the sealed settlements."""

    agreement_id = ma.fields.UUID(required=True)
    year = ma.fields.Integer(required=True, validate=ma.validate.Range(*YEARS))
    basis = ma.fields.Enum(Basis, by_value=True, load_default=Basis.NET_OF_TAX)
    note = TextField(load_default="", min_length=0, max_length=REASON_LENGTH_MAX)
    correction_reason = TextField(load_default="", min_length=0, max_length=REASON_LENGTH_MAX)
    price_step = UnitPriceField(load_default=None, allow_none=True)


class AssessmentArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    agreement_id = ma.fields.UUID()
    year = ma.fields.Integer(validate=ma.validate.Range(*YEARS))


class AssessmentOut(EntityOut):
    """One assessment with everything that it rests on."""

    number = ma.fields.String()
    place = ma.fields.String()
    agreement_id = ma.fields.UUID()
    year = ma.fields.Integer()
    sequence = ma.fields.Integer()
    ceiling_id = ma.fields.UUID()
    basis = ma.fields.Enum(Basis, by_value=True)
    permitted = MoneyField()
    actual = MoneyField()
    difference = SignedMoneyField()
    deviation = ma.fields.Function(lambda one: share_text(one.permitted, one.actual), metadata={"type": "string"})
    threshold = RateField()
    direction = ma.fields.Enum(Direction, by_value=True)
    action = ma.fields.Enum(Action, by_value=True)
    inputs = ma.fields.Dict()
    sources = ma.fields.List(ma.fields.Dict())
    sha256 = ma.fields.String()
    note = ma.fields.String()
    supersedes_id = ma.fields.UUID(allow_none=True)
    correction_reason = ma.fields.String(allow_none=True)
    recorded_at = ma.fields.AwareDateTime()
    explanation = ma.fields.Function(explained, metadata={"type": "object"})


AssessmentPageOut = page_of(AssessmentOut)
