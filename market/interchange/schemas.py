"""Records that come from elsewhere, as they travel."""

from __future__ import annotations

import json
from typing import Any

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField
from kernel.http import CURSOR_LENGTH_MAX, page_of
from market.interchange.gateway import PAGE_MAX

RECORD_CHARACTERS_MAX = 512 * 1024


def _small_enough(value: dict[str, Any]) -> None:
    if len(json.dumps(value)) > RECORD_CHARACTERS_MAX:
        raise ma.ValidationError(f"记录不得超过 {RECORD_CHARACTERS_MAX // 1024} KiB")


class InterchangeArgs(ma.Schema):
    """Which page of the catalogue; at most fifty products at once."""

    limit = ma.fields.Integer(validate=ma.validate.Range(1, PAGE_MAX))
    cursor = ma.fields.String(validate=ma.validate.Length(max=CURSOR_LENGTH_MAX))


class RecordOriginIn(Schema):
    """Where a record was read."""

    origin = TextField(required=True, max_length=500)


class ProductRecordIn(RecordOriginIn):
    """One ``dcat:Dataset`` as this platform exports it, and where it was read."""

    dataset = ma.fields.Dict(required=True, validate=_small_enough)


class ProductRecordOut(EntityOut):
    """One record that was read in: the same content has the same digest on every platform."""

    code = ma.fields.String()
    title = ma.fields.String()
    origin = ma.fields.String()
    digest = ma.fields.String()
    imported_at = ma.fields.AwareDateTime()
    imported_by_name = ma.fields.String()


ProductRecordPageOut = page_of(ProductRecordOut)
