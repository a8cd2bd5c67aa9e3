"""Feedback as it travels."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField
from kernel.http import PageArgs, page_of
from market.feedback.rules import FeedbackAct, FeedbackKind, FeedbackState
from pricing.costs.schemas import REASON_LENGTH_MAX, FileIn

CODE_LENGTH_MAX = 40


class FeedbackIn(Schema):
    """What is fed back of a product's newest version."""

    product_code = TextField(required=True, max_length=CODE_LENGTH_MAX)
    kind = ma.fields.Enum(FeedbackKind, by_value=True, required=True)
    words = TextField(required=True, max_length=REASON_LENGTH_MAX)
    file = ma.fields.Nested(FileIn, required=True)


class FeedbackAnswerIn(Schema):
    """Received, or sent back with the reason."""

    act = ma.fields.Enum(FeedbackAct, by_value=True, required=True)
    reason = TextField(load_default=None, allow_none=True, max_length=REASON_LENGTH_MAX)


class FeedbackArgs(PageArgs):
    """Filters of the list."""

    state = ma.fields.Enum(FeedbackState, by_value=True, load_default=None)


class FeedbackOut(EntityOut):
    """One delivery."""

    number = ma.fields.String()
    place = ma.fields.String()
    product_id = ma.fields.UUID()
    version_id = ma.fields.UUID()
    seller_id = ma.fields.UUID()
    kind = ma.fields.Enum(FeedbackKind, by_value=True)
    words = ma.fields.String()
    file_sha256 = ma.fields.String()
    state = ma.fields.Enum(FeedbackState, by_value=True)
    delivered_at = ma.fields.AwareDateTime()
    returned_reason = ma.fields.String(allow_none=True)
    answered_at = ma.fields.AwareDateTime(allow_none=True)


FeedbackPageOut = page_of(FeedbackOut)


class FeedbackDueOut(ma.Schema):
    """A product whose newest version is to be fed back."""

    code = ma.fields.String()
    title = ma.fields.String()
    place = ma.fields.String()
