"""Scenarios as they travel, and what they change."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import marshmallow as ma

from kernel.calendar import Period
from kernel.errors import DomainError
from kernel.fields import MoneyField, RateField, Schema, SignedMoneyField, TextField, UnitPriceField
from kernel.money import Money
from kernel.wording import Phrase
from pricing.costs.rules import ChargeUnit
from pricing.tariffs.rules import ModelKind, TariffModel
from settlement.comparisons.rules import Order, percent, signed, summary
from settlement.scenarios.rules import Move, MoveKind, Scenario

MOVES_MAX = 50
TIERS_MAX = 100
STEPS_MAX = 100
NAME_LENGTH_MAX = 40
VALUE_LENGTH_MAX = 30
FACTOR_MAX = 1000
MOVES_TEXT_LENGTH_MAX = 20_000
MONTH = r"^[0-9]{4}-(0[1-9]|1[0-2])$"


def _month(**kwargs: Any) -> ma.fields.String:
    words = Phrase("请写成 2026-10", "Write the month as 2026-10.", "pattern")
    return ma.fields.String(validate=ma.validate.Regexp(MONTH, error=words), **kwargs)


def _name() -> TextField:
    return TextField(load_default=None, allow_none=True, max_length=NAME_LENGTH_MAX)


class ChangeField(MoneyField):
    """An amount to be added or, with a minus, taken off."""

    pattern = r"^-?[0-9]{1,13}(\.[0-9]{1,2})?$"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Money:
        return Money.signed_yuan(self.text_of(value))


class ModelField(ma.fields.Dict):
    """A way of charging, written as for the calculator ``rate``."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        written = super()._deserialize(value, attr, data, **kwargs)
        tiers = written.get("tiers")
        if isinstance(tiers, list) and len(tiers) > TIERS_MAX:
            raise ma.ValidationError(Phrase(f"最多 {TIERS_MAX} 档", f"At most {TIERS_MAX} bands.", "too_many"))
        try:
            return TariffModel.from_dict(written)
        except DomainError as refusal:
            words = Phrase(refusal.detail, refusal.detail_en or refusal.title_en, "model")
            raise ma.ValidationError(words) from refusal


class MoveIn(Schema):
    """One move; which fields it needs follows from its kind."""

    kind = ma.fields.Enum(MoveKind, by_value=True, required=True)
    product = _name()
    agreement = _name()
    from_date = ma.fields.Date(load_default=None, allow_none=True)
    subject_kind = _name()
    charge_unit = ma.fields.Enum(ChargeUnit, by_value=True, load_default=None, allow_none=True)
    model = ModelField(keys=ma.fields.String(), load_default=None, allow_none=True)
    cap = UnitPriceField(load_default=None, allow_none=True)
    factor = RateField(load_default=None, allow_none=True, validate=ma.validate.Range(max=Decimal(FACTOR_MAX)))
    amount = ChangeField(load_default=None, allow_none=True)
    rate = RateField(load_default=None, allow_none=True, validate=ma.validate.Range(max=Decimal(1)))
    schedule = _name()
    step = ma.fields.Integer(load_default=None, allow_none=True, validate=ma.validate.Range(1, STEPS_MAX))
    value = TextField(load_default=None, allow_none=True, max_length=VALUE_LENGTH_MAX)

    @ma.post_load
    def made(self, data: dict[str, Any], **_kwargs: object) -> Move:
        """Return the move."""
        return Move(**data)


class ScenarioIn(Schema):
    """Which months of which place are looked at, and what is moved in them."""

    place = TextField(required=True, max_length=NAME_LENGTH_MAX)
    first_month = _month(required=True)
    last_month = _month(required=True)
    moves = ma.fields.List(ma.fields.Nested(MoveIn), load_default=list, validate=ma.validate.Length(max=MOVES_MAX))
    agreement = _name()
    product = _name()
    is_gross = ma.fields.Boolean(load_default=False)
    entitlement = _name()
    month = _month(load_default=None, allow_none=True)

    @ma.post_load
    def made(self, data: dict[str, Any], **_kwargs: object) -> Scenario:
        """Return the scenario."""
        return scenario_of(data)


