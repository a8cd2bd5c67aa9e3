"""Determinations as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, MoneyField, RateField, Schema, TextField
from kernel.http import PageArgs, page_of
from pricing.ceilings.schemas import LEVELS
from pricing.costs.schemas import NAME_LENGTH_MAX, REASON_LENGTH_MAX, YEARS, FileIn
from pricing.determinations.rules import STORED, DeterminationEvent, DeterminationState

TAXES_MAX = 20
SHA256 = ma.validate.Regexp(r"^[0-9a-f]{64}$")


class ApplicationFilingIn(Schema):
    """A written application, or its correction."""

    first_sale_date = ma.fields.Date(required=True)
    reference = TextField(required=True, max_length=NAME_LENGTH_MAX)
    statement = TextField(required=True, max_length=REASON_LENGTH_MAX)
    evidence = ma.fields.Nested(FileIn, load_default=None, allow_none=True)


class DeterminationIn(ApplicationFilingIn):
    """A new application for one agreement and year."""

    agreement_id = ma.fields.UUID(required=True)
    year = ma.fields.Integer(required=True, validate=ma.validate.Range(*YEARS))


class DeterminationNoteIn(Schema):
    """Why: of a return, a withdrawal."""

    note = TextField(required=True, max_length=REASON_LENGTH_MAX)


class AssessmentOfReadinessIn(Schema):
    """Whether there is a basis for pricing, and why."""

    is_ready = ma.fields.Boolean(required=True)
    note = TextField(required=True, max_length=REASON_LENGTH_MAX)


class TaxLineIn(Schema):
    """One tax, as proposed: the text does not say which are inside, so each is named with its basis."""

    label = TextField(required=True, max_length=NAME_LENGTH_MAX)
    basis = TextField(load_default="", min_length=0, max_length=NAME_LENGTH_MAX)
    amount = MoneyField(required=True)


class ProposalIn(Schema):
    """What is proposed; the year is the application's, the treasury yield only where the book of rules has none."""

    survey_id = ma.fields.UUID(required=True)
    margin = RateField(required=True)
    tax_lines = ma.fields.List(
        ma.fields.Nested(TaxLineIn), load_default=list, validate=ma.validate.Length(max=TAXES_MAX)
    )
    jointly_with = TextField(required=True, max_length=NAME_LENGTH_MAX)
    bond_yield = RateField(load_default=None, allow_none=True)
    bond_yield_source = TextField(load_default="", min_length=0, max_length=NAME_LENGTH_MAX)
    clawback = MoneyField(load_default=None, allow_none=True)
    clawback_reason = TextField(load_default="", min_length=0, max_length=REASON_LENGTH_MAX)
    authority_level = ma.fields.String(required=True, validate=ma.validate.OneOf(LEVELS))
    delegation = TextField(load_default="", min_length=0, max_length=NAME_LENGTH_MAX)


class ConfirmationIn(Schema):
    """Which proposal was read."""

    sha256 = ma.fields.String(required=True, validate=SHA256)
    note = TextField(load_default="", min_length=0, max_length=REASON_LENGTH_MAX)


class RejectionIn(Schema):
    """Which proposal was read, and what is wrong with it."""

    sha256 = ma.fields.String(required=True, validate=SHA256)
    note = TextField(required=True, max_length=REASON_LENGTH_MAX)


class DeterminationArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    year = ma.fields.Integer(validate=ma.validate.Range(*YEARS))
    agreement_id = ma.fields.UUID()
    state = ma.fields.Enum(DeterminationState, by_value=True, validate=ma.validate.OneOf(STORED))


class DeterminationStepOut(ma.Schema):
    """One thing that was done."""

    event = ma.fields.Enum(DeterminationEvent, by_value=True, allow_none=True)
    state = ma.fields.Enum(DeterminationState, by_value=True)
    note = ma.fields.String()
    actor_name = ma.fields.String()
    at = ma.fields.AwareDateTime()


class ProposalDecisionOut(ma.Schema):
    """What the second person decided."""

    is_confirmed = ma.fields.Boolean()
    reason = ma.fields.String()
    ceiling_id = ma.fields.UUID(allow_none=True)
    decided_by_name = ma.fields.String()
    decided_at = ma.fields.AwareDateTime()


class ProposalPreviewOut(ma.Schema):
    """What would follow from the terms."""

    max_permitted_revenue = MoneyField()
    terms = ma.fields.Dict()
    explanation = ma.fields.Dict(attribute="tree")
    sources = ma.fields.List(ma.fields.Dict())


class ProposalOut(ProposalPreviewOut):
    """One proposal with its digest and decision."""

    id = ma.fields.UUID()
    round_number = ma.fields.Integer()
    survey_id = ma.fields.UUID()
    sha256 = ma.fields.String()
    proposed_by_name = ma.fields.String()
    proposed_at = ma.fields.AwareDateTime()
    decision = ma.fields.Nested(ProposalDecisionOut, allow_none=True)


class DeterminationOut(EntityOut):
    """One determination; ``state`` is what was decided, ``phase`` where it stands today."""

    number = ma.fields.String()
    place = ma.fields.String()
    agreement_id = ma.fields.UUID()
    year = ma.fields.Integer()
    state = ma.fields.Enum(DeterminationState, by_value=True)
    first_sale_date = ma.fields.Date()
    reference = ma.fields.String()
    statement = ma.fields.String()
    evidence_sha256 = ma.fields.String(allow_none=True)
    applied_at = ma.fields.AwareDateTime()


class DeterminationDetailOut(DeterminationOut):
    """One determination with its steps and proposals."""

    phase = ma.fields.Enum(DeterminationState, by_value=True)
    steps = ma.fields.List(ma.fields.Nested(DeterminationStepOut))
    proposals = ma.fields.List(ma.fields.Nested(ProposalOut))


DeterminationPageOut = page_of(DeterminationOut)
