"""Evaluations as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, FileContentField, Schema, TextField
from kernel.http import PageArgs, page_of
from registry.evaluations.rules import EvaluationKind, EvaluationState, Participant, Participation, possible
from registry.parties.schemas import NAME_LENGTH_MAX, REASON_LENGTH_MAX, PartyNameOut

FIGURES_MAX = 40
PARTICIPANTS_MAX = 40
SCORE_LENGTH_MAX = 20


def figures_field() -> ma.fields.Dict:
    """Return the field of figures: name and value, both as text."""
    return ma.fields.Dict(
        keys=TextField(max_length=100), values=TextField(max_length=100), load_default=dict,
        validate=ma.validate.Length(max=FIGURES_MAX),
    )  # fmt: skip


class EvaluationIn(Schema):
    """Who is evaluated, as what and for which period; its end is the first day that does not belong to it."""

    place = TextField(required=True, max_length=40)
    kind = ma.fields.Enum(EvaluationKind, by_value=True, required=True)
    party_id = ma.fields.UUID(required=True)
    agreement_id = ma.fields.UUID(load_default=None)
    period_start = ma.fields.Date(required=True)
    period_end = ma.fields.Date(required=True)
    self_due = ma.fields.Date(required=True)


class SelfAssessmentIn(Schema):
    """The organisation's own words and figures, and a file in base64."""

    text = TextField(required=True, max_length=REASON_LENGTH_MAX)
    figures = figures_field()
    name = TextField(required=True, max_length=NAME_LENGTH_MAX)
    media_type = TextField(load_default="application/octet-stream", max_length=100)
    content = FileContentField(required=True, data_key="content_base64")


class ParticipantIn(Schema):
    """Who took part, and as what."""

    name = TextField(required=True, max_length=NAME_LENGTH_MAX)
    participation = ma.fields.Enum(Participation, by_value=True, required=True)

    @ma.post_load
    def make(self, data, **_kwargs):
        """Return it as the rules know it."""
        return Participant(**data)


class AssessmentIn(Schema):
    """Scores by index as decimal text, the grade, and why."""

    participants = ma.fields.List(
        ma.fields.Nested(ParticipantIn), required=True, validate=ma.validate.Length(max=PARTICIPANTS_MAX)
    )
    scores = ma.fields.Dict(
        keys=TextField(max_length=64), values=ma.fields.String(validate=ma.validate.Length(1, SCORE_LENGTH_MAX)),
        load_default=dict, validate=ma.validate.Length(max=FIGURES_MAX),
    )  # fmt: skip
    grade = TextField(required=True, max_length=40)
    opinion = TextField(required=True, max_length=REASON_LENGTH_MAX)


class ClosingIn(Schema):
    """Why the result is not published."""

    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class EvaluationArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    state = ma.fields.Enum(EvaluationState, by_value=True)


class EvaluationOut(EntityOut):
    """One evaluation."""

    number = ma.fields.String()
    place = ma.fields.String()
    kind = ma.fields.Enum(EvaluationKind, by_value=True)
    state = ma.fields.Enum(EvaluationState, by_value=True)
    party = ma.fields.Nested(PartyNameOut)
    agreement_id = ma.fields.UUID(allow_none=True)
    period_start = ma.fields.Date()
    period_end = ma.fields.Date()
    self_due = ma.fields.Date()
    grade = ma.fields.String(allow_none=True)
    scores = ma.fields.Dict()


class EvaluationDetailOut(EvaluationOut):
    """One evaluation with both assessments and the steps that are possible now."""

    indices = ma.fields.List(ma.fields.String())
    sources = ma.fields.List(ma.fields.Dict())
    figures = ma.fields.Dict(metadata={"description": "整数；金额以分计 · whole numbers, money in fen"})
    self_text = ma.fields.String(allow_none=True)
    self_figures = ma.fields.Dict()
    self_evidence_sha256 = ma.fields.String(allow_none=True)
    self_assessed_at = ma.fields.AwareDateTime(allow_none=True)
    participants = ma.fields.List(ma.fields.Dict())
    opinion = ma.fields.String(allow_none=True)
    assessed_at = ma.fields.AwareDateTime(allow_none=True)
    closed_at = ma.fields.AwareDateTime(allow_none=True)
    closing_reason = ma.fields.String(allow_none=True)
    possible_events = ma.fields.Function(
        lambda evaluation: [event.value for event in possible(evaluation.state)],
        metadata={"type": "array", "items": {"type": "string"}},
    )


EvaluationPageOut = page_of(EvaluationOut)
