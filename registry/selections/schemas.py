"""Selections as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField
from kernel.http import PageArgs, page_of
from registry.calls.schemas import CallOut
from registry.parties.schemas import NAME_LENGTH_MAX, REASON_LENGTH_MAX, PartyNameOut
from registry.selections.rules import SelectionState


class SelectionIn(Schema):
    """Which application, why, and the government's approval where the place demands one."""

    call_id = ma.fields.UUID(required=True)
    application_id = ma.fields.UUID(required=True)
    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)
    status_approval_record = TextField(load_default=None, max_length=NAME_LENGTH_MAX)


class SelectionDropIn(Schema):
    """Why the proposal is dropped."""

    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class SelectionResultIn(Schema):
    """The reference of the filing, where the place demands one."""

    filing_reference = TextField(load_default=None, max_length=NAME_LENGTH_MAX)


class ResultArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))


class ResultOut(EntityOut):
    """One published result, for everybody: operator, domain, scenario."""

    number = ma.fields.String()
    place = ma.fields.String()
    call = ma.fields.Nested(CallOut(only=("id", "number", "title", "domain", "scenario")))
    operator = ma.fields.Nested(PartyNameOut)
    published_on = ma.fields.Date(allow_none=True)


class SelectionOut(ResultOut):
    """One selection as the authority sees it."""

    state = ma.fields.Enum(SelectionState, by_value=True)
    application_id = ma.fields.UUID()
    reason = ma.fields.String()
    status_approved_by = ma.fields.String(allow_none=True)
    status_approval_record = ma.fields.String(allow_none=True)
    filing_reference = ma.fields.String(allow_none=True)
    proposed_at = ma.fields.AwareDateTime()
    confirmed_at = ma.fields.AwareDateTime(allow_none=True)
    sources = ma.fields.List(ma.fields.Dict())


ResultPageOut = page_of(ResultOut)
