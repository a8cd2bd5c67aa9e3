"""Prices as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, MoneyField, Schema, TextField, UnitPriceField
from kernel.http import PageArgs, page_of
from kernel.money import decimal_text
from kernel.wording import Phrase
from pricing.ceilings.schemas import KIND_LENGTH_MAX, CapOut
from pricing.classes.schemas import ClassRuleOut
from pricing.costs.rules import ChargeUnit
from pricing.costs.schemas import REASON_LENGTH_MAX, QuantityField
from pricing.exemptions.rules import Purpose
from pricing.price_changes.rules import PriceStatus
from pricing.tariffs.rules import PriceReason, Regime
from pricing.value_bases.schemas import ValueBasisIn, ValueBasisOut

DEDUP_DAYS_MAX = 3660
TIERS_MAX = 100


def not_too_many(model: dict) -> None:
    """Refuse a model with more rows than anybody writes by hand.

    Raises:
        ValidationError: a list has too many rows.
    """
    if any(isinstance(rows, list) and len(rows) > TIERS_MAX for rows in model.values()):
        raise ma.ValidationError(Phrase(f"最多 {TIERS_MAX} 档", f"At most {TIERS_MAX} bands.", "too_many"))


class TariffIn(Schema):
    """A price from a day on; ``model`` is written as for the calculator ``rate``."""

    product_id = ma.fields.UUID(required=True)
    regime = ma.fields.Enum(Regime, by_value=True, required=True)
    charge_unit = ma.fields.Enum(ChargeUnit, by_value=True, required=True)
    model = ma.fields.Dict(keys=ma.fields.String(), required=True, validate=not_too_many)
    effective_from = ma.fields.Date(required=True)
    subject_kind = TextField(load_default=None, allow_none=True, max_length=KIND_LENGTH_MAX)
    buyer_class = TextField(load_default=None, allow_none=True, max_length=KIND_LENGTH_MAX)
    dedup_days = ma.fields.Integer(load_default=None, allow_none=True, validate=ma.validate.Range(1, DEDUP_DAYS_MAX))
    guidance = TextField(load_default=None, allow_none=True, max_length=REASON_LENGTH_MAX)
    charges_misses = ma.fields.Boolean(load_default=False)
    value_basis = ma.fields.Nested(ValueBasisIn, load_default=None, allow_none=True)


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
    charges_misses = ma.fields.Boolean()
    effective_from = ma.fields.Date()
    cap_id = ma.fields.UUID(allow_none=True)
    guidance = ma.fields.String(allow_none=True)
    published_at = ma.fields.AwareDateTime()
    supersedes_id = ma.fields.UUID(allow_none=True)
    sources = ma.fields.List(ma.fields.Dict())


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


class PhaseOut(ma.Schema):
    """One price between its first and its last day; the difference is to the one before, yuan per unit at most."""

    tariff = ma.fields.Nested(TariffOut, attribute="phase.price")
    starts = ma.fields.Date(attribute="phase.starts")
    ends = ma.fields.Date(attribute="phase.ends", allow_none=True)
    status = ma.fields.Enum(PriceStatus, by_value=True, attribute="phase.status")
    difference = ma.fields.Function(
        lambda row: None if row["phase"].difference is None else decimal_text(row["phase"].difference),
        metadata={"type": ["string", "null"]},
    )
    value_basis = ma.fields.Nested(ValueBasisOut, attribute="basis", allow_none=True)


class PriceHistoryOut(ma.Schema):
    """Past, present and announced prices of a product, the latest first, and the rules of its classes of buyers."""

    on = ma.fields.Date()
    items = ma.fields.List(ma.fields.Nested(PhaseOut))
    classes = ma.fields.List(ma.fields.Nested(ClassRuleOut))


class PricedOut(ma.Schema):
    """What a quantity costs, and why."""

    amount = MoneyField()
    shadow_amount = MoneyField()
    reason = ma.fields.Enum(PriceReason, by_value=True)
    tariff = ma.fields.Nested(TariffOut, allow_none=True)
    explanation = ma.fields.Dict()


TariffPageOut = page_of(TariffOut)
