"""Negotiated prices as they travel."""

from __future__ import annotations

import marshmallow as ma

from kernel.fields import EntityOut, Schema, TextField, UnitPriceField
from kernel.http import PageArgs, page_of
from pricing.ceilings.schemas import KIND_LENGTH_MAX
from pricing.classes.schemas import USCC_LENGTH
from pricing.costs.rules import ChargeUnit
from pricing.costs.schemas import REASON_LENGTH_MAX
from pricing.editor.schemas import FigureField
from pricing.negotiated.rules import NegotiationAct, NegotiationState, Side
from pricing.tariffs.rules import ModelKind, Regime
from pricing.tariffs.schemas import not_too_many


class NegotiableIn(Schema):
    """That the price of a product can be negotiated under a rule from a day on, or no longer."""

    product_id = ma.fields.UUID(required=True)
    rule = TextField(required=True, max_length=REASON_LENGTH_MAX)
    is_open = ma.fields.Boolean(load_default=True)
    since = ma.fields.Date(required=True)


class NegotiableFormIn(Schema):
    """The same as the page sends it."""

    rule = TextField(required=True, max_length=REASON_LENGTH_MAX)
    is_open = ma.fields.Boolean(load_default=False)
    since = ma.fields.Date(required=True)


class NegotiationTermsIn(Schema):
    """A price for one buyer: how it is charged, from when until when, and by when to answer."""

    model = ma.fields.Dict(keys=ma.fields.String(), required=True, validate=not_too_many)
    valid_from = ma.fields.Date(required=True)
    valid_until = ma.fields.Date(required=True)
    answer_by = ma.fields.Date(required=True)
    note = TextField(load_default="", min_length=0, max_length=REASON_LENGTH_MAX)


class NegotiationIn(NegotiationTermsIn):
    """The opening offer of the seller."""

    product_id = ma.fields.UUID(required=True)
    buyer_id = ma.fields.UUID(required=True)
    subject_kind = TextField(load_default=None, allow_none=True, max_length=KIND_LENGTH_MAX)


class NegotiationNoteIn(Schema):
    """What is said with an answer."""

    note = TextField(load_default="", min_length=0, max_length=REASON_LENGTH_MAX)


class NegotiationTermsFormIn(Schema):
    """Terms as the page sends them: the simple ways of charging; programs may send every model."""

    model = ma.fields.Enum(ModelKind, by_value=True, required=True)
    unit_price = FigureField()
    flat_fee = FigureField()
    package_size = FigureField()
    package_price = FigureField()
    included = FigureField()
    valid_from = ma.fields.Date(required=True)
    valid_until = ma.fields.Date(required=True)
    answer_by = ma.fields.Date(required=True)
    note = TextField(load_default="", min_length=0, max_length=REASON_LENGTH_MAX)

    @ma.post_load
    def nest(self, data: dict, **_kwargs: object) -> dict:
        """Put the figures into the model, as the command reads it."""
        names = ("unit_price", "flat_fee", "package_size", "package_price", "included")
        model = {name: data.pop(name) for name in names if name in data}
        return {**data, "model": {"model": data["model"].value, **model}}


class NegotiationFormIn(NegotiationTermsFormIn):
    """The opening offer as the page sends it: people know an organisation by its credit code."""

    uscc = TextField(required=True, min_length=USCC_LENGTH, max_length=USCC_LENGTH)
    subject_kind = TextField(load_default=None, max_length=KIND_LENGTH_MAX)


class NegotiationArgs(PageArgs):
    """Filters of the list."""

    product_id = ma.fields.UUID()
    state = ma.fields.Enum(NegotiationState, by_value=True)


class NegotiableArgs(ma.Schema):
    """Of which product."""

    product_id = ma.fields.UUID(required=True)


class NegotiableOut(EntityOut):
    """One publication about negotiating the price of a product."""

    product_id = ma.fields.UUID()
    rule = ma.fields.String()
    is_open = ma.fields.Boolean()
    since = ma.fields.Date()
    set_at = ma.fields.AwareDateTime()


class NegotiableListOut(ma.Schema):
    """Every publication about a product, the latest first."""

    items = ma.fields.List(ma.fields.Nested(NegotiableOut))


class NegotiationRoundOut(EntityOut):
    """One word in a negotiation."""

    position = ma.fields.Integer()
    side = ma.fields.Enum(Side, by_value=True)
    act = ma.fields.Enum(NegotiationAct, by_value=True, allow_none=True)
    model = ma.fields.Dict()
    valid_from = ma.fields.Date()
    valid_until = ma.fields.Date()
    answer_by = ma.fields.Date()
    note = ma.fields.String()
    said_at = ma.fields.AwareDateTime()


class NegotiationOut(EntityOut):
    """One negotiation; ``state`` is as stored, an open one past ``answer_by`` has expired."""

    number = ma.fields.String()
    place = ma.fields.String()
    product_id = ma.fields.UUID()
    seller_id = ma.fields.UUID()
    buyer_id = ma.fields.UUID()
    tariff_id = ma.fields.UUID()
    regime = ma.fields.Enum(Regime, by_value=True)
    charge_unit = ma.fields.Enum(ChargeUnit, by_value=True)
    subject_kind = ma.fields.String(allow_none=True)
    model = ma.fields.Dict()
    unit_price_max = UnitPriceField()
    valid_from = ma.fields.Date()
    valid_until = ma.fields.Date()
    answer_by = ma.fields.Date()
    rule = ma.fields.String()
    state = ma.fields.Enum(NegotiationState, by_value=True)
    opened_at = ma.fields.AwareDateTime()
    closed_at = ma.fields.AwareDateTime(allow_none=True)


class NegotiationRoundListOut(ma.Schema):
    """Every word that was said, in order."""

    items = ma.fields.List(ma.fields.Nested(NegotiationRoundOut))


NegotiationPageOut = page_of(NegotiationOut)
