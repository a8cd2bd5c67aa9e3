"""What the routes of use read and show.

A batch of events is read by msgspec, which takes a tenth of the time of the schema beside it; only a batch that msgspec
does not take is read by the schema, which then says what is wrong and where.
"""

from __future__ import annotations

from typing import Annotated

import marshmallow as ma
import msgspec

from kernel.fields import FileContentField, Schema, TextField

EVENTS_MAX = 500
NUMBER_MAX, KIND_MAX, SUBJECT_MAX = 40, 40, 400
QUANTITY_MAX = 10**12 - 1
Short = Annotated[str, msgspec.Meta(min_length=1, max_length=NUMBER_MAX)]


class UsageFileIn(Schema):
    """A file of uses."""

    place = TextField(required=True, max_length=40)
    file_name = TextField(required=True, max_length=200)
    content = FileContentField(required=True, data_key="content_base64")
    source = TextField(max_length=64, load_default=None)


class EventIn(Schema):
    """One use that a platform has counted."""

    entitlement = TextField(required=True, max_length=NUMBER_MAX)
    client_reference = TextField(required=True, max_length=128)
    occurred_at = TextField(required=True, max_length=NUMBER_MAX)
    quantity = ma.fields.Integer(strict=True, load_default=1, validate=ma.validate.Range(1, QUANTITY_MAX))
    subject_kind = TextField(max_length=KIND_MAX, load_default=None, allow_none=True)
    subject = TextField(max_length=SUBJECT_MAX, load_default=None, allow_none=True)
    hit = ma.fields.Boolean(truthy={True}, falsy={False}, load_default=True)


class EventsIn(Schema):
    """A batch of uses: all of them are taken in, or none."""

    place = TextField(required=True, max_length=NUMBER_MAX)
    source = TextField(required=True, max_length=64)
    events = ma.fields.List(ma.fields.Nested(EventIn), required=True, validate=ma.validate.Length(1, EVENTS_MAX))


class Event(msgspec.Struct, forbid_unknown_fields=True):
    """The same as :class:`EventIn`, for the fast way."""

    entitlement: Short
    client_reference: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    occurred_at: Short
    quantity: Annotated[int, msgspec.Meta(ge=1, le=QUANTITY_MAX)] = 1
    subject_kind: Annotated[str, msgspec.Meta(max_length=KIND_MAX)] | None = None
    subject: Annotated[str, msgspec.Meta(max_length=SUBJECT_MAX)] | None = None
    hit: bool = True


class Events(msgspec.Struct, forbid_unknown_fields=True):
    """The same as :class:`EventsIn`, for the fast way."""

    place: Short
    source: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    events: Annotated[list[Event], msgspec.Meta(min_length=1, max_length=EVENTS_MAX)]


def read_events(body: bytes) -> Events | None:
    """Return a batch read the fast way; None where anything in it is not plainly right."""
    try:
        return msgspec.json.decode(body, type=Events)
    except msgspec.MsgspecError:
        return None


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
