"""Headroom as it travels."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from kernel.fields import EntityOut, MoneyField, RateField, SignedMoneyField
from kernel.http import PageArgs, page_of
from kernel.money import decimal_text
from pricing.costs.schemas import YEARS


class HeadroomArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    year = ma.fields.Integer(validate=ma.validate.Range(*YEARS))


class HeadroomYearArgs(ma.Schema):
    """Which year; the running one when left out."""

    year = ma.fields.Integer(load_default=None, allow_none=True, validate=ma.validate.Range(*YEARS))


class HeadroomReadingOut(EntityOut):
    """What had been earned when it was read."""

    place = ma.fields.String()
    agreement_id = ma.fields.UUID()
    year = ma.fields.Integer()
    ceiling_id = ma.fields.UUID()
    permitted = MoneyField()
    accrued = MoneyField()
    until = ma.fields.Date()
    lines = ma.fields.List(ma.fields.Dict())
    read_at = ma.fields.AwareDateTime()


class ReachOut(ma.Schema):
    """When a share of the limit is reached."""

    share = RateField()
    is_reached = ma.fields.Boolean()
    on = ma.fields.Date(allow_none=True)


class ForecastOut(ma.Schema):
    """Revenue at the end of the year, yuan: at the mean, the slowest and the fastest run rate."""

    expected = ma.fields.Function(lambda one: decimal_text(one.expected, 2), metadata={"type": "string"})
    low = ma.fields.Function(lambda one: decimal_text(one.low, 2), metadata={"type": "string"})
    high = ma.fields.Function(lambda one: decimal_text(one.high, 2), metadata={"type": "string"})
    daily = ma.fields.Function(lambda one: decimal_text(one.daily), metadata={"type": "string"})


class WatchedOut(ma.Schema):
    """One limit: of the whole agreement ("*"), or of a product at its caps and forecast volumes."""

    scope = ma.fields.String()
    title = ma.fields.String()
    accrued = MoneyField(attribute="standing.accrued")
    limit = MoneyField(attribute="standing.limit")
    left = SignedMoneyField(attribute="standing.left")
    share = ma.fields.Function(lambda one: decimal_text(one.standing.share, 6), metadata={"type": "string"})
    forecast = ma.fields.Nested(ForecastOut, attribute="standing.forecast", allow_none=True)
    reaches = ma.fields.List(ma.fields.Nested(ReachOut), attribute="standing.reaches")


class AlarmOut(EntityOut):
    """A share that was reached."""

    year = ma.fields.Integer()
    agreement_id = ma.fields.UUID()
    scope = ma.fields.String()
    share = RateField()
    accrued = MoneyField()
    limit = MoneyField(attribute="limit_amount")
    raised_at = ma.fields.AwareDateTime()


class HeadroomOut(ma.Schema):
    """Where the year stands."""

    reading = ma.fields.Nested(HeadroomReadingOut)
    permitted = MoneyField()
    whole = ma.fields.Nested(WatchedOut)
    products = ma.fields.List(ma.fields.Nested(WatchedOut))


class AlarmsOut(ma.Schema):
    """The alarms that are open."""

    alarms = ma.fields.List(ma.fields.Nested(AlarmOut))


HeadroomReadingPageOut: Any = page_of(HeadroomReadingOut)
