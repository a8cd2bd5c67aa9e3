"""What the routes of recognition show."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import MoneyField, SignedMoneyField


class RecognitionArgs(ma.Schema):
    """Whose orders, as of the end of which day."""

    place = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=40))
    day = ma.fields.Date()


class MonthOut(ma.Schema):
    """What one month recognises."""

    month = ma.fields.String()
    amount = MoneyField()


class RecognitionOut(ma.Schema):
    """How far the money of one order is revenue."""

    order = ma.fields.String()
    product = ma.fields.String()
    agreement = ma.fields.String()
    use_class = ma.fields.String()
    amount = MoneyField()
    paid = MoneyField()
    given_back = MoneyField()
    invoiced = MoneyField()
    credited = MoneyField()
    recognised = MoneyField()
    deferred = SignedMoneyField()
    billed_ahead = SignedMoneyField()
    to_come = ma.fields.List(ma.fields.Nested(MonthOut))


class RecognitionsOut(ma.Schema):
    """The orders of a place."""

    items = ma.fields.List(ma.fields.Nested(RecognitionOut))
