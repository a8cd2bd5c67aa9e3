"""What the routes of contribution notices read and show."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField
from kernel.http import PageArgs, page_of


class ContributionIn(Schema):
    """The place and month whose contribution is drawn."""

    place = TextField(required=True, max_length=40)
    period = TextField(required=True, max_length=7)


class ContributionArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))


class ContributionFigureOut(Schema):
    """One line: a department's figures for a product, and the weight as an exact fraction and in ppm."""

    id = ma.fields.UUID()
    product_code = ma.fields.String()
    schedule = ma.fields.String()
    step = ma.fields.Integer()
    uscc = ma.fields.String()
    department = ma.fields.String()
    usage = ma.fields.Integer()
    quality = ma.fields.String()
    input = ma.fields.String()
    quality_source = ma.fields.String()
    coefficients = ma.fields.Dict()
    parts = ma.fields.Dict()
    weight = ma.fields.String()
    ppm = ma.fields.Integer()
    resources = ma.fields.List(ma.fields.String())


class ContributionOut(EntityOut):
    """A contribution notice."""

    number = ma.fields.String()
    place = ma.fields.String()
    period_start = ma.fields.Date()
    period_end = ma.fields.Date()
    revision = ma.fields.Integer()
    state = ma.fields.String()
    drawn_at = ma.fields.AwareDateTime()
    drawn_by_name = ma.fields.String()
    opened_at = ma.fields.AwareDateTime(allow_none=True)
    opened_by_name = ma.fields.String(allow_none=True)
    objection_until = ma.fields.Date(allow_none=True)
    rule = ma.fields.Dict(allow_none=True)


class ContributionFiguresOut(Schema):
    """The lines of a notice."""

    items = ma.fields.List(ma.fields.Nested(ContributionFigureOut))


ContributionPageOut = page_of(ContributionOut)
