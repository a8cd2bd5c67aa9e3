"""Contracts as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.calendar import BEIJING
from kernel.fields import EntityOut, MomentField, Schema, TextField
from kernel.http import page_of
from market.contracts.rules import ContractType, SealKind, Side, SignatureState
from pricing.costs.schemas import FileIn

REASON_LENGTH_MAX = 500
NAME_LENGTH_MAX = 200


class SignatureIn(Schema):
    """The SHA-256 of the text that the signer has read."""

    sha256 = ma.fields.String(required=True, validate=ma.validate.Regexp(r"^[0-9a-fA-F]{64}$"))


class CancellationIn(Schema):
    """Why an order is called off."""

    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class SealIn(Schema):
    """Evidence of the electronic seal under your signature."""

    kind = ma.fields.Enum(SealKind, by_value=True, required=True)
    statement = TextField(required=True, max_length=REASON_LENGTH_MAX)
    service = TextField(load_default="", min_length=0, max_length=NAME_LENGTH_MAX)
    certificate_serial = TextField(load_default="", min_length=0, max_length=NAME_LENGTH_MAX)
    sealed_at = MomentField(required=True, default_timezone=BEIJING)
    file = ma.fields.Nested(FileIn, required=True)


class SealOut(EntityOut):
    """Evidence of an electronic seal, without the file itself."""

    contract_id = ma.fields.UUID()
    side = ma.fields.Enum(Side, by_value=True)
    kind = ma.fields.Enum(SealKind, by_value=True)
    sha256 = ma.fields.String()
    file_name = ma.fields.String()
    media_type = ma.fields.String()
    size_bytes = ma.fields.Integer()
    statement = ma.fields.String()
    service = ma.fields.String()
    certificate_serial = ma.fields.String()
    sealed_at = ma.fields.AwareDateTime()
    attached_at = ma.fields.AwareDateTime()
    attached_by = ma.fields.String()


class ContractOut(EntityOut):
    """A contract with its text and signatures."""

    number = ma.fields.String()
    order_id = ma.fields.UUID()
    place = ma.fields.String()
    buyer_id = ma.fields.UUID()
    seller_id = ma.fields.UUID()
    kind = ma.fields.Enum(ContractType, by_value=True)
    state = ma.fields.Enum(SignatureState, by_value=True)
    text = ma.fields.String()
    sha256 = ma.fields.String()
    drafted_at = ma.fields.AwareDateTime()
    buyer_signed_at = ma.fields.AwareDateTime(allow_none=True)
    buyer_signed_by = ma.fields.String(allow_none=True)
    seller_signed_at = ma.fields.AwareDateTime(allow_none=True)
    seller_signed_by = ma.fields.String(allow_none=True)


ContractPageOut = page_of(ContractOut)
