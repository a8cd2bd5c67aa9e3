"""Accounts of buyers as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, MoneyField, Schema, SignedMoneyField, TextField
from kernel.http import page_of
from market.buyer_accounts.rules import LimitAct, LimitState, LineKind, Purse

DUE_DAYS_MAX = 365
BASIS_LENGTH_MAX = 500


class BuyerAccountIn(Schema):
    """At which place, and for whom: a buyer leaves that out."""

    place = TextField(required=True, max_length=40)
    buyer_id = ma.fields.UUID()


class PayingIn(Schema):
    """Which payment, out of which purse."""

    payment_id = ma.fields.UUID(required=True)
    purse = ma.fields.Enum(Purse, by_value=True, required=True)


class LimitIn(Schema):
    """How much may be owed, how many days there are to pay, and on which agreement it rests."""

    amount = MoneyField(required=True)
    due_days = ma.fields.Integer(required=True, validate=ma.validate.Range(1, DUE_DAYS_MAX))
    basis = TextField(required=True, max_length=BASIS_LENGTH_MAX)


class LimitDecisionIn(Schema):
    """What the second person decides."""

    act = ma.fields.Enum(LimitAct, by_value=True, required=True)


class LimitOut(EntityOut):
    """A credit limit and who stands for it."""

    account_id = ma.fields.UUID()
    amount = MoneyField()
    due_days = ma.fields.Integer()
    basis = ma.fields.String()
    state = ma.fields.Enum(LimitState, by_value=True)
    proposed_at = ma.fields.AwareDateTime()
    proposed_by = ma.fields.String()
    decided_at = ma.fields.AwareDateTime(allow_none=True)
    decided_by = ma.fields.String(allow_none=True)


class BuyerAccountOut(EntityOut):
    """One account."""

    number = ma.fields.String()
    place = ma.fields.String()
    buyer_id = ma.fields.UUID()
    reference = ma.fields.String()
    opened_at = ma.fields.AwareDateTime()


class BuyerAccountLineOut(EntityOut):
    """One movement."""

    purse = ma.fields.Enum(Purse, by_value=True)
    kind = ma.fields.Enum(LineKind, by_value=True)
    amount = SignedMoneyField()
    text = ma.fields.String()
    at = ma.fields.AwareDateTime()


class MonthlyStatementOut(EntityOut):
    """What is to be paid for one month, and what is still open of it."""

    number = ma.fields.String()
    month = ma.fields.String()
    amount = MoneyField()
    left = MoneyField()
    reference = ma.fields.String()
    lines = ma.fields.List(ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.String()))
    issued_at = ma.fields.AwareDateTime()
    due_date = ma.fields.Date()


class BuyerAccountDetailOut(BuyerAccountOut):
    """One account with its balances, newest movements and statements."""

    balance = MoneyField()
    owed = MoneyField()
    limit = ma.fields.Nested(LimitOut, allow_none=True)
    lines = ma.fields.List(ma.fields.Nested(BuyerAccountLineOut))
    statements = ma.fields.List(ma.fields.Nested(MonthlyStatementOut))


BuyerAccountPageOut = page_of(BuyerAccountOut)
