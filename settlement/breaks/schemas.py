"""Breaks as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, MoneyField, Schema, TextField
from kernel.http import PageArgs, page_of
from settlement.breaks.rules import BreakAct, BreakState, Owner, Resolution
from settlement.matching.rules import Flow, Kind, Side

NOTE_LENGTH_MAX = 2000


class BreakArgs(PageArgs):
    """Filter of the breaks; ``older_than`` is a day on which or after which the break may not have begun."""

    kind = ma.fields.Enum(Kind, by_value=True, load_default=None)
    owner = ma.fields.Enum(Owner, by_value=True, load_default=None)
    state = ma.fields.Enum(BreakState, by_value=True, load_default=None)
    place = TextField(load_default=None, max_length=40)
    older_than = ma.fields.Date(load_default=None)
    is_open = ma.fields.Boolean(load_default=None)
    text = TextField(load_default="", max_length=200)


class BreakFactOut(Schema):
    """One item as a side says it."""

    side = ma.fields.String()
    key = ma.fields.String()
    flow = ma.fields.String()
    reference = ma.fields.String()
    amount = ma.fields.String()
    currency = ma.fields.String()
    day = ma.fields.String()
    fee = ma.fields.String()
    net = ma.fields.String()
    parent = ma.fields.String()
    batch = ma.fields.String()
    own = ma.fields.String()
    order = ma.fields.String()
    words = ma.fields.String()


class BreakOut(EntityOut):
    """One break with everything that the sides say about it."""

    number = ma.fields.String()
    place = ma.fields.String()
    kind = ma.fields.Enum(Kind, by_value=True)
    side = ma.fields.Enum(Side, by_value=True, allow_none=True)
    flow = ma.fields.Enum(Flow, by_value=True)
    reference = ma.fields.String()
    order_number = ma.fields.String()
    difference = MoneyField()
    since = ma.fields.Date()
    owner = ma.fields.Enum(Owner, by_value=True)
    state = ma.fields.Enum(BreakState, by_value=True)
    found_at = ma.fields.AwareDateTime()
    run_number = ma.fields.String()
    assigned_name = ma.fields.String()
    healed_at = ma.fields.AwareDateTime(allow_none=True)
    healed_by_run = ma.fields.String()
    closed_at = ma.fields.AwareDateTime(allow_none=True)
    facts = ma.fields.List(ma.fields.Nested(BreakFactOut))


BreakPageOut = page_of(BreakOut)


class BreakStepOut(Schema):
    """One thing that happened to a break; ``sha256`` of a proposal is what is confirmed."""

    position = ma.fields.Integer()
    act = ma.fields.Enum(BreakAct, by_value=True)
    state = ma.fields.Enum(BreakState, by_value=True)
    note = ma.fields.String()
    resolution = ma.fields.Enum(Resolution, by_value=True, allow_none=True)
    sha256 = ma.fields.String()
    run_number = ma.fields.String()
    actor_name = ma.fields.String()
    at = ma.fields.AwareDateTime()


class BreakAssignIn(Schema):
    """Who works on it."""

    login = TextField(required=True, max_length=200)
    note = TextField(load_default="", max_length=NOTE_LENGTH_MAX)


class BreakExplainIn(Schema):
    """What happened, or why."""

    note = TextField(required=True, max_length=NOTE_LENGTH_MAX)


class BreakProposeIn(Schema):
    """How it ended."""

    resolution = ma.fields.Enum(Resolution, by_value=True, required=True)
    note = TextField(required=True, max_length=NOTE_LENGTH_MAX)


class BreakConfirmIn(Schema):
    """The digest of the proposal that is confirmed."""

    sha256 = ma.fields.String(required=True, validate=ma.validate.Regexp("^[0-9a-f]{64}$"))
    note = TextField(load_default="", max_length=NOTE_LENGTH_MAX)
