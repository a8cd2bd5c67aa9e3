"""The public register as it travels."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import Schema, TextField
from registry.parties.schemas import NAME_LENGTH_MAX
from registry.registrations.rules import ObjectionOutcome, RegistrationKind, RegistrationState

EVIDENCE_LENGTH_MAX = 10_000


class ObjectionIn(Schema):
    """An objection: real name, how to reach its author, and evidence."""

    name = TextField(required=True, max_length=NAME_LENGTH_MAX)
    contact = TextField(required=True, max_length=NAME_LENGTH_MAX)
    evidence = TextField(required=True, max_length=EVIDENCE_LENGTH_MAX)


class ObjectionFiledOut(ma.Schema):
    """The receipt for an objection."""

    id = ma.fields.UUID()
    registration_id = ma.fields.UUID()
    filed_at = ma.fields.AwareDateTime()


class OutcomeIn(Schema):
    """What becomes of an objection."""

    outcome = ma.fields.Enum(ObjectionOutcome, by_value=True, required=True)
    reason = TextField(required=True, max_length=2000)


class RegisterArgs(ma.Schema):
    """Filters of the register."""

    q = ma.fields.String(load_default="", validate=ma.validate.Length(max=100))
    place = ma.fields.String(load_default="", validate=ma.validate.Length(max=40))


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
    notice_start = ma.fields.Date()
    notice_end = ma.fields.Date()
    state = ma.fields.Enum(RegistrationState, by_value=True)


class EntryOut(ma.Schema):
    """One entry of the register."""

    code = ma.fields.String()
    place = ma.fields.String()
    registrant = ma.fields.Nested(RegistrantOut)
    product = ma.fields.String(attribute="product.title")
    kind = ma.fields.Enum(RegistrationKind, by_value=True)
    state = ma.fields.Enum(RegistrationState, by_value=True)
    valid_from = ma.fields.Date()
    valid_until = ma.fields.Date()


class CertificateOut(EntryOut):
    """What a certificate says, and whether it is effective today."""

    number = ma.fields.String()
    product_code = ma.fields.String(attribute="product.code")
    scenario = ma.fields.String(attribute="product.scenario")
    version_number = ma.fields.Integer(attribute="product_version.number")
    content_sha256 = ma.fields.String(attribute="product_version.content_sha256")
    coded_at = ma.fields.AwareDateTime()
    closed_at = ma.fields.AwareDateTime(allow_none=True)
    is_effective = ma.fields.Boolean()
    checked_on = ma.fields.Date()


class RegisterOut(ma.Schema):
    """The notices that run and the entries that match."""

    notices = ma.fields.List(ma.fields.Nested(NoticeOut))
    entries = ma.fields.List(ma.fields.Nested(EntryOut))
