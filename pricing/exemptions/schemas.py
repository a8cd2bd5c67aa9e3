"""Free use in the public interest as it travels."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField
from kernel.http import PageArgs, page_of
from pricing.costs.schemas import REASON_LENGTH_MAX, FileIn
from pricing.exemptions.rules import ExemptionState, Purpose

QUOTA_MAX = 10**12


class ExemptionIn(Schema):
    """A request; ``valid_until`` is the last day, ``quota`` the most units over the whole term."""

    product_id = ma.fields.UUID(required=True)
    grantee_id = ma.fields.UUID(required=True)
    purpose = ma.fields.Enum(Purpose, by_value=True, required=True)
    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)
    valid_from = ma.fields.Date(required=True)
    valid_until = ma.fields.Date(required=True)
    quota = ma.fields.Integer(load_default=None, allow_none=True, validate=ma.validate.Range(1, QUOTA_MAX))
    evidence = ma.fields.Nested(FileIn, load_default=None, allow_none=True)


class ReasonIn(Schema):
    """Why it is refused or revoked."""

    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class ExemptionArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    state = ma.fields.Enum(ExemptionState, by_value=True)


class ExemptionOut(EntityOut):
    """One exemption."""

    number = ma.fields.String()
    place = ma.fields.String()
    product_id = ma.fields.UUID()
    grantee_id = ma.fields.UUID()
    purpose = ma.fields.Enum(Purpose, by_value=True)
    reason = ma.fields.String()
    evidence_sha256 = ma.fields.String(allow_none=True)
    quota = ma.fields.Integer(allow_none=True)
    valid_from = ma.fields.Date()
    valid_until = ma.fields.Date()
    state = ma.fields.Enum(ExemptionState, by_value=True)
    requested_at = ma.fields.AwareDateTime()
    approved_at = ma.fields.AwareDateTime(allow_none=True)
    closed_at = ma.fields.AwareDateTime(allow_none=True)
    closed_reason = ma.fields.String(allow_none=True)


ExemptionPageOut = page_of(ExemptionOut)
