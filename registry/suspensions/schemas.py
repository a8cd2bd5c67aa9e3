"""Corrections as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField
from registry.agreements.schemas import SCOPE_MAX, KeptFileIn
from registry.parties.schemas import NAME_LENGTH_MAX, REASON_LENGTH_MAX


class CorrectionWordsIn(Schema):
    """What was corrected."""

    text = TextField(required=True, max_length=REASON_LENGTH_MAX)


class CorrectionIn(KeptFileIn, CorrectionWordsIn):
    """What was corrected, with its evidence."""


class CorrectionFindingIn(Schema):
    """Why the correction is insufficient."""

    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class AffectedDataIn(Schema):
    """The affected data, why their authorization ends, and who decided it."""

    resource_ids = ma.fields.List(ma.fields.UUID(), required=True, validate=ma.validate.Length(1, SCOPE_MAX))
    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)
    coordination_record = TextField(load_default=None, max_length=NAME_LENGTH_MAX)


class CorrectionFindingOut(ma.Schema):
    """The answer to a report."""

    reason = ma.fields.String()
    found_at = ma.fields.AwareDateTime()
    finder_name = ma.fields.String()


class CorrectionOut(EntityOut):
    """One reported correction."""

    agreement_id = ma.fields.UUID()
    text = ma.fields.String()
    evidence_sha256 = ma.fields.String()
    reported_at = ma.fields.AwareDateTime()
    reporter_name = ma.fields.String()
    finding = ma.fields.Nested(CorrectionFindingOut, allow_none=True)


class AffectedDataOut(EntityOut):
    """The end of part of the data."""

    agreement_id = ma.fields.UUID()
    resource_ids = ma.fields.List(ma.fields.String())
    reason = ma.fields.String()
    coordination_record = ma.fields.String(allow_none=True)
    asked_at = ma.fields.AwareDateTime()
    confirmed_at = ma.fields.AwareDateTime(allow_none=True)


class CorrectionsOut(ma.Schema):
    """What was reported and asked for since the agreement was first suspended."""

    reports = ma.fields.List(ma.fields.Nested(CorrectionOut))
    parts = ma.fields.List(ma.fields.Nested(AffectedDataOut))
