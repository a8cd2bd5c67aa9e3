"""A comparison as it travels."""

from __future__ import annotations

import marshmallow as ma

from market.comparisons.rules import Aspect

CODE_LENGTH_MAX = 40
CODES_MAX = 20


class ComparisonArgs(ma.Schema):
    """The products to compare: ``code`` two to four times."""

    code = ma.fields.List(
        ma.fields.String(validate=ma.validate.Length(max=CODE_LENGTH_MAX)), required=True,
        validate=ma.validate.Length(max=CODES_MAX),
    )  # fmt: skip


class ComparedProductOut(ma.Schema):
    """The head of one column."""

    code = ma.fields.String(attribute="product.code")
    title = ma.fields.String(attribute="product.title")
    is_open = ma.fields.Boolean()


class ComparisonRowOut(ma.Schema):
    """One aspect: a list of words for each product, in the order of the columns."""

    aspect = ma.fields.Enum(Aspect, by_value=True)
    differs = ma.fields.Boolean()
    cells = ma.fields.List(ma.fields.List(ma.fields.String()))


class ComparisonOut(ma.Schema):
    """Products side by side."""

    products = ma.fields.List(ma.fields.Nested(ComparedProductOut), attribute="offers")
    rows = ma.fields.List(ma.fields.Nested(ComparisonRowOut))
