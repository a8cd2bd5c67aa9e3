"""Related-party edges as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, FileContentField, RateField, Schema, TextField
from kernel.http import PageArgs, page_of
from registry.parties.schemas import NAME_LENGTH_MAX, REASON_LENGTH_MAX, PartyNameOut
from registry.relations.rules import Origin, RelationKind


class EvidenceIn(Schema):
    """A document in base64."""

    name = TextField(required=True, max_length=NAME_LENGTH_MAX)
    media_type = TextField(load_default="application/octet-stream", max_length=100)
    content = FileContentField(required=True, data_key="content_base64")


class RelationIn(Schema):
    """A new edge; ``share`` is a fraction of the equity (``"0.25"`` is 25 %), for shares alone."""

    from_id = ma.fields.UUID(required=True)
    to_id = ma.fields.UUID(required=True)
    kind = ma.fields.Enum(RelationKind, by_value=True, required=True)
    share = RateField(load_default=None, allow_none=True)
    from_date = ma.fields.Date(required=True)
    until = ma.fields.Date(load_default=None, allow_none=True)
    source = TextField(required=True, max_length=REASON_LENGTH_MAX)
    evidence = ma.fields.Nested(EvidenceIn, load_default=None, allow_none=True)


class EndIn(Schema):
    """The first day on which the edge does not hold any more, and why."""

    ended_on = ma.fields.Date(required=True)
    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class RelationArgs(PageArgs):
    """Filters of the list."""

    party_id = ma.fields.UUID()


class PathArgs(ma.Schema):
    """Two organisations, a day and the place whose rules say from which share on equity counts."""

    from_id = ma.fields.UUID(required=True)
    to_id = ma.fields.UUID(required=True)
    on = ma.fields.Date()
    place = ma.fields.String(validate=ma.validate.Length(max=40))


class EndOut(ma.Schema):
    """The end of an edge."""

    ended_on = ma.fields.Date()
    reason = ma.fields.String()
    stated_by_name = ma.fields.String()
    stated_at = ma.fields.AwareDateTime()


class RelationOut(EntityOut):
    """One edge."""

    from_party = ma.fields.Nested(PartyNameOut)
    to_party = ma.fields.Nested(PartyNameOut)
    kind = ma.fields.Enum(RelationKind, by_value=True)
    share = RateField(allow_none=True)
    from_date = ma.fields.Date()
    until = ma.fields.Date(allow_none=True)
    source = ma.fields.String()
    evidence_sha256 = ma.fields.String(allow_none=True)
    origin = ma.fields.Enum(Origin, by_value=True)
    stated_by_name = ma.fields.String()
    stated_at = ma.fields.AwareDateTime()
    end = ma.fields.Nested(EndOut, allow_none=True)


class PathOut(ma.Schema):
    """Whether two organisations are related, through which edges, and what was counted."""

    is_related = ma.fields.Boolean()
    path = ma.fields.List(ma.fields.UUID())
    words = ma.fields.String()
    share_rule = ma.fields.String()


RelationPageOut = page_of(RelationOut)
