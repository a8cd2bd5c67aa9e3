"""Runs, reports of the provider and clearing accounts as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.calendar import YEARS
from kernel.fields import EntityOut, FileContentField, Schema, SignedMoneyField, TextField
from kernel.http import PageArgs, page_of

DAYS_MAX = 366


class ProviderFileIn(Schema):
    """A report of the provider: its name and its bytes (CSV) in base64."""

    place = TextField(required=True, max_length=40)
    file_name = TextField(required=True, max_length=200)
    content = FileContentField(required=True)


class ProviderFileOut(EntityOut):
    """What was taken from a report."""

    place = ma.fields.String()
    name = ma.fields.String()
    sha256 = ma.fields.String()
    row_count = ma.fields.Integer()
    known = ma.fields.Integer()
    imported_at = ma.fields.AwareDateTime()
    imported_by = ma.fields.String()


class FetchedOut(Schema):
    """What came of asking the provider; ``mixed`` are payouts with money of several places, which were left out."""

    place = ma.fields.String()
    row_count = ma.fields.Integer()
    known = ma.fields.Integer()
    mixed = ma.fields.List(ma.fields.String())


class ReconciliationIn(Schema):
    """Which days are compared: the first and the last, both included."""

    place = TextField(required=True, max_length=40)
    first_day = ma.fields.Date(required=True)
    last_day = ma.fields.Date(load_default=None, allow_none=True)

    @ma.pre_load
    def leave_out_what_is_empty(self, data, **_kwargs):
        """Take an empty last day of a form for none."""
        return {name: value for name, value in data.items() if name != "last_day" or value}

    @ma.validates_schema
    def is_a_period(self, data, **_kwargs):
        """Refuse days in the wrong order, and more than a year of them.

        Raises:
            ValidationError: they are.
        """
        first, last = data.get("first_day"), data.get("last_day")
        if first and not YEARS[0] <= first.year < YEARS[1]:
            raise ma.ValidationError("日期不合常理", "first_day")
        if first and last and not 0 <= (last - first).days < DAYS_MAX:
            raise ma.ValidationError("最后一日不得早于第一日，且不超过一年", "last_day")


class ReconciliationOut(EntityOut):
    """One comparison and what came of it."""

    number = ma.fields.String()
    place = ma.fields.String()
    period_start = ma.fields.Date()
    period_end = ma.fields.Date()
    made_at = ma.fields.AwareDateTime()
    made_by_name = ma.fields.String()
    inputs = ma.fields.Dict()
    inputs_sha256 = ma.fields.String()
    agreed = ma.fields.Dict()
    found = ma.fields.List(ma.fields.List(ma.fields.String()))
    new_breaks = ma.fields.Integer()
    healed = ma.fields.Integer()
    gone = ma.fields.List(ma.fields.Dict())


ReconciliationPageOut = page_of(ReconciliationOut)


class ReconciliationArgs(PageArgs):
    """Filter of the runs."""

    place = TextField(load_default=None, max_length=40)


class ReconciliationChangeOut(Schema):
    """What has gone, changed or come since a run."""

    what = ma.fields.String()
    side = ma.fields.String()
    key = ma.fields.String()
    words = ma.fields.String()
    now = ma.fields.String()


class UnclearedOut(Schema):
    """What has stood on a clearing account beyond its time."""

    place = ma.fields.String()
    account = ma.fields.String()
    since = ma.fields.Date()
    due = ma.fields.Date()
    amount = SignedMoneyField()
    days = ma.fields.Integer()
    breaks = ma.fields.List(ma.fields.String())
    is_owned = ma.fields.Boolean()


class UnderWayOut(Schema):
    """A payout of the provider that has not reached the bank, within its agreed days."""

    place = ma.fields.String()
    reference = ma.fields.String()
    day = ma.fields.Date()
    due = ma.fields.Date()
    amount = SignedMoneyField()
