"""Payments as they travel."""

from __future__ import annotations

import re

import marshmallow as ma

from kernel.fields import EntityOut, MomentField, MoneyField, Schema, TextField
from kernel.http import PageArgs, page_of
from market.payments.rules import AttemptState, PaymentMethod, PaymentState

LINE_LENGTH_MAX = 64
NAME_LENGTH_MAX = 200
LOCAL_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?")


class BankLineIn(Schema):
    """One line of the bank statement: the bank's serial number, the remark, the amount credited, payer and moment."""

    bank_line = TextField(required=True, max_length=LINE_LENGTH_MAX)
    reference = TextField(required=True, max_length=LINE_LENGTH_MAX)
    amount = MoneyField(required=True)
    payer_name = TextField(required=True, max_length=NAME_LENGTH_MAX)
    captured_at = MomentField(required=True)


class BankLineFormIn(BankLineIn):
    """The same as a person types it: a moment without a zone is Beijing time."""

    @ma.pre_load
    def take_beijing_time(self, data, **_kwargs):
        """Add the zone that the clock of a form leaves out."""
        typed = data.get("captured_at", "")
        return {**data, "captured_at": f"{typed}+08:00"} if LOCAL_MOMENT.fullmatch(typed) else data


class OpeningIn(Schema):
    """The order to open, which was paid while a gate was closed."""

    order_number = TextField(required=True, max_length=40)


class PaymentOut(EntityOut):
    """What is owed for one order, and the money that came."""

    number = ma.fields.String()
    order_id = ma.fields.UUID()
    place = ma.fields.String()
    buyer_id = ma.fields.UUID()
    method = ma.fields.Enum(PaymentMethod, by_value=True)
    reference = ma.fields.String()
    amount = MoneyField()
    state = ma.fields.Enum(PaymentState, by_value=True)
    expected_at = ma.fields.AwareDateTime()
    captured_at = ma.fields.AwareDateTime(allow_none=True)
    recorded_at = ma.fields.AwareDateTime(allow_none=True)
    recorded_by = ma.fields.String(allow_none=True)
    bank_line = ma.fields.String(allow_none=True)
    payer_name = ma.fields.String(allow_none=True)


class AttemptOut(EntityOut):
    """One try to pay online: where to pay, and what the provider said last."""

    number = ma.fields.String()
    payment_id = ma.fields.UUID()
    method = ma.fields.Enum(PaymentMethod, by_value=True)
    amount = MoneyField()
    state = ma.fields.Enum(AttemptState, by_value=True)
    url = ma.fields.String(allow_none=True)
    asked_at = ma.fields.AwareDateTime()
    answered_at = ma.fields.AwareDateTime(allow_none=True)
    received = MoneyField(allow_none=True)
    received_at = ma.fields.AwareDateTime(allow_none=True)
    reason = ma.fields.String()


class PaymentArgs(PageArgs):
    """Filter of the payments."""

    state = ma.fields.Enum(PaymentState, by_value=True, load_default=None)


PaymentPageOut = page_of(PaymentOut)
