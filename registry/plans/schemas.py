"""Implementation plans as they travel."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from kernel import clock
from kernel.fields import EntityOut, FileContentField, Schema, TextField
from kernel.http import PageArgs, page_of, policy_book
from registry.parties.schemas import NAME_LENGTH_MAX, REASON_LENGTH_MAX, PartyNameOut
from registry.plans import queries
from registry.plans.model import PlanVersion
from registry.plans.rules import EDITABLE, PlanMode, PlanState, possible

ITEMS_MAX = 40
SCOPE_MAX = 2000


def _items(**kwargs: Any) -> ma.fields.Dict:
    return ma.fields.Dict(
        keys=TextField(max_length=64), values=TextField(min_length=0), validate=ma.validate.Length(max=ITEMS_MAX),
        **kwargs,
    )  # fmt: skip


def _scope(**kwargs: Any) -> ma.fields.List:
    return ma.fields.List(ma.fields.UUID(), validate=ma.validate.Length(max=SCOPE_MAX), **kwargs)


class PlanIn(Schema):
    """A new plan; only place, title and institution are needed for a draft."""

    place = TextField(required=True, max_length=40)
    title = TextField(required=True, max_length=NAME_LENGTH_MAX)
    implementing_institution_id = ma.fields.UUID(required=True)
    mode = ma.fields.Enum(PlanMode, by_value=True, load_default=None)
    items = _items(load_default=dict)
    scope_text = TextField(min_length=0, load_default="")
    resource_ids = _scope(load_default=list)


class PlanContentsIn(Schema):
    """Contents of a draft; what is not named stays, an empty text removes an item."""

    mode = ma.fields.Enum(PlanMode, by_value=True)
    items = _items()
    scope_text = TextField(min_length=0)
    resource_ids = _scope()


class PlanDecisionIn(Schema):
    """The collective decision: its number, and the document in base64."""

    number = TextField(required=True, max_length=NAME_LENGTH_MAX)
    name = TextField(required=True, max_length=NAME_LENGTH_MAX)
    media_type = TextField(load_default="application/octet-stream", max_length=100)
    content = FileContentField(required=True, data_key="content_base64")


class PlanReasonIn(Schema):
    """Why."""

    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class PlanFilingIn(Schema):
    """The number of the government's approval, and the reference of the filing."""

    government_document = TextField(required=True, max_length=NAME_LENGTH_MAX)
    reference = TextField(required=True, max_length=NAME_LENGTH_MAX)


class PlanEffectIn(Schema):
    """From which day on; the number of the government's approval where it was not noted at the filing."""

    effective_from = ma.fields.Date(required=True)
    government_document = TextField(load_default=None, max_length=NAME_LENGTH_MAX)


class PlanArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))


class PlanDifferenceArgs(ma.Schema):
    """The version to compare with; the one before when nothing is named."""

    other = ma.fields.UUID(load_default=None)


class PlanVersionOut(EntityOut):
    """One version of a plan."""

    plan_id = ma.fields.UUID()
    number = ma.fields.Integer()
    state = ma.fields.Enum(PlanState, by_value=True)
    change_reason = ma.fields.String(allow_none=True)
    mode = ma.fields.Enum(PlanMode, by_value=True, allow_none=True)
    decision_number = ma.fields.String(allow_none=True)
    decision_sha256 = ma.fields.String(allow_none=True)
    government_document = ma.fields.String(allow_none=True)
    filing_reference = ma.fields.String(allow_none=True)
    drafted_at = ma.fields.AwareDateTime()
    submitted_at = ma.fields.AwareDateTime(allow_none=True)
    approved_at = ma.fields.AwareDateTime(allow_none=True)
    filed_at = ma.fields.AwareDateTime(allow_none=True)
    effective_from = ma.fields.Date(allow_none=True)
    effective_until = ma.fields.Date(allow_none=True)
    review_id = ma.fields.UUID(allow_none=True)
    in_effect = ma.fields.Function(
        lambda version: version.in_effect(clock.today()), metadata={"type": "boolean", "description": "今日是否实施"}
    )


class PlanVersionDetailOut(PlanVersionOut):
    """One version with its contents and what it still lacks."""

    items = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.String())
    scope_text = ma.fields.String()
    resource_ids = ma.fields.Function(
        lambda version: [str(entry.resource_id) for entry in version.scope],
        metadata={"type": "array", "items": {"type": "string", "format": "uuid"}},
    )
    missing = ma.fields.Function(
        lambda version: [pointer for pointer, _ in missing_today(version)],
        metadata={"type": "array", "items": {"type": "string"}},
    )
    possible_events = ma.fields.Function(
        lambda version: [event.value for event in possible(version.state)],
        metadata={"type": "array", "items": {"type": "string"}},
    )
    sources = ma.fields.List(ma.fields.Dict())


def missing_today(version: PlanVersion) -> list[tuple[str, str]]:
    """Return what an editable version still lacks: pointer and words; nothing once it is submitted."""
    if version.state not in EDITABLE:
        return []
    return queries.missing_today(version, version.plan.place, policy_book(), clock.today())


class PlanOut(EntityOut):
    """One plan."""

    number = ma.fields.String()
    place = ma.fields.String()
    title = ma.fields.String()
    implementing_institution = ma.fields.Nested(PartyNameOut)
    drafted_at = ma.fields.AwareDateTime()


class PlanDetailOut(PlanOut):
    """One plan with the versions that the reader may see, the newest first."""

    versions = ma.fields.List(ma.fields.Nested(PlanVersionOut))


class PlanChangeOut(ma.Schema):
    """One field in which two versions differ."""

    code = ma.fields.String()
    title = ma.fields.String()
    before = ma.fields.String()
    after = ma.fields.String()


class PlanDifferenceOut(ma.Schema):
    """What changed between two versions."""

    before = ma.fields.Integer()
    after = ma.fields.Integer()
    changes = ma.fields.List(ma.fields.Nested(PlanChangeOut))


PlanPageOut = page_of(PlanOut)
