"""The catalogue as it travels."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import RateField, UnitPriceField
from kernel.http import PageArgs, page_of
from market.search.queries import Wanted
from market.search.rules import INDEXED, Facet, Sort
from pricing.costs.rules import ChargeUnit
from pricing.tariffs.rules import Regime
from registry.parties.schemas import PartyNameOut
from registry.products.rules import ChangeKind, DeliveryForm, Section
from registry.resources.rules import AccessKind

PAGE = 20  # entries of a page unless more are asked for
QUERY_LENGTH_MAX = 100
VALUES_MAX = 20  # values of one facet that a search may name
IDENTITY_LENGTH = 36


def _values(length_max: int) -> ma.fields.List:
    each = ma.fields.String(validate=ma.validate.Length(max=length_max))
    return ma.fields.List(each, load_default=list, validate=ma.validate.Length(max=VALUES_MAX))


class SearchArgs(ma.Schema):
    """What is looked for; empty fields count as not sent, and several values of one facet as any of them."""

    q = ma.fields.String(load_default="", validate=ma.validate.Length(max=QUERY_LENGTH_MAX))
    place = _values(40)
    domain = _values(60)
    operator = _values(IDENTITY_LENGTH)
    merchant = _values(IDENTITY_LENGTH)
    department = _values(IDENTITY_LENGTH)
    delivery_form = ma.fields.List(
        ma.fields.Enum(DeliveryForm, by_value=True), load_default=list, validate=ma.validate.Length(max=VALUES_MAX)
    )
    update_frequency = _values(60)
    charge_unit = ma.fields.Enum(ChargeUnit, by_value=True, load_default=None)
    price_above = UnitPriceField(load_default=None)
    price_up_to = UnitPriceField(load_default=None)
    free = ma.fields.Boolean(load_default=False)
    sort = ma.fields.Enum(Sort, by_value=True, load_default=Sort.RELEVANCE)

    @ma.pre_load
    def drop_empty(self, data, **_kwargs):
        """Take an empty field of the search form for one that was not sent."""
        sent = {name: data[name] for name in data}
        kept = {
            name: [one for one in value if one] if isinstance(value, list) else value for name, value in sent.items()
        }
        return {name: value for name, value in kept.items() if value not in ("", [])}

    @ma.post_load
    def make_wanted(self, data, **_kwargs):
        """Return the search as the queries take it."""
        chosen = {facet: [str(one) for one in data[facet]] for facet in INDEXED if data[facet]}
        return {
            "asked": Wanted(data["q"], chosen, data["charge_unit"], data["price_above"], data["price_up_to"],
                            data["free"], data["sort"]),
        }  # fmt: skip


class CatalogueArgs(SearchArgs, PageArgs):
    """A search, and the page of its results."""


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


class CountOut(ma.Schema):
    """One value of a facet, with how many of the results have it; organisations with their names."""

    value = ma.fields.String()
    name = ma.fields.String()
    count = ma.fields.Integer()


class FacetOut(ma.Schema):
    """One facet with its values, the most frequent first."""

    facet = ma.fields.Enum(Facet, by_value=True)
    values = ma.fields.List(ma.fields.Nested(CountOut))


class FacetsOut(ma.Schema):
    """How many results there are and with which values; where ``is_partial``, every number is a lower bound."""

    count = ma.fields.Integer()
    is_partial = ma.fields.Boolean()
    facets = ma.fields.List(ma.fields.Nested(FacetOut))


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
    classification = ma.fields.String(attribute="resource.classification")
    grade = ma.fields.Integer(attribute="resource.grade")
    update_frequency = ma.fields.String(attribute="resource.update_frequency")


class OriginProductOut(ma.Schema):
    """One product that a product was made from."""

    code = ma.fields.String(attribute="origin.product.code")
    title = ma.fields.String(attribute="origin.product.title")
    version_number = ma.fields.Integer(attribute="origin.number")
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
    origins = ma.fields.List(ma.fields.Nested(OriginProductOut), attribute="version.origins")
    listed_at = ma.fields.DateTime(attribute="listing.created_at", dump_default=None)
    updated_at = ma.fields.DateTime(attribute="version.created_at")
    is_open = ma.fields.Boolean()
    gates = ma.fields.List(ma.fields.Nested(GateOut))


class OfferedQualityOut(ma.Schema):
    """How good one resource behind a product is; ``score`` is a share of one, with what it rests on in words."""

    resource_code = ma.fields.String()
    resource_title = ma.fields.String()
    score = RateField(allow_none=True)
    basis = ma.fields.String()


class OfferedLimitOut(ma.Schema):
    """One rule that limits the use."""

    rule = ma.fields.String(attribute="name")
    title = ma.fields.String(attribute="label")
    title_en = ma.fields.String(attribute="label_en")
    citation = ma.fields.Function(lambda cited: cited.citation())


class InsideOut(ma.Schema):
    """What is behind an offer; where ``is_simulated``, the system made the sample up from the fields alone."""

    quality = ma.fields.List(ma.fields.Nested(OfferedQualityOut))
    sample = ma.fields.List(ma.fields.Dict())
    is_simulated = ma.fields.Boolean()
    limits = ma.fields.List(ma.fields.Nested(OfferedLimitOut))
    uses = ma.fields.Integer()


class VersionChangeOut(ma.Schema):
    """One difference from the version before."""

    section = ma.fields.Enum(Section, by_value=True)
    kind = ma.fields.Enum(ChangeKind, by_value=True)
    name = ma.fields.String()
    before = ma.fields.String()
    after = ma.fields.String()


class OfferedVersionOut(ma.Schema):
    """One version that passed its review."""

    number = ma.fields.Integer(attribute="version.number")
    description = ma.fields.String(attribute="version.description")
    content_sha256 = ma.fields.String(attribute="version.content_sha256")
    created_at = ma.fields.DateTime(attribute="version.created_at")
    changes = ma.fields.List(ma.fields.Nested(VersionChangeOut))


EntryPageOut = page_of(EntryOut)
