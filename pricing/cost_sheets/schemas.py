"""Filled spreadsheets as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import Schema
from pricing.costs.schemas import YEARS, FileIn


class SheetIn(Schema):
    """A filled template for an agreement and year."""

    agreement_id = ma.fields.UUID(required=True)
    year = ma.fields.Integer(required=True, validate=ma.validate.Range(*YEARS))
    file = ma.fields.Nested(FileIn, required=True)


class SheetReplaceIn(Schema):
    """A filled template in place of what a draft says."""

    file = ma.fields.Nested(FileIn, required=True)
