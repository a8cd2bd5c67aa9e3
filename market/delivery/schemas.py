"""Data sets as they travel."""

from __future__ import annotations

import base64

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField

CONTENT_LENGTH_MAX = 14 * 1024 * 1024  # 10 MiB in base64


class DataSetIn(Schema):
    """A CSV or JSON file in base64."""

    file_name = TextField(required=True, max_length=200)
    content = ma.fields.String(required=True, data_key="content_base64",
                               validate=ma.validate.Length(max=CONTENT_LENGTH_MAX))  # fmt: skip

    @ma.post_load
    def decode(self, data, **_kwargs):
        """Turn the text into bytes.

        Raises:
            ValidationError: the text is not base64.
        """
        try:
            return {**data, "content": base64.b64decode(data["content"], validate=True)}
        except ValueError as error:
            raise ma.ValidationError("不是有效的 base64 编码", "content_base64") from error


class DataSetOut(EntityOut):
    """One load of rows."""

    version_id = ma.fields.UUID()
    sequence = ma.fields.Integer()
    file_name = ma.fields.String()
    sha256 = ma.fields.String()
    row_count = ma.fields.Integer()
    loaded_at = ma.fields.AwareDateTime()
    loaded_by = ma.fields.String()
