"""Training as it travels."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, FileContentField, Schema, TextField
from kernel.http import PageArgs, page_of
from registry.parties.schemas import NAME_LENGTH_MAX
from registry.training.rules import RoleKind


class EvidenceIn(Schema):
    """A document in base64."""

    name = TextField(required=True, max_length=NAME_LENGTH_MAX)
    media_type = TextField(load_default="application/octet-stream", max_length=100)
    content = FileContentField(required=True, data_key="content_base64")


class TrainingIn(Schema):
    """An examination after training."""

    account_id = ma.fields.UUID(required=True)
    place = TextField(required=True, max_length=40)
    role_kind = ma.fields.Enum(RoleKind, by_value=True, required=True)
    course = TextField(required=True, max_length=NAME_LENGTH_MAX)
    trained_on = ma.fields.Date(required=True)
    passed = ma.fields.Boolean(required=True)
    examiner = TextField(required=True, max_length=NAME_LENGTH_MAX)
    evidence = ma.fields.Nested(EvidenceIn, load_default=None, allow_none=True)


class TrainingArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    account_id = ma.fields.UUID()


class PlaceArgs(ma.Schema):
    """The place, and a day (today unless named)."""

    place = ma.fields.String(required=True, validate=ma.validate.Length(1, 40))
    on = ma.fields.Date()


class PersonOut(ma.Schema):
    """A person where another object names one."""

    id = ma.fields.UUID()
    name = ma.fields.String()


class TrainingOut(EntityOut):
    """One examination."""

    number = ma.fields.String()
    account = ma.fields.Nested(PersonOut)
    place = ma.fields.String()
    role_kind = ma.fields.Enum(RoleKind, by_value=True)
    course = ma.fields.String()
    trained_on = ma.fields.Date()
    passed = ma.fields.Boolean()
    examiner = ma.fields.String()
    evidence_sha256 = ma.fields.String(allow_none=True)
    recorded_by_name = ma.fields.String()
    recorded_at = ma.fields.AwareDateTime()


class PersonTrainingOut(ma.Schema):
    """Whether one person is trained; ``code`` is BLOCKED_TRAINING where not."""

    account = ma.fields.Nested(PersonOut)
    is_trained = ma.fields.Boolean()
    code = ma.fields.String()
    words = ma.fields.String()
    since = ma.fields.Date(allow_none=True)
    until = ma.fields.Date(allow_none=True)


class OrganisationTrainingOut(ma.Schema):
    """The assigned users of an organisation at a place."""

    place = ma.fields.String()
    requirement = ma.fields.String()
    article = ma.fields.String()
    words = ma.fields.String()
    assigned = ma.fields.Integer()
    passed = ma.fields.Integer()
    is_met = ma.fields.Boolean()
    people = ma.fields.List(ma.fields.Nested(PersonTrainingOut))


TrainingPageOut = page_of(TrainingOut)
