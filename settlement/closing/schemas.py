"""What the routes of closings read and show."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField
from kernel.http import PageArgs, page_of


class ClosingIn(Schema):
    """Which place, which month."""

    place = TextField(required=True, max_length=40)
    period = ma.fields.String(required=True, validate=ma.validate.Regexp(r"^[0-9]{4}-(0[1-9]|1[0-2])$"))


class ClosingArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))


class ItemOut(ma.Schema):
    """One line of the checklist; a count of zero is clear."""

    blocker = ma.fields.String()
    title = ma.fields.String()
    count = ma.fields.Integer()
    detail = ma.fields.String()


class ClosingOut(EntityOut):
    """The books of one month."""

    place = ma.fields.String()
    period_start = ma.fields.Date()
    period_end = ma.fields.Date()
    state = ma.fields.String()
    started_by_name = ma.fields.String()
    started_at = ma.fields.AwareDateTime()
    checklist = ma.fields.List(ma.fields.Nested(ItemOut))
    closed_by_name = ma.fields.String(allow_none=True)
    closed_at = ma.fields.AwareDateTime(allow_none=True)
    last_voucher = ma.fields.Integer(allow_none=True)
    balances = ma.fields.Dict()
    balances_sha256 = ma.fields.String(allow_none=True)


ClosingPageOut = page_of(ClosingOut)
