"""Payouts of the provider that arrived, as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, MoneyField, Schema, TextField

NOTE_LENGTH_MAX = 500


class ArrivalIn(Schema):
    """Which payout a credit is, and by what that is known."""

    payout = TextField(required=True, max_length=100)
    note = TextField(required=True, max_length=NOTE_LENGTH_MAX)


class ReleaseIn(Schema):
    """Why a credit is no payout after all."""

    note = TextField(required=True, max_length=NOTE_LENGTH_MAX)


class ArrivalOut(EntityOut):
    """One credit of the bank as (part of) one payout."""

    bank_line_id = ma.fields.UUID()
    payout_id = ma.fields.UUID()
    place = ma.fields.String()
    amount = MoneyField()
    note = ma.fields.String()
    made_at = ma.fields.AwareDateTime()
    made_by = ma.fields.String()