def scenario_of(data: dict[str, Any]) -> Scenario:
    """Return the scenario with these loaded values; the month was checked, but not that its year exists.

    Raises:
        ValidationError: there is no such month.
    """
    try:
        first, last = Period.month(data.pop("first_month")), Period.month(data.pop("last_month"))
    except (DomainError, ValueError) as error:
        words = Phrase("没有这个月份", "There is no such month.", "month")
        raise ma.ValidationError({"first_month": [words]}) from error
    return Scenario(first=first, last=last, **{**data, "moves": tuple(data["moves"])})


class WhatIfFormIn(Schema):
    """The form: the usual moves as plain fields, whatever else as the JSON list of the API."""

    place = TextField(required=True, max_length=NAME_LENGTH_MAX)
    first_month = _month(required=True)
    last_month = _month(required=True)
    agreement = _name()
    product = _name()
    is_gross = ma.fields.Boolean(load_default=False)
    entitlement = _name()
    month = _month(load_default=None)
    from_date = ma.fields.Date(load_default=None)
    price_factor = RateField(load_default=None, validate=ma.validate.Range(max=Decimal(FACTOR_MAX)))
    unit_price = UnitPriceField(load_default=None)
    cap = UnitPriceField(load_default=None)
    volume_factor = RateField(load_default=None, validate=ma.validate.Range(max=Decimal(FACTOR_MAX)))
    cost = ChangeField(load_default=None)
    disallow = ChangeField(load_default=None)
    margin = RateField(load_default=None, validate=ma.validate.Range(max=Decimal(1)))
    tax = MoneyField(load_default=None)
    vat = RateField(load_default=None, validate=ma.validate.Range(max=Decimal(1)))
    share_step = ma.fields.Integer(load_default=None, validate=ma.validate.Range(1, STEPS_MAX))
    share_value = TextField(load_default=None, max_length=VALUE_LENGTH_MAX)
    moves = TextField(load_default=None, max_length=MOVES_TEXT_LENGTH_MAX)
    sort = ma.fields.Enum(Order, by_value=True, load_default=Order.DIFFERENCE)

    @ma.post_load
    def made(self, data: dict[str, Any], **_kwargs: object) -> tuple[Scenario, Order]:
        """Return the scenario, and the order in which the tables are sorted.

        Raises:
            ValidationError: there are too many moves, or what is written in ``moves`` is none.
        """
        moves = [*_plain_moves(data), *_written_moves(data.get("moves"))]
        if len(moves) > MOVES_MAX:
            raise ma.ValidationError(
                Phrase(f"最多 {MOVES_MAX} 项变动", f"At most {MOVES_MAX} moves.", "too_many"), "moves"
            )
        named = ("place", "first_month", "last_month", "agreement", "product", "is_gross", "entitlement", "month")
        return scenario_of({**{name: data[name] for name in named}, "moves": moves}), data["sort"]


def _plain_moves(data: dict[str, Any]) -> list[Move]:
    """Return the moves of the plain fields: prices of the chosen product, costs and shares of the chosen agreement."""
    product, agreement, since = data["product"], data["agreement"], data["from_date"]
    price = data["unit_price"]
    model = None if price is None else TariffModel.from_dict({"model": ModelKind.PER_UNIT, "unit_price": price.text()})
    found = []
    if model is not None:
        found.append(Move(MoveKind.TARIFF, product=product, model=model, from_date=since))
    if data["price_factor"] is not None:
        found.append(Move(MoveKind.PRICE, product=product, factor=data["price_factor"], from_date=since))
    if data["cap"] is not None:
        found.append(Move(MoveKind.CAP, product=product, cap=data["cap"], from_date=since))
    if data["volume_factor"] is not None:
        found.append(Move(MoveKind.VOLUME, product=product, factor=data["volume_factor"]))
    for kind in (MoveKind.COST, MoveKind.DISALLOW, MoveKind.TAX):
        if data[kind] is not None:
            found.append(Move(kind, agreement=agreement, amount=data[kind]))
    if data["margin"] is not None:
        found.append(Move(MoveKind.MARGIN, agreement=agreement, rate=data["margin"]))
    if data["vat"] is not None:
        found.append(Move(MoveKind.VAT, rate=data["vat"]))
    if data["share_step"] is not None or data["share_value"] is not None:
        found.append(Move(MoveKind.SHARE, agreement=agreement, step=data["share_step"], value=data["share_value"]))
    return found


