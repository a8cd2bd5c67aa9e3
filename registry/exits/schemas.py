"""Exits as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel import clock
from kernel.calendar import BEIJING
from kernel.fields import EntityOut, MomentField, Schema, TextField
from kernel.http import PageArgs, page_of
from registry.agreements.rules import ExitGround
from registry.agreements.schemas import KeptFileIn
from registry.exits import queries
from registry.exits.rules import ExitReason, ExitState
from registry.parties.schemas import NAME_LENGTH_MAX, REASON_LENGTH_MAX


class AuthorizationRevocationIn(Schema):
    """Why the authorization is taken back, and who decided it."""

    reason = TextField(required=True, max_length=REASON_LENGTH_MAX)
    coordination_record = TextField(load_default=None, max_length=NAME_LENGTH_MAX)


class TerminationIn(AuthorizationRevocationIn):
    """On what ground and why."""

    ground = ma.fields.Enum(ExitGround, by_value=True, required=True)


class ExitIn(Schema):
    """The agreement that has ended."""

    agreement_id = ma.fields.UUID(required=True)


class DeletionIn(Schema):
    """What was deleted, how, when and by whom."""

    what = TextField(required=True, max_length=REASON_LENGTH_MAX)
    method = TextField(required=True, max_length=NAME_LENGTH_MAX)
    deleted_at = MomentField(required=True, default_timezone=BEIJING)
    deleted_by = TextField(required=True, max_length=NAME_LENGTH_MAX)


class DeletionCertificateIn(KeptFileIn, DeletionIn):
    """The same with its evidence."""


class FinalSettlementIn(Schema):
    """The reference of the final settlement."""

    reference = TextField(required=True, max_length=NAME_LENGTH_MAX)


class ExitArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))


class DeletionCertificateOut(EntityOut):
    """One certificate of deletion."""

    number = ma.fields.String()
    what = ma.fields.String()
    method = ma.fields.String()
    deleted_at = ma.fields.AwareDateTime()
    deleted_by = ma.fields.String()
    evidence_sha256 = ma.fields.String()
    kept_records = ma.fields.List(ma.fields.String())
    issued_at = ma.fields.AwareDateTime()
    issuer_name = ma.fields.String()


class PartialDeletionOut(DeletionCertificateOut):
    """The certificate of deletion for one part whose authorization ended."""

    part_id = ma.fields.UUID()
    logs_until = ma.fields.Date()
    sources = ma.fields.Dict()


class ExitTaskOut(ma.Schema):
    """One line of the checklist."""

    code = ma.fields.String()
    title = ma.fields.String()
    is_done = ma.fields.Boolean()
    due = ma.fields.Date(allow_none=True)
    note = ma.fields.String()
    rule = ma.fields.String()


class ExitOut(EntityOut):
    """One exit."""

    number = ma.fields.String()
    place = ma.fields.String()
    agreement_id = ma.fields.UUID()
    agreement_number = ma.fields.Function(lambda found: found.agreement.number, metadata={"type": "string"})
    reason = ma.fields.Enum(ExitReason, by_value=True)
    exit_date = ma.fields.Date()
    logs_until = ma.fields.Date()
    state = ma.fields.Enum(ExitState, by_value=True)
    settlement_reference = ma.fields.String(allow_none=True)
    opened_at = ma.fields.AwareDateTime()
    certified_at = ma.fields.AwareDateTime(allow_none=True)
    close_asked_by = ma.fields.UUID(allow_none=True)
    closed_at = ma.fields.AwareDateTime(allow_none=True)
    certificate = ma.fields.Nested(DeletionCertificateOut, allow_none=True)
    checklist = ma.fields.Function(
        lambda found: ExitTaskOut(many=True).dump(queries.checklist(found, clock.today())),
        metadata={"type": "array", "items": {"type": "object"}},
    )
    sources = ma.fields.Dict()


ExitPageOut = page_of(ExitOut)
