"""What the routes of share schedules read and show."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, MoneyField, Schema, TextField
from kernel.http import PageArgs, page_of
from kernel.money import ZERO

STEPS_MAX = 100


def steps_field() -> ma.fields.List:
    """Return the field of the steps; what they say is read by the rules."""
    return ma.fields.List(
        ma.fields.Dict(keys=TextField(max_length=40)), required=True, validate=ma.validate.Length(1, STEPS_MAX)
    )


class ScheduleIn(Schema):
    """A new version of a schedule."""

    agreement_number = TextField(required=True, max_length=40)
    product_code = TextField(load_default=None, allow_none=True, max_length=40)
    valid_from = ma.fields.Date(required=True)
    valid_until = ma.fields.Date(load_default=None, allow_none=True)
    clause = TextField(load_default="", max_length=200)
    steps = steps_field()
    non_money = ma.fields.List(
        ma.fields.Dict(keys=TextField(max_length=40)), load_default=list, validate=ma.validate.Length(0, STEPS_MAX)
    )


class SchedulePreviewIn(Schema):
    """Steps and an amount: what each step would take, and why. Nothing is stored."""

    steps = steps_field()
    gross = MoneyField(required=True)
    refunds = MoneyField(load_default=ZERO)
    tax = MoneyField(load_default=ZERO)
    on = ma.fields.Date(load_default=None, allow_none=True)


class SchedulePreviewArgs(Schema):
    """An amount to be divided by a schedule that is there."""

    gross = MoneyField(required=True)
    refunds = MoneyField(load_default=ZERO)
    tax = MoneyField(load_default=ZERO)
    on = ma.fields.Date(load_default=None, allow_none=True)


class ScheduleLintIn(Schema):
    """Steps to be looked through."""

    steps = steps_field()


class ScheduleFindingOut(Schema):
    """Something wrong with the steps: its code, and the step from 1 (null: the whole)."""

    code = ma.fields.String()
    step = ma.fields.Integer(allow_none=True)
    pointer = ma.fields.String()
    message = ma.fields.String()
    message_en = ma.fields.String()


class ScheduleLintOut(Schema):
    """Everything that is wrong; an empty list divides every amount to the fen."""

    findings = ma.fields.List(ma.fields.Nested(ScheduleFindingOut))


class SchedulePouredOut(Schema):
    """What one step found, gave and left, with the trace that explains it."""

    step = ma.fields.Integer()
    inflow = ma.fields.String()
    out = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.String())
    left = ma.fields.String()
    trace = ma.fields.Dict()


class SchedulePreviewOut(Schema):
    """Who would receive what, and how it came about."""

    shares = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.String())
    steps = ma.fields.List(ma.fields.Nested(SchedulePouredOut))


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
    valid_until = ma.fields.Date(allow_none=True)
    clause = ma.fields.String()
    steps = ma.fields.List(ma.fields.Dict())
    non_money = ma.fields.List(ma.fields.Dict())
    parties = ma.fields.List(ma.fields.String())
    state = ma.fields.String()
    made_at = ma.fields.AwareDateTime()
    made_by = ma.fields.String()
    signed_at = ma.fields.AwareDateTime(allow_none=True)


SchedulePageOut = page_of(ScheduleOut)
