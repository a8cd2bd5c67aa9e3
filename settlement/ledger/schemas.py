"""What the routes of the journal show."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import MomentField, SignedMoneyField
from kernel.http import PageArgs


class LedgerArgs(PageArgs):
    """Whose books, and between which dates (the last one does not count)."""

    place = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=40))
    start = ma.fields.Date()
    end = ma.fields.Date()


class BalanceArgs(ma.Schema):
    """Whose books, and as of when: the last day, the moment of booking, or the last voucher that counts."""

    place = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=40))
    day = ma.fields.Date()
    moment = MomentField()
    voucher = ma.fields.String(validate=ma.validate.Regexp(r"^JV-[a-z0-9_]{1,40}-[0-9]{4}-[0-9]{6,12}$"))


class AccountArgs(ma.Schema):
    """One account of a place, at the end of a day."""

    place = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=40))
    account = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=200))
    day = ma.fields.Date()


class LegOut(ma.Schema):
    """One line: debit positive, credit negative."""

    account = ma.fields.String()
    amount = SignedMoneyField()


class VoucherOut(ma.Schema):
    """One voucher."""

    voucher = ma.fields.String()
    place = ma.fields.String(attribute="entry.place")
    cause = ma.fields.String(attribute="entry.cause")
    cause_id = ma.fields.String(attribute="entry.cause_id")
    entry_date = ma.fields.Date(attribute="entry.entry_date")
    text = ma.fields.String(attribute="entry.text")
    legs = ma.fields.List(ma.fields.Nested(LegOut), attribute="entry.legs")
    agreement = ma.fields.String(attribute="entry.tags.agreement", allow_none=True)
    product = ma.fields.String(attribute="entry.tags.product", allow_none=True)
    use_class = ma.fields.String(attribute="entry.tags.use_class", allow_none=True)
    value_date = ma.fields.Date(attribute="entry.value_date", allow_none=True)
    reverses = ma.fields.UUID(attribute="entry.reverses", allow_none=True)
    booked_at = ma.fields.AwareDateTime(attribute="header.booked_at")
    booked_by = ma.fields.String(attribute="header.booked_by")


class BalanceOut(ma.Schema):
    """One account with its balance, debit positive."""

    account = ma.fields.String()
    amount = SignedMoneyField()


class TrialBalanceOut(ma.Schema):
    """Every account of a place; the sum is zero."""

    place = ma.fields.String()
    sum = SignedMoneyField()
    items = ma.fields.List(ma.fields.Nested(BalanceOut))


class SeparateOut(ma.Schema):
    """One separate account: agreement, class of use and account of the chart."""

    agreement = ma.fields.String(allow_none=True)
    use_class = ma.fields.String(allow_none=True)
    account = ma.fields.String()
    amount = SignedMoneyField()


class SeparatesOut(ma.Schema):
    """The separate accounts of a place (PRC-09)."""

    items = ma.fields.List(ma.fields.Nested(SeparateOut))


class UnclearedOut(ma.Schema):
    """What stands on a control account, since when."""

    account = ma.fields.String()
    since = ma.fields.Date()
    days = ma.fields.Integer()
    amount = SignedMoneyField()


class UnclearedListOut(ma.Schema):
    """The control accounts of a place that are not clear."""

    items = ma.fields.List(ma.fields.Nested(UnclearedOut))
