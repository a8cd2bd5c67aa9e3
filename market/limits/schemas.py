"""Limits of calls as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField


class CallLimitIn(Schema):
    """So many calls in so many seconds, for every buyer or for one entitlement by its contract."""

    calls = ma.fields.Integer(required=True, validate=ma.validate.Range(1, 10_000_000))
    seconds = ma.fields.Integer(required=True, validate=ma.validate.Range(1, 86_400))
    entitlement = TextField(load_default=None, allow_none=True, max_length=40)
    reason = TextField(required=True, max_length=1000)


class CallLimitOut(EntityOut):
    """One limit as it was set; the newest of an entitlement, else the newest of the product, is in force."""

    entitlement_id = ma.fields.UUID(allow_none=True)
    sequence = ma.fields.Integer()
    calls = ma.fields.Integer()
    seconds = ma.fields.Integer()
    reason = ma.fields.String()
    set_at = ma.fields.AwareDateTime()
    set_by_name = ma.fields.String()
