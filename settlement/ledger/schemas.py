"""What the routes of the journal show."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import SignedMoneyField


class LedgerArgs(ma.Schema):
    """Whose books, and between which dates (the last one does not count)."""

    place = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=40))
    start = ma.fields.Date()
    end = ma.fields.Date()


class LegOut(ma.Schema):
    """One line: debit positive, credit negative."""

    account = ma.fields.String()
    amount = SignedMoneyField()


class EntryOut(ma.Schema):
    """One voucher."""

    voucher = ma.fields.String()
    place = ma.fields.String(attribute="entry.place")
    cause = ma.fields.String(attribute="entry.cause")
    cause_id = ma.fields.String(attribute="entry.cause_id")
    entry_date = ma.fields.Date(attribute="entry.entry_date")
    text = ma.fields.String(attribute="entry.text")
    legs = ma.fields.List(ma.fields.Nested(LegOut), attribute="entry.legs")
    booked_at = ma.fields.AwareDateTime(attribute="header.booked_at")
    booked_by = ma.fields.String(attribute="header.booked_by")


class EntriesOut(ma.Schema):
    """Vouchers in order of number."""

    items = ma.fields.List(ma.fields.Nested(EntryOut))


class BalanceOut(ma.Schema):
    """One account with its balance, debit positive."""

    account = ma.fields.String()
    amount = SignedMoneyField()


class TrialBalanceOut(ma.Schema):
    """Every account of a place; the sum is zero."""

    place = ma.fields.String()
    sum = SignedMoneyField()
    items = ma.fields.List(ma.fields.Nested(BalanceOut))
