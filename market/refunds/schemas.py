"""Refunds as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import AmountField, EntityOut, MomentField, MoneyField, Schema, TextField
from kernel.http import PageArgs, page_of
from market.payments.rules import PaymentMethod
from market.payments.schemas import LINE_LENGTH_MAX, LOCAL_MOMENT
from market.refunds.rules import RefundAct, RefundState

REASON_LENGTH_MAX = 2000
REFERENCE_LENGTH_MAX = 64
DECISIONS = (RefundAct.APPROVE.value, RefundAct.REFUSE.value)


class RefundIn(Schema):
    """How much goes back, why, and the reference under which it is asked for once."""

    payment_id = ma.fields.UUID(required=True)
    amount = AmountField(required=True)
    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)
    client_reference = TextField(required=True, max_length=REFERENCE_LENGTH_MAX)


class SurplusIn(Schema):
    """Money that came otherwise than it was asked for goes back as a whole."""

    attempt_id = ma.fields.UUID(required=True)
    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)
    client_reference = TextField(required=True, max_length=REFERENCE_LENGTH_MAX)


class RefundDecisionIn(Schema):
    """What the second person decides, and why."""

    act = ma.fields.Enum(RefundAct, by_value=True, required=True)
    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)

    @ma.validates_schema
    def is_a_decision(self, data, **_kwargs):
        """Refuse a withdrawal here.

        Raises:
            ValidationError: it is one.
        """
        if data.get("act") is not None and data["act"].value not in DECISIONS:
            raise ma.ValidationError("只能是 approve 或 refuse", "act")


class TransferIn(Schema):
    """The outgoing line of the bank."""

    bank_line = TextField(required=True, max_length=LINE_LENGTH_MAX)
    paid_at = MomentField(required=True)

    @ma.pre_load
    def take_beijing_time(self, data, **_kwargs):
        """Add the zone that the clock of a form leaves out."""
        typed = str(data.get("paid_at", ""))
        return {**data, "paid_at": f"{typed}+08:00"} if LOCAL_MOMENT.fullmatch(typed) else data


class RefundOut(EntityOut):
    """One refund and where it stands."""

    number = ma.fields.String()
    payment_id = ma.fields.UUID()
    attempt_id = ma.fields.UUID(allow_none=True)
    place = ma.fields.String()
    buyer_id = ma.fields.UUID()
    method = ma.fields.Enum(PaymentMethod, by_value=True)
    amount = MoneyField()
    reason = ma.fields.String()
    client_reference = ma.fields.String()
    state = ma.fields.Enum(RefundState, by_value=True)
    asked_at = ma.fields.AwareDateTime()
    asked_by = ma.fields.String()
    decided_at = ma.fields.AwareDateTime(allow_none=True)
    decided_by = ma.fields.String(allow_none=True)
    decided_reason = ma.fields.String()
    words = ma.fields.String()
    done_at = ma.fields.AwareDateTime(allow_none=True)
    evidence = ma.fields.String(allow_none=True)


class RefundArgs(PageArgs):
    """Filter of the refunds."""

    state = ma.fields.Enum(RefundState, by_value=True, load_default=None)


RefundPageOut = page_of(RefundOut)
