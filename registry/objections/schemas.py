"""Objections as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import Schema, TextField
from registry.objections.rules import IdentityKind, ObjectionState
from registry.parties.schemas import NAME_LENGTH_MAX, REASON_LENGTH_MAX
from registry.records.schemas import UploadIn
from registry.registrations.rules import ObjectionOutcome

EVIDENCE_LENGTH_MAX = 10_000
IDENTITY_LENGTH_MAX = 40
FILES_MAX = 5


class ObjectionIn(Schema):
    """An objection: real name and identity, how to reach its author, and evidence."""

    name = TextField(required=True, max_length=NAME_LENGTH_MAX)
    identity_kind = ma.fields.Enum(IdentityKind, by_value=True, required=True)
    identity_number = TextField(required=True, max_length=IDENTITY_LENGTH_MAX)
    contact = TextField(required=True, max_length=NAME_LENGTH_MAX)
    evidence = TextField(required=True, max_length=EVIDENCE_LENGTH_MAX)
    uploads = ma.fields.List(
        ma.fields.Nested(UploadIn), load_default=list, data_key="files", validate=ma.validate.Length(max=FILES_MAX)
    )


class ObjectionFiledOut(ma.Schema):
    """The receipt for an objection; the reference is shown this once."""

    id = ma.fields.UUID()
    registration_id = ma.fields.UUID()
    reference = ma.fields.String()
    filed_at = ma.fields.AwareDateTime()


class RecheckIn(Schema):
    """What the recheck found."""

    findings = TextField(required=True, max_length=REASON_LENGTH_MAX)


class OutcomeIn(Schema):
    """What becomes of an objection."""

    outcome = ma.fields.Enum(ObjectionOutcome, by_value=True, required=True)
    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class ObjectionSeenOut(ma.Schema):
    """What the author of an objection reads with the reference."""

    reference = ma.fields.String()
    registration = ma.fields.String()
    product = ma.fields.String()
    state = ma.fields.Enum(ObjectionState, by_value=True)
    filed_at = ma.fields.AwareDateTime()
    rechecked_at = ma.fields.AwareDateTime(allow_none=True)
    decided_at = ma.fields.AwareDateTime(allow_none=True)
    reason = ma.fields.String()
