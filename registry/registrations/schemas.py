"""Registrations and gates as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField
from kernel.http import PageArgs, page_of
from registry.parties.schemas import REASON_LENGTH_MAX, PartyNameOut
from registry.products.schemas import ProductOut
from registry.registrations.rules import (
    Acceptance,
    CancellationGround,
    ObjectionOutcome,
    RegistrationKind,
    RegistrationState,
    RevocationGround,
)

DEFECTS_MAX = 50
ASSESSMENT_LENGTH_MAX = 10_000


class ApplicationIn(Schema):
    """An application of any kind; ``ground`` belongs to a cancellation."""

    product_id = ma.fields.UUID(required=True)
    kind = ma.fields.Enum(RegistrationKind, by_value=True, required=True)
    assessment = TextField(load_default="", min_length=0, max_length=ASSESSMENT_LENGTH_MAX)
    reason = TextField(load_default="", min_length=0, max_length=REASON_LENGTH_MAX)
    ground = ma.fields.String(
        load_default="", validate=ma.validate.OneOf([ground.value for ground in CancellationGround])
    )


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


class RevocationIn(Schema):
    """Why a registration is revoked."""

    ground = ma.fields.Enum(RevocationGround, by_value=True, required=True)
    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)


class RegistrationArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    state = ma.fields.Enum(RegistrationState, by_value=True)


class ObjectionOut(ma.Schema):
    """One objection, as registrant and registrar see it."""

    id = ma.fields.UUID()
    name = ma.fields.String()
    evidence = ma.fields.String()
    filed_at = ma.fields.AwareDateTime()
    outcome = ma.fields.Enum(ObjectionOutcome, by_value=True, allow_none=True)
    outcome_reason = ma.fields.String()
    decided_at = ma.fields.AwareDateTime(allow_none=True)


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
    """One registration with its objections."""

    objections = ma.fields.List(ma.fields.Nested(ObjectionOut))


class GateOut(ma.Schema):
    """One condition for the sale of a product."""

    code = ma.fields.String()
    title = ma.fields.String()
    open = ma.fields.Boolean()
    fact = ma.fields.String()
    rule = ma.fields.String()
    article = ma.fields.String()
    since = ma.fields.Date(allow_none=True)
    todo = ma.fields.String()


class GatesOut(ma.Schema):
    """Whether a product may be sold as far as the registry can tell, and why."""

    product = ma.fields.String()
    on = ma.fields.Date()
    all_open = ma.fields.Boolean()
    gates = ma.fields.List(ma.fields.Nested(GateOut))


RegistrationPageOut = page_of(RegistrationOut)
