"""Charges as they travel."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from kernel.fields import EntityOut, FileContentField, MoneyField, RateField, Schema, SignedMoneyField, TextField
from kernel.http import PageArgs, page_of
from pricing.charges.rules import ChargeKind

NAME_LENGTH_MAX = 200
REASON_LENGTH_MAX = 2000
UNIT_LENGTH_MAX = 20
YEARS = (2000, 2100)
MONTH = r"^[0-9]{4}-(0[1-9]|1[0-2])$"


class BillIn(Schema):
    """A file of evidence in base64."""

    name = TextField(required=True, max_length=NAME_LENGTH_MAX)
    media_type = TextField(load_default="application/octet-stream", max_length=100)
    content = FileContentField(required=True, data_key="content_base64")


def _month(**options: Any) -> ma.fields.String:
    return ma.fields.String(validate=[ma.validate.Length(max=7), ma.validate.Regexp(MONTH)], **options)


class ChargeIn(Schema):
    """One charge of one month; ``in_cost_base`` says that it counts in the operating cost (CST-02)."""

    agreement_id = ma.fields.UUID(required=True)
    month = _month(required=True)
    kind = ma.fields.Enum(ChargeKind, by_value=True, required=True)
    amount = MoneyField(required=True)
    quantity = RateField(load_default=None, allow_none=True)
    unit = TextField(load_default="", min_length=0, max_length=UNIT_LENGTH_MAX)
    payee_id = ma.fields.UUID(required=True)
    note = TextField(load_default="", min_length=0, max_length=REASON_LENGTH_MAX)
    in_cost_base = ma.fields.Boolean(load_default=True)
    evidence = ma.fields.Nested(BillIn, required=True)


class ChargeFormIn(ChargeIn):
    """The fields of a charge as a browser sends them, beside the file."""

    class Meta(ChargeIn.Meta):
        """The file travels by itself."""

        exclude = ("evidence",)


class CorrectionIn(Schema):
    """Why a charge is taken back."""

    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class ChargeArgs(PageArgs):
    """Filters of the list."""

    agreement_id = ma.fields.UUID()
    year = ma.fields.Integer(validate=ma.validate.Range(*YEARS))
    month = _month()
    kind = ma.fields.Enum(ChargeKind, by_value=True)


class ChargeSumArgs(Schema):
    """Of which agreement, and which year or month of it."""

    agreement_id = ma.fields.UUID(required=True)
    year = ma.fields.Integer(validate=ma.validate.Range(*YEARS))
    month = _month()


class ChargeOut(EntityOut):
    """One charge; a correction carries the negative amount of what it corrects."""

    number = ma.fields.String()
    place = ma.fields.String()
    agreement_id = ma.fields.UUID()
    operating_institution_id = ma.fields.UUID()
    payee_id = ma.fields.UUID()
    year = ma.fields.Integer()
    month = ma.fields.String()
    kind = ma.fields.Enum(ChargeKind, by_value=True)
    amount = SignedMoneyField()
    quantity = RateField(allow_none=True)
    unit = ma.fields.String(allow_none=True)
    note = ma.fields.String()
    in_cost_base = ma.fields.Boolean()
    evidence_sha256 = ma.fields.String(allow_none=True)
    corrects_id = ma.fields.UUID(allow_none=True)
    reason = ma.fields.String(allow_none=True)
    recorded_at = ma.fields.AwareDateTime()
    sources = ma.fields.List(ma.fields.Dict())


ChargePageOut = page_of(ChargeOut)


class ChargeKindSumOut(ma.Schema):
    """What one kind came to, and how much of it counts in the operating cost."""

    kind = ma.fields.Enum(ChargeKind, by_value=True)
    amount = SignedMoneyField()
    in_cost_base = SignedMoneyField()


class ChargeSumOut(ma.Schema):
    """The charges of a month or year by kind, with their explanation."""

    total = SignedMoneyField()
    kinds = ma.fields.List(ma.fields.Nested(ChargeKindSumOut))
    explanation = ma.fields.Dict()
