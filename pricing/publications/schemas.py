"""The price list as it travels; every price and cap is text, and nothing is asked of the reader."""

from __future__ import annotations

from datetime import date

import marshmallow as ma

from kernel.fields import TextField, UnitPriceField
from kernel.http import PageArgs, page_of
from pricing.ceilings.schemas import KIND_LENGTH_MAX
from pricing.costs.rules import ChargeUnit
from pricing.publications.rules import Phase, What
from pricing.tariffs.rules import Regime

SEARCH_LENGTH_MAX = 100
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)  # days that somebody may ask about
PLACE_LENGTH_MAX = 40


class ListArgs(PageArgs):
    """Which day (today unless named), place, seller, product, unit and regime."""

    on = ma.fields.Date(validate=ma.validate.Range(FIRST_DAY, LAST_DAY))
    place = TextField(max_length=PLACE_LENGTH_MAX)
    seller = TextField(max_length=SEARCH_LENGTH_MAX)
    product = TextField(max_length=SEARCH_LENGTH_MAX)
    unit = ma.fields.Enum(ChargeUnit, by_value=True)
    regime = ma.fields.Enum(Regime, by_value=True)


class DayArgs(ma.Schema):
    """As published up to which day; today unless named."""

    on = ma.fields.Date(validate=ma.validate.Range(FIRST_DAY, LAST_DAY))


class ReportedCapOut(ma.Schema):
    """A cap with the written report that made it known (DIS-08)."""

    id = ma.fields.UUID(attribute="cap.id")
    place = ma.fields.String(attribute="cap.place")
    product_code = ma.fields.String(attribute="product.code")
    product_title = ma.fields.String(attribute="product.title")
    seller = ma.fields.String(attribute="product.owner.name")
    charge_unit = ma.fields.Enum(ChargeUnit, by_value=True, attribute="cap.charge_unit")
    subject_kind = ma.fields.String(allow_none=True, attribute="cap.subject_kind")
    amount = UnitPriceField(attribute="cap.amount")
    effective_from = ma.fields.Date(attribute="cap.effective_from")
    report_number = ma.fields.String(attribute="cap.report_number")
    report_date = ma.fields.Date(attribute="cap.report_date")
    reported_to = ma.fields.List(ma.fields.String(), attribute="cap.reported_to")


class ListedPriceOut(ma.Schema):
    """One line of the price list, in words and in numbers."""

    tariff_id = ma.fields.UUID(attribute="tariff.id")
    number = ma.fields.String(attribute="tariff.number")
    place = ma.fields.String(attribute="tariff.place")
    product_code = ma.fields.String(attribute="product.code")
    product_title = ma.fields.String(attribute="product.title")
    seller = ma.fields.String(attribute="product.owner.name")
    seller_uscc = ma.fields.String(attribute="product.owner.uscc")
    subject_kind = ma.fields.String(allow_none=True, attribute="tariff.subject_kind")
    buyer_class = ma.fields.String(allow_none=True, attribute="tariff.buyer_class")
    regime = ma.fields.Enum(Regime, by_value=True, attribute="tariff.regime")
    charge_unit = ma.fields.Enum(ChargeUnit, by_value=True, attribute="tariff.charge_unit")
    model = ma.fields.Dict(attribute="tariff.model")
    words = ma.fields.List(ma.fields.String())
    words_en = ma.fields.List(ma.fields.String())
    unit_price_max = UnitPriceField(attribute="tariff.unit_price_max")
    cap_amount = UnitPriceField(allow_none=True, attribute="cap.amount", dump_default=None)
    cap_report_number = ma.fields.String(allow_none=True, attribute="cap.report_number", dump_default=None)
    cap_report_date = ma.fields.Date(allow_none=True, attribute="cap.report_date", dump_default=None)
    headroom = ma.fields.String(allow_none=True)
    within_cap = ma.fields.Boolean()
    effective_from = ma.fields.Date(attribute="tariff.effective_from")
    documents = ma.fields.List(ma.fields.String())


class PublishedEntryOut(ma.Schema):
    """One price or cap on the timeline of a product."""

    what = ma.fields.Enum(What, by_value=True)
    product_code = ma.fields.String(attribute="product.code")
    number = ma.fields.String()
    charge_unit = ma.fields.Enum(ChargeUnit, by_value=True)
    subject_kind = ma.fields.String(allow_none=True, validate=ma.validate.Length(max=KIND_LENGTH_MAX))
    buyer_class = ma.fields.String(allow_none=True)
    amount = UnitPriceField()
    words = ma.fields.List(ma.fields.String())
    phase = ma.fields.Enum(Phase, by_value=True, attribute="span.phase")
    first_day = ma.fields.Date(attribute="span.first_day")
    last_day = ma.fields.Date(allow_none=True, attribute="span.last_day")
    published_on = ma.fields.Date()


class ProductPricesOut(ma.Schema):
    """All prices and caps of a product: former, present and announced."""

    product_code = ma.fields.String(attribute="product.code")
    product_title = ma.fields.String(attribute="product.title")
    on = ma.fields.Date()
    entries = ma.fields.List(ma.fields.Nested(PublishedEntryOut))


class SellerPricesOut(ma.Schema):
    """All prices and caps of a seller's products: former, present and announced."""

    seller = ma.fields.String(attribute="party.name")
    seller_uscc = ma.fields.String(attribute="party.uscc")
    on = ma.fields.Date()
    entries = ma.fields.List(ma.fields.Nested(PublishedEntryOut))


ListedPricePageOut = page_of(ListedPriceOut)
ReportedCapPageOut = page_of(ReportedCapOut)
