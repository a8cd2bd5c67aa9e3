"""Value bases as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField, UnitPriceField
from pricing.costs.schemas import NAME_LENGTH_MAX, REASON_LENGTH_MAX
from pricing.value_bases.rules import ValuationMethod

COMPARABLES_MAX = 50


class ComparableIn(Schema):
    """A price to compare with, and where it was found."""

    product = TextField(required=True, max_length=NAME_LENGTH_MAX)
    price = UnitPriceField(required=True)
    source = TextField(required=True, max_length=NAME_LENGTH_MAX)


class ValueBasisIn(Schema):
    """The application value behind a market price."""

    scenario = TextField(required=True, max_length=REASON_LENGTH_MAX)
    benefit = TextField(required=True, max_length=REASON_LENGTH_MAX)
    method = ma.fields.Enum(ValuationMethod, by_value=True, required=True)
    comparables = ma.fields.List(
        ma.fields.Nested(ComparableIn), load_default=list, validate=ma.validate.Length(max=COMPARABLES_MAX)
    )


class ValueBasisOut(EntityOut):
    """The stated value behind one price."""

    tariff_id = ma.fields.UUID()
    scenario = ma.fields.String()
    benefit = ma.fields.String()
    method = ma.fields.Enum(ValuationMethod, by_value=True)
    comparables = ma.fields.List(ma.fields.Dict())
    stated_at = ma.fields.AwareDateTime()
