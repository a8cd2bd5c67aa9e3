"""Agreements as they travel."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import request

from kernel import clock
from kernel.fields import EntityOut, FileContentField, Schema, TextField
from kernel.http import PageArgs, page_of, policy_book
from registry.agreements import queries
from registry.agreements.model import Agreement
from registry.agreements.rules import AgreementEvent, AgreementState, ExitGround, possible
from registry.parties.schemas import NAME_LENGTH_MAX, REASON_LENGTH_MAX, PartyNameOut
from registry.resources.schemas import ResourceOut

ITEMS_MAX = 40
SCOPE_MAX = 2000


def _items(**kwargs: Any) -> ma.fields.Dict:
    return ma.fields.Dict(
        keys=TextField(max_length=64), values=TextField(min_length=0), validate=ma.validate.Length(max=ITEMS_MAX),
        **kwargs,
    )  # fmt: skip


def _scope(**kwargs: Any) -> ma.fields.List:
    return ma.fields.List(ma.fields.UUID(), validate=ma.validate.Length(max=SCOPE_MAX), **kwargs)


class AgreementIn(Schema):
    """A new draft. The ends are the first days that are not covered any more."""

    place = TextField(required=True, max_length=40)
    authorizing_entity_id = ma.fields.UUID(required=True)
    operating_institution_id = ma.fields.UUID(required=True)
    title = TextField(required=True, max_length=NAME_LENGTH_MAX)
    term_start = ma.fields.Date(required=True)
    term_end = ma.fields.Date(required=True)
    trial_start = ma.fields.Date(load_default=None)
    trial_end = ma.fields.Date(load_default=None)
    items = _items(load_default=dict)
    resource_ids = _scope(load_default=list)
    plan_id = ma.fields.UUID(load_default=None, allow_none=True)
    selection_id = ma.fields.UUID(load_default=None, allow_none=True)


class ItemsIn(Schema):
    """Contents by code; an empty text removes one."""

    items = _items(required=True)


class ScopeIn(Schema):
    """The whole scope."""

    resource_ids = _scope(required=True)


class KeptFileIn(Schema):
    """A file in base64."""

    name = TextField(required=True, max_length=NAME_LENGTH_MAX)
    media_type = TextField(load_default="application/octet-stream", max_length=100)
    content = FileContentField(required=True, data_key="content_base64")


class SignIn(Schema):
    """The decision of the coordination mechanism, where the place demands one."""

    coordination_record = TextField(load_default=None, max_length=NAME_LENGTH_MAX)


class FilingIn(Schema):
    """The reference under which the province filed the agreement."""

    reference = TextField(required=True, max_length=NAME_LENGTH_MAX)


class SuspensionIn(Schema):
    """Why, and until when the breach is to be corrected."""

    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)
    correction_due = ma.fields.Date(required=True)


class AgreementArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    state = ma.fields.Enum(AgreementState, by_value=True)


class AgreementOut(EntityOut):
    """One agreement."""

    number = ma.fields.String()
    place = ma.fields.String()
    title = ma.fields.String()
    state = ma.fields.Enum(AgreementState, by_value=True)
    in_force = ma.fields.Function(
        lambda agreement: agreement.in_force(clock.today()), metadata={"type": "boolean", "description": "今日是否有效"}
    )
    authorizing_entity = ma.fields.Nested(PartyNameOut)
    operating_institution = ma.fields.Nested(PartyNameOut)
    term_start = ma.fields.Date()
    term_end = ma.fields.Date()
    trial_start = ma.fields.Date(allow_none=True)
    trial_end = ma.fields.Date(allow_none=True)
    plan_id = ma.fields.UUID(allow_none=True)
    selection_id = ma.fields.UUID(allow_none=True)
    emergency_plan_sha256 = ma.fields.String(allow_none=True)
    coordination_record = ma.fields.String(allow_none=True)
    filing_reference = ma.fields.String(allow_none=True)
    drafted_at = ma.fields.AwareDateTime()
    signed_at = ma.fields.AwareDateTime(allow_none=True)
    filed_at = ma.fields.AwareDateTime(allow_none=True)
    activated_at = ma.fields.AwareDateTime(allow_none=True)
    suspended_at = ma.fields.AwareDateTime(allow_none=True)
    suspension_reason = ma.fields.String(allow_none=True)
    correction_due = ma.fields.Date(allow_none=True)
    ended_at = ma.fields.AwareDateTime(allow_none=True)
    exit_ground = ma.fields.Enum(ExitGround, by_value=True, allow_none=True)
    pending_event = ma.fields.Enum(AgreementEvent, by_value=True, allow_none=True)


class EndedResourceOut(ma.Schema):
    """A resource whose authorization ended before the agreement (ACC-01)."""

    resource_id = ma.fields.UUID()
    ended_on = ma.fields.Date()
    ended_reason = ma.fields.String()


class ReminderOut(ma.Schema):
    """A day that matters to the agreement."""

    kind = ma.fields.String()
    due = ma.fields.Date()
    article = ma.fields.String()
    is_over = ma.fields.Boolean()


class AgreementDetailOut(AgreementOut):
    """One agreement with contents, scope and the steps that are possible now."""

    items = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.String())
    missing_items = ma.fields.Function(
        lambda agreement: missing_today(agreement), metadata={"type": "array", "items": {"type": "string"}}
    )
    possible_events = ma.fields.Function(
        lambda agreement: [event.value for event in possible(agreement.state)],
        metadata={"type": "array", "items": {"type": "string"}},
    )
    resources = ma.fields.Function(
        lambda agreement: ResourceOut(many=True).dump(
            [entry.resource for entry in agreement.scope if entry.counts(clock.today())]
        ),
        metadata={"type": "array", "items": {"type": "object"}},
    )
    ended_resources = ma.fields.Function(
        lambda agreement: EndedResourceOut(many=True).dump(
            [entry for entry in agreement.scope if not entry.counts(clock.today())]
        ),
        metadata={"type": "array", "items": {"type": "object"}},
    )
    reminders = ma.fields.Function(
        lambda agreement: ReminderOut(many=True).dump(
            queries.reminders_of(agreement, clock.today(), book=policy_book())
        ),
        metadata={"type": "array", "items": {"type": "object"}},
    )
    sources = ma.fields.Dict()


def missing_today(agreement: Agreement) -> list[str]:
    """Return the mandatory contents that are still empty."""
    return list(queries.missing_items(agreement, policy_book(), clock.today()))


def uploaded(field: str) -> dict[str, Any]:
    """Return the file that a form sent, as the commands take evidence; an empty one where none was chosen."""
    sent = request.files.get(field)
    if sent is None:
        return {"content": b"", "name": field, "media_type": "application/octet-stream"}
    name = (sent.filename or field)[:NAME_LENGTH_MAX]
    return {"content": sent.read(), "name": name, "media_type": sent.mimetype or "application/octet-stream"}


AgreementPageOut = page_of(AgreementOut)
