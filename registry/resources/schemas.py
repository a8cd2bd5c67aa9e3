"""Resources as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField
from kernel.http import PageArgs, page_of
from registry.parties.schemas import NAME_LENGTH_MAX, PartyNameOut
from registry.resources.rules import AccessKind

GRADE = ma.validate.Range(1, 5)
FIELDS_MAX = 500


class FieldIn(Schema):
    """One field of a resource."""

    name = TextField(required=True, max_length=100)
    title = TextField(required=True, max_length=NAME_LENGTH_MAX)
    type = TextField(load_default="text", max_length=40)


class DescriptionIn(Schema):
    """What may be changed later on."""

    title = TextField(required=True, max_length=NAME_LENGTH_MAX)
    description = TextField(required=True, max_length=5000)
    classification = TextField(required=True, max_length=100)
    grade = ma.fields.Integer(required=True, validate=GRADE)
    update_frequency = TextField(required=True, max_length=100)
    fields_ = ma.fields.List(
        ma.fields.Nested(FieldIn), required=True, data_key="fields", attribute="fields",
        validate=ma.validate.Length(1, FIELDS_MAX),
    )  # fmt: skip
    access = ma.fields.Enum(AccessKind, by_value=True, load_default=AccessKind.FREE)


class ResourceIn(DescriptionIn):
    """A new entry of the catalogue."""

    code = TextField(max_length=64, load_default=None)
    place = TextField(required=True, max_length=40)
    source_department_id = ma.fields.UUID(required=True)
    return_flow = ma.fields.Boolean(load_default=False)
    barred = ma.fields.Boolean(load_default=False)


class ReasonIn(Schema):
    """Why."""

    reason = TextField(required=True, max_length=2000)


class ResourceArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    source_department_id = ma.fields.UUID()


class ResourceOut(EntityOut):
    """One resource."""

    code = ma.fields.String()
    place = ma.fields.String()
    source_department = ma.fields.Nested(PartyNameOut)
    title = ma.fields.String()
    description = ma.fields.String()
    classification = ma.fields.String()
    grade = ma.fields.Integer()
    update_frequency = ma.fields.String()
    fields_ = ma.fields.List(ma.fields.Nested(FieldIn), data_key="fields", attribute="fields")
    barred = ma.fields.Boolean()
    barred_reason = ma.fields.String(allow_none=True)
    return_flow = ma.fields.Boolean()
    access = ma.fields.Enum(AccessKind, by_value=True)
    catalogued_at = ma.fields.AwareDateTime()


ResourcePageOut = page_of(ResourceOut)
