"""Strict fields: what is not exactly money, price, rate or clean text is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import marshmallow as ma
import pytest

from kernel.fields import MomentField, MoneyField, RateField, Schema, TextField, UnitPriceField
from kernel.money import Money, UnitPrice


class Sample(Schema):
    """One field of each kind."""

    money = MoneyField()
    price = UnitPriceField()
    rate = RateField()
    text = TextField(max_length=5)
    moment = MomentField()


@pytest.mark.parametrize(
    "value",
    [
        12.3,
        12,
        True,
        None,
        "",
        " 1",
        "1 ",
        "+1",
        "-1",
        "1e5",
        "NaN",
        "1.234",
        "１２",
        "1,000",
        "0x1",
        "12345678901234",
        [],
        {},
    ],
)
def test_what_is_not_exactly_money_is_refused(value: Any) -> None:
    with pytest.raises(ma.ValidationError):
        Sample().load({"money": value})


@pytest.mark.parametrize("name", ["price", "rate"])
@pytest.mark.parametrize("value", [0.5, 1, "-1", "1e5", "٣", "1.2.3"])
def test_what_is_not_exactly_a_price_or_rate_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ma.ValidationError):
        Sample().load({name: value})


def test_good_values_are_read_and_written_as_text() -> None:
    read = Sample().load({"money": "12.3", "price": "0.00012", "rate": "0.06", "text": " 数据 "})
    assert read == {"money": Money(1230), "price": UnitPrice.yuan("0.00012"), "rate": Decimal("0.06"), "text": "数据"}
    assert Sample().dump(read) == {"money": "12.30", "price": "0.00012", "rate": "0.06", "text": "数据"}


@pytest.mark.parametrize("value", ["a\u202eb", "a\u200bb", "a\x00b", "\ud800", "a\u0378", "   ", "六个字太长了"])
def test_invisible_or_undefined_characters_and_wrong_lengths_are_refused(value: str) -> None:
    with pytest.raises(ma.ValidationError):
        Sample().load({"text": value})


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ma.ValidationError, match="没有这个字段"):
        Sample().load({"is_admin": "1"})


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00", "2026-07-01T00:00:00"])
def test_a_moment_has_a_zone_and_lies_where_every_zone_has_it(text: str) -> None:
    assert Sample().load({"moment": "2026-07-01T00:00:00+08:00"})["moment"].year == 2026
    with pytest.raises(ma.ValidationError):
        Sample().load({"moment": text})
