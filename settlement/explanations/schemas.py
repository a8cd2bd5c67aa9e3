"""What the routes of explanations take and show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from kernel.http import PageArgs


class CheckOut(ma.Schema):
    """One amount or count, worked out again."""

    what = ma.fields.String()
    recomputed = ma.fields.String()
    booked = ma.fields.String()
    agrees = ma.fields.Boolean()


class UsageDayOut(ma.Schema):
    """The use of one day."""

    day = ma.fields.String()
    calls = ma.fields.Integer()
    hits = ma.fields.Integer()
    units = ma.fields.Integer()


class ExplanationOut(ma.Schema):
    """Why one line of a statement has its amount: a tree of labelled lines, each with what it rests on."""

    statement = ma.fields.String()
    line = ma.fields.Integer()
    amount = ma.fields.String()
    agrees = ma.fields.Boolean(metadata={"description": "重算与账面逐分一致 · worked out again, it is what was booked"})
    said = ma.fields.Dict(metadata={"description": "结算单上的该行 · the line as it was issued"})
    tree = ma.fields.Dict(
        metadata={"description": "label、value、formula、source、lines（同样的结构）· the same again under lines"}
    )
    checks = ma.fields.List(ma.fields.Nested(CheckOut))
    days = ma.fields.List(ma.fields.Nested(UsageDayOut))


class TracedEventArgs(PageArgs):
    """Which day's events; without a day, those of the whole period."""

    day = ma.fields.Date()

    @ma.pre_load
    def leave_out_the_empty(self, data: Mapping[str, Any], **_kwargs: Any) -> dict[str, Any]:
        """Take a field of the form that was left empty as not sent."""
        return {name: data[name] for name in data if data[name] != ""}


class TracedEventOut(ma.Schema):
    """One event that the settlement took."""

    id = ma.fields.UUID()
    occurred_at = ma.fields.AwareDateTime()
    received_at = ma.fields.AwareDateTime()
    stored_at = ma.fields.AwareDateTime()
    client_reference = ma.fields.String()
    quantity = ma.fields.Integer()
    subject_kind = ma.fields.String(allow_none=True)
    hit = ma.fields.Boolean()


class TracedEventPageOut(ma.Schema):
    """A page of events."""

    items = ma.fields.List(ma.fields.Nested(TracedEventOut))
    next_cursor = ma.fields.String(allow_none=True)
