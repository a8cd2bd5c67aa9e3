"""Disclosures as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField
from kernel.http import PageArgs, page_of
from registry.disclosures.rules import MODE_TITLES, DataDepartment, DisclosureState, Institution, Side, possible
from registry.parties.schemas import NAME_LENGTH_MAX, REASON_LENGTH_MAX, PartyNameOut

LINES_MAX = 2000


class InstitutionIn(Schema):
    """How the institution is reached."""

    address = TextField(required=True, max_length=NAME_LENGTH_MAX)
    postcode = TextField(required=True, max_length=20)
    email = ma.fields.Email(required=True)
    phone = TextField(required=True, max_length=40)

    @ma.post_load
    def make(self, data, **_kwargs):
        """Return it as the rules know it."""
        return Institution(**data)


class DataDepartmentIn(Schema):
    """Who answers questions."""

    unit = TextField(required=True, max_length=NAME_LENGTH_MAX)
    contact = TextField(required=True, max_length=NAME_LENGTH_MAX)
    phone = TextField(required=True, max_length=40)

    @ma.post_load
    def make(self, data, **_kwargs):
        """Return it as the rules know it."""
        return DataDepartment(**data)


class DisclosureIn(Schema):
    """What the preparer adds to the records: modes by agreement, contacts."""

    place = TextField(required=True, max_length=40)
    side = ma.fields.Enum(Side, by_value=True, required=True)
    party_id = ma.fields.UUID(required=True)
    year = ma.fields.Integer(required=True, strict=True, validate=ma.validate.Range(2000, 2999))
    institution = ma.fields.Nested(InstitutionIn, required=True)
    data_department = ma.fields.Nested(DataDepartmentIn, required=True)
    authorization_modes = ma.fields.Dict(
        keys=TextField(max_length=64), values=ma.fields.String(validate=ma.validate.OneOf(list(MODE_TITLES))),
        required=True, validate=ma.validate.Length(max=LINES_MAX),
    )  # fmt: skip
    supersedes_id = ma.fields.UUID(load_default=None)
    correction_reason = TextField(load_default=None, max_length=REASON_LENGTH_MAX)


class DisclosureArgs(PageArgs):
    """Filters of the public list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    year = ma.fields.Integer(validate=ma.validate.Range(2000, 2999))
    side = ma.fields.Enum(Side, by_value=True)


class DisclosureOut(EntityOut):
    """One disclosure."""

    number = ma.fields.String()
    place = ma.fields.String()
    party = ma.fields.Nested(PartyNameOut)
    side = ma.fields.Enum(Side, by_value=True)
    year = ma.fields.Integer()
    state = ma.fields.Enum(DisclosureState, by_value=True)
    sha256 = ma.fields.String()
    published_on = ma.fields.Date(allow_none=True)
    supersedes_id = ma.fields.UUID(allow_none=True)
    correction_reason = ma.fields.String(allow_none=True)


class DisclosureDetailOut(DisclosureOut):
    """One disclosure with its content; the digest is taken over the content as canonical JSON."""

    content = ma.fields.Dict()
    sources = ma.fields.List(ma.fields.Dict())
    possible_events = ma.fields.Function(
        lambda disclosure: [event.value for event in possible(disclosure.state)],
        metadata={"type": "array", "items": {"type": "string"}},
    )


class DisclosureDutyOut(ma.Schema):
    """One duty of disclosure or report."""

    rule = ma.fields.String()
    what = ma.fields.String()
    contains = ma.fields.String()
    owed_by = ma.fields.String()
    owed_to = ma.fields.String()
    due = ma.fields.String()
    source = ma.fields.String()
    parameter = ma.fields.String()
    page = ma.fields.String()
    duty = ma.fields.Boolean()


class EntryListOut(ma.Schema):
    """DIS-01 to DIS-13."""

    items = ma.fields.List(ma.fields.Nested(DisclosureDutyOut))


DisclosurePageOut = page_of(DisclosureOut)
