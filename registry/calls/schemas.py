"""Calls as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel import clock
from kernel.fields import EntityOut, Schema, TextField
from kernel.http import PageArgs, page_of
from registry.calls.rules import TEXT_TITLES, CallState, SelectionMethod
from registry.parties.schemas import NAME_LENGTH_MAX, REASON_LENGTH_MAX, PartyNameOut
from registry.plans.schemas import PlanOut

INVITED_MAX = 200


CallTextsIn = Schema.from_dict({name: TextField(min_length=0) for name in TEXT_TITLES}, name="CallTextsIn")


class CallIn(Schema):
    """A new call; content, conditions, days and invitations may follow."""

    plan_id = ma.fields.UUID(required=True)
    method = ma.fields.Enum(SelectionMethod, by_value=True, required=True)
    title = TextField(required=True, max_length=NAME_LENGTH_MAX)
    texts = ma.fields.Nested(CallTextsIn, load_default=dict)
    opens_on = ma.fields.Date(load_default=None)
    closes_on = ma.fields.Date(load_default=None)
    invited_ids = ma.fields.List(ma.fields.UUID(), load_default=list, validate=ma.validate.Length(max=INVITED_MAX))


class CallChangeIn(Schema):
    """Changes of a draft; what is not named stays."""

    method = ma.fields.Enum(SelectionMethod, by_value=True)
    title = TextField(max_length=NAME_LENGTH_MAX)
    texts = ma.fields.Nested(CallTextsIn)
    opens_on = ma.fields.Date()
    closes_on = ma.fields.Date()
    invited_ids = ma.fields.List(ma.fields.UUID(), validate=ma.validate.Length(max=INVITED_MAX))


class CallEndIn(Schema):
    """Why nobody is selected."""

    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class CallArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    state = ma.fields.Enum(CallState, by_value=True)


class CallOut(EntityOut):
    """One call, as everybody may read it."""

    number = ma.fields.String()
    place = ma.fields.String()
    title = ma.fields.String()
    state = ma.fields.Enum(CallState, by_value=True)
    method = ma.fields.Enum(SelectionMethod, by_value=True)
    domain = ma.fields.String()
    scenario = ma.fields.String()
    opens_on = ma.fields.Date(allow_none=True)
    closes_on = ma.fields.Date(allow_none=True)
    published_at = ma.fields.AwareDateTime(allow_none=True)
    is_open = ma.fields.Function(
        lambda call: call.is_open(clock.today()), metadata={"type": "boolean", "description": "今日是否受理申请"}
    )


class CallDetailOut(CallOut):
    """One call with its texts, the plan that it rests on, and who is invited."""

    content = ma.fields.String()
    conditions = ma.fields.String()
    criteria = ma.fields.String()
    plan = ma.fields.Nested(PlanOut(only=("id", "number", "title", "implementing_institution")))
    invited = ma.fields.Function(
        lambda call: PartyNameOut(many=True).dump([invitation.party for invitation in call.invitations]),
        metadata={"type": "array", "items": {"type": "object"}},
    )
    end_reason = ma.fields.String(allow_none=True)


CallPageOut = page_of(CallOut)
