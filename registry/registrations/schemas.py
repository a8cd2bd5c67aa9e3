"""Registrations as they travel."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField
from kernel.http import PageArgs, page_of
from registry.parties.schemas import REASON_LENGTH_MAX, PartyNameOut
from registry.products.schemas import ProductOut
from registry.records.schemas import UploadIn
from registry.registrants.rules import ApplicationMode, CorrectionBasis, Interest, Other
from registry.registrations.rules import (
    Acceptance,
    CancellationGround,
    ClosingKind,
    ClosingState,
    ObjectionOutcome,
    RegistrationKind,
    RegistrationState,
)

DEFECTS_MAX = 50
OTHERS_MAX = 20
ASSESSMENT_LENGTH_MAX = 10_000


class OtherIn(Schema):
    """Another registrant, with the consent or agreement that it signed."""

    party_id = ma.fields.UUID(required=True)
    upload = ma.fields.Nested(UploadIn, required=True)

    @ma.post_load
    def _other(self, data: dict[str, Any], **_kwargs: Any) -> Other:
        return Other(**data)


class InterestIn(Schema):
    """Who asks for a correction in place of the registrant, and on what basis."""

    party_id = ma.fields.UUID(required=True)
    basis = ma.fields.Enum(CorrectionBasis, by_value=True, required=True)
    upload = ma.fields.Nested(UploadIn, required=True)

    @ma.post_load
    def _interest(self, data: dict[str, Any], **_kwargs: Any) -> Interest:
        return Interest(**data)


class ApplicationIn(Schema):
    """An application of any kind; ``ground`` belongs to a cancellation, ``interest`` to a correction."""

    product_id = ma.fields.UUID(required=True)
    kind = ma.fields.Enum(RegistrationKind, by_value=True, required=True)
    assessment = TextField(load_default="", min_length=0, max_length=ASSESSMENT_LENGTH_MAX)
    reason = TextField(load_default="", min_length=0, max_length=REASON_LENGTH_MAX)
    ground = ma.fields.String(
        load_default="", validate=ma.validate.OneOf([ground.value for ground in CancellationGround])
    )
    mode = ma.fields.Enum(ApplicationMode, by_value=True, load_default=None)
    co_registrants = ma.fields.List(
        ma.fields.Nested(OtherIn), load_default=list, validate=ma.validate.Length(max=OTHERS_MAX)
    )
    interest = ma.fields.Nested(InterestIn, load_default=None)


class ResubmissionIn(Schema):
    """A returned application, put right."""

    assessment = TextField(required=True, max_length=ASSESSMENT_LENGTH_MAX)


class ReceiptIn(Schema):
    """What the registrar does with an application."""

    decision = ma.fields.Enum(Acceptance, by_value=True, required=True)
    reason = TextField(load_default="", min_length=0, max_length=REASON_LENGTH_MAX)
    defects = ma.fields.List(
        TextField(max_length=REASON_LENGTH_MAX), load_default=list, validate=ma.validate.Length(max=DEFECTS_MAX)
    )


class FormalReviewIn(Schema):
    """The result of the formal review."""

    passes = ma.fields.Boolean(required=True)
    reason = TextField(load_default="", min_length=0, max_length=REASON_LENGTH_MAX)


class RegistrationArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    state = ma.fields.Enum(RegistrationState, by_value=True)


class ObjectionFileOut(ma.Schema):
    """A file of an objection."""

    name = ma.fields.String()
    sha256 = ma.fields.String()


class ObjectionOut(ma.Schema):
    """One objection, as registrant and registrar see it."""

    id = ma.fields.UUID()
    name = ma.fields.String()
    evidence = ma.fields.String()
    filed_at = ma.fields.AwareDateTime()
    outcome = ma.fields.Enum(ObjectionOutcome, by_value=True, allow_none=True)
    outcome_reason = ma.fields.String()
    decided_at = ma.fields.AwareDateTime(allow_none=True)
    identity_kind = ma.fields.String(allow_none=True)
    rechecked_at = ma.fields.AwareDateTime(allow_none=True)
    recheck_findings = ma.fields.String(allow_none=True)
    files = ma.fields.List(ma.fields.Nested(ObjectionFileOut))


class OtherOut(ma.Schema):
    """Another registrant."""

    party = ma.fields.Nested(PartyNameOut)
    mode = ma.fields.Enum(ApplicationMode, by_value=True)
    evidence_sha256 = ma.fields.String()


class InterestOut(ma.Schema):
    """Who asked for a correction."""

    party = ma.fields.Nested(PartyNameOut)
    basis = ma.fields.Enum(CorrectionBasis, by_value=True)
    evidence_sha256 = ma.fields.String()


class RegistrationAskOut(ma.Schema):
    """A closing that one registrar asked for, and what another one decided."""

    id = ma.fields.UUID()
    kind = ma.fields.Enum(ClosingKind, by_value=True)
    state = ma.fields.Enum(ClosingState, by_value=True)
    ground = ma.fields.String()
    reason = ma.fields.String()
    evidence_sha256 = ma.fields.String(allow_none=True)
    asked_at = ma.fields.AwareDateTime()
    asked_by_name = ma.fields.String()
    decided_at = ma.fields.AwareDateTime(allow_none=True)
    decided_by_name = ma.fields.String()
    decision_reason = ma.fields.String()


class RegistrationOut(EntityOut):
    """One registration."""

    number = ma.fields.String()
    place = ma.fields.String()
    product = ma.fields.Nested(ProductOut(only=("id", "code", "title")))
    version_id = ma.fields.UUID()
    registrant = ma.fields.Nested(PartyNameOut)
    original_id = ma.fields.UUID(allow_none=True)
    kind = ma.fields.Enum(RegistrationKind, by_value=True)
    state = ma.fields.Enum(RegistrationState, by_value=True)
    received_at = ma.fields.AwareDateTime()
    application_due = ma.fields.Date(allow_none=True)
    late_days = ma.fields.Integer(allow_none=True)
    accept_due = ma.fields.Date(allow_none=True)
    accepted_at = ma.fields.AwareDateTime(allow_none=True)
    review_due = ma.fields.Date(allow_none=True)
    passed_at = ma.fields.AwareDateTime(allow_none=True)
    notice_start = ma.fields.Date(allow_none=True)
    notice_end = ma.fields.Date(allow_none=True)
    coded_at = ma.fields.AwareDateTime(allow_none=True)
    code = ma.fields.String(allow_none=True)
    valid_from = ma.fields.Date(allow_none=True)
    valid_until = ma.fields.Date(allow_none=True)
    closed_at = ma.fields.AwareDateTime(allow_none=True)
    ground = ma.fields.String()
    reason = ma.fields.String()
    defects = ma.fields.List(ma.fields.String())
    materials = ma.fields.Dict()
    sources = ma.fields.List(ma.fields.Dict())


class RegistrationDetailOut(RegistrationOut):
    """One registration with its objections and everybody who stands behind it."""

    others = ma.fields.List(ma.fields.Nested(OtherOut))
    interest = ma.fields.Nested(InterestOut, allow_none=True)
    objections = ma.fields.List(ma.fields.Nested(ObjectionOut))
    asks = ma.fields.List(ma.fields.Nested(RegistrationAskOut))


RegistrationPageOut = page_of(RegistrationOut)
