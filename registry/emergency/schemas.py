"""Emergency plans and drills as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField
from registry.agreements.schemas import KeptFileIn
from registry.emergency.rules import Department, DrillOutcome
from registry.parties.schemas import REASON_LENGTH_MAX


class ParticipantsIn(Schema):
    """Who wrote the plan."""

    participants = ma.fields.List(
        ma.fields.Enum(Department, by_value=True), load_default=list, validate=ma.validate.Length(max=len(Department))
    )
    others = TextField(load_default="", min_length=0, max_length=REASON_LENGTH_MAX)


class EmergencyPlanIn(KeptFileIn, ParticipantsIn):
    """A plan and who wrote it."""


class DrillWordsIn(Schema):
    """When a drill was held, with whom, and what it showed."""

    held_on = ma.fields.Date(required=True)
    participants = TextField(required=True, max_length=REASON_LENGTH_MAX)
    outcome = ma.fields.Enum(DrillOutcome, by_value=True, required=True)
    summary = TextField(required=True, max_length=REASON_LENGTH_MAX)


class DrillIn(KeptFileIn, DrillWordsIn):
    """The same with its evidence."""


class EmergencyPlanOut(EntityOut):
    """One plan."""

    number = ma.fields.Integer()
    title = ma.fields.String()
    sha256 = ma.fields.String()
    participants = ma.fields.List(ma.fields.String())
    others = ma.fields.String()
    adopted_at = ma.fields.AwareDateTime()
    adopter_name = ma.fields.String()


class DrillOut(EntityOut):
    """One drill."""

    plan_id = ma.fields.UUID()
    held_on = ma.fields.Date()
    participants = ma.fields.String()
    outcome = ma.fields.Enum(DrillOutcome, by_value=True)
    summary = ma.fields.String()
    evidence_sha256 = ma.fields.String()
    recorded_at = ma.fields.AwareDateTime()
    recorder_name = ma.fields.String()


class EmergencyOut(ma.Schema):
    """Plans, the current one first, drills, the latest first, and the last day for the next drill."""

    plans = ma.fields.List(ma.fields.Nested(EmergencyPlanOut))
    drills = ma.fields.List(ma.fields.Nested(DrillOut))
    drill_due = ma.fields.Date(allow_none=True)
    findings = ma.fields.List(ma.fields.String())
