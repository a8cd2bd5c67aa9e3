"""Data products as they travel."""

from __future__ import annotations

from decimal import Decimal

import marshmallow as ma

from kernel.fields import EntityOut, RateField, Schema, TextField
from kernel.http import PageArgs, page_of
from registry.parties.schemas import NAME_LENGTH_MAX, PartyNameOut
from registry.products.rules import ChangeKind, DeliveryForm, Input, Origin, Section
from registry.resources.rules import AccessKind
from registry.resources.schemas import ResourceEvidenceIn, ResourceOut

FIELDS_MAX = 200
SAMPLE_MAX = 20
INPUTS_MAX = 200
EVIDENCE_MAX = 20
CELL_LENGTH_MAX = 500
VERSIONS_MAX = 100_000


class ProductFieldIn(Schema):
    """One field of a product; ``personal`` marks personal information."""

    name = TextField(required=True, max_length=100)
    title = TextField(required=True, max_length=NAME_LENGTH_MAX)
    type = TextField(load_default="text", max_length=40)
    personal = ma.fields.Boolean(load_default=False)


class InputIn(Schema):
    """One resource that goes in; whether it is free or paid stands in the catalogue."""

    resource_id = ma.fields.UUID(required=True)
    weight_input = RateField(load_default=Decimal(1))
    quality = RateField(load_default=Decimal(1))

    @ma.post_load
    def build(self, data, **_kwargs):
        """Return the rule's own record."""
        return Input(**data)


class OriginIn(Schema):
    """A version of another product that goes in, and whether it was free or paid."""

    version_id = ma.fields.UUID(required=True)
    access = ma.fields.Enum(AccessKind, by_value=True, required=True)

    @ma.post_load
    def build(self, data, **_kwargs):
        """Return the rule's own record."""
        return Origin(**data)


class VersionEvidenceIn(ResourceEvidenceIn):
    """A file of evidence with its title."""

    title = TextField(required=True, max_length=NAME_LENGTH_MAX)


class VersionIn(Schema):
    """A new version. Without ``origins`` it is made from the same products as the version before."""

    description = TextField(required=True, max_length=5000)
    fields_ = ma.fields.List(
        ma.fields.Nested(ProductFieldIn), required=True, data_key="fields", attribute="fields",
        validate=ma.validate.Length(1, FIELDS_MAX),
    )  # fmt: skip
    sample = ma.fields.List(
        ma.fields.Dict(keys=TextField(max_length=100), values=TextField(min_length=0, max_length=CELL_LENGTH_MAX)),
        load_default=list, validate=ma.validate.Length(max=SAMPLE_MAX),
    )  # fmt: skip
    inputs = ma.fields.List(ma.fields.Nested(InputIn), required=True, validate=ma.validate.Length(1, INPUTS_MAX))
    origins = ma.fields.List(ma.fields.Nested(OriginIn), validate=ma.validate.Length(max=INPUTS_MAX))
    evidence = ma.fields.List(ma.fields.Nested(VersionEvidenceIn), validate=ma.validate.Length(max=EVIDENCE_MAX))


class ProductIn(VersionIn):
    """A new product with its first version."""

    owner_id = ma.fields.UUID(required=True)
    agreement_id = ma.fields.UUID(required=True)
    title = TextField(required=True, max_length=NAME_LENGTH_MAX)
    scenario = TextField(required=True, max_length=NAME_LENGTH_MAX)
    domain = TextField(required=True, max_length=60)
    delivery_form = ma.fields.Enum(DeliveryForm, by_value=True, required=True)
    source_statement = TextField(required=True, max_length=5000)
    derived_from = ma.fields.List(ma.fields.UUID(), load_default=list, validate=ma.validate.Length(max=INPUTS_MAX))


class ProductArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))


class InputOut(ma.Schema):
    """One resource that went in."""

    resource = ma.fields.Nested(ResourceOut)
    access = ma.fields.Enum(AccessKind, by_value=True)
    weight_input = RateField()
    quality = RateField()


class OriginOut(ma.Schema):
    """One version of another product that went in."""

    version_id = ma.fields.UUID(attribute="origin_version_id")
    number = ma.fields.Integer(attribute="origin.number")
    product_id = ma.fields.UUID(attribute="origin.product_id")
    product_code = ma.fields.String(attribute="origin.product.code")
    access = ma.fields.Enum(AccessKind, by_value=True)


class VersionEvidenceOut(ma.Schema):
    """One file of evidence, named by its content."""

    title = ma.fields.String()
    file_name = ma.fields.String()
    sha256 = ma.fields.String()


class VersionChangeOut(ma.Schema):
    """One difference between two versions."""

    section = ma.fields.Enum(Section, by_value=True)
    kind = ma.fields.Enum(ChangeKind, by_value=True)
    name = ma.fields.String()
    before = ma.fields.String()
    after = ma.fields.String()


class VersionDifferenceArgs(ma.Schema):
    """Which two versions."""

    before = ma.fields.Integer(validate=ma.validate.Range(1, VERSIONS_MAX))
    after = ma.fields.Integer(validate=ma.validate.Range(1, VERSIONS_MAX))


class VersionDifferenceOut(ma.Schema):
    """What changed from one version to the other."""

    before = ma.fields.Integer()
    after = ma.fields.Integer()
    changes = ma.fields.List(ma.fields.Nested(VersionChangeOut))


class VersionOut(ma.Schema):
    """One version with its lineage; it never changes."""

    id = ma.fields.UUID()
    number = ma.fields.Integer()
    description = ma.fields.String()
    fields_ = ma.fields.List(ma.fields.Nested(ProductFieldIn), data_key="fields", attribute="fields")
    sample = ma.fields.List(ma.fields.Dict())
    content_sha256 = ma.fields.String()
    created_at = ma.fields.AwareDateTime()
    created_by_name = ma.fields.String()
    inputs = ma.fields.List(ma.fields.Nested(InputOut))
    origins = ma.fields.List(ma.fields.Nested(OriginOut))
    evidence = ma.fields.List(ma.fields.Nested(VersionEvidenceOut))


class ProductOut(EntityOut):
    """One product."""

    code = ma.fields.String()
    place = ma.fields.String()
    owner = ma.fields.Nested(PartyNameOut)
    agreement_id = ma.fields.UUID()
    title = ma.fields.String()
    scenario = ma.fields.String()
    domain = ma.fields.String()
    delivery_form = ma.fields.Enum(DeliveryForm, by_value=True)
    source_statement = ma.fields.String()
    created_at = ma.fields.AwareDateTime()


class ProductDetailOut(ProductOut):
    """One product with its versions, newest first."""

    versions = ma.fields.List(ma.fields.Nested(VersionOut))


ProductPageOut = page_of(ProductOut)
