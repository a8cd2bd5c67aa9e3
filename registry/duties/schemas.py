"""Duties as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, FileContentField, Schema, TextField
from registry.duties.queries import Duty
from registry.obligations.rules import KINDS, DutyKind, DutyState
from registry.parties.schemas import NAME_LENGTH_MAX, REASON_LENGTH_MAX, PartyNameOut


class FilingIn(Schema):
    """What is handed in: words, and the file in base64; a correction names the filing that it corrects."""

    text = TextField(required=True, max_length=REASON_LENGTH_MAX)
    name = TextField(required=True, max_length=NAME_LENGTH_MAX)
    media_type = TextField(load_default="application/octet-stream", max_length=100)
    content = FileContentField(required=True, data_key="content_base64")
    supersedes_id = ma.fields.UUID(load_default=None)


class FilingFormIn(Schema):
    """The words of the same, from a page that sends the file beside them."""

    text = TextField(required=True, max_length=REASON_LENGTH_MAX)
    supersedes_id = ma.fields.UUID(load_default=None)


class DutyArgs(ma.Schema):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40), load_default=None)
    state = ma.fields.Enum(DutyState, by_value=True, load_default=None)
    party_id = ma.fields.UUID(load_default=None)


class DutyFilingOut(EntityOut):
    """One thing that was handed in."""

    duty_key = ma.fields.String()
    text = ma.fields.String()
    evidence_sha256 = ma.fields.String()
    filed_by_name = ma.fields.String()
    filed_at = ma.fields.AwareDateTime()
    filed_on = ma.fields.Date()
    due_date = ma.fields.Date(allow_none=True)
    is_late = ma.fields.Boolean()
    supersedes_id = ma.fields.UUID(allow_none=True)


class DutyOut(ma.Schema):
    """One duty as it stands today; the last day of the period belongs to it."""

    key = ma.fields.String()
    kind = ma.fields.Enum(DutyKind, by_value=True, attribute="obligation.kind")
    title = ma.fields.String()
    rule = ma.fields.String()
    article = ma.fields.Function(lambda duty: duty.obligation.source.citation(), metadata={"type": "string"})
    is_demonstration_value = ma.fields.Boolean(attribute="obligation.source.is_overlay")
    place = ma.fields.String(attribute="obligation.place")
    party = ma.fields.Nested(PartyNameOut)
    owed_to = ma.fields.Function(lambda duty: owed_to(duty), metadata={"type": "array", "items": {"type": "string"}})
    agreement_id = ma.fields.UUID(attribute="obligation.agreement_id", allow_none=True)
    subject = ma.fields.String(attribute="obligation.subject")
    period_start = ma.fields.Date(attribute="obligation.period.start")
    period_last_day = ma.fields.Date(attribute="obligation.period.last_day")
    due_date = ma.fields.Date(attribute="obligation.due", allow_none=True)
    state = ma.fields.Enum(DutyState, by_value=True)
    filings = ma.fields.List(ma.fields.Nested(DutyFilingOut))


class DutyListOut(ma.Schema):
    """The duties within the actor's scope, the earliest due first."""

    items = ma.fields.List(ma.fields.Nested(DutyOut))


def owed_to(duty: Duty) -> list[str]:
    """Return to whom the duty is owed, as codes."""
    return list(KINDS[duty.obligation.kind].owed_to)
