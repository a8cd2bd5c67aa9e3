"""Incidents as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField
from kernel.http import PageArgs, page_of
from registry.incidents.rules import RECIPIENT_TITLES, IncidentState, Risk, missing_recipients, possible
from registry.parties.schemas import NAME_LENGTH_MAX, REASON_LENGTH_MAX, PartyNameOut


class IncidentIn(Schema):
    """A risk that was found; with a product it concerns that product alone."""

    agreement_id = ma.fields.UUID(required=True)
    product_id = ma.fields.UUID(load_default=None)
    title = TextField(required=True, max_length=NAME_LENGTH_MAX)
    description = TextField(required=True, max_length=REASON_LENGTH_MAX)
    risks = ma.fields.List(
        ma.fields.Enum(Risk, by_value=True), required=True, validate=ma.validate.Length(1, len(Risk))
    )


class StopIn(Schema):
    """What was stopped, and how."""

    measures = TextField(required=True, max_length=REASON_LENGTH_MAX)


class ReportIn(Schema):
    """Which office was told, and how."""

    recipient = ma.fields.String(required=True, validate=ma.validate.OneOf(list(RECIPIENT_TITLES)))
    reference = TextField(required=True, max_length=NAME_LENGTH_MAX)


class AssessmentIn(Schema):
    """What the authority found."""

    assessment = TextField(required=True, max_length=REASON_LENGTH_MAX)


class ClosingIn(Schema):
    """Why processing goes on, or ends."""

    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class IncidentArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    state = ma.fields.Enum(IncidentState, by_value=True)


class IncidentOut(EntityOut):
    """One incident."""

    number = ma.fields.String()
    place = ma.fields.String()
    state = ma.fields.Enum(IncidentState, by_value=True)
    is_halted = ma.fields.Boolean()
    agreement_id = ma.fields.UUID()
    agreement_number = ma.fields.String(attribute="agreement.number")
    product_id = ma.fields.UUID(allow_none=True)
    finder = ma.fields.Nested(PartyNameOut, allow_none=True)
    title = ma.fields.String()
    risks = ma.fields.List(ma.fields.String())
    detected_at = ma.fields.AwareDateTime()
    stopped_at = ma.fields.AwareDateTime(allow_none=True)
    reported_at = ma.fields.AwareDateTime(allow_none=True)
    assessed_at = ma.fields.AwareDateTime(allow_none=True)
    closed_at = ma.fields.AwareDateTime(allow_none=True)


class IncidentReportOut(ma.Schema):
    """One office that was told."""

    recipient = ma.fields.String()
    reference = ma.fields.String()
    reported_at = ma.fields.AwareDateTime()
    reported_by_name = ma.fields.String()


class IncidentDetailOut(IncidentOut):
    """One incident with what was done about it and the steps that are possible now."""

    description = ma.fields.String()
    measures = ma.fields.String(allow_none=True)
    assessment = ma.fields.String(allow_none=True)
    outcome = ma.fields.String(allow_none=True)
    recipients = ma.fields.List(ma.fields.String())
    missing_recipients = ma.fields.Function(
        lambda incident: list(missing_recipients(incident.recipients, [one.recipient for one in incident.reports])),
        metadata={"type": "array", "items": {"type": "string"}},
    )
    reports = ma.fields.List(ma.fields.Nested(IncidentReportOut))
    possible_events = ma.fields.Function(
        lambda incident: [event.value for event in possible(incident.state)],
        metadata={"type": "array", "items": {"type": "string"}},
    )
    sources = ma.fields.List(ma.fields.Dict())


IncidentPageOut = page_of(IncidentOut)
