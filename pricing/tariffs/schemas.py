"""Prices as they travel."""

from __future__ import annotations

from typing import ClassVar

import marshmallow as ma

from kernel.fields import EntityOut, MoneyField, Schema, TextField, UnitPriceField
from kernel.http import PageArgs, page_of
from kernel.wording import Phrase
from pricing.ceilings.schemas import KIND_LENGTH_MAX, CapOut
from pricing.costs.rules import ChargeUnit
from pricing.costs.schemas import NAME_LENGTH_MAX, REASON_LENGTH_MAX, QuantityField
from pricing.exemptions.rules import Purpose
from pricing.tariffs.rules import ModelKind, PriceReason, Regime

DEDUP_DAYS_MAX = 3660
TIERS_MAX = 100


def _not_too_many(model: dict) -> None:
    tiers = model.get("tiers")
    if isinstance(tiers, list) and len(tiers) > TIERS_MAX:
        raise ma.ValidationError(Phrase(f"最多 {TIERS_MAX} 档", f"At most {TIERS_MAX} bands.", "too_many"))


class TariffIn(Schema):
    """A price from a day on; ``model`` is written as for the calculator ``rate``."""

    product_id = ma.fields.UUID(required=True)
    regime = ma.fields.Enum(Regime, by_value=True, required=True)
    charge_unit = ma.fields.Enum(ChargeUnit, by_value=True, required=True)
    model = ma.fields.Dict(keys=ma.fields.String(), required=True, validate=_not_too_many)
    effective_from = ma.fields.Date(required=True)
    subject_kind = TextField(load_default=None, allow_none=True, max_length=KIND_LENGTH_MAX)
    buyer_class = TextField(load_default=None, allow_none=True, max_length=KIND_LENGTH_MAX)
    dedup_days = ma.fields.Integer(load_default=None, allow_none=True, validate=ma.validate.Range(1, DEDUP_DAYS_MAX))
    guidance = TextField(load_default=None, allow_none=True, max_length=REASON_LENGTH_MAX)


class TierFormIn(Schema):
    """One band of the price editor; the last one has no bound."""

    up_to = ma.fields.String(load_default=None)
    unit_price = ma.fields.String(required=True)
    flat_fee = ma.fields.String()


class TariffFormIn(Schema):
    """The price editor: the fields of the model stand flat beside the others, and become the model here."""

    MODEL: ClassVar = ("unit_price", "flat_fee", "free_units", "package_size", "package_price", "included", "tiers")

    regime = ma.fields.Enum(Regime, by_value=True, required=True)
    charge_unit = ma.fields.Enum(ChargeUnit, by_value=True, required=True)
    model = ma.fields.Enum(ModelKind, by_value=True, required=True)
    unit_price = ma.fields.String()
    flat_fee = ma.fields.String()
    free_units = ma.fields.String()
    package_size = ma.fields.String()
    package_price = ma.fields.String()
    included = ma.fields.String()
    tiers = ma.fields.List(ma.fields.Nested(TierFormIn), validate=ma.validate.Length(max=TIERS_MAX))
    effective_from = ma.fields.Date(required=True)
    subject_kind = TextField(load_default=None, max_length=KIND_LENGTH_MAX)
    buyer_class = TextField(load_default=None, max_length=KIND_LENGTH_MAX)
    dedup_days = ma.fields.Integer(load_default=None, validate=ma.validate.Range(1, DEDUP_DAYS_MAX))
    guidance = TextField(load_default=None, max_length=REASON_LENGTH_MAX)

    @ma.post_load
    def nest(self, data: dict, **_kwargs: object) -> dict:
        """Put what belongs to the model into it, as the command reads it."""
        model = {name: data.pop(name) for name in self.MODEL if name in data}
        return {**data, "model": {"model": data["model"].value, **model}}


class ClassMemberIn(Schema):
    """Who belongs to a class of buyers with a price of its own, by which published rule."""

    product_id = ma.fields.UUID(required=True)
    buyer_class = TextField(required=True, max_length=KIND_LENGTH_MAX)
    party_id = ma.fields.UUID(required=True)
    rule = TextField(required=True, max_length=NAME_LENGTH_MAX)
    since = ma.fields.Date(required=True)


class TariffArgs(PageArgs):
    """Filters of the list."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    product_id = ma.fields.UUID()


class PriceListArgs(ma.Schema):
    """Which place, and on which day (today unless named)."""

    place = ma.fields.String(validate=ma.validate.Length(max=40))
    on = ma.fields.Date()


class PriceArgs(ma.Schema):
    """What would be bought for what purpose."""

    purpose = ma.fields.Enum(Purpose, by_value=True, required=True)
    quantity = QuantityField(required=True)
    subject_kind = TextField(load_default=None, max_length=KIND_LENGTH_MAX)
    on = ma.fields.Date()


class TariffOut(EntityOut):
    """One price."""

    number = ma.fields.String()
    place = ma.fields.String()
    product_id = ma.fields.UUID()
    regime = ma.fields.Enum(Regime, by_value=True)
    charge_unit = ma.fields.Enum(ChargeUnit, by_value=True)
    model = ma.fields.Dict()
    unit_price_max = UnitPriceField()
    subject_kind = ma.fields.String(allow_none=True)
    buyer_class = ma.fields.String(allow_none=True)
    dedup_days = ma.fields.Integer(allow_none=True)
    effective_from = ma.fields.Date()
    cap_id = ma.fields.UUID(allow_none=True)
    guidance = ma.fields.String(allow_none=True)
    published_at = ma.fields.AwareDateTime()
    supersedes_id = ma.fields.UUID(allow_none=True)
    sources = ma.fields.List(ma.fields.Dict())


class ClassMemberOut(EntityOut):
    """One member of a class of buyers."""

    product_id = ma.fields.UUID()
    buyer_class = ma.fields.String()
    party_id = ma.fields.UUID()
    rule = ma.fields.String()
    since = ma.fields.Date()


class PublicPriceOut(ma.Schema):
    """One row of the price list."""

    tariff = ma.fields.Nested(TariffOut)
    product_code = ma.fields.String(attribute="product.code")
    product_title = ma.fields.String(attribute="product.title")
    seller = ma.fields.String(attribute="product.owner.name")
    cap = ma.fields.Nested(CapOut, allow_none=True)
    within_cap = ma.fields.Boolean()


class PriceListOut(ma.Schema):
    """The prices in force on a day."""

    on = ma.fields.Date()
    items = ma.fields.List(ma.fields.Nested(PublicPriceOut))


class PricedOut(ma.Schema):
    """What a quantity costs, and why."""

    amount = MoneyField()
    shadow_amount = MoneyField()
    reason = ma.fields.Enum(PriceReason, by_value=True)
    tariff = ma.fields.Nested(TariffOut, allow_none=True)
    explanation = ma.fields.Dict()


TariffPageOut = page_of(TariffOut)
