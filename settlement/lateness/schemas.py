"""What the routes about engines, archive and late events read and show."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import Schema, TextField


class PlaceArgs(Schema):
    """Of which place, and of which month."""

    place = TextField(required=True, max_length=40)
    month = TextField(max_length=7)


class PeriodOut(ma.Schema):
    """A period."""

    start = ma.fields.Date()
    end = ma.fields.Date()


class DayOut(ma.Schema):
    """One day: its events, and how many of them are in the archive."""

    day = ma.fields.Date()
    events = ma.fields.Integer()
    archived = ma.fields.Integer()
    parts = ma.fields.Integer()
    archived_at = ma.fields.AwareDateTime(allow_none=True)


class LateOut(ma.Schema):
    """What came late of one entitlement for one sealed settlement."""

    run = ma.fields.String()
    period = ma.fields.Nested(PeriodOut)
    entitlement = ma.fields.String()
    events = ma.fields.Integer()
    units = ma.fields.Integer()
    first_at = ma.fields.AwareDateTime()
    last_at = ma.fields.AwareDateTime()
    taken_by = ma.fields.String(allow_none=True)


class StateOut(ma.Schema):
    """What adds up the use of a place, how long its events may come in, what is archived and what came late."""

    place = ma.fields.String()
    engine = ma.fields.String()
    grace_hours = ma.fields.Integer(allow_none=True)
    days = ma.fields.List(ma.fields.Nested(DayOut))
    late = ma.fields.List(ma.fields.Nested(LateOut))


class TimesOut(ma.Schema):
    """The four times of an event, and the settlement that took it."""

    entitlement = ma.fields.String()
    source = ma.fields.String(allow_none=True)
    client_reference = ma.fields.String()
    used_at = ma.fields.AwareDateTime()
    received_at = ma.fields.AwareDateTime()
    stored_at = ma.fields.AwareDateTime()
    billed_at = ma.fields.AwareDateTime(allow_none=True)
    billed_by = ma.fields.String(allow_none=True)
    is_late = ma.fields.Boolean()
