"""What the routes of use read and show."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import FileContentField, Schema, TextField


class UsageFileIn(Schema):
    """A file of uses."""

    place = TextField(required=True, max_length=40)
    file_name = TextField(required=True, max_length=200)
    content = FileContentField(required=True, data_key="content_base64")


class ImportedOut(ma.Schema):
    """What a file brought."""

    rows = ma.fields.Integer()
    accepted = ma.fields.Integer()
    duplicates = ma.fields.Integer()


class UsageOut(ma.Schema):
    """What is used up of one entitlement."""

    entitlement = ma.fields.String()
    place = ma.fields.String()
    quota = ma.fields.Integer(allow_none=True)
    used = ma.fields.Integer()
    remaining = ma.fields.Integer(allow_none=True)
    valid_from = ma.fields.Date()
    valid_until = ma.fields.Date()


class UsagePageOut(ma.Schema):
    """A page of them."""

    items = ma.fields.List(ma.fields.Nested(UsageOut))
    next_cursor = ma.fields.String(allow_none=True)
