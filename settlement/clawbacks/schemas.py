"""Receivables of parties as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, MoneyField, Schema, TextField
from kernel.http import PageArgs, page_of
from settlement.clawbacks.rules import RecoveryAct, RecoveryKind, RecoveryState

PLACE_MAX, REASON_MAX, LINE_MAX = 40, 2000, 64


class ClawbackArgs(PageArgs):
    """Filter of the receivables."""

    place = ma.fields.String(validate=ma.validate.Length(max=PLACE_MAX))


class ClawbackOut(EntityOut):
    """One receivable."""

    place = ma.fields.String()
    party_id = ma.fields.UUID()
    statement_id = ma.fields.UUID()
    order_number = ma.fields.String()
    is_treasury = ma.fields.Boolean()
    amount = MoneyField()
    raised_at = ma.fields.AwareDateTime()


class RecoveryIn(Schema):
    """What of a receivable was repaid, or is given up."""

    kind = ma.fields.Enum(RecoveryKind, by_value=True, required=True)
    amount = MoneyField(required=True)
    reason = TextField(required=True, max_length=REASON_MAX)
    bank_line = TextField(load_default="", min_length=0, max_length=LINE_MAX)


class RecoveryDecisionIn(Schema):
    """What the second person decides, and why."""

    act = ma.fields.Enum(RecoveryAct, by_value=True, required=True)
    reason = TextField(required=True, max_length=REASON_MAX)


class RecoveryOut(EntityOut):
    """One repayment or write-off."""

    clawback_id = ma.fields.UUID()
    kind = ma.fields.Enum(RecoveryKind, by_value=True)
    amount = MoneyField()
    reason = ma.fields.String()
    bank_line = ma.fields.String(allow_none=True)
    state = ma.fields.Enum(RecoveryState, by_value=True)
    asked_by = ma.fields.String()
    decided_by = ma.fields.String(allow_none=True)


ClawbackPageOut = page_of(ClawbackOut)
