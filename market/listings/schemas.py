"""Listings, the catalogue and imports as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, FileContentField, Schema, TextField
from kernel.http import PageArgs, page_of
from registry.parties.schemas import NAME_LENGTH_MAX

SUMMARY_LENGTH_MAX = 500


class ListingIn(Schema):
    """An offer: product, words for the catalogue, and the trading venue where the place requires one."""

    product_id = ma.fields.UUID(required=True)
    title = TextField(max_length=NAME_LENGTH_MAX, load_default=None)
    summary = TextField(required=True, max_length=SUMMARY_LENGTH_MAX)
    venue = TextField(max_length=NAME_LENGTH_MAX, load_default=None)


class ListingArgs(PageArgs):
    """Filters of your own listings and drafts."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))


class FileIn(Schema):
    """A file in base64."""

    place = TextField(required=True, max_length=40)
    file_name = TextField(required=True, max_length=NAME_LENGTH_MAX)
    content = FileContentField(required=True, data_key="content_base64")


class ListingOut(EntityOut):
    """A listing, or a draft from a foreign catalogue (``external``)."""

    number = ma.fields.String()
    place = ma.fields.String()
    product_id = ma.fields.UUID(allow_none=True)
    seller_id = ma.fields.UUID(allow_none=True)
    batch_id = ma.fields.UUID(allow_none=True)
    title = ma.fields.String()
    summary = ma.fields.String()
    venue = ma.fields.String(allow_none=True)
    external = ma.fields.Dict(allow_none=True)
    external_address = ma.fields.String(allow_none=True)
    is_imported = ma.fields.Boolean()
    created_at = ma.fields.AwareDateTime()
    withdrawn_at = ma.fields.AwareDateTime(allow_none=True)


class RemarkOut(ma.Schema):
    """How often one remark was made."""

    field = ma.fields.String()
    code = ma.fields.String()
    level = ma.fields.String()
    count = ma.fields.Integer()


class BatchOut(EntityOut):
    """One file read in."""

    number = ma.fields.String()
    place = ma.fields.String()
    file_name = ma.fields.String()
    file_sha256 = ma.fields.String()
    encoding = ma.fields.String()
    accepted = ma.fields.Integer()
    refused = ma.fields.Integer()
    imported_at = ma.fields.AwareDateTime()
    imported_by = ma.fields.String()


class BatchReportOut(BatchOut):
    """One file with its remarks counted."""

    remarks = ma.fields.List(ma.fields.Nested(RemarkOut))


class RowOut(ma.Schema):
    """One line of a file and what became of it."""

    id = ma.fields.UUID()
    line_number = ma.fields.Integer()
    accepted = ma.fields.Boolean()
    listing_id = ma.fields.UUID(allow_none=True)
    reasons = ma.fields.List(ma.fields.Dict())
    raw = ma.fields.Dict()


class RowArgs(PageArgs):
    """Filter of the lines."""

    accepted = ma.fields.Boolean(load_default=None, allow_none=True)


ListingPageOut = page_of(ListingOut)
BatchPageOut = page_of(BatchOut)
RowPageOut = page_of(RowOut)
