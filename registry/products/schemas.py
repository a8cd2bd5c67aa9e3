"""Data products as they travel."""

from __future__ import annotations

from decimal import Decimal

import marshmallow as ma

from kernel.fields import EntityOut, RateField, Schema, TextField
from kernel.http import PageArgs, page_of
from registry.parties.schemas import NAME_LENGTH_MAX, PartyNameOut
from registry.products.rules import DeliveryForm, Input
from registry.resources.rules import AccessKind
from registry.resources.schemas import ResourceOut

FIELDS_MAX = 200
SAMPLE_MAX = 20
INPUTS_MAX = 200
CELL_LENGTH_MAX = 500


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


class VersionIn(Schema):
    """A new version."""

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
