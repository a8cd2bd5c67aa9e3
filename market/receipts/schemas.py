"""Delivery receipts as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField
from kernel.http import PageArgs, page_of
from market.receipts.rules import ReceiptState, Side

COUNT_MAX = 10**12
MONTH = r"^[0-9]{4}-[0-9]{2}$"
NUMBER_LENGTH_MAX = 40
WORDS_LENGTH_MAX = 2000


class ReceiptCountIn(Schema):
    """How many units of an entitlement your side counted in a month."""

    entitlement_number = TextField(required=True, max_length=NUMBER_LENGTH_MAX)
    month = ma.fields.String(required=True, validate=[ma.validate.Length(max=7), ma.validate.Regexp(MONTH)])
    count = ma.fields.Integer(required=True, strict=False, validate=ma.validate.Range(0, COUNT_MAX))
    words = TextField(load_default=None, allow_none=True, max_length=WORDS_LENGTH_MAX)


class ReceiptSignatureIn(Schema):
    """The digest of the document that was read."""

    sha256 = ma.fields.String(required=True, validate=ma.validate.Length(equal=64))


class ReceiptArgs(PageArgs):
    """Filters of the list."""

    state = ma.fields.Enum(ReceiptState, by_value=True, load_default=None)


class ReceiptCountOut(ma.Schema):
    """One count by one side."""

    side = ma.fields.Enum(Side, by_value=True)
    units = ma.fields.Integer()
    metered = ma.fields.Integer(allow_none=True)
    words = ma.fields.String(allow_none=True)
    counted_by_name = ma.fields.String()
    counted_at = ma.fields.AwareDateTime()


class ReceiptOut(EntityOut):
    """What was delivered in a month, as both sides counted it."""

    number = ma.fields.String()
    place = ma.fields.String()
    entitlement_id = ma.fields.UUID()
    order_id = ma.fields.UUID()
    period_start = ma.fields.Date()
    period_end = ma.fields.Date()
    provider_count = ma.fields.Integer(allow_none=True)
    buyer_count = ma.fields.Integer(allow_none=True)
    agreed = ma.fields.Integer(attribute="standing.agreed", allow_none=True)
    in_dispute = ma.fields.Integer(attribute="standing.in_dispute", allow_none=True)
    document = ma.fields.Dict(allow_none=True)
    sha256 = ma.fields.String(allow_none=True)
    state = ma.fields.Enum(ReceiptState, by_value=True)
    decided_units = ma.fields.Integer(allow_none=True)
    ended_at = ma.fields.AwareDateTime(allow_none=True)


ReceiptPageOut = page_of(ReceiptOut)
