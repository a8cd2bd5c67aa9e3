"""Amounts are whole fen, prices may be smaller, and dividing loses nothing."""

from decimal import Decimal
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.errors import Invalid
from kernel.money import (
    ZERO,
    Money,
    NotANumber,
    NotMoney,
    UnitPrice,
    WeightsUnusable,
    allocate,
    decimal_text,
    floor_fen,
    fraction,
    plain_number,
    round_half_up,
    total,
)
from tests.cases import cases, facts, name_of

LARGEST = 10**15
amounts = st.integers(-LARGEST, LARGEST).map(Money)
exact_weights = st.one_of(st.integers(0, 10**6), st.fractions(0, 1000), st.decimals(0, 1000, places=4, allow_nan=False))
parties = st.text("abcdefgh", min_size=1, max_size=3)
some_weights = st.dictionaries(parties, exact_weights, min_size=1, max_size=12).filter(
    lambda found: any(found.values())
)


@pytest.mark.parametrize(
    ("text", "fen"), [("12.30", 1230), ("0.05", 5), ("7", 700), ("1.5", 150), ("9999999999999.99", 999999999999999)]
)
def test_money_is_read_from_plain_text(text, fen):
    assert Money.yuan(text) == Money(fen)


REFUSED = """
+1|-1|1e3|1.234|.5|5.|１２|1,000|NaN|0x10|1_000|٣|12345678901234|1 | 1|inf
"""


@pytest.mark.parametrize("text", [*REFUSED.strip("\n").split("|"), "", "1\n", None, 1, 1.5, Decimal("1")])
def test_anything_else_is_not_money(text):
    with pytest.raises(NotMoney):
        Money.yuan(text)


@pytest.mark.parametrize("fen", [1.0, True, "1", Decimal(1), None])
def test_money_is_counted_in_whole_fen(fen):
    with pytest.raises(TypeError):
        Money(fen)


def test_a_journal_shows_negative_amounts():
    assert Money.signed_yuan("-12.30") == Money(-1230)
    assert Money(-1230).text() == "-12.30"
    assert Money(-5).text() == "-0.05"
    assert str(Money(5)) == "0.05"


@given(amounts)
def test_text_and_money_are_the_same_thing(amount):
    if abs(amount.fen) < LARGEST:
        assert Money.signed_yuan(amount.text()) == amount
    assert amount.grouped().replace(",", "") == amount.text()


def test_people_read_groups_of_three():
    assert Money(123450).grouped() == "1,234.50"
    assert Money(-100000000).grouped() == "-1,000,000.00"


def test_money_adds_orders_and_sums():
    assert Money(3) + Money(4) - Money(2) == Money(5)
    assert -Money(3) < ZERO < Money(1)
    assert abs(Money(-3)) == Money(3)
    assert not ZERO
    assert total([Money(1), Money(2)]) == Money(3)
    assert total([]) == ZERO


@pytest.mark.parametrize(
    ("fen", "rate", "expected"),
    [(5, Decimal("0.5"), 3), (-5, Decimal("0.5"), -3), (1, Fraction(1, 3), 0), (2, Fraction(1, 3), 1), (100, 3, 300)],
)
def test_products_are_rounded_once_halves_away_from_zero(fen, rate, expected):
    assert Money(fen).times(rate) == Money(expected)


@given(amounts, st.fractions(0, 2))
def test_a_product_is_at_most_half_a_fen_off(amount, rate):
    assert abs(amount.times(rate).fen - amount.fen * rate) <= Fraction(1, 2)


@pytest.mark.parametrize("number", [0.1, True, "1"])
def test_floats_and_texts_never_meet_money(number):
    with pytest.raises(TypeError):
        Money(100).times(number)


@pytest.mark.parametrize("number", [Decimal("NaN"), Decimal("Infinity")])
def test_numbers_must_be_finite(number):
    with pytest.raises(Invalid):
        fraction(number)


def test_rounding_and_cutting_differ():
    assert round_half_up(Fraction("12.345")) == Money(1235)
    assert floor_fen(Fraction("12.349")) == Money(1234)
    assert floor_fen(Fraction("-0.001")) == Money(-1)


def test_exact_yuan_keeps_the_fen():
    assert Money(1234).exact_yuan() == Fraction("12.34")


@pytest.mark.parametrize(
    ("text", "units"), [("0.00012", 12000), ("0.00000001", 1), ("12", 1200000000), ("999999999.5", 99999999950000000)]
)
def test_unit_prices_go_below_a_fen(text, units):
    price = UnitPrice.yuan(text)
    assert price == UnitPrice(units)
    assert price.text() == text
    assert price.decimal == Decimal(text)
    assert str(price) == text


@pytest.mark.parametrize("text", ["0.000000001", "-1", "1e-5", "1234567890", "", "０.１"])
def test_other_texts_are_no_unit_price(text):
    with pytest.raises(NotMoney):
        UnitPrice.yuan(text)


