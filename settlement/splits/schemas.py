"""What the routes of share schedules read and show."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField
from kernel.http import PageArgs, page_of

STEPS_MAX = 100


class ScheduleIn(Schema):
    """A new version of a schedule."""

    agreement_number = TextField(required=True, max_length=40)
    product_code = TextField(load_default=None, allow_none=True, max_length=40)
    valid_from = ma.fields.Date(required=True)
    steps = ma.fields.List(
        ma.fields.Dict(keys=TextField(max_length=40)), required=True, validate=ma.validate.Length(1, STEPS_MAX)
    )


class SignIn(Schema):
    """For whom the actor signs; needed only by somebody who acts for several organisations."""

    party_uscc = TextField(load_default=None, allow_none=True, max_length=40)


class ScheduleArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))


class ScheduleOut(EntityOut):
    """One version of a schedule."""

    number = ma.fields.String()
    place = ma.fields.String()
    scope = ma.fields.String()
    version_number = ma.fields.Integer()
    valid_from = ma.fields.Date()
    steps = ma.fields.List(ma.fields.Dict())
    parties = ma.fields.List(ma.fields.String())
    state = ma.fields.String()
    made_at = ma.fields.AwareDateTime()
    made_by = ma.fields.String()
    signed_at = ma.fields.AwareDateTime(allow_none=True)


SchedulePageOut = page_of(ScheduleOut)
