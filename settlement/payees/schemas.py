"""Accounts of payees as they travel; the number of an account is never shown whole."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField
from kernel.http import PageArgs, page_of
from settlement.payees.rules import AccountAct, AccountKind, AccountState

NAME_MAX, REASON_MAX, CODE_MAX, PLACE_MAX = 200, 2000, 64, 40


class PayeeAccountIn(Schema):
    """An account that is named; without a credit code, the treasury's of the place."""

    place = TextField(required=True, max_length=PLACE_MAX)
    uscc = TextField(load_default="", min_length=0, max_length=CODE_MAX)
    kind = ma.fields.Enum(AccountKind, by_value=True, required=True)
    holder = TextField(required=True, max_length=NAME_MAX)
    number = TextField(required=True, max_length=CODE_MAX)
    bank = TextField(load_default="", min_length=0, max_length=NAME_MAX)
    bank_code = TextField(load_default="", min_length=0, max_length=CODE_MAX)
    item_code = TextField(load_default="", min_length=0, max_length=CODE_MAX)
    contact = TextField(required=True, max_length=NAME_MAX)
    reason = TextField(required=True, max_length=REASON_MAX)


class PayeeDecisionIn(Schema):
    """What becomes of a named account, and why."""

    act = ma.fields.Enum(AccountAct, by_value=True, required=True)
    reason = TextField(required=True, max_length=REASON_MAX)


class PayeeAccountOut(EntityOut):
    """One account with its number masked."""

    place = ma.fields.String()
    party_id = ma.fields.UUID(allow_none=True)
    kind = ma.fields.Enum(AccountKind, by_value=True)
    holder = ma.fields.String()
    number = ma.fields.String(attribute="shown")
    bank = ma.fields.String()
    state = ma.fields.Enum(AccountState, by_value=True)
    asked_at = ma.fields.AwareDateTime()
    asked_by = ma.fields.String()
    decided_at = ma.fields.AwareDateTime(allow_none=True)
    decided_by = ma.fields.String(allow_none=True)
    effective_at = ma.fields.AwareDateTime(allow_none=True)


class PayeeAccountArgs(PageArgs):
    """Filter of the accounts."""

    state = ma.fields.Enum(AccountState, by_value=True, load_default=None)


class PayeeFreezeIn(Schema):
    """The order by which a party is not paid."""

    place = TextField(required=True, max_length=PLACE_MAX)
    uscc = TextField(required=True, max_length=CODE_MAX)
    document = TextField(required=True, max_length=NAME_MAX)
    reason = TextField(required=True, max_length=REASON_MAX)


class PayeeLiftIn(Schema):
    """The order by which it is paid again."""

    document = TextField(required=True, max_length=NAME_MAX)


class PayeeFreezeOut(EntityOut):
    """One freeze."""

    place = ma.fields.String()
    party_id = ma.fields.UUID()
    document = ma.fields.String()
    reason = ma.fields.String()
    placed_at = ma.fields.AwareDateTime()
    lift_asked_by = ma.fields.String(allow_none=True)
    lifted_at = ma.fields.AwareDateTime(allow_none=True)


PayeeAccountPageOut = page_of(PayeeAccountOut)
