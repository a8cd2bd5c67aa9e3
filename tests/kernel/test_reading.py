"""Strict reading names every wrong field and guesses nothing."""

from datetime import date
from enum import StrEnum
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Money, UnitPrice
from kernel.reading import Reader, Unreadable

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


def read(payload):
    reader = Reader(payload)
    found = {
        "amount": reader.money("amount"),
        "price": reader.unit_price("price"),
        "rate": reader.number("rate"),
        "on": reader.day("on"),
        "colour": reader.choice("colour", Colour),
        "count": reader.whole("count", least=1, most=9),
        "names": reader.texts("names"),
        "inner": [row.text("name") for row in reader.children("inner")],
    }
    reader.close()
    return found


GOOD = {
    "amount": "12.30",
    "price": "0.0001",
    "rate": "0.08",
    "on": "2026-07-01",
    "colour": "blue",
    "count": 3,
    "names": ["甲"],
    "inner": [{"name": "a"}],
}


def test_good_input_is_read():
    assert read(GOOD) == {
        "amount": Money(1230),
        "price": UnitPrice(10000),
        "rate": Fraction(2, 25),
        "on": date(2026, 7, 1),
        "colour": Colour.BLUE,
        "count": 3,
        "names": ["甲"],
        "inner": ["a"],
    }


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(Unreadable) as refusal:
        read({**GOOD, "amount": 12.3, "rate": "8%", "on": "2026-7-1", "colour": "green", "count": True, "more": "1"})
    assert {error["pointer"] for error in refusal.value.errors} == {
        "/amount", "/rate", "/on", "/colour", "/count", "/more",
    }  # fmt: skip
    assert all(error["message"] and error["message_en"] for error in refusal.value.errors)


@pytest.mark.parametrize(
    ("key", "value", "pointer", "code"),
    [
        ("inner", [{"name": " "}], "/inner/0/name", "validation"),
        ("inner", [3], "/inner/0", "not_an_object"),
        ("inner", [], "/inner", "not_a_list"),
        ("names", ["a", 3], "/names/1", "not_text"),
        ("names", "a", "/names", "not_a_list"),
        ("amount", None, "/amount", "missing"),
        ("colour", "\ud800", "", "not_unicode"),
        ("a/b~c", "1", "/a~1b~0c", "unknown_key"),
        ("count", 10, "/count", "out_of_range"),
    ],
)
def test_a_wrong_field_is_named(key, value, pointer, code):
    with pytest.raises(Unreadable) as refusal:
        read({**GOOD, key: value})
    assert (pointer, code) in [(error["pointer"], error["code"]) for error in refusal.value.errors]
    refusal.value.detail.encode()


@given(json_values)
def test_no_input_makes_it_stumble(payload):
    with pytest.raises(Unreadable):
        read(payload)
