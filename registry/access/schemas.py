"""Access decisions as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, Schema
from kernel.http import PageArgs, page_of
from registry.access.rules import Outcome

RESOURCES_MAX = 500


class AccessIn(Schema):
    """Under which agreement which resources are to be used; for oneself unless a person is named."""

    agreement_id = ma.fields.UUID(required=True)
    resource_ids = ma.fields.List(ma.fields.UUID(), required=True, validate=ma.validate.Length(1, RESOURCES_MAX))
    account_id = ma.fields.UUID(load_default=None, allow_none=True)


class AccessArgs(PageArgs):
    """Filters of the log."""

    outcome = ma.fields.Enum(Outcome, by_value=True)
    agreement_id = ma.fields.UUID()


class AccessOut(EntityOut):
    """One decision; ``code`` is that of the first condition that failed."""

    account_id = ma.fields.UUID()
    account_name = ma.fields.String()
    agreement_id = ma.fields.UUID()
    agreement_number = ma.fields.String()
    place = ma.fields.String()
    resource_codes = ma.fields.List(ma.fields.String())
    outcome = ma.fields.Enum(Outcome, by_value=True)
    code = ma.fields.String()
    looked = ma.fields.List(ma.fields.Dict(keys=ma.fields.String()))
    asked_by_name = ma.fields.String()
    decided_at = ma.fields.AwareDateTime()


AccessPageOut = page_of(AccessOut)
