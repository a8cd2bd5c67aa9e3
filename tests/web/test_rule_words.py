"""The values of rules as people say them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from flask import Flask
from flask_babel import force_locale

from tests.make.market import LAW
from web.rule_words import RATE, stated


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [("0.06", RATE, "6%"), ("0.0220", RATE, "2.2%"), ("own_account", "", "本单位账户"), ("24", "小时", "24 小时")],
)
def test_a_value_is_said_as_people_say_it(app: Flask, value: str, unit: str, words: str) -> None:
    with app.test_request_context(), force_locale("zh_Hans_CN"):
        assert stated(value, unit) == words


def test_every_rate_of_every_place_reads_back_as_what_it_is(app: Flask) -> None:
    with app.test_request_context():
        rates = [one for place in LAW.places() for one in LAW.in_force(place, date(2026, 11, 1)) if one.unit == RATE]
        assert len(rates) >= len(LAW.places())
        for one in rates:
            assert Decimal(stated(one.value, one.unit).removesuffix("%")) / 100 == Decimal(one.value), one.name


def test_every_unit_is_said_in_english(app: Flask) -> None:
    with app.test_request_context(), force_locale("en"):
        units = {one.unit for place in LAW.places() for one in LAW.in_force(place, date(2026, 11, 1))} - {RATE, ""}
        assert {unit for unit in units if not stated("1", unit).isascii()} == set()
