"""Complaints about fees as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField
from kernel.http import PageArgs, page_of
from pricing.complaints.rules import ComplaintState, Ground, Outcome
from pricing.costs.schemas import NAME_LENGTH_MAX, REASON_LENGTH_MAX, FileIn

WORDS_LENGTH_MAX = 10_000
CODE_LENGTH_MAX = 40


class PriceComplaintIn(Schema):
    """A complaint: product, what is wrong, real name (of who is signed in, the organisation's), how to be reached."""

    product_code = TextField(required=True, max_length=CODE_LENGTH_MAX)
    tariff_number = TextField(load_default=None, allow_none=True, max_length=CODE_LENGTH_MAX)
    ground = ma.fields.Enum(Ground, by_value=True, required=True)
    words = TextField(required=True, max_length=WORDS_LENGTH_MAX)
    name = TextField(required=True, max_length=NAME_LENGTH_MAX)
    contact = TextField(required=True, max_length=NAME_LENGTH_MAX)
    evidence = ma.fields.Nested(FileIn, load_default=None, allow_none=True)


class ComplaintFiledOut(ma.Schema):
    """The receipt; the reference is the key to what becomes of the complaint."""

    number = ma.fields.String()
    reference = ma.fields.String()
    filed_at = ma.fields.AwareDateTime()


class ComplaintFindingsIn(Schema):
    """What the review of the fee found."""

    findings = TextField(required=True, max_length=REASON_LENGTH_MAX)


class ComplaintDecisionIn(Schema):
    """What is decided, and why."""

    outcome = ma.fields.Enum(Outcome, by_value=True, required=True)
    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class ComplaintClosingIn(Schema):
    """The new price or cap, where the fee was to be adjusted."""

    tariff_number = TextField(load_default=None, allow_none=True, max_length=CODE_LENGTH_MAX)
    cap_id = ma.fields.UUID(load_default=None, allow_none=True)


class ComplaintArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    state = ma.fields.Enum(ComplaintState, by_value=True)
    product_id = ma.fields.UUID()


class ComplaintSeenOut(ma.Schema):
    """What the author of a complaint reads with the reference."""

    number = ma.fields.String()
    product = ma.fields.String()
    state = ma.fields.Enum(ComplaintState, by_value=True)
    outcome = ma.fields.Enum(Outcome, by_value=True, allow_none=True)
    filed_at = ma.fields.AwareDateTime()
    accepted_at = ma.fields.AwareDateTime(allow_none=True)
    reviewed_at = ma.fields.AwareDateTime(allow_none=True)
    decided_at = ma.fields.AwareDateTime(allow_none=True)
    decided_reason = ma.fields.String(allow_none=True)
    ended_at = ma.fields.AwareDateTime(allow_none=True)


class PriceComplaintOut(EntityOut):
    """One complaint as the authorities and its author's organisation read it."""

    number = ma.fields.String()
    place = ma.fields.String()
    product_id = ma.fields.UUID()
    tariff_id = ma.fields.UUID(allow_none=True)
    authorizing_entity_id = ma.fields.UUID()
    ground = ma.fields.Enum(Ground, by_value=True)
    words = ma.fields.String()
    evidence_sha256 = ma.fields.String(allow_none=True)
    name = ma.fields.String()
    contact = ma.fields.String()
    party_id = ma.fields.UUID(allow_none=True)
    state = ma.fields.Enum(ComplaintState, by_value=True)
    filed_at = ma.fields.AwareDateTime()
    findings = ma.fields.String(allow_none=True)
    outcome = ma.fields.Enum(Outcome, by_value=True, allow_none=True)
    decided_reason = ma.fields.String(allow_none=True)
    decided_at = ma.fields.AwareDateTime(allow_none=True)
    new_tariff_id = ma.fields.UUID(allow_none=True)
    new_cap_id = ma.fields.UUID(allow_none=True)
    ended_at = ma.fields.AwareDateTime(allow_none=True)


PriceComplaintPageOut = page_of(PriceComplaintOut)


class ComplaintCountOut(ma.Schema):
    """How many complaints there are about one product."""

    product_id = ma.fields.UUID()
    filed = ma.fields.Integer()
    open = ma.fields.Integer()
    adjusted = ma.fields.Integer()