def test_a_unit_price_is_never_negative_and_whole():
    with pytest.raises(NotMoney):
        UnitPrice(-1)
    with pytest.raises(TypeError):
        UnitPrice(1.0)


def test_unit_price_times_quantity_is_exact():
    assert UnitPrice.yuan("0.0023").times(3) == Fraction("0.0069")


@pytest.mark.parametrize(
    ("number", "digits", "text"),
    [
        (Fraction(1, 6), 12, "0.166666666667"),
        (Fraction(5), 12, "5"),
        (Fraction(-1, 4), 1, "-0.3"),
        (Fraction(7, 2), 0, "4"),
    ],
)
def test_exact_numbers_are_shown_rounded_without_trailing_zeros(number, digits, text):
    assert decimal_text(number, digits) == text


def test_plain_numbers_are_exact_and_strict():
    assert plain_number("0.0823") == Fraction(823, 10000)
    assert plain_number("-1.5", signed=True) == Fraction(-3, 2)
    for text in ["-1", "1e2", "", "１", "1/3", None, 3, "1" * 16]:
        with pytest.raises(NotANumber):
            plain_number(text)


@pytest.mark.parametrize("case", facts("largest_remainder")["discriminators"], ids=str)
def test_the_largest_remainder_gets_the_odd_units(case):
    weights = {f"{position:02d}": weight for position, weight in enumerate(case["weights"])}
    found = allocate(Money(case["minor_units"]), weights)
    assert [found[party].fen for party in sorted(found)] == case["largest_remainder"]


@pytest.mark.parametrize("case", [case for case in cases("largest_remainder") if case["expected"]], ids=name_of)
def test_published_apportionments_come_out(case):
    weights = {f"{position:02d}": weight for position, weight in enumerate(case["weights"])}
    found = allocate(Money(case["total"]), weights)
    assert [found[party].fen for party in sorted(found)] == case["expected"]


def test_inconsistent_quotas_of_a_printed_exercise_are_not_its_answer():
    case = next(case for case in cases("largest_remainder") if case.get("trap"))
    quotas = {name: Decimal(quota) for name, quota in zip(case["names"], case["quotas"], strict=True)}
    assert sum(quotas.values()) != case["total"]  # the page is wrong; as weights they still divide exactly
    assert total(allocate(Money(case["total"]), quotas).values()) == Money(case["total"])


def test_ties_go_in_order_of_id_whatever_the_order_of_input():
    assert allocate(Money(100), {"c": 1, "a": 1, "b": 1}) == {"a": Money(34), "b": Money(33), "c": Money(33)}


def is_fair(amount, weights, found):
    together = sum(weights.values())
    return (
        sum(share.fen for share in found.values()) == amount
        and all(share.fen >= 0 for share in found.values())
        and all(abs(found[party].fen * together - amount * weights[party]) < together for party in weights)
        and all(weights[party] or not found[party].fen for party in weights)
    )


@pytest.mark.parametrize("sizes", [range(10), range(5)], ids=["triples to 9", "quadruples to 4"])
def test_every_small_division_is_exact_and_fair(sizes):
    parts = "abc" if len(sizes) > 5 else "abcd"
    unfair = [
        (amount, weights)
        for chosen in product(sizes, repeat=len(parts))
        if any(chosen)
        for weights in [dict(zip(parts, chosen, strict=True))]
        for amount in range(401)
        if not is_fair(amount, weights, allocate(Money(amount), weights))
    ]
    assert unfair == []


@settings(max_examples=1000)
@given(amounts, some_weights)
def test_shares_add_up_and_nobody_is_a_fen_away_from_the_exact_share(amount, weights):
    found = allocate(amount, weights)
    together = sum(fraction(weight) for weight in weights.values())
    assert total(found.values()) == amount
    for party, weight in weights.items():
        assert abs(found[party].fen - Fraction(amount.fen * fraction(weight), together)) < 1
        assert weight or not found[party]


@given(amounts, some_weights, st.integers(1, 1000))
def test_order_scale_and_sign_do_not_matter(amount, weights, factor):
    found = allocate(amount, weights)
    assert allocate(amount, dict(reversed(weights.items()))) == found
    assert allocate(amount, {party: fraction(weight) * factor for party, weight in weights.items()}) == found
    assert allocate(-amount, weights) == {party: -share for party, share in found.items()}


@given(amounts)
def test_one_party_gets_all(amount):
    assert allocate(amount, {"a": Fraction(1, 7)}) == {"a": amount}


@pytest.mark.parametrize("weights", [{}, {"a": 0}, {"a": -1, "b": 2}, {"a": Fraction(-1, 2), "b": 1}])
def test_unusable_weights_are_refused(weights):
    with pytest.raises(WeightsUnusable):
        allocate(Money(100), weights)


@pytest.mark.parametrize("weight", [0.5, True, "1"])
def test_weights_are_exact_numbers(weight):
    with pytest.raises(TypeError):
        allocate(Money(100), {"a": weight})
