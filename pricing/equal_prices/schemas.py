"""Findings about equal prices as they travel."""

from __future__ import annotations

import marshmallow as ma

from pricing.equal_prices.rules import FindingKind


class EqualPriceArgs(ma.Schema):
    """Which place, and on which day (today unless named)."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    on = ma.fields.Date()


class EqualFindingOut(ma.Schema):
    """One deviation."""

    kind = ma.fields.Enum(FindingKind, by_value=True)
    product = ma.fields.String()
    references = ma.fields.List(ma.fields.String())
    words = ma.fields.String()
    rule = ma.fields.String()
    article = ma.fields.String()


class EqualFindingListOut(ma.Schema):
    """Everything that deviates on a day."""

    on = ma.fields.Date()
    items = ma.fields.List(ma.fields.Nested(EqualFindingOut))
