"""Listings, the catalogue and imports as they travel."""

from __future__ import annotations

import base64
import binascii

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField, UnitPriceField
from kernel.http import PageArgs, page_of
from pricing.costs.rules import ChargeUnit
from pricing.tariffs.rules import Regime
from registry.parties.schemas import NAME_LENGTH_MAX, PartyNameOut
from registry.products.rules import DeliveryForm
from registry.resources.rules import AccessKind

SUMMARY_LENGTH_MAX = 500
QUERY_LENGTH_MAX = 100
CONTENT_LENGTH_MAX = 14 * 1024 * 1024  # 10 MiB in base64


class ListingIn(Schema):
    """An offer: product, words for the catalogue, and the trading venue where the place requires one."""

    product_id = ma.fields.UUID(required=True)
    title = TextField(max_length=NAME_LENGTH_MAX, load_default=None)
    summary = TextField(required=True, max_length=SUMMARY_LENGTH_MAX)
    venue = TextField(max_length=NAME_LENGTH_MAX, load_default=None)


class ListingArgs(PageArgs):
    """Filters of your own listings and drafts."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))


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


class FileIn(Schema):
    """A file in base64."""

    place = TextField(required=True, max_length=40)
    file_name = TextField(required=True, max_length=NAME_LENGTH_MAX)
    content = ma.fields.String(required=True, data_key="content_base64",
                               validate=ma.validate.Length(max=CONTENT_LENGTH_MAX))  # fmt: skip

    @ma.post_load
    def decode(self, data, **_kwargs):
        """Turn the text into bytes."""
        try:
            return {**data, "content": base64.b64decode(data["content"], validate=True)}
        except binascii.Error as error:
            raise ma.ValidationError("不是有效的 base64 编码", "content_base64") from error


class ListingOut(EntityOut):
    """A listing, or a draft from a foreign catalogue (``external``)."""

    number = ma.fields.String()
    place = ma.fields.String()
    product_id = ma.fields.UUID(allow_none=True)
    seller_id = ma.fields.UUID(allow_none=True)
    batch_id = ma.fields.UUID(allow_none=True)
    title = ma.fields.String()
    summary = ma.fields.String()
    venue = ma.fields.String(allow_none=True)
    external = ma.fields.Dict(allow_none=True)
    external_address = ma.fields.String(allow_none=True)
    is_imported = ma.fields.Boolean()
    created_at = ma.fields.AwareDateTime()
    withdrawn_at = ma.fields.AwareDateTime(allow_none=True)


class CatalogueOut(ma.Schema):
    """One entry of the public catalogue."""

    id = ma.fields.UUID()
    number = ma.fields.String()
    place = ma.fields.String()
    code = ma.fields.String(attribute="product.code")
    title = ma.fields.String()
    summary = ma.fields.String()
    scenario = ma.fields.String(attribute="product.scenario")
    domain = ma.fields.String(attribute="product.domain")
    delivery_form = ma.fields.Enum(DeliveryForm, by_value=True, attribute="product.delivery_form")
    venue = ma.fields.String(allow_none=True)
    seller = ma.fields.Nested(PartyNameOut)


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


class RemarkOut(ma.Schema):
    """How often one remark was made."""

    field = ma.fields.String()
    code = ma.fields.String()
    level = ma.fields.String()
    count = ma.fields.Integer()


class BatchOut(EntityOut):
    """One file read in."""

    number = ma.fields.String()
    place = ma.fields.String()
    file_name = ma.fields.String()
    file_sha256 = ma.fields.String()
    encoding = ma.fields.String()
    accepted = ma.fields.Integer()
    refused = ma.fields.Integer()
    imported_at = ma.fields.AwareDateTime()
    imported_by = ma.fields.String()


class BatchReportOut(BatchOut):
    """One file with its remarks counted."""

    remarks = ma.fields.List(ma.fields.Nested(RemarkOut))


class RowOut(ma.Schema):
    """One line of a file and what became of it."""

    id = ma.fields.UUID()
    line_number = ma.fields.Integer()
    accepted = ma.fields.Boolean()
    listing_id = ma.fields.UUID(allow_none=True)
    reasons = ma.fields.List(ma.fields.Dict())
    raw = ma.fields.Dict()


class RowArgs(PageArgs):
    """Filter of the lines."""

    accepted = ma.fields.Boolean(load_default=None, allow_none=True)


ListingPageOut = page_of(ListingOut)
CataloguePageOut = page_of(CatalogueOut)
BatchPageOut = page_of(BatchOut)
RowPageOut = page_of(RowOut)
