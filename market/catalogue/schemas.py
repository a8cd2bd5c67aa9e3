"""The catalogue as it travels."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import UnitPriceField
from kernel.http import PageArgs, page_of
from pricing.costs.rules import ChargeUnit
from pricing.tariffs.rules import Regime
from registry.parties.schemas import PartyNameOut
from registry.products.rules import DeliveryForm
from registry.resources.rules import AccessKind

QUERY_LENGTH_MAX = 100


class CatalogueArgs(PageArgs):
    """Search and filters of the catalogue; empty ones count as not sent."""

    q = ma.fields.String(load_default="", validate=ma.validate.Length(max=QUERY_LENGTH_MAX))
    place = ma.fields.String(load_default=None, validate=ma.validate.Length(max=40))
    domain = ma.fields.String(load_default=None, validate=ma.validate.Length(max=60))
    delivery_form = ma.fields.Enum(DeliveryForm, by_value=True, load_default=None)
    public_interest = ma.fields.Boolean(load_default=False)

    @ma.pre_load
    def drop_empty(self, data, **_kwargs):
        """Take an empty field of the search form for one that was not sent."""
        return {name: value for name, value in data.items() if value != ""}


class EntryPriceOut(ma.Schema):
    """A price in the catalogue; the product's own page says how it is counted."""

    number = ma.fields.String()
    regime = ma.fields.Enum(Regime, by_value=True)
    charge_unit = ma.fields.Enum(ChargeUnit, by_value=True)
    subject_kind = ma.fields.String(allow_none=True)
    buyer_class = ma.fields.String(allow_none=True)
    unit_price_max = UnitPriceField()


class EntryOut(ma.Schema):
    """One entry of the public catalogue."""

    id = ma.fields.UUID(attribute="listing.id")
    number = ma.fields.String(attribute="listing.number")
    place = ma.fields.String(attribute="listing.place")
    code = ma.fields.String(attribute="listing.product.code")
    title = ma.fields.String(attribute="listing.title")
    summary = ma.fields.String(attribute="listing.summary")
    scenario = ma.fields.String(attribute="listing.product.scenario")
    domain = ma.fields.String(attribute="listing.product.domain")
    delivery_form = ma.fields.Enum(DeliveryForm, by_value=True, attribute="listing.product.delivery_form")
    venue = ma.fields.String(allow_none=True, attribute="listing.venue")
    seller = ma.fields.Nested(PartyNameOut, attribute="listing.seller")
    prices = ma.fields.List(ma.fields.Nested(EntryPriceOut))
    certificate = ma.fields.String(attribute="registration.code", dump_default=None)


class GateOut(ma.Schema):
    """One condition for the sale, with fact, rule and article."""

    code = ma.fields.String()
    title = ma.fields.String()
    open = ma.fields.Boolean()
    fact = ma.fields.String()
    rule = ma.fields.String()
    article = ma.fields.String()
    since = ma.fields.Date(allow_none=True)
    todo = ma.fields.String()


class LineageOut(ma.Schema):
    """One resource behind a product, and the department that holds it."""

    resource_code = ma.fields.String(attribute="resource.code")
    resource_title = ma.fields.String(attribute="resource.title")
    source_department = ma.fields.Nested(PartyNameOut, attribute="resource.source_department")
    access = ma.fields.Enum(AccessKind, by_value=True)


class PriceOut(ma.Schema):
    """One price in force, with the cap above it where the price is guided."""

    number = ma.fields.String(attribute="tariff.number")
    regime = ma.fields.Enum(Regime, by_value=True, attribute="tariff.regime")
    charge_unit = ma.fields.Enum(ChargeUnit, by_value=True, attribute="tariff.charge_unit")
    subject_kind = ma.fields.String(allow_none=True, attribute="tariff.subject_kind")
    buyer_class = ma.fields.String(allow_none=True, attribute="tariff.buyer_class")
    model = ma.fields.Dict(attribute="tariff.model")
    unit_price_max = UnitPriceField(attribute="tariff.unit_price_max")
    dedup_days = ma.fields.Integer(allow_none=True, attribute="tariff.dedup_days")
    effective_from = ma.fields.Date(attribute="tariff.effective_from")
    sources = ma.fields.List(ma.fields.Dict(), attribute="tariff.sources")
    cap = UnitPriceField(allow_none=True, attribute="cap.amount", dump_default=None)
    cap_effective_from = ma.fields.Date(allow_none=True, attribute="cap.effective_from", dump_default=None)


class OfferOut(ma.Schema):
    """One product with what a buyer wants to know."""

    code = ma.fields.String(attribute="product.code")
    place = ma.fields.String(attribute="product.place")
    title = ma.fields.String(attribute="product.title")
    seller = ma.fields.Nested(PartyNameOut, attribute="product.owner")
    scenario = ma.fields.String(attribute="product.scenario")
    domain = ma.fields.String(attribute="product.domain")
    delivery_form = ma.fields.Enum(DeliveryForm, by_value=True, attribute="product.delivery_form")
    source_statement = ma.fields.String(attribute="product.source_statement")
    summary = ma.fields.String(attribute="listing.summary", dump_default=None)
    venue = ma.fields.String(attribute="listing.venue", dump_default=None)
    version_number = ma.fields.Integer(attribute="version.number")
    description = ma.fields.String(attribute="version.description")
    fields_ = ma.fields.List(ma.fields.Dict(), data_key="fields", attribute="version.fields")
    sample = ma.fields.List(ma.fields.Dict(), attribute="version.sample")
    certificate = ma.fields.String(attribute="registration.code", dump_default=None)
    certificate_valid_until = ma.fields.Date(attribute="registration.valid_until", dump_default=None)
    prices = ma.fields.List(ma.fields.Nested(PriceOut))
    lineage = ma.fields.List(ma.fields.Nested(LineageOut), attribute="version.inputs")
    is_open = ma.fields.Boolean()
    gates = ma.fields.List(ma.fields.Nested(GateOut))


EntryPageOut = page_of(EntryOut)
