"""A price text is read right or not at all."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import UnitPrice
from market.listings.rules import ParsedPrice, PriceMode, parse_price_text
from tests.cases import cases

READ_OTHERWISE = {"", "88.00元/月", "413.89元/天", "754300.0000000001元/次"}
PUBLISHED = cases("price_texts")
AGREED = [case for case in PUBLISHED if case["text"] not in READ_OTHERWISE]


@pytest.mark.parametrize("case", AGREED, ids=lambda case: case["text"])
def test_published_price_texts_are_read_as_meant(case):
    found = parse_price_text(case["text"])
    assert found.mode == case["mode"]
    if found.mode is PriceMode.NEGOTIATION:
        assert found.amount is None
    else:
        assert found.amount is not None
        assert found.amount.exact_yuan() == Fraction(case["amount"])


def test_the_texts_read_otherwise_are_those_that_somebody_explained():
    assert READ_OTHERWISE == {case["text"] for case in PUBLISHED} - {case["text"] for case in AGREED}
    assert len(AGREED) == len(PUBLISHED) - len(READ_OTHERWISE)


@pytest.mark.parametrize("text", ["", "  ", "\u3000", None])
def test_a_blank_is_unknown_and_never_free(text):
    assert parse_price_text(text) == ParsedPrice(PriceMode.UNKNOWN)


@pytest.mark.parametrize(("text", "amount", "unit"), [("88.00元/月", "88", "月"), ("413.89元/天", "413.89", "天")])
def test_a_price_per_month_or_day_stays_one(text, amount, unit):
    found = parse_price_text(text)
    assert (found.mode, found.amount, found.unit) == (PriceMode.SUBSCRIPTION, UnitPrice.yuan(amount), unit)


@pytest.mark.parametrize(
    ("text", "amount"),
    [("754300.0000000001元/次", "754300"), ("0.30000000000000004元/次", "0.3"), ("2.7999999999999998元/次", "2.8")],
)
def test_an_artefact_of_floating_point_is_read_as_the_price_meant(text, amount):
    assert parse_price_text(text).amount == UnitPrice.yuan(amount)


def test_a_price_for_many_is_divided_only_where_it_divides():
    hundred, three = parse_price_text("10元/100次"), parse_price_text("10元/3次")
    assert (hundred.amount, hundred.pack_size) == (UnitPrice.yuan("0.1"), 100)
    assert (three.amount, three.pack_size, three.pack_price) == (None, 3, UnitPrice.yuan("10"))


@pytest.mark.parametrize(
    ("text", "mode", "amount"),
    [
        ("5万元/年", PriceMode.SUBSCRIPTION, "50000"),
        ("1,000.50元", PriceMode.ONE_OFF, "1000.5"),
        ("０.５元／次", PriceMode.USAGE_BASED, "0.5"),
        ("1.5万元/万次", PriceMode.USAGE_BASED, "1.5"),
        ("¥100 元 / 月", PriceMode.SUBSCRIPTION, "100"),
        ("0.02元/MB", PriceMode.USAGE_BASED, "0.02"),
        ("免费", PriceMode.FREE, "0"),
    ],
)
def test_other_plain_ways_of_writing_are_understood(text, mode, amount):
    found = parse_price_text(text)
    assert (found.mode, found.amount) == (mode, UnitPrice.yuan(amount))


@pytest.mark.parametrize(
    "text",
    [
        "0.5-1元/次",
        "100元起",
        "约100元",
        "100",
        "$5/次",
        "-5元/次",
        "1e3元/次",
        "10元/0次",
        "1,00元",
        "500元/套",
        "0.123456789元/次",
        "0.000000001元/次",
        "99999999999元",
        "元/次",
        "五元",
        "9" * 5000 + "元",
    ],
)
def test_what_cannot_be_told_is_not_guessed(text):
    assert parse_price_text(text) == ParsedPrice(PriceMode.UNKNOWN)


@given(st.text(alphabet="0123456789.,-元万/次年免费面议 ¥起０", max_size=14))
def test_no_text_makes_it_stumble_and_free_is_only_what_says_so(text):
    found = parse_price_text(text)
    if found.mode is PriceMode.FREE:
        assert "免费" in text
    if found.amount is not None and found.mode is not PriceMode.FREE:
        assert "元" in text


@given(st.integers(0, 10**9 - 1), st.integers(0, 10**8 - 1), st.sampled_from(["", "/次", "/年"]))
def test_every_price_to_eight_decimals_is_read_exactly(whole, part, unit):
    found = parse_price_text(f"{whole}.{part:08d}元{unit}")
    assert found.amount == UnitPrice(whole * 10**8 + part)
