"""Egress checks as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField
from kernel.http import PageArgs, page_of
from registry.egress.rules import EgressState
from registry.parties.schemas import NAME_LENGTH_MAX, PartyNameOut
from registry.products.rules import DeliveryForm
from registry.resources.schemas import ResourceEvidenceIn

SHA256 = ma.validate.Regexp(r"^[0-9a-f]{64}$")


class EgressFactsIn(Schema):
    """What would leave and what is known about it."""

    description = TextField(required=True, max_length=5000)
    personal_basis = TextField(min_length=0, max_length=2000, load_default="")
    minimum_group_size = ma.fields.Integer(load_default=None, validate=ma.validate.Range(1, 1_000_000))
    report = ma.fields.Nested(ResourceEvidenceIn, load_default=None)


class EgressCheckIn(EgressFactsIn):
    """A request for the check of a version."""

    version_id = ma.fields.UUID(required=True)
    form = ma.fields.Enum(DeliveryForm, by_value=True, required=True)


class EgressWithdrawalIn(Schema):
    """Why."""

    reason = TextField(required=True, max_length=2000)


class EgressExportIn(Schema):
    """One delivery out of the domain."""

    file_sha256 = ma.fields.String(required=True, validate=SHA256)
    form = ma.fields.Enum(DeliveryForm, by_value=True, required=True)
    recipient = TextField(required=True, max_length=NAME_LENGTH_MAX)
    reference = TextField(required=True, max_length=100)
    size_bytes = ma.fields.Integer(required=True, validate=ma.validate.Range(0, 10**15))
    units = ma.fields.Integer(required=True, validate=ma.validate.Range(1, 10**12))


class EgressCheckArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    state = ma.fields.Enum(EgressState, by_value=True)


class EgressExportOut(ma.Schema):
    """One delivery that left."""

    id = ma.fields.UUID()
    content_sha256 = ma.fields.String()
    file_sha256 = ma.fields.String()
    form = ma.fields.Enum(DeliveryForm, by_value=True)
    recipient = ma.fields.String()
    reference = ma.fields.String()
    size_bytes = ma.fields.Integer()
    units = ma.fields.Integer()
    exported_at = ma.fields.AwareDateTime()
    exported_by_name = ma.fields.String()


class EgressCheckOut(EntityOut):
    """One check."""

    number = ma.fields.String()
    place = ma.fields.String()
    product_code = ma.fields.String(attribute="product.code")
    version_id = ma.fields.UUID()
    version_number = ma.fields.Integer(attribute="product_version.number")
    applicant = ma.fields.Nested(PartyNameOut)
    state = ma.fields.Enum(EgressState, by_value=True)
    form = ma.fields.Enum(DeliveryForm, by_value=True)
    description = ma.fields.String()
    personal_basis = ma.fields.String()
    minimum_group_size = ma.fields.Integer(allow_none=True)
    report_sha256 = ma.fields.String(allow_none=True)
    requested_at = ma.fields.AwareDateTime()
    decided_at = ma.fields.AwareDateTime(allow_none=True)


class EgressCheckDetailOut(EgressCheckOut):
    """One check with everything that left under it."""

    exports = ma.fields.List(ma.fields.Nested(EgressExportOut))


EgressCheckPageOut = page_of(EgressCheckOut)
