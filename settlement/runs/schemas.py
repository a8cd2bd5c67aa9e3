"""What the routes of settlements read and show."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField
from kernel.http import PageArgs, page_of


class RunIn(Schema):
    """Which place, which month."""

    place = TextField(required=True, max_length=40)
    period = ma.fields.String(required=True, validate=ma.validate.Regexp(r"^[0-9]{4}-(0[1-9]|1[0-2])$"))


class RunArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))


class RunOut(EntityOut):
    """One settlement."""

    number = ma.fields.String()
    place = ma.fields.String()
    period_start = ma.fields.Date()
    period_end = ma.fields.Date()
    state = ma.fields.String()
    prepared_by_name = ma.fields.String()
    prepared_at = ma.fields.AwareDateTime()
    checked_by_name = ma.fields.String(allow_none=True)
    checked_at = ma.fields.AwareDateTime(allow_none=True)
    sealed_by_name = ma.fields.String(allow_none=True)
    sealed_at = ma.fields.AwareDateTime(allow_none=True)
    inputs_sha256 = ma.fields.String()
    report_sha256 = ma.fields.String()
    totals = ma.fields.Dict()
    parked = ma.fields.List(ma.fields.Dict())


class RunDetailOut(RunOut):
    """One settlement with every line and its working."""

    report = ma.fields.Dict()


class PreviewOut(ma.Schema):
    """What a settlement would be; nothing is stored."""

    report_sha256 = ma.fields.String()
    report = ma.fields.Dict()


RunPageOut = page_of(RunOut)
