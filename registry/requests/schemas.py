"""Data-use requests as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, FileContentField, Schema, TextField
from kernel.http import PageArgs, page_of
from registry.parties.rules import Capacity
from registry.parties.schemas import NAME_LENGTH_MAX, REASON_LENGTH_MAX, PartyNameOut
from registry.procedures.rules import RefusalGround
from registry.requests.rules import Basis, ClearanceKind, Decision, RequestState
from registry.resources.schemas import ResourceOut

LIST_MAX = 500
MEDIA_TYPE_LENGTH_MAX = 100


class RequestIn(Schema):
    """A new request: one scenario, one list."""

    applicant_id = ma.fields.UUID(required=True)
    agreement_id = ma.fields.UUID(required=True)
    scenario = TextField(required=True, max_length=NAME_LENGTH_MAX)
    necessity = TextField(required=True, max_length=5000)
    resource_ids = ma.fields.List(ma.fields.UUID(), required=True, validate=ma.validate.Length(1, LIST_MAX))


class OpinionIn(Schema):
    """What a checker or reviewer says."""

    decision = ma.fields.Enum(
        Decision, by_value=True, required=True, validate=ma.validate.OneOf([Decision.AGREE, Decision.REFUSE])
    )
    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)
    ground = ma.fields.Enum(RefusalGround, by_value=True)


class ClearanceForm(Schema):
    """A review that the scenario has passed elsewhere; its document is uploaded beside it."""

    kind = ma.fields.Enum(ClearanceKind, by_value=True, required=True)
    reference = TextField(required=True, max_length=NAME_LENGTH_MAX)


class ClearanceIn(ClearanceForm):
    """A review that the scenario has passed elsewhere, with its document."""

    content = FileContentField(required=True)
    name = TextField(required=True, max_length=NAME_LENGTH_MAX)
    media_type = TextField(required=True, max_length=MEDIA_TYPE_LENGTH_MAX)


class ProvisionIn(Schema):
    """How the data were made available."""

    note = TextField(required=True, max_length=REASON_LENGTH_MAX)


class RequestArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    state = ma.fields.Enum(RequestState, by_value=True)


class ClearanceOut(ma.Schema):
    """A review that the scenario has passed elsewhere."""

    kind = ma.fields.Enum(ClearanceKind, by_value=True)
    reference = ma.fields.String()
    evidence_sha256 = ma.fields.String()
    recorded_at = ma.fields.AwareDateTime()
    recorded_by_name = ma.fields.String()


class RequestOpinionOut(ma.Schema):
    """One seat and what was said on it."""

    capacity = ma.fields.Enum(Capacity, by_value=True)
    party = ma.fields.Nested(PartyNameOut)
    decision = ma.fields.Enum(Decision, by_value=True, allow_none=True)
    reason = ma.fields.String()
    due_date = ma.fields.Date(allow_none=True)
    given_at = ma.fields.AwareDateTime(allow_none=True)
    given_by_name = ma.fields.String()
    deemed = ma.fields.Boolean()


class RequestOut(EntityOut):
    """One request."""

    number = ma.fields.String()
    place = ma.fields.String()
    applicant = ma.fields.Nested(PartyNameOut)
    agreement_id = ma.fields.UUID()
    scenario = ma.fields.String()
    necessity = ma.fields.String()
    state = ma.fields.Enum(RequestState, by_value=True)
    created_at = ma.fields.AwareDateTime()
    submitted_at = ma.fields.AwareDateTime(allow_none=True)
    check_due = ma.fields.Date(allow_none=True)
    checked_at = ma.fields.AwareDateTime(allow_none=True)
    check_reason = ma.fields.String()
    due_date = ma.fields.Date(allow_none=True)
    silence_consents = ma.fields.Boolean()
    decided_at = ma.fields.AwareDateTime(allow_none=True)
    basis = ma.fields.Enum(Basis, by_value=True, allow_none=True)
    provisioned_at = ma.fields.AwareDateTime(allow_none=True)
    provision_note = ma.fields.String()
    review_ids = ma.fields.List(ma.fields.UUID())
    sources = ma.fields.List(ma.fields.Dict())


class RequestDetailOut(RequestOut):
    """One request with its list and its opinions."""

    resources = ma.fields.List(ma.fields.Nested(ResourceOut))
    clearances = ma.fields.List(ma.fields.Nested(ClearanceOut))
    opinions = ma.fields.List(ma.fields.Nested(RequestOpinionOut))


RequestPageOut = page_of(RequestOut)
