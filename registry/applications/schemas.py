"""Applications as they travel."""

from __future__ import annotations

from datetime import date
from typing import Any

import marshmallow as ma

from kernel import clock
from kernel.fields import EntityOut, FileContentField, RateField, Schema, TextField
from kernel.http import PageArgs, page_of
from kernel.wording import Phrase
from registry.applications import queries
from registry.applications.rules import EDITABLE, ApplicationState, EnterpriseNature, Incident, ProofKind, possible
from registry.calls.schemas import CallOut
from registry.parties.schemas import NAME_LENGTH_MAX, REASON_LENGTH_MAX, PartyNameOut

INCIDENTS_MAX = 50
STAFF_MAX = 10_000_000
CAPITAL_PATTERN = r"^[0-9]{1,9}(\.[0-9]{1,6})?$"
SCORE_PATTERN = r"^(100(\.0{1,2})?|[0-9]{1,2}(\.[0-9]{1,2})?)$"


class CapitalField(RateField):
    """Registered capital in 万元 as text, at most six decimals."""

    pattern = CAPITAL_PATTERN


class ScoreField(RateField):
    """A score from 0 to 100 as text, at most two decimals."""

    pattern = SCORE_PATTERN


class DeclaredIncidentIn(Schema):
    """A network or data security incident that the applicant declares."""

    on = ma.fields.Date(required=True)
    fact = TextField(required=True, max_length=REASON_LENGTH_MAX)

    @ma.post_load
    def _make(self, data: Any, **_kwargs: Any) -> Incident:
        return Incident(data["on"], data["fact"])


class ApplicationFormIn(Schema):
    """The form; what is not named stays. ``registered_capital`` in 万元."""

    address = TextField(min_length=0, max_length=NAME_LENGTH_MAX)
    nature = ma.fields.Enum(EnterpriseNature, by_value=True)
    registered_capital = CapitalField()
    staff_count = ma.fields.Integer(strict=False, validate=ma.validate.Range(0, STAFF_MAX))
    contact = TextField(min_length=0, max_length=NAME_LENGTH_MAX)
    phone = TextField(min_length=0, max_length=40)
    requested_scope = TextField(min_length=0)
    profile = TextField(min_length=0)
    signed_by = TextField(min_length=0, max_length=NAME_LENGTH_MAX)
    incidents_declared = ma.fields.Boolean()


class IncidentLines(TextField):
    """Incidents as typed into a form: one per line, a date, a blank, what happened."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        found = []
        for line in filter(None, (line.strip() for line in text.splitlines())):
            day, _, fact = line.partition(" ")
            try:
                found.append(Incident(date.fromisoformat(day), fact.strip()))
            except ValueError as error:
                words = Phrase("每行写一个日期（如 2026-07-01）、空格和事件说明", "One date and fact per line.", "type")
                raise ma.ValidationError(words) from error
        return found


class ApplicationPageIn(ApplicationFormIn):
    """The form as a page sends it; a text that is not sent was emptied."""

    incidents = IncidentLines(min_length=0, load_default=list)


class OperatorApplicationIn(Schema):
    """A new application of an organisation to a call."""

    call_id = ma.fields.UUID(required=True)
    applicant_id = ma.fields.UUID(required=True)
    form = ma.fields.Nested(ApplicationFormIn, load_default=dict)


class ApplicationChangeIn(Schema):
    """Changes of a draft; what is not named stays."""

    form = ma.fields.Nested(ApplicationFormIn, load_default=dict)
    incidents = ma.fields.List(
        ma.fields.Nested(DeclaredIncidentIn), load_default=None, validate=ma.validate.Length(max=INCIDENTS_MAX)
    )


class ApplicationProofIn(Schema):
    """A document in base64."""

    kind = ma.fields.Enum(ProofKind, by_value=True, required=True)
    name = TextField(required=True, max_length=NAME_LENGTH_MAX)
    media_type = TextField(load_default="application/octet-stream", max_length=100)
    content = FileContentField(required=True, data_key="content_base64")


class WithdrawalIn(Schema):
    """Why."""

    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class ExpertScoreIn(Schema):
    """An expert's score from 0 to 100, with its reason."""

    score = ScoreField(required=True)
    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class ApplicationArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    state = ma.fields.Enum(ApplicationState, by_value=True)
    call_id = ma.fields.UUID()


class DeclaredIncidentOut(ma.Schema):
    """A declared incident."""

    on = ma.fields.Date()
    fact = ma.fields.String()


class ApplicationProofOut(ma.Schema):
    """A kept document."""

    kind = ma.fields.Enum(ProofKind, by_value=True)
    name = ma.fields.String()
    sha256 = ma.fields.String()
    added_at = ma.fields.AwareDateTime()


class ExpertScoreOut(ma.Schema):
    """What one expert gave."""

    expert_name = ma.fields.String()
    score = ScoreField()
    reason = ma.fields.String()
    given_at = ma.fields.AwareDateTime()


class ConditionOut(ma.Schema):
    """What one check found."""

    code = ma.fields.String()
    title = ma.fields.String()
    is_met = ma.fields.Boolean()
    is_binding = ma.fields.Boolean()
    fact = ma.fields.String()
    rule = ma.fields.String()
    article = ma.fields.String()


class ApplicationOut(EntityOut):
    """One application."""

    number = ma.fields.String()
    place = ma.fields.String()
    state = ma.fields.Enum(ApplicationState, by_value=True)
    call = ma.fields.Nested(CallOut(only=("id", "number", "title", "method", "closes_on")))
    applicant = ma.fields.Nested(PartyNameOut)
    submitted_at = ma.fields.AwareDateTime(allow_none=True)
    decided_at = ma.fields.AwareDateTime(allow_none=True)


class ApplicationDetailOut(ApplicationOut):
    """One application with the form, its proofs, scores, and what it still lacks."""

    address = ma.fields.String()
    nature = ma.fields.Enum(EnterpriseNature, by_value=True, allow_none=True)
    registered_capital = CapitalField(allow_none=True)
    staff_count = ma.fields.Integer(allow_none=True)
    contact = ma.fields.String()
    phone = ma.fields.String()
    requested_scope = ma.fields.String()
    profile = ma.fields.String()
    signed_by = ma.fields.String()
    incidents_declared = ma.fields.Boolean()
    incidents = ma.fields.List(ma.fields.Nested(DeclaredIncidentOut), attribute="declared")
    proofs = ma.fields.List(ma.fields.Nested(ApplicationProofOut))
    scores = ma.fields.List(ma.fields.Nested(ExpertScoreOut))
    review_id = ma.fields.UUID(allow_none=True)
    missing = ma.fields.Function(
        lambda found: [pointer for pointer, _ in queries.lacking(found)] if found.state in EDITABLE else [],
        metadata={"type": "array", "items": {"type": "string"}},
    )
    possible_events = ma.fields.Function(
        lambda found: [event.value for event in possible(found.state)],
        metadata={"type": "array", "items": {"type": "string"}},
    )
    call_is_open = ma.fields.Function(
        lambda found: found.call.is_open(clock.today()), metadata={"type": "boolean", "description": "今日是否受理"}
    )


class FindingsOut(ma.Schema):
    """What the system found about an application today."""

    findings = ma.fields.List(ma.fields.Nested(ConditionOut))


ApplicationPageOut = page_of(ApplicationOut)
