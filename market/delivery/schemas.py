"""Data sets as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, FileContentField, Schema, TextField
from registry.products.rules import DeliveryForm


class DataSetIn(Schema):
    """A CSV or JSON file in base64."""

    file_name = TextField(required=True, max_length=200)
    content = FileContentField(required=True, data_key="content_base64")


class DataSetOut(EntityOut):
    """One load of rows."""

    version_id = ma.fields.UUID()
    sequence = ma.fields.Integer()
    file_name = ma.fields.String()
    sha256 = ma.fields.String()
    row_count = ma.fields.Integer()
    loaded_at = ma.fields.AwareDateTime()
    loaded_by = ma.fields.String()


class ProductFileFactsIn(Schema):
    """The period that a report is about: its first and last day."""

    period_start = ma.fields.Date(load_default=None, allow_none=True)
    period_end = ma.fields.Date(load_default=None, allow_none=True)


class ProductFileIn(ProductFileFactsIn):
    """A file, or a report about a period, in base64."""

    file_name = TextField(required=True, max_length=200)
    content = FileContentField(required=True, data_key="content_base64")


class ProductFileOut(EntityOut):
    """One file or report that buyers may download."""

    version_id = ma.fields.UUID()
    sha256 = ma.fields.String()
    form = ma.fields.Enum(DeliveryForm, by_value=True)
    file_name = ma.fields.String()
    media_type = ma.fields.String()
    size_bytes = ma.fields.Integer()
    row_count = ma.fields.Integer(allow_none=True)
    period_start = ma.fields.Date(allow_none=True)
    period_end = ma.fields.Date(allow_none=True)
    added_at = ma.fields.AwareDateTime()
    added_by_name = ma.fields.String()
