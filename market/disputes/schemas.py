"""Disputes as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, MoneyField, Schema, TextField
from kernel.http import PageArgs, page_of
from kernel.money import ZERO
from market.disputes.rules import DisputeAct, DisputeState, Outcome, Side, Track
from pricing.costs.schemas import NAME_LENGTH_MAX, REASON_LENGTH_MAX, FileIn

WORDS_LENGTH_MAX = 10_000
CODE_LENGTH_MAX = 40
UNITS_MAX = 10**12
OF_ORGANISATIONS = (Track.ADMIN_BODY, Track.MERCHANT, Track.BUYER)


class DisputeIn(Schema):
    """What an organisation disputes: an order, the difference of a delivery receipt, or a product."""

    track = ma.fields.Enum(Track, by_value=True, required=True, validate=ma.validate.OneOf(OF_ORGANISATIONS))
    order_number = TextField(load_default=None, allow_none=True, max_length=CODE_LENGTH_MAX)
    receipt_number = TextField(load_default=None, allow_none=True, max_length=CODE_LENGTH_MAX)
    product_code = TextField(load_default=None, allow_none=True, max_length=CODE_LENGTH_MAX)
    amount = MoneyField(load_default=None, allow_none=True)
    words = TextField(required=True, max_length=WORDS_LENGTH_MAX)
    contact = TextField(required=True, max_length=NAME_LENGTH_MAX)
    evidence = ma.fields.Nested(FileIn, load_default=None, allow_none=True)


class DataSubjectIn(Schema):
    """What a data subject complains of, under the real name."""

    product_code = TextField(required=True, max_length=CODE_LENGTH_MAX)
    words = TextField(required=True, max_length=WORDS_LENGTH_MAX)
    name = TextField(required=True, max_length=NAME_LENGTH_MAX)
    contact = TextField(required=True, max_length=NAME_LENGTH_MAX)
    evidence = ma.fields.Nested(FileIn, load_default=None, allow_none=True)


class DisputeFiledOut(ma.Schema):
    """The receipt; the reference is the key to what becomes of the matter."""

    number = ma.fields.String()
    reference = ma.fields.String()
    filed_at = ma.fields.AwareDateTime()


class DisputeAcceptanceIn(Schema):
    """The last day of the other side's answer, where no rule of the place sets it."""

    answer_until = ma.fields.Date(load_default=None, allow_none=True)


class DisputeWayIn(Schema):
    """Mediation or review."""

    act = ma.fields.Enum(
        DisputeAct, by_value=True, required=True, validate=ma.validate.OneOf((DisputeAct.MEDIATE, DisputeAct.REVIEW))
    )


class DisputeStatementIn(Schema):
    """What one side says."""

    words = TextField(required=True, max_length=WORDS_LENGTH_MAX)
    evidence = ma.fields.Nested(FileIn, load_default=None, allow_none=True)


class DisputeProposalIn(Schema):
    """What the first person would decide; of a disputed delivery, how many units stand."""

    outcome = ma.fields.Enum(Outcome, by_value=True, required=True)
    awarded = MoneyField(load_default=ZERO)
    units = ma.fields.Integer(load_default=None, allow_none=True, validate=ma.validate.Range(0, UNITS_MAX))
    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class DisputeVerdictIn(Schema):
    """The second person's word."""

    is_confirmed = ma.fields.Boolean(required=True)
    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class DisputeClosingIn(Schema):
    """How the decision was carried out."""

    words = TextField(required=True, max_length=REASON_LENGTH_MAX)


class DisputeArgs(PageArgs):
    """Filters of the list."""

    state = ma.fields.Enum(DisputeState, by_value=True, load_default=None)
    track = ma.fields.Enum(Track, by_value=True, load_default=None)
    place = ma.fields.String(load_default=None, validate=ma.validate.Length(max=CODE_LENGTH_MAX))


class DisputeSeenOut(ma.Schema):
    """What whoever knows the reference reads: neither name nor words."""

    number = ma.fields.String()
    state = ma.fields.Enum(DisputeState, by_value=True)
    filed_at = ma.fields.AwareDateTime()
    accept_by = ma.fields.Date(allow_none=True)
    accepted_at = ma.fields.AwareDateTime(allow_none=True)
    decide_by = ma.fields.Date(allow_none=True)
    outcome = ma.fields.Enum(Outcome, by_value=True, allow_none=True)
    decided_reason = ma.fields.String(allow_none=True)
    decided_at = ma.fields.AwareDateTime(allow_none=True)
    ended_at = ma.fields.AwareDateTime(allow_none=True)


class DisputeOut(EntityOut):
    """One dispute as its two sides and the authorities read it."""

    number = ma.fields.String()
    track = ma.fields.Enum(Track, by_value=True)
    place = ma.fields.String()
    product_id = ma.fields.UUID()
    order_id = ma.fields.UUID(allow_none=True)
    receipt_id = ma.fields.UUID(allow_none=True)
    units = ma.fields.Integer(allow_none=True)
    amount = MoneyField()
    claimant_id = ma.fields.UUID(allow_none=True)
    respondent_id = ma.fields.UUID()
    words = ma.fields.String()
    evidence_sha256 = ma.fields.String(allow_none=True)
    basis = ma.fields.Dict()
    state = ma.fields.Enum(DisputeState, by_value=True)
    filed_at = ma.fields.AwareDateTime()
    accept_by = ma.fields.Date(allow_none=True)
    answer_until = ma.fields.Date(allow_none=True)
    mediate_by = ma.fields.Date(allow_none=True)
    decide_by = ma.fields.Date(allow_none=True)
    outcome = ma.fields.Enum(Outcome, by_value=True, allow_none=True)
    awarded = MoneyField(allow_none=True)
    decided_reason = ma.fields.String(allow_none=True)
    decided_at = ma.fields.AwareDateTime(allow_none=True)
    closing_words = ma.fields.String(allow_none=True)
    ended_at = ma.fields.AwareDateTime(allow_none=True)


DisputePageOut = page_of(DisputeOut)


class DisputeStatementOut(ma.Schema):
    """What one side said."""

    id = ma.fields.UUID()
    side = ma.fields.Enum(Side, by_value=True)
    words = ma.fields.String()
    evidence_sha256 = ma.fields.String(allow_none=True)
    said_by_name = ma.fields.String()
    said_at = ma.fields.AwareDateTime()


class DisputeProposalOut(ma.Schema):
    """A proposed decision."""

    id = ma.fields.UUID()
    outcome = ma.fields.Enum(Outcome, by_value=True)
    awarded = MoneyField()
    units = ma.fields.Integer(allow_none=True)
    reason = ma.fields.String()
    proposed_by_name = ma.fields.String()
    proposed_at = ma.fields.AwareDateTime()


class HeldOut(ma.Schema):
    """One matter that freezes part of an order."""

    source = ma.fields.String()
    units = ma.fields.Integer(allow_none=True)
    amount = MoneyField()
    entitlement_id = ma.fields.UUID(allow_none=True)
    from_date = ma.fields.Date(allow_none=True)
    until_date = ma.fields.Date(allow_none=True)


class FrozenOut(ma.Schema):
    """What of an order is frozen, and what is paid all the same."""

    order_amount = MoneyField()
    amount = MoneyField()
    free = MoneyField()
    held = ma.fields.List(ma.fields.Nested(HeldOut))
