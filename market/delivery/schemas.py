"""Data sets as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, FileContentField, Schema, TextField


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
