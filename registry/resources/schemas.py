"""Resources as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, FileContentField, Schema, TextField
from kernel.http import PageArgs, page_of
from registry.parties.schemas import NAME_LENGTH_MAX, PartyNameOut
from registry.resources.rules import AccessKind, RegistrationStatus

GRADE = ma.validate.Range(1, 5)
FIELDS_MAX = 500
SAMPLE_ROWS_MAX = 50


class FieldIn(Schema):
    """One field of a resource; ``key`` marks one that identifies a record, alone or with the others so marked."""

    name = TextField(required=True, max_length=100)
    title = TextField(required=True, max_length=NAME_LENGTH_MAX)
    type = TextField(load_default="text", max_length=40)
    key = ma.fields.Boolean()


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


class ResourceEvidenceIn(Schema):
    """A file in base64."""

    name = TextField(required=True, max_length=NAME_LENGTH_MAX)
    media_type = TextField(load_default="application/octet-stream", max_length=100)
    content = FileContentField(required=True, data_key="content_base64")


class SharedInIn(Schema):
    """Whether the resource was provided by another region or department, and by whom."""

    is_shared_in = ma.fields.Boolean(required=True)
    provider_id = ma.fields.UUID(load_default=None)
    provider_name = TextField(min_length=0, max_length=NAME_LENGTH_MAX, load_default="")
    note = TextField(min_length=0, max_length=2000, load_default="")


class SharedInConsentIn(Schema):
    """What the provider said, with its letter."""

    is_granted = ma.fields.Boolean(required=True)
    consented_on = ma.fields.Date(required=True)
    valid_until = ma.fields.Date(load_default=None)
    note = TextField(min_length=0, max_length=2000, load_default="")
    evidence = ma.fields.Nested(ResourceEvidenceIn, load_default=None)


class ResourceRegistrationIn(Schema):
    """Whether the resource itself is registered; a registered one with number, day and evidence."""

    status = ma.fields.Enum(RegistrationStatus, by_value=True, required=True)
    number = TextField(min_length=0, max_length=100, load_default="")
    issuer = TextField(required=True, max_length=NAME_LENGTH_MAX)
    registered_on = ma.fields.Date(load_default=None)
    note = TextField(min_length=0, max_length=2000, load_default="")
    evidence = ma.fields.Nested(ResourceEvidenceIn, load_default=None)


class ResourceRegistrationOut(ma.Schema):
    """One record on the registration of a resource."""

    status = ma.fields.Enum(RegistrationStatus, by_value=True)
    number = ma.fields.String(allow_none=True)
    issuer = ma.fields.String()
    registered_on = ma.fields.Date(allow_none=True)
    evidence_sha256 = ma.fields.String(allow_none=True)
    note = ma.fields.String()
    recorded_at = ma.fields.AwareDateTime()
    recorded_by_name = ma.fields.String()


class ResourceRegistrationsOut(ma.Schema):
    """What was recorded on the registration of a resource, newest first; the newest counts."""

    items = ma.fields.List(ma.fields.Nested(ResourceRegistrationOut))


class ResourceSampleIn(Schema):
    """Simulated rows; whoever sends them declares that they hold no real record."""

    rows = ma.fields.List(
        ma.fields.Dict(keys=TextField(max_length=100), values=TextField(min_length=0, max_length=500)),
        required=True, validate=ma.validate.Length(max=SAMPLE_ROWS_MAX),
    )  # fmt: skip
    is_simulated = ma.fields.Boolean(required=True)


class ResourceArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    source_department_id = ma.fields.UUID()
    q = ma.fields.String(validate=ma.validate.Length(max=100))
    classification = ma.fields.String(validate=ma.validate.Length(max=100))
    grade = ma.fields.Integer(validate=GRADE)


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


class SharedInConsentOut(ma.Schema):
    """One word of the provider."""

    is_granted = ma.fields.Boolean()
    consented_on = ma.fields.Date()
    valid_until = ma.fields.Date(allow_none=True)
    evidence_sha256 = ma.fields.String(allow_none=True)
    note = ma.fields.String()
    recorded_at = ma.fields.AwareDateTime()
    recorded_by_name = ma.fields.String()


class SharedInOut(ma.Schema):
    """Whether a resource was shared in, and what its provider said, newest first."""

    is_shared_in = ma.fields.Boolean()
    provider_id = ma.fields.UUID(allow_none=True)
    provider_name = ma.fields.String()
    is_consented = ma.fields.Boolean()
    consents = ma.fields.List(ma.fields.Nested(SharedInConsentOut))


class SimulatedOut(ma.Schema):
    """Simulated rows of a resource; ``is_uploaded`` says that the source department gave them."""

    rows = ma.fields.List(ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.String()))
    is_uploaded = ma.fields.Boolean()


class ResourceHistoryLineOut(ma.Schema):
    """One act on the resource."""

    at = ma.fields.AwareDateTime()
    actor_name = ma.fields.String()
    action = ma.fields.String()
    note = ma.fields.String()
    detail = ma.fields.Dict()


class ResourceHistoryOut(ma.Schema):
    """What was done with the resource, newest first."""

    items = ma.fields.List(ma.fields.Nested(ResourceHistoryLineOut))
