"""Reviews as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField
from kernel.http import PageArgs, page_of
from registry.deadlines.rules import ClockState
from registry.parties.rules import Capacity
from registry.parties.schemas import REASON_LENGTH_MAX, PartyNameOut
from registry.procedures.rules import Procedure, RefusalGround
from registry.products.schemas import ProductOut
from registry.reviews.rules import Decision, ReviewState, StageState

DEFECTS_MAX = 50


class ReviewIn(Schema):
    """The newest version of a product, to be reviewed."""

    version_id = ma.fields.UUID(required=True)


class DecisionIn(Schema):
    """What a seat decides; ``checklist`` names the points that were confirmed."""

    decision = ma.fields.Enum(Decision, by_value=True, required=True)
    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)
    ground = ma.fields.Enum(RefusalGround, by_value=True)
    stage_id = ma.fields.UUID()
    checklist = ma.fields.List(
        TextField(max_length=60), load_default=list, validate=ma.validate.Length(max=DEFECTS_MAX)
    )
    defects = ma.fields.List(
        TextField(max_length=REASON_LENGTH_MAX), load_default=list, validate=ma.validate.Length(max=DEFECTS_MAX)
    )


class ReasonIn(Schema):
    """Why."""

    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class ReviewArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    state = ma.fields.Enum(ReviewState, by_value=True)
    procedure = ma.fields.Enum(Procedure, by_value=True)


class WorklistArgs(PageArgs):
    """Filters of the worklist."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    procedure = ma.fields.Enum(Procedure, by_value=True)
    mine = ma.fields.Boolean(load_default=False)
    overdue = ma.fields.Boolean(load_default=False)
    paused = ma.fields.Boolean(load_default=False)
    escalated = ma.fields.Boolean(load_default=False)


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
    """What a reviewer decided, and why; ``deemed``: nobody spoke, and silence consented."""

    reviewer_name = ma.fields.String()
    decision = ma.fields.Enum(Decision, by_value=True)
    ground = ma.fields.Enum(RefusalGround, by_value=True, allow_none=True)
    reason = ma.fields.String()
    checklist = ma.fields.Dict()
    defects = ma.fields.List(ma.fields.String())
    given_at = ma.fields.AwareDateTime()
    deemed = ma.fields.Boolean()


class StageOut(ma.Schema):
    """One seat; seats of one position sit in parallel."""

    id = ma.fields.UUID()
    round_number = ma.fields.Integer()
    position = ma.fields.Integer()
    kind = ma.fields.String()
    capacity = ma.fields.Enum(Capacity, by_value=True)
    party_id = ma.fields.UUID(allow_none=True)
    title = ma.fields.String()
    state = ma.fields.Enum(StageState, by_value=True)
    opened_on = ma.fields.Date(allow_none=True)
    due_date = ma.fields.Date(allow_none=True)
    silence_consents = ma.fields.Boolean()
    decided_at = ma.fields.AwareDateTime(allow_none=True)
    escalated_at = ma.fields.AwareDateTime(allow_none=True)
    opinions = ma.fields.List(ma.fields.Nested(OpinionOut))


class PauseOut(ma.Schema):
    """A time during which the clock stood still."""

    reason = ma.fields.String()
    paused_at = ma.fields.AwareDateTime()
    resumed_at = ma.fields.AwareDateTime()


class ClockOut(ma.Schema):
    """The legal clock; ``days_left`` counts working days after today."""

    state = ma.fields.Enum(ClockState, by_value=True)
    due_date = ma.fields.Date(allow_none=True)
    days_left = ma.fields.Integer(allow_none=True)


class ReviewOut(EntityOut):
    """One review; ``product`` and ``version_id`` where a product is reviewed."""

    number = ma.fields.String()
    procedure = ma.fields.Enum(Procedure, by_value=True)
    subject_id = ma.fields.UUID()
    subject_title = ma.fields.String()
    place = ma.fields.String()
    applicant = ma.fields.Nested(PartyNameOut, allow_none=True)
    product = ma.fields.Nested(ProductOut(only=("id", "code", "title", "owner")), allow_none=True)
    version_id = ma.fields.UUID(allow_none=True)
    state = ma.fields.Enum(ReviewState, by_value=True)
    submitted_at = ma.fields.AwareDateTime()
    due_date = ma.fields.Date(allow_none=True)
    clock = ma.fields.Nested(ClockOut)
    paused_at = ma.fields.AwareDateTime(allow_none=True)
    pause_reason = ma.fields.String()
    escalated_at = ma.fields.AwareDateTime(allow_none=True)
    decided_at = ma.fields.AwareDateTime(allow_none=True)
    round_number = ma.fields.Integer()
    appeal_of_id = ma.fields.UUID(allow_none=True)
    appeal_reason = ma.fields.String()
    sources = ma.fields.List(ma.fields.Dict())


class ReviewDetailOut(ReviewOut):
    """One review with seats, opinions, pauses and what the checks found."""

    stages = ma.fields.List(ma.fields.Nested(StageOut))
    pauses = ma.fields.List(ma.fields.Nested(PauseOut))
    findings = ma.fields.List(ma.fields.Nested(FindingOut))


ReviewPageOut = page_of(ReviewOut)
