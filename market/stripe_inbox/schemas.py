"""Events of the provider as they travel: what they are called and what became of them, never their body."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut
from kernel.http import PageArgs, page_of
from market.stripe_inbox.rules import EventState


class StripeEventArgs(PageArgs):
    """Filter of the events."""

    state = ma.fields.Enum(EventState, by_value=True, load_default=None)


class StripeEventOut(EntityOut):
    """One event and what became of it."""

    event_id = ma.fields.String()
    kind = ma.fields.String()
    is_live = ma.fields.Boolean()
    created_at = ma.fields.AwareDateTime()
    received_at = ma.fields.AwareDateTime()
    source = ma.fields.String()
    sha256 = ma.fields.String()
    state = ma.fields.Enum(EventState, by_value=True)
    tries = ma.fields.Integer()
    handled_at = ma.fields.AwareDateTime(allow_none=True)
    words = ma.fields.String()


StripeEventPageOut = page_of(StripeEventOut)
