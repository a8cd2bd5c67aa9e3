"""Misuse as it travels."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, MoneyField, Schema, SignedMoneyField, TextField
from kernel.http import PageArgs, page_of
from pricing.costs.schemas import NAME_LENGTH_MAX, REASON_LENGTH_MAX, FileIn
from pricing.exemptions.rules import Purpose
from pricing.misuses.rules import MisuseState

STATEMENT_LENGTH_MAX = 10_000


class MisuseIn(Schema):
    """A misuse that was found: days (both included), what the use really was, evidence, last day of the hearing."""

    exemption_id = ma.fields.UUID(required=True)
    from_date = ma.fields.Date(required=True)
    until_date = ma.fields.Date(required=True)
    actual_purpose = ma.fields.Enum(Purpose, by_value=True, required=True)
    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)
    evidence = ma.fields.Nested(FileIn, required=True)
    hearing_until = ma.fields.Date(required=True)


class MisuseStatementIn(Schema):
    """What the grantee says to it."""

    text = TextField(required=True, max_length=STATEMENT_LENGTH_MAX)
    evidence = ma.fields.Nested(FileIn, load_default=None, allow_none=True)


class MisuseReasonIn(Schema):
    """Why it is confirmed or dismissed."""

    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class MisuseSettlementIn(Schema):
    """The payment of a claim."""

    reference = TextField(required=True, max_length=NAME_LENGTH_MAX)
    amount = MoneyField(required=True)
    paid_on = ma.fields.Date(required=True)


class MisuseArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    state = ma.fields.Enum(MisuseState, by_value=True)


class MisuseOut(EntityOut):
    """One misuse."""

    number = ma.fields.String()
    place = ma.fields.String()
    exemption_id = ma.fields.UUID()
    product_id = ma.fields.UUID()
    grantee_id = ma.fields.UUID()
    from_date = ma.fields.Date()
    until_date = ma.fields.Date()
    actual_purpose = ma.fields.Enum(Purpose, by_value=True)
    reason = ma.fields.String()
    evidence_sha256 = ma.fields.String()
    hearing_until = ma.fields.Date()
    state = ma.fields.Enum(MisuseState, by_value=True)
    recorded_at = ma.fields.AwareDateTime()
    decided_at = ma.fields.AwareDateTime(allow_none=True)
    decided_reason = ma.fields.String(allow_none=True)
    amount = MoneyField(allow_none=True)
    sha256 = ma.fields.String(allow_none=True)
    payment_reference = ma.fields.String(allow_none=True)
    paid_on = ma.fields.Date(allow_none=True)


MisusePageOut = page_of(MisuseOut)


class MisuseLineOut(ma.Schema):
    """What one day costs."""

    day = ma.fields.Date()
    subject_kind = ma.fields.String(allow_none=True)
    units = ma.fields.String(metadata={"description": "exact, a whole number or a fraction"})
    tariff_number = ma.fields.String()
    amount = SignedMoneyField()
    explanation = ma.fields.Dict()


class MisuseStatementOut(ma.Schema):
    """What the grantee said."""

    text = ma.fields.String()
    evidence_sha256 = ma.fields.String(allow_none=True)
    stated_at = ma.fields.AwareDateTime()


class MisuseDetailOut(MisuseOut):
    """One misuse with the statements, the lines of its claim, and why it costs what it costs."""

    statements = ma.fields.List(ma.fields.Nested(MisuseStatementOut))
    lines = ma.fields.List(ma.fields.Nested(MisuseLineOut))
    explanation = ma.fields.Dict(allow_none=True)


class MisuseClaimOut(ma.Schema):
    """What a confirmation would claim; nothing is written."""

    amount = MoneyField()
    sha256 = ma.fields.String()
    explanation = ma.fields.Dict()
