"""Organisations as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField
from kernel.http import PageArgs, page_of
from registry.parties.rules import Capacity, CreditKind, LegalForm, PartyKind, Standing

NAME_LENGTH_MAX = 200
REASON_LENGTH_MAX = 2000


class PartyIn(Schema):
    """A new organisation; the credit code in any spelling."""

    uscc = TextField(required=True, max_length=40)
    name = TextField(required=True, max_length=NAME_LENGTH_MAX)
    kind = ma.fields.Enum(PartyKind, by_value=True, required=True)
    place = TextField(required=True, max_length=40)
    capacities = ma.fields.List(
        ma.fields.Enum(Capacity, by_value=True), required=True, validate=ma.validate.Length(1, len(Capacity))
    )
    contact = TextField(max_length=NAME_LENGTH_MAX, load_default=None)


class CapacityIn(Schema):
    """One more thing that an organisation may act as."""

    capacity = ma.fields.Enum(Capacity, by_value=True, required=True)
    place = TextField(required=True, max_length=40)


class ReasonIn(Schema):
    """Why."""

    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class PartyArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    capacity = ma.fields.Enum(Capacity, by_value=True)


class CapacityOut(ma.Schema):
    """What an organisation may act as, and where."""

    capacity = ma.fields.Enum(Capacity, by_value=True)
    place = ma.fields.String()
    added_at = ma.fields.AwareDateTime()


class PartyOut(EntityOut):
    """One organisation."""

    uscc = ma.fields.String()
    name = ma.fields.String()
    kind = ma.fields.Enum(PartyKind, by_value=True)
    legal_form = ma.fields.Enum(LegalForm, by_value=True)
    place = ma.fields.String()
    standing = ma.fields.Enum(Standing, by_value=True)
    standing_reason = ma.fields.String(allow_none=True)
    restore_asked_by = ma.fields.UUID(allow_none=True)
    registered_at = ma.fields.AwareDateTime()
    contact = ma.fields.String(allow_none=True)
    capacities = ma.fields.List(ma.fields.Nested(CapacityOut))


class RemarkOut(ma.Schema):
    """Something to look at that is no obstacle."""

    code = ma.fields.String()
    message = ma.fields.String()
    uscc = ma.fields.String()


class CreditIn(Schema):
    """A record for the credit file; ``clears_id`` names the record that a ``cleared`` one ends."""

    kind = ma.fields.Enum(CreditKind, by_value=True, required=True)
    fact = TextField(required=True, max_length=REASON_LENGTH_MAX)
    document = TextField(required=True, max_length=NAME_LENGTH_MAX)
    from_date = ma.fields.Date(required=True)
    clears_id = ma.fields.UUID(load_default=None, allow_none=True)


class CreditRecordOut(EntityOut):
    """One entry of a credit file."""

    party_id = ma.fields.UUID()
    kind = ma.fields.Enum(CreditKind, by_value=True)
    fact = ma.fields.String()
    document = ma.fields.String()
    from_date = ma.fields.Date()
    clears_id = ma.fields.UUID(allow_none=True)
    recorded_by_name = ma.fields.String()
    recorded_at = ma.fields.AwareDateTime()


class PartyDetailOut(PartyOut):
    """One organisation with what should be looked at."""

    remarks = ma.fields.List(ma.fields.Nested(RemarkOut))


class PartyNameOut(ma.Schema):
    """An organisation where another object names it."""

    id = ma.fields.UUID()
    uscc = ma.fields.String()
    name = ma.fields.String()


PartyPageOut = page_of(PartyOut)
CreditPageOut = page_of(CreditRecordOut)
