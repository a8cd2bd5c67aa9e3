"""Operator-level reviews as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel import clock
from kernel.fields import EntityOut, FileContentField, Schema, TextField
from kernel.http import PageArgs, page_of
from registry.operator_reviews.rules import STATEMENT_TITLES, OperatorReviewState, possible
from registry.parties.schemas import NAME_LENGTH_MAX, REASON_LENGTH_MAX, PartyNameOut

SecurityStatementsIn = Schema.from_dict(
    {kind: TextField(min_length=0) for kind in STATEMENT_TITLES}, name="SecurityStatementsIn"
)


class OperatorReviewIn(Schema):
    """A new request for a review."""

    operator_id = ma.fields.UUID(required=True)
    place = TextField(required=True, max_length=40)
    statements = ma.fields.Nested(SecurityStatementsIn, load_default=dict)


class OperatorStatementsIn(Schema):
    """Statements of a draft; what is not named stays."""

    statements = ma.fields.Nested(SecurityStatementsIn, required=True)


class OperatorEvidenceIn(Schema):
    """A document in base64."""

    name = TextField(required=True, max_length=NAME_LENGTH_MAX)
    media_type = TextField(load_default="application/octet-stream", max_length=100)
    content = FileContentField(required=True, data_key="content_base64")


class OperatorReviewReasonIn(Schema):
    """Why."""

    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class OperatorReviewArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))


class OperatorReviewOut(EntityOut):
    """One operator-level review; ``valid_until`` is the first day that is not covered."""

    number = ma.fields.String()
    place = ma.fields.String()
    operator = ma.fields.Nested(PartyNameOut)
    state = ma.fields.Enum(OperatorReviewState, by_value=True)
    statements = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.String())
    evidence_sha256 = ma.fields.String(allow_none=True)
    submitted_at = ma.fields.AwareDateTime(allow_none=True)
    passed_on = ma.fields.Date(allow_none=True)
    valid_until = ma.fields.Date(allow_none=True)
    review_id = ma.fields.UUID(allow_none=True)
    sources = ma.fields.List(ma.fields.Dict())
    is_valid = ma.fields.Function(
        lambda found: found.is_valid(clock.today()), metadata={"type": "boolean", "description": "今日是否有效"}
    )
    possible_events = ma.fields.Function(
        lambda found: [event.value for event in possible(found.state)],
        metadata={"type": "array", "items": {"type": "string"}},
    )


OperatorReviewPageOut = page_of(OperatorReviewOut)
