"""Quotes and orders as they travel."""

from __future__ import annotations

from typing import Any, ClassVar

import marshmallow as ma

from kernel.fields import EntityOut, MoneyField, Schema, TextField
from kernel.http import PageArgs, page_of
from market.orders.rules import OrderState, QuoteState
from pricing.exemptions.rules import Purpose
from pricing.tariffs.rules import PriceReason

SCENARIO_LENGTH_MAX = 200
QUANTITY_MAX = 10**9
TERM_MONTHS_MAX = 60
REFERENCE_LENGTH_MAX = 64


class QuoteIn(Schema):
    """What somebody wants to buy, and for which purpose and scenario."""

    product_code = TextField(required=True, max_length=40)
    purpose = ma.fields.Enum(Purpose, by_value=True, required=True)
    scenario = TextField(required=True, max_length=SCENARIO_LENGTH_MAX)
    quantity = ma.fields.Integer(required=True, strict=False, validate=ma.validate.Range(1, QUANTITY_MAX))
    term_months = ma.fields.Integer(load_default=None, validate=ma.validate.Range(1, TERM_MONTHS_MAX))
    subject_kind = TextField(load_default=None, max_length=40)


class OrderIn(Schema):
    """The quote to accept, and the buyer's own reference: sent twice, it is one order."""

    quote_number = TextField(required=True, max_length=40)
    client_reference = TextField(required=True, max_length=REFERENCE_LENGTH_MAX)


class QuoteOut(ma.Schema):
    """A price with its explanation and what it is worth now; without a version, because its state follows the day."""

    STATE: ClassVar = ("state", "closed_because", "closed_by_cap_id", "closed_from")

    id = ma.fields.UUID()
    state = ma.fields.Enum(QuoteState, by_value=True)
    closed_because = ma.fields.String(allow_none=True)
    closed_by_cap_id = ma.fields.UUID(allow_none=True)
    closed_from = ma.fields.Date(allow_none=True)
    number = ma.fields.String()
    place = ma.fields.String()
    product_id = ma.fields.UUID()
    version_id = ma.fields.UUID()
    tariff_id = ma.fields.UUID(allow_none=True)
    exemption_id = ma.fields.UUID(allow_none=True)
    buyer_id = ma.fields.UUID()
    purpose = ma.fields.Enum(Purpose, by_value=True)
    scenario = ma.fields.String()
    quantity = ma.fields.Integer()
    term_months = ma.fields.Integer()
    subject_kind = ma.fields.String(allow_none=True)
    amount = MoneyField()
    shadow_amount = MoneyField()
    reason = ma.fields.Enum(PriceReason, by_value=True)
    explanation = ma.fields.Dict()
    digest = ma.fields.String(allow_none=True)
    made_at = ma.fields.AwareDateTime()
    valid_until = ma.fields.AwareDateTime()

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """Read the state from the standing, and all else from its quote."""
        return super().get_attribute(obj if attr in self.STATE else obj.quote, attr, default)


class QuoteExplanationOut(ma.Schema):
    """Why a quote says what it says, as it was stored with it; the digest is taken over all else here."""

    number = ma.fields.String()
    amount = ma.fields.String()
    shadow_amount = ma.fields.String()
    reason = ma.fields.String()
    inputs = ma.fields.Dict(allow_none=True)
    explanation = ma.fields.Dict()
    digest = ma.fields.String(allow_none=True)


class OrderOut(EntityOut):
    """One purchase."""

    number = ma.fields.String()
    place = ma.fields.String()
    quote_id = ma.fields.UUID()
    product_id = ma.fields.UUID()
    version_id = ma.fields.UUID()
    agreement_id = ma.fields.UUID()
    tariff_id = ma.fields.UUID(allow_none=True)
    exemption_id = ma.fields.UUID(allow_none=True)
    buyer_id = ma.fields.UUID()
    seller_id = ma.fields.UUID()
    venue = ma.fields.String(allow_none=True)
    purpose = ma.fields.Enum(Purpose, by_value=True)
    scenario = ma.fields.String()
    quantity = ma.fields.Integer()
    term_months = ma.fields.Integer()
    subject_kind = ma.fields.String(allow_none=True)
    amount = MoneyField()
    shadow_amount = MoneyField()
    reason = ma.fields.Enum(PriceReason, by_value=True)
    state = ma.fields.Enum(OrderState, by_value=True)
    placed_at = ma.fields.AwareDateTime()
    client_reference = ma.fields.String()


class OrderArgs(PageArgs):
    """Filter of the orders."""

    state = ma.fields.Enum(OrderState, by_value=True, load_default=None)


QuotePageOut = page_of(QuoteOut)
OrderPageOut = page_of(OrderOut)
