"""Trade records as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import MoneyField


class TradeRecordOut(ma.Schema):
    """The nine fields of GB/T 37932-2025, 7.4 b, and what else is kept of a trade; derived, so without a version."""

    identifier = ma.fields.String()
    time = ma.fields.AwareDateTime()
    seller = ma.fields.String()
    buyer = ma.fields.String()
    subject = ma.fields.String()
    quantity = ma.fields.String()
    amount = MoneyField()
    delivery = ma.fields.String()
    result = ma.fields.String()
    place = ma.fields.String()
    venue = ma.fields.String()
    purpose = ma.fields.String()
    scenario = ma.fields.String()
    contract_number = ma.fields.String()
    contract_sha256 = ma.fields.String()
    ends_on = ma.fields.Date(allow_none=True)
    kept_until = ma.fields.Date(allow_none=True)


class TradeRecordPageOut(ma.Schema):
    """One page of trade records, newest first."""

    items = ma.fields.List(ma.fields.Nested(TradeRecordOut))
    next_cursor = ma.fields.String(allow_none=True)
