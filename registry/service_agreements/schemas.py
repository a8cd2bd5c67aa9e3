"""Service agreements as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel import clock
from kernel.fields import EntityOut, Schema, TextField
from kernel.http import PageArgs, page_of
from registry.agreements.schemas import KeptFileIn
from registry.parties.schemas import NAME_LENGTH_MAX, REASON_LENGTH_MAX, PartyNameOut
from registry.service_agreements.rules import ServiceEvent, ServiceState, TextKind, possible


class StandardTextWordsIn(Schema):
    """What a standard text is."""

    place = TextField(required=True, max_length=40)
    kind = ma.fields.Enum(TextKind, by_value=True, required=True)
    title = TextField(required=True, max_length=NAME_LENGTH_MAX)


class StandardTextIn(KeptFileIn, StandardTextWordsIn):
    """The same with the text itself."""


class ServiceAgreementIn(Schema):
    """A new draft; the end is the first day that is not covered any more."""

    agreement_id = ma.fields.UUID(required=True)
    partner_id = ma.fields.UUID(required=True)
    text_id = ma.fields.UUID(required=True)
    start_date = ma.fields.Date(required=True)
    end_date = ma.fields.Date(required=True)
    particulars = TextField(load_default="", min_length=0)


class ServiceEndIn(Schema):
    """Why it ends."""

    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class ServiceAgreementArgs(PageArgs):
    """Filters of the list."""

    agreement_id = ma.fields.UUID()


class StandardTextOut(EntityOut):
    """One standard text."""

    place = ma.fields.String()
    kind = ma.fields.Enum(TextKind, by_value=True)
    title = ma.fields.String()
    sha256 = ma.fields.String()
    published_at = ma.fields.AwareDateTime()


class ServiceSignatureOut(ma.Schema):
    """One side's signature."""

    party_id = ma.fields.UUID()
    content_sha256 = ma.fields.String()
    signed_at = ma.fields.AwareDateTime()
    signer_name = ma.fields.String()


class ServiceAgreementOut(EntityOut):
    """One service agreement."""

    number = ma.fields.String()
    place = ma.fields.String()
    agreement_id = ma.fields.UUID()
    partner = ma.fields.Nested(PartyNameOut)
    operating_institution = ma.fields.Nested(PartyNameOut)
    text = ma.fields.Nested(StandardTextOut)
    particulars = ma.fields.String()
    start_date = ma.fields.Date()
    end_date = ma.fields.Date()
    content_sha256 = ma.fields.String()
    state = ma.fields.Enum(ServiceState, by_value=True)
    in_force = ma.fields.Function(lambda found: found.in_force(clock.today()), metadata={"type": "boolean"})
    possible_events = ma.fields.Function(
        lambda found: [event.value for event in possible(found.state)],
        metadata={"type": "array", "items": {"type": "string", "enum": [event.value for event in ServiceEvent]}},
    )
    drafted_at = ma.fields.AwareDateTime()
    signed_at = ma.fields.AwareDateTime(allow_none=True)
    ended_at = ma.fields.AwareDateTime(allow_none=True)
    end_reason = ma.fields.String(allow_none=True)
    signatures = ma.fields.List(ma.fields.Nested(ServiceSignatureOut))


StandardTextsOut = page_of(StandardTextOut)
ServiceAgreementPageOut = page_of(ServiceAgreementOut)
