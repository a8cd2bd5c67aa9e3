"""Closings as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import Schema, TextField
from registry.parties.schemas import REASON_LENGTH_MAX
from registry.records.schemas import UploadIn
from registry.registrations.rules import GROUNDS, CancellationGround, RevocationGround


class RevocationAskIn(Schema):
    """Why a registration is to be revoked; the file may say more."""

    ground = ma.fields.Enum(RevocationGround, by_value=True, required=True)
    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)
    upload = ma.fields.Nested(UploadIn, load_default=None)


class OfficialCancellationIn(Schema):
    """Why the registrar cancels without an application, with the evidence."""

    ground = ma.fields.Enum(CancellationGround, by_value=True, required=True)
    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)
    upload = ma.fields.Nested(UploadIn, required=True)


class ClosingAskForm(Schema):
    """The same as people choose it: kind and ground in one list."""

    ground = ma.fields.String(
        required=True,
        validate=ma.validate.OneOf([f"{kind}/{ground}" for kind, found in GROUNDS.items() for ground in found]),
    )
    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class ClosingReasonIn(Schema):
    """Why an ask is refused or taken back."""

    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)
