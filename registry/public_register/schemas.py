"""The public register as it travels."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import Schema, TextField
from kernel.http import PageArgs, page_of
from registry.parties.schemas import REASON_LENGTH_MAX
from registry.public_register.rules import EntryState
from registry.records.schemas import RecordOut
from registry.registrants.rules import CorrectionBasis
from registry.registrations.rules import RegistrationKind, RegistrationState

SEARCH_LENGTH_MAX = 100
NAME_LENGTH_MAX = 40


class RegisterArgs(PageArgs):
    """Filters of the register."""

    q = ma.fields.String(load_default="", validate=ma.validate.Length(max=SEARCH_LENGTH_MAX))
    place = ma.fields.String(load_default="", validate=ma.validate.Length(max=NAME_LENGTH_MAX))
    domain = ma.fields.String(load_default="", validate=ma.validate.Length(max=SEARCH_LENGTH_MAX))
    registrant = ma.fields.String(load_default="", validate=ma.validate.Length(max=SEARCH_LENGTH_MAX))
    state = ma.fields.Enum(EntryState, by_value=True, load_default=None)
    kind = ma.fields.Enum(RegistrationKind, by_value=True, load_default=None)


class NoticeArgs(PageArgs):
    """Filters of the notices."""

    place = ma.fields.String(load_default="", validate=ma.validate.Length(max=NAME_LENGTH_MAX))


class RegistrantOut(ma.Schema):
    """Who registered."""

    name = ma.fields.String()
    uscc = ma.fields.String()


class NoticeOut(ma.Schema):
    """What the public notice says (26号 第十二条)."""

    registration_id = ma.fields.UUID(attribute="id")
    number = ma.fields.String()
    place = ma.fields.String()
    registrant = ma.fields.String(attribute="registrant.name")
    kind = ma.fields.Enum(RegistrationKind, by_value=True)
    product = ma.fields.String(attribute="product.title")
    scenario = ma.fields.String(attribute="product.scenario")
    description = ma.fields.String(attribute="materials.product_information")
    notice_start = ma.fields.Date()
    notice_end = ma.fields.Date()
    state = ma.fields.Enum(RegistrationState, by_value=True)


class RegisterEntryOut(ma.Schema):
    """One entry of the register."""

    code = ma.fields.String(allow_none=True)
    number = ma.fields.String()
    place = ma.fields.String()
    registrant = ma.fields.Nested(RegistrantOut)
    product = ma.fields.String(attribute="product.title")
    product_code = ma.fields.String(attribute="product.code")
    domain = ma.fields.String(attribute="product.domain")
    kind = ma.fields.Enum(RegistrationKind, by_value=True)
    state = ma.fields.Enum(RegistrationState, by_value=True)
    valid_from = ma.fields.Date(allow_none=True)
    valid_until = ma.fields.Date(allow_none=True)
    closed_at = ma.fields.AwareDateTime(allow_none=True)


class CertificateOut(RegisterEntryOut):
    """What a certificate says, and whether it is effective today."""

    scenario = ma.fields.String(attribute="product.scenario")
    version_number = ma.fields.Integer(attribute="product_version.number")
    content_sha256 = ma.fields.String(attribute="product_version.content_sha256")
    coded_at = ma.fields.AwareDateTime()
    others = ma.fields.List(ma.fields.Nested(RegistrantOut))
    records = ma.fields.List(ma.fields.Nested(RecordOut(only=("kind", "issuer", "reference", "valid_from"))))
    is_effective = ma.fields.Boolean()
    worth = ma.fields.Enum(EntryState, by_value=True)
    checked_on = ma.fields.Date()


class HistoryOut(ma.Schema):
    """Everything public about the registrations of one product, newest first."""

    product = ma.fields.String()
    title = ma.fields.String()
    registrations = ma.fields.List(ma.fields.Nested(RegisterEntryOut))
    records = ma.fields.List(ma.fields.Nested(RecordOut(exclude=("evidence_sha256", "recorded_by_name"))))


NoticePageOut = page_of(NoticeOut)
RegisterEntryPageOut = page_of(RegisterEntryOut)


class CorrectionForm(Schema):
    """An interested party's application for a correction; its consent or proof comes as a file."""

    party_id = ma.fields.UUID(required=True)
    basis = ma.fields.Enum(CorrectionBasis, by_value=True, required=True)
    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)
