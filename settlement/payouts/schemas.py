"""Batches and payouts as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, FileContentField, MoneyField, Schema, TextField
from kernel.http import PageArgs, page_of
from settlement.payouts.rules import BatchState, Channel, HoldReason, PayoutState
from settlement.splits.rules import PayeeKind

PLACE_MAX, REASON_MAX = 40, 2000


class PayoutBatchIn(Schema):
    """The place whose payouts are prepared."""

    place = TextField(required=True, max_length=PLACE_MAX)


class PayoutReasonIn(Schema):
    """Why a batch is released or cancelled."""

    reason = TextField(required=True, max_length=REASON_MAX)


class PayoutResultsIn(Schema):
    """The bank's answer as a CSV file."""

    content = FileContentField(required=True)


class PayoutBatchArgs(PageArgs):
    """Filters of the batches."""

    place = ma.fields.String(validate=ma.validate.Length(max=PLACE_MAX))
    state = ma.fields.Enum(BatchState, by_value=True, load_default=None)


class PayoutDuesArgs(ma.Schema):
    """The place whose open amounts are shown."""

    place = ma.fields.String(required=True, validate=ma.validate.Length(max=PLACE_MAX))


class PayableOut(ma.Schema):
    """What can be paid of one statement."""

    statement = ma.fields.String()
    party_id = ma.fields.UUID()
    destination = ma.fields.Enum(PayeeKind, by_value=True)
    account = ma.fields.String()
    amount = MoneyField()


class HeldBackOut(ma.Schema):
    """What is owed and not paid now, and why."""

    statement = ma.fields.String()
    party_id = ma.fields.UUID()
    order = ma.fields.String()
    amount = MoneyField()
    reason = ma.fields.Enum(HoldReason, by_value=True)
    detail = ma.fields.String()


class PayoutDuesOut(ma.Schema):
    """Everything open at a place."""

    payable = ma.fields.List(ma.fields.Nested(PayableOut))
    held = ma.fields.List(ma.fields.Nested(HeldBackOut))


class PayoutBatchOut(EntityOut):
    """One batch."""

    number = ma.fields.String()
    place = ma.fields.String()
    channel = ma.fields.Enum(Channel, by_value=True)
    state = ma.fields.Enum(BatchState, by_value=True)
    total = MoneyField()
    count = ma.fields.Integer()
    sha256 = ma.fields.String()
    parked_reason = ma.fields.String()
    prepared_at = ma.fields.AwareDateTime()
    prepared_by = ma.fields.String()
    checked_at = ma.fields.AwareDateTime(allow_none=True)
    checked_by = ma.fields.String(allow_none=True)
    sent_at = ma.fields.AwareDateTime(allow_none=True)
    sent_by = ma.fields.String(allow_none=True)
    ended_at = ma.fields.AwareDateTime(allow_none=True)


class PayoutOut(EntityOut):
    """One payout; ``party_id`` is whom it is attributed to, whoever receives it."""

    number = ma.fields.String()
    statement_id = ma.fields.UUID()
    party_id = ma.fields.UUID()
    destination = ma.fields.Enum(PayeeKind, by_value=True)
    account_id = ma.fields.UUID()
    sequence = ma.fields.Integer()
    gross = MoneyField()
    netted = MoneyField()
    amount = MoneyField()
    state = ma.fields.Enum(PayoutState, by_value=True)
    provider_id = ma.fields.String(allow_none=True)
    bank_line = ma.fields.String(allow_none=True)
    words = ma.fields.String()
    sent_at = ma.fields.AwareDateTime(allow_none=True)
    ended_at = ma.fields.AwareDateTime(allow_none=True)


class PayoutBatchesOut(ma.Schema):
    """What was prepared at once."""

    items = ma.fields.List(ma.fields.Nested(PayoutBatchOut))


class PayoutsOut(ma.Schema):
    """The payouts of a batch."""

    items = ma.fields.List(ma.fields.Nested(PayoutOut))


PayoutBatchPageOut = page_of(PayoutBatchOut)
