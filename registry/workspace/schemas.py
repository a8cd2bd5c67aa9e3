"""Gates as they travel."""

from __future__ import annotations

import marshmallow as ma


class GateOut(ma.Schema):
    """One condition for the sale of a product."""

    code = ma.fields.String()
    title = ma.fields.String()
    open = ma.fields.Boolean()
    fact = ma.fields.String()
    rule = ma.fields.String()
    article = ma.fields.String()
    since = ma.fields.Date(allow_none=True)
    todo = ma.fields.String()


class GatesOut(ma.Schema):
    """Whether a product may be sold as far as the registry can tell, and why."""

    product = ma.fields.String()
    on = ma.fields.Date()
    all_open = ma.fields.Boolean()
    gates = ma.fields.List(ma.fields.Nested(GateOut))
