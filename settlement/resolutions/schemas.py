"""Proposals about payouts of unknown fate as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField
from kernel.http import PageArgs, page_of
from market.payments.rules import Answer
from pricing.costs.schemas import FileIn
from settlement.resolutions.rules import Fate, ResolutionAct, ResolutionState

NUMBER_MAX, REFERENCE_MAX, WORDS_MAX = 60, 200, 2000


class ResolutionFormIn(Schema):
    """What became of a payout, and what shows it; the payout stands in the address."""

    fate = ma.fields.Enum(Fate, by_value=True, required=True)
    bank_line = TextField(load_default="", min_length=0, max_length=REFERENCE_MAX)
    provider_reference = TextField(load_default="", min_length=0, max_length=REFERENCE_MAX)
    words = TextField(required=True, max_length=WORDS_MAX)
    file = ma.fields.Nested(FileIn, load_default=None, allow_none=True)


class ResolutionIn(ResolutionFormIn):
    """What became of a payout, and what shows it."""

    payout = TextField(required=True, max_length=NUMBER_MAX)


class ResolutionDecisionIn(Schema):
    """What becomes of a proposal, and why."""

    act = ma.fields.Enum(ResolutionAct, by_value=True, required=True)
    words = TextField(required=True, max_length=WORDS_MAX)


class ResolutionOut(EntityOut):
    """One proposal; ``contradicted_at`` is set when the provider said otherwise later, and a break is open."""

    payout_id = ma.fields.UUID()
    place = ma.fields.String()
    fate = ma.fields.Enum(Fate, by_value=True)
    bank_line = ma.fields.String()
    provider_reference = ma.fields.String()
    file_sha256 = ma.fields.String(allow_none=True)
    words = ma.fields.String()
    state = ma.fields.Enum(ResolutionState, by_value=True)
    proposed_at = ma.fields.AwareDateTime()
    proposed_by = ma.fields.String()
    decided_at = ma.fields.AwareDateTime(allow_none=True)
    decided_by = ma.fields.String(allow_none=True)
    decided_words = ma.fields.String()
    heard = ma.fields.Enum(Answer, by_value=True, allow_none=True)
    heard_at = ma.fields.AwareDateTime(allow_none=True)
    contradicted_at = ma.fields.AwareDateTime(allow_none=True)


class ResolutionArgs(PageArgs):
    """Filter of the proposals."""

    state = ma.fields.Enum(ResolutionState, by_value=True, load_default=None)


ResolutionPageOut = page_of(ResolutionOut)
