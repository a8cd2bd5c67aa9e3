"""Compliance reviews as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField
from kernel.http import PageArgs, page_of
from registry.parties.rules import Capacity
from registry.parties.schemas import REASON_LENGTH_MAX
from registry.products.schemas import ProductOut
from registry.reviews.rules import Decision, ReviewState, StageState

DEFECTS_MAX = 50


class ReviewIn(Schema):
    """The newest version of a product, to be reviewed."""

    version_id = ma.fields.UUID(required=True)


class DecisionIn(Schema):
    """What the open stage decides; ``checklist`` names the points that were confirmed."""

    decision = ma.fields.Enum(Decision, by_value=True, required=True)
    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)
    checklist = ma.fields.List(
        TextField(max_length=60), load_default=list, validate=ma.validate.Length(max=DEFECTS_MAX)
    )
    defects = ma.fields.List(
        TextField(max_length=REASON_LENGTH_MAX), load_default=list, validate=ma.validate.Length(max=DEFECTS_MAX)
    )


class ReviewArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    state = ma.fields.Enum(ReviewState, by_value=True)


class FindingOut(ma.Schema):
    """What one check found."""

    code = ma.fields.String()
    title = ma.fields.String()
    is_met = ma.fields.Boolean()
    is_binding = ma.fields.Boolean()
    fact = ma.fields.String()
    rule = ma.fields.String()
    article = ma.fields.String()


class OpinionOut(ma.Schema):
    """What a reviewer decided, and why."""

    reviewer_name = ma.fields.String()
    decision = ma.fields.Enum(Decision, by_value=True)
    reason = ma.fields.String()
    checklist = ma.fields.Dict()
    defects = ma.fields.List(ma.fields.String())
    given_at = ma.fields.AwareDateTime()


class StageOut(ma.Schema):
    """One stage."""

    round_number = ma.fields.Integer()
    position = ma.fields.Integer()
    kind = ma.fields.String()
    capacity = ma.fields.Enum(Capacity, by_value=True)
    party_id = ma.fields.UUID(allow_none=True)
    title = ma.fields.String()
    state = ma.fields.Enum(StageState, by_value=True)
    due_date = ma.fields.Date(allow_none=True)
    decided_at = ma.fields.AwareDateTime(allow_none=True)
    opinions = ma.fields.List(ma.fields.Nested(OpinionOut))


class ReviewOut(EntityOut):
    """One review."""

    number = ma.fields.String()
    place = ma.fields.String()
    product = ma.fields.Nested(ProductOut(only=("id", "code", "title", "owner")))
    version_id = ma.fields.UUID()
    state = ma.fields.Enum(ReviewState, by_value=True)
    submitted_at = ma.fields.AwareDateTime()
    due_date = ma.fields.Date()
    decided_at = ma.fields.AwareDateTime(allow_none=True)
    round_number = ma.fields.Integer()
    sources = ma.fields.List(ma.fields.Dict())


class ReviewDetailOut(ReviewOut):
    """One review with stages, opinions and what the checks found."""

    stages = ma.fields.List(ma.fields.Nested(StageOut))
    findings = ma.fields.List(ma.fields.Nested(FindingOut))


ReviewPageOut = page_of(ReviewOut)
