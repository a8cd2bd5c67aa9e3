"""What the routes of contribution objections read and show."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField
from kernel.http import page_of
from settlement.objections.rules import Factor

WORDS_MAX = 2000


class ContributionObjectionIn(Schema):
    """Which figure is wrong, what it should be, and why."""

    figure_id = ma.fields.UUID(required=True)
    factor = ma.fields.Enum(Factor, by_value=True, required=True)
    claimed = TextField(required=True, max_length=30)
    grounds = TextField(required=True, max_length=WORDS_MAX)


class ContributionDecisionIn(Schema):
    """Whether the objection is upheld, why, and what the figure is instead."""

    is_upheld = ma.fields.Boolean(required=True)
    reason = TextField(required=True, max_length=WORDS_MAX)
    corrected = TextField(load_default=None, allow_none=True, max_length=30)


class ContributionObjectionOut(EntityOut):
    """One objection."""

    number = ma.fields.String()
    place = ma.fields.String()
    figure_id = ma.fields.UUID()
    factor = ma.fields.String()
    claimed = ma.fields.String()
    grounds = ma.fields.String()
    state = ma.fields.String()
    filed_at = ma.fields.AwareDateTime()
    filed_by_name = ma.fields.String()
    decided_at = ma.fields.AwareDateTime(allow_none=True)
    decided_by_name = ma.fields.String(allow_none=True)
    reason = ma.fields.String(allow_none=True)
    corrected = ma.fields.String(allow_none=True)


ContributionObjectionPageOut = page_of(ContributionObjectionOut)
