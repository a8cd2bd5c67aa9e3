"""Takings as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import SignedMoneyField

YEAR_MIN, YEAR_MAX = 2000, 2100


class YearArgs(ma.Schema):
    """Which year; without one, the running year."""

    year = ma.fields.Integer(validate=ma.validate.Range(YEAR_MIN, YEAR_MAX), load_default=None)


class TakingOut(ma.Schema):
    """One product in one month; amounts in yuan with tax, net and share without."""

    product = ma.fields.String()
    title = ma.fields.String()
    month = ma.fields.String()
    orders = ma.fields.Integer()
    ordered = SignedMoneyField()
    paid = SignedMoneyField()
    refunded = SignedMoneyField()
    held = SignedMoneyField()
    gross = SignedMoneyField()
    tax = SignedMoneyField()
    net = SignedMoneyField()
    share = SignedMoneyField()


class UnearnedOut(ma.Schema):
    """What the ledger holds of one product's orders: paid, not yet earned."""

    product = ma.fields.String()
    amount = SignedMoneyField()


class TakingsOut(ma.Schema):
    """One year of a seller."""

    year = ma.fields.Integer()
    rows = ma.fields.List(ma.fields.Nested(TakingOut))
    total = ma.fields.Nested(TakingOut(exclude=("product", "title", "month")))
    unearned = ma.fields.List(ma.fields.Nested(UnearnedOut))


class WaitingOut(ma.Schema):
    """An order that waits for somebody to act."""

    order = ma.fields.String()
    product = ma.fields.String()
    reason = ma.fields.String()
    detail = ma.fields.String()
    amount = SignedMoneyField(allow_none=True)


class ExpectedOut(ma.Schema):
    """What the settlements still to come would give if they were made now."""

    rows = ma.fields.List(
        ma.fields.Nested(TakingOut(only=("product", "title", "month", "gross", "tax", "net", "share")))
    )
    total = ma.fields.Nested(TakingOut(only=("gross", "tax", "net", "share")))
    waiting = ma.fields.List(ma.fields.Nested(WaitingOut))
