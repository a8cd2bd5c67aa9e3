"""Invoices as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, MoneyField, RateField, Schema, SignedMoneyField, TextField
from kernel.http import PageArgs, page_of
from market.invoices.rules import InvoiceKind, InvoiceState, InvoiceType, TaxpayerKind

NUMBER_LENGTH_MAX = 40
TITLE_LENGTH_MAX = 200
REASON_LENGTH_MAX = 2000
MONTH = r"^[0-9]{4}-(0[1-9]|1[0-2])\Z"
FORMATS = ("xlsx", "csv", "json")


class TaxpayerIn(Schema):
    """How your organisation is taxed, from which day on."""

    kind = ma.fields.Enum(TaxpayerKind, by_value=True, required=True)
    from_date = ma.fields.Date(required=True)


class TaxpayerOut(EntityOut):
    """What a seller stated."""

    party_id = ma.fields.UUID()
    kind = ma.fields.Enum(TaxpayerKind, by_value=True)
    from_date = ma.fields.Date()
    stated_by_name = ma.fields.String()
    stated_at = ma.fields.AwareDateTime()


class InvoiceIn(Schema):
    """What stands on the invoice; title and tax number are those of the buyer of the order."""

    order_number = TextField(required=True, max_length=NUMBER_LENGTH_MAX)
    type = ma.fields.Enum(InvoiceType, by_value=True, required=True)
    title = TextField(required=True, max_length=TITLE_LENGTH_MAX)
    tax_number = TextField(required=True, max_length=NUMBER_LENGTH_MAX)
    address = TextField(load_default=None, allow_none=True, max_length=TITLE_LENGTH_MAX)
    bank = TextField(load_default=None, allow_none=True, max_length=TITLE_LENGTH_MAX)


class MonthInvoiceIn(Schema):
    """One invoice over the orders of a month with one seller (月结)."""

    month = ma.fields.String(required=True, validate=[ma.validate.Length(max=7), ma.validate.Regexp(MONTH)])
    seller_uscc = TextField(required=True, max_length=NUMBER_LENGTH_MAX)
    type = ma.fields.Enum(InvoiceType, by_value=True, required=True)
    title = TextField(required=True, max_length=TITLE_LENGTH_MAX)
    tax_number = TextField(required=True, max_length=NUMBER_LENGTH_MAX)
    address = TextField(load_default=None, allow_none=True, max_length=TITLE_LENGTH_MAX)
    bank = TextField(load_default=None, allow_none=True, max_length=TITLE_LENGTH_MAX)


class InvoiceLineOut(ma.Schema):
    """What of an invoice is about one order."""

    order_id = ma.fields.UUID()
    gross = SignedMoneyField()
    net = SignedMoneyField()
    tax = SignedMoneyField()


class InvoiceIssueIn(Schema):
    """Number and date from the tax system."""

    tax_system_number = TextField(required=True, max_length=NUMBER_LENGTH_MAX)
    issued_date = ma.fields.Date(required=True)


class InvoiceRefusalIn(Schema):
    """Why it is sent back."""

    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class RedLetterIn(Schema):
    """How much of the invoice is taken back, and why."""

    amount = MoneyField(required=True)
    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class InvoiceArgs(PageArgs):
    """Filters of the list."""

    state = ma.fields.Enum(InvoiceState, by_value=True, load_default=None)
    kind = ma.fields.Enum(InvoiceKind, by_value=True, load_default=None)


class InvoiceExportArgs(ma.Schema):
    """As what the requests are exported."""

    format = ma.fields.String(load_default=FORMATS[0], validate=ma.validate.OneOf(FORMATS))


class InvoiceOut(EntityOut):
    """One invoice; a red letter carries negative amounts and its original."""

    number = ma.fields.String()
    kind = ma.fields.Enum(InvoiceKind, by_value=True)
    type = ma.fields.Enum(InvoiceType, by_value=True)
    place = ma.fields.String()
    order_id = ma.fields.UUID(allow_none=True)
    month = ma.fields.Date(allow_none=True)
    original_id = ma.fields.UUID(allow_none=True)
    seller_id = ma.fields.UUID()
    buyer_id = ma.fields.UUID()
    title = ma.fields.String()
    tax_number = ma.fields.String()
    address = ma.fields.String(allow_none=True)
    bank = ma.fields.String(allow_none=True)
    gross = SignedMoneyField()
    net = SignedMoneyField()
    tax = SignedMoneyField()
    rate = RateField()
    reason = ma.fields.String(allow_none=True)
    state = ma.fields.Enum(InvoiceState, by_value=True)
    requested_at = ma.fields.AwareDateTime()
    tax_system_number = ma.fields.String(allow_none=True)
    issued_date = ma.fields.Date(allow_none=True)
    refused_reason = ma.fields.String(allow_none=True)
    ended_at = ma.fields.AwareDateTime(allow_none=True)


InvoicePageOut = page_of(InvoiceOut)