def _written_moves(text: str | None) -> list[Move]:
    if not text:
        return []
    try:
        written = json.loads(text, parse_float=str)
    except (ValueError, RecursionError):
        written = None
    if not isinstance(written, list):
        words = Phrase("须为 JSON 列表，每一项是一个变动", "Send a JSON list of moves.", "type")
        raise ma.ValidationError({"moves": [words]})
    found = []
    for position, row in enumerate(written[: MOVES_MAX + 1]):
        try:
            found.append(MoveIn().load(row))
        except ma.ValidationError as error:
            raise ma.ValidationError({"moves": {str(position): error.normalized_messages()}}) from error
    return found


class WhatIfRowOut(ma.Schema):
    """One line of a table."""

    key = ma.fields.String()
    label = ma.fields.String()
    then = SignedMoneyField()
    now = SignedMoneyField()
    difference = SignedMoneyField()
    percent = ma.fields.String(allow_none=True)


class WhatIfProductOut(WhatIfRowOut):
    """One product, with units that were charged and what one of them cost on average."""

    then_units = ma.fields.Integer()
    now_units = ma.fields.Integer()
    then_average = ma.fields.String(allow_none=True)
    now_average = ma.fields.String(allow_none=True)


class WhatIfSideOut(ma.Schema):
    """One side of an agreement's year."""

    actual = SignedMoneyField()
    permitted = SignedMoneyField()
    deviation_percent = ma.fields.Function(
        lambda side: None if side.deviation is None else percent(signed(side.deviation))
    )
    action = ma.fields.Function(lambda side: None if side.deviation is None else str(side.deviation.action))
    words = ma.fields.String()
    caps_expected = ma.fields.Function(lambda side: str(side.expected))
    caps_fit = ma.fields.Boolean(attribute="fit.fits")


class WhatIfYearOut(ma.Schema):
    """Revenue of an operator under an agreement in one year against its ceiling."""

    agreement = ma.fields.String()
    operator = ma.fields.String()
    year = ma.fields.Integer()
    months = ma.fields.Integer()
    ceiling = ma.fields.String()
    threshold = RateField(allow_none=True)
    is_gross = ma.fields.Boolean()
    then = ma.fields.Nested(WhatIfSideOut)
    now = ma.fields.Nested(WhatIfSideOut)


class WhatIfRefusedOut(ma.Schema):
    """An order that would have been refused."""

    order = ma.fields.String()
    product = ma.fields.String()
    title = ma.fields.String()
    buyer = ma.fields.String()
    on = ma.fields.Date()
    amount = SignedMoneyField()
    unit_price = UnitPriceField()
    cap = UnitPriceField()


class WhatIfOut(ma.Schema):
    """What a scenario changes; nothing of it is stored."""

    first = ma.fields.String()
    last = ma.fields.String()
    summary = ma.fields.Function(lambda found: summary(found)[0])
    summary_en = ma.fields.Function(lambda found: summary(found)[1])
    gross = ma.fields.Nested(WhatIfRowOut)
    net = ma.fields.Nested(WhatIfRowOut)
    parked = ma.fields.Integer()
    months = ma.fields.List(ma.fields.Nested(WhatIfRowOut))
    buyers = ma.fields.List(ma.fields.Nested(WhatIfRowOut))
    products = ma.fields.List(ma.fields.Nested(WhatIfProductOut))
    parties = ma.fields.List(ma.fields.Nested(WhatIfRowOut))
    agreements = ma.fields.List(ma.fields.Nested(WhatIfRowOut))
    years = ma.fields.List(ma.fields.Nested(WhatIfYearOut))
    refused = ma.fields.List(ma.fields.Nested(WhatIfRefusedOut))
    explanation = ma.fields.Dict(allow_none=True)
