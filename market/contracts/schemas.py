"""Contracts as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField
from kernel.http import page_of
from market.contracts.rules import ContractType, SignatureState

REASON_LENGTH_MAX = 500


class SignatureIn(Schema):
    """The SHA-256 of the text that the signer has read."""

    sha256 = ma.fields.String(required=True, validate=ma.validate.Regexp(r"^[0-9a-fA-F]{64}$"))


class CancellationIn(Schema):
    """Why an order is called off."""

    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


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
