"""What stands on record about a product, as it travels."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from kernel.fields import FileContentField, Schema, TextField
from registry.parties.schemas import NAME_LENGTH_MAX, REASON_LENGTH_MAX
from registry.records.rules import RecordKind, Upload


class UploadIn(Schema):
    """A file: its name, its type, its bytes in base64."""

    name = TextField(required=True, max_length=NAME_LENGTH_MAX)
    media_type = TextField(load_default="application/octet-stream", max_length=100)
    content = FileContentField(required=True, data_key="content_base64")

    @ma.post_load
    def _upload(self, data: dict[str, Any], **_kwargs: Any) -> Upload:
        return Upload(data["content"], data["name"], data["media_type"])


class DeliveryIn(Schema):
    """A delivery of the product."""

    delivered_on = ma.fields.Date(required=True)
    recipient = TextField(required=True, max_length=NAME_LENGTH_MAX)
    note = TextField(load_default="", min_length=0, max_length=REASON_LENGTH_MAX)
    upload = ma.fields.Nested(UploadIn)


class EvidenceIn(Schema):
    """The preservation of a version by a service."""

    version_id = ma.fields.UUID(required=True)
    provider = TextField(required=True, max_length=NAME_LENGTH_MAX)
    reference = TextField(required=True, max_length=NAME_LENGTH_MAX)
    upload = ma.fields.Nested(UploadIn)


class RecordIn(Schema):
    """A registration elsewhere, with its certificate."""

    kind = ma.fields.Enum(RecordKind, by_value=True, required=True)
    issuer = TextField(required=True, max_length=NAME_LENGTH_MAX)
    reference = TextField(required=True, max_length=NAME_LENGTH_MAX)
    valid_from = ma.fields.Date(required=True)
    valid_until = ma.fields.Date(load_default=None, allow_none=True)
    upload = ma.fields.Nested(UploadIn, required=True)


class RecordEndIn(Schema):
    """The end of a registration elsewhere; ``ended_on`` is the first day without it."""

    ended_on = ma.fields.Date(required=True)
    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class DeliveryOut(ma.Schema):
    """A stated delivery."""

    id = ma.fields.UUID()
    delivered_on = ma.fields.Date()
    recipient = ma.fields.String()
    note = ma.fields.String()
    evidence_sha256 = ma.fields.String(allow_none=True)
    stated_at = ma.fields.AwareDateTime()


class EvidenceOut(ma.Schema):
    """How the content of a version is preserved."""

    id = ma.fields.UUID()
    version_id = ma.fields.UUID()
    content_sha256 = ma.fields.String()
    provider = ma.fields.String()
    reference = ma.fields.String()
    evidence_sha256 = ma.fields.String(allow_none=True)
    preserved_at = ma.fields.AwareDateTime()


class RecordEndOut(ma.Schema):
    """The end of a registration elsewhere."""

    ended_on = ma.fields.Date()
    reason = ma.fields.String()


class RecordOut(ma.Schema):
    """A registration elsewhere."""

    id = ma.fields.UUID()
    product_id = ma.fields.UUID()
    kind = ma.fields.Enum(RecordKind, by_value=True)
    issuer = ma.fields.String()
    reference = ma.fields.String()
    valid_from = ma.fields.Date()
    valid_until = ma.fields.Date(allow_none=True)
    evidence_sha256 = ma.fields.String()
    recorded_at = ma.fields.AwareDateTime()
    recorded_by_name = ma.fields.String()
    end = ma.fields.Nested(RecordEndOut, allow_none=True)


class ClockOut(ma.Schema):
    """The term of the first application."""

    start = ma.fields.Date()
    due = ma.fields.Date()
    working_days = ma.fields.Integer()
    is_legacy = ma.fields.Boolean()
    citation = ma.fields.String()
    late_days = ma.fields.Integer()


class RecordsOut(ma.Schema):
    """Everything on record about a product."""

    product = ma.fields.String()
    clock = ma.fields.Nested(ClockOut, allow_none=True)
    deliveries = ma.fields.List(ma.fields.Nested(DeliveryOut))
    evidence = ma.fields.List(ma.fields.Nested(EvidenceOut))
    registrations = ma.fields.List(ma.fields.Nested(RecordOut))
