"""Free use in the public interest as it travels."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField
from kernel.http import PageArgs, page_of
from pricing.costs.schemas import REASON_LENGTH_MAX, FileIn
from pricing.exemptions.rules import AmendmentAct, AmendmentState, ExemptionState, Purpose

QUOTA_MAX = 10**12
ENDING_DAYS_MAX = 3660


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
    """Why it is refused, revoked or returned."""

    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class ExemptionApprovalIn(Schema):
    """The conditions of the approval in words, where there are any."""

    conditions = TextField(load_default=None, allow_none=True, max_length=REASON_LENGTH_MAX)


class ExemptionChangeIn(Schema):
    """Another last day and quota: of a renewal, or of a change; no ``quota`` means no limit."""

    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)
    valid_until = ma.fields.Date(required=True)
    quota = ma.fields.Integer(load_default=None, allow_none=True, validate=ma.validate.Range(1, QUOTA_MAX))
    evidence = ma.fields.Nested(FileIn, load_default=None, allow_none=True)


class AmendmentDecisionIn(Schema):
    """What is decided on a change of terms, and why; ``conditions`` replaces the words of before, if given."""

    act = ma.fields.Enum(AmendmentAct, by_value=True, required=True)
    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)
    conditions = TextField(load_default=None, allow_none=True, max_length=REASON_LENGTH_MAX)


class ExemptionArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    state = ma.fields.Enum(ExemptionState, by_value=True)
    ending_within = ma.fields.Integer(
        validate=ma.validate.Range(1, ENDING_DAYS_MAX), metadata={"description": "days · 多少日内到期"}
    )


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
    conditions = ma.fields.String(allow_none=True)
    renews_id = ma.fields.UUID(allow_none=True)
    returned_at = ma.fields.AwareDateTime(allow_none=True)


ExemptionPageOut = page_of(ExemptionOut)


class ExemptionTermsOut(ma.Schema):
    """The terms as they were once decided."""

    position = ma.fields.Integer()
    valid_from = ma.fields.Date()
    valid_until = ma.fields.Date()
    quota = ma.fields.Integer(allow_none=True)
    conditions = ma.fields.String(allow_none=True)
    reason = ma.fields.String()
    decided_at = ma.fields.AwareDateTime()


class ExemptionAmendmentOut(EntityOut):
    """A change that was asked for."""

    exemption_id = ma.fields.UUID()
    valid_until = ma.fields.Date()
    quota = ma.fields.Integer(allow_none=True)
    reason = ma.fields.String()
    evidence_sha256 = ma.fields.String(allow_none=True)
    state = ma.fields.Enum(AmendmentState, by_value=True)
    asked_at = ma.fields.AwareDateTime()
    decided_at = ma.fields.AwareDateTime(allow_none=True)
    decided_reason = ma.fields.String(allow_none=True)


class ExemptionHistoryOut(ma.Schema):
    """Every term that was decided, and every change that was asked for."""

    terms = ma.fields.List(ma.fields.Nested(ExemptionTermsOut))
    amendments = ma.fields.List(ma.fields.Nested(ExemptionAmendmentOut))
