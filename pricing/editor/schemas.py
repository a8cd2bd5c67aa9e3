"""Previews and the price editor's form as they travel."""

from __future__ import annotations

from typing import Any, ClassVar

import marshmallow as ma

from kernel.fields import MoneyField, Schema, SignedMoneyField, TextField, UnitPriceField
from kernel.money import decimal_text
from kernel.wording import Phrase
from pricing.ceilings.schemas import KIND_LENGTH_MAX, CapOut
from pricing.costs.rules import ChargeUnit
from pricing.costs.schemas import NAME_LENGTH_MAX, REASON_LENGTH_MAX, QuantityField
from pricing.tariffs.rules import ModelKind, Regime
from pricing.tariffs.schemas import DEDUP_DAYS_MAX, TIERS_MAX, TariffIn, TariffOut
from pricing.value_bases.rules import ValuationMethod
from pricing.value_bases.schemas import COMPARABLES_MAX

QUANTITIES_MAX = 20
FIGURE_LENGTH_MAX = 40


class PreviewIn(TariffIn):
    """A price to try, the quantities to show beside the telling ones, and as whom."""

    quantities = ma.fields.List(QuantityField(), load_default=list, validate=ma.validate.Length(max=QUANTITIES_MAX))
    grade = TextField(load_default=None, allow_none=True, max_length=KIND_LENGTH_MAX)


class FigureField(ma.fields.String):
    """A number as it was typed; the model has the last word on it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(validate=ma.validate.Length(max=FIGURE_LENGTH_MAX), **options)


def _rows(schema: type[ma.Schema], most: int = TIERS_MAX) -> ma.fields.List:
    return ma.fields.List(ma.fields.Nested(schema), validate=ma.validate.Length(max=most))


class TierFormIn(Schema):
    """One band of the price editor; the last one has no bound."""

    up_to = FigureField(load_default=None)
    unit_price = FigureField(required=True)
    flat_fee = FigureField()


class BandFormIn(Schema):
    """One band of a volume coefficient; the last one has no bound."""

    up_to = FigureField(load_default=None)
    coefficient = FigureField(required=True)


class PackFormIn(Schema):
    """One pack of a package table."""

    quantity = FigureField(required=True)
    price = FigureField(required=True)


class GradeFormIn(Schema):
    """The coefficient of one contribution grade."""

    grade = TextField(required=True, max_length=KIND_LENGTH_MAX)
    coefficient = FigureField(required=True)


class ComparableFormIn(Schema):
    """A price to compare with."""

    product = TextField(required=True, max_length=NAME_LENGTH_MAX)
    price = UnitPriceField(required=True)
    source = TextField(required=True, max_length=NAME_LENGTH_MAX)


class TariffFormIn(Schema):
    """The price editor: the fields of the model stand flat beside the others, and become the model here."""

    MODEL: ClassVar = (
        "unit_price", "flat_fee", "free_units", "package_size", "package_price", "included", "tiers", "bands", "packs",
        "minimum_spend", "maximum_spend", "waived_up_to",
    )  # fmt: skip
    VALUE: ClassVar = ("scenario", "benefit", "method", "comparables")

    regime = ma.fields.Enum(Regime, by_value=True, required=True)
    charge_unit = ma.fields.Enum(ChargeUnit, by_value=True, required=True)
    model = ma.fields.Enum(ModelKind, by_value=True, required=True)
    unit_price = FigureField()
    flat_fee = FigureField()
    free_units = FigureField()
    package_size = FigureField()
    package_price = FigureField()
    included = FigureField()
    minimum_spend = FigureField()
    maximum_spend = FigureField()
    waived_up_to = FigureField()
    tiers = _rows(TierFormIn)
    bands = _rows(BandFormIn)
    packs = _rows(PackFormIn)
    grades = _rows(GradeFormIn)
    effective_from = ma.fields.Date(required=True)
    subject_kind = TextField(load_default=None, max_length=KIND_LENGTH_MAX)
    buyer_class = TextField(load_default=None, max_length=KIND_LENGTH_MAX)
    dedup_days = ma.fields.Integer(load_default=None, validate=ma.validate.Range(1, DEDUP_DAYS_MAX))
    charges_misses = ma.fields.Boolean(load_default=False)
    guidance = TextField(load_default=None, max_length=REASON_LENGTH_MAX)
    scenario = TextField(max_length=REASON_LENGTH_MAX)
    benefit = TextField(max_length=REASON_LENGTH_MAX)
    method = ma.fields.Enum(ValuationMethod, by_value=True)
    comparables = _rows(ComparableFormIn, COMPARABLES_MAX)
    quantities = FigureField(load_default="")

    @ma.validates_schema
    def whole_basis(self, data: dict, **_kwargs: object) -> None:
        """Refuse half a value basis: scenario, benefit and method belong together.

        Raises:
            ValidationError: one of them is missing.
        """
        given = [name for name in self.VALUE if data.get(name)]
        lacking = {name for name in self.VALUE[:-1] if not data.get(name)}
        if given and lacking:
            words = Phrase("应用价值须同时写明场景、效益和方法", "State scenario, benefit and method.", "missing")
            raise ma.ValidationError({name: [words] for name in sorted(lacking)})

    @ma.post_load
    def nest(self, data: dict, **_kwargs: object) -> dict:
        """Put what belongs to the model and to the value basis together, as the command reads them."""
        model = {name: data.pop(name) for name in self.MODEL if name in data}
        if grades := data.pop("grades", None):
            model["coefficients"] = {"contribution": {row["grade"]: row["coefficient"] for row in grades}}
        basis = {name: data.pop(name) for name in self.VALUE if name in data}
        if basis.get("method"):
            data["value_basis"] = basis
        return {**data, "model": {"model": data["model"].value, **model}}


class RowOut(ma.Schema):
    """What a quantity would cost."""

    quantity = ma.fields.Function(lambda row: decimal_text(row.quantity), metadata={"type": "string"})
    amount = MoneyField()
    average = ma.fields.Function(lambda row: decimal_text(row.average), metadata={"type": "string"})
    headroom = ma.fields.Function(
        lambda row: None if row.headroom is None else decimal_text(row.headroom),
        metadata={"type": ["string", "null"]},
    )
    before = MoneyField(allow_none=True)
    change = SignedMoneyField(allow_none=True)
    is_forecast = ma.fields.Boolean()


class NoticeOut(ma.Schema):
    """Something that the seller should know."""

    code = ma.fields.String()
    words = ma.fields.String()
    words_en = ma.fields.String()
    rule = ma.fields.String()


class RefusalOut(ma.Schema):
    """What stands against the price, with rule and article."""

    code = ma.fields.String()
    title = ma.fields.String()
    detail = ma.fields.String()
    detail_en = ma.fields.String(allow_none=True)
    rule = ma.fields.String(allow_none=True)
    article = ma.fields.String(allow_none=True)
    errors = ma.fields.List(ma.fields.Dict())


class PreviewOut(ma.Schema):
    """What a price would be; nothing was written."""

    is_permitted = ma.fields.Boolean()
    will_be_parked = ma.fields.Boolean()
    rows = ma.fields.List(ma.fields.Nested(RowOut))
    cap = ma.fields.Nested(CapOut, allow_none=True)
    before = ma.fields.Nested(TariffOut, allow_none=True)
    highest = ma.fields.Function(lambda found: decimal_text(found.highest), metadata={"type": "string"})
    highest_at = ma.fields.Integer(allow_none=True)
    unit_price_max = ma.fields.String()
    notices = ma.fields.List(ma.fields.Nested(NoticeOut))
    refusals = ma.fields.List(ma.fields.Nested(RefusalOut))
