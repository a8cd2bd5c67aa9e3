"""Each price applies exactly from its date, and the parts of a cycle add up to the whole."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kernel.calendar import DAY, Period
from kernel.money import Money, total
from pricing.rating.rules import QuantityNegative, TariffModel, rate
from pricing.segments.rules import ChangedTwice, PeriodUnpriced, UseOutsidePeriod, rate_period, segments
from tests.pricing.rating.test_rules import models

MAY = Period.month("2026-05")
FALLING = [{"up_to": "100", "unit_price": "1"}, {"up_to": None, "unit_price": "0.5"}]

days = st.integers(-40, 70).map(lambda offset: MAY.start + timedelta(days=offset))
inner = st.integers(0, MAY.days - 1).map(lambda offset: MAY.start + timedelta(days=offset))
change_lists = st.dictionaries(days, st.integers(0, 9), max_size=8).map(
    lambda found: [(date(2026, 1, 1), -1), *found.items()]
)
uses = st.lists(st.tuples(inner, st.fractions(0, 500, max_denominator=10)), max_size=6)


def model(**written):
    return TariffModel.from_dict(written)


def per_unit(price, **more):
    return model(model="per_unit", unit_price=price, **more)


def on(day):
    return date(2026, 5, day)


def billed(changes, used, **more):
    rated = rate_period(changes, [(on(day), Fraction(quantity)) for day, quantity in used], MAY, **more)
    return [part.amount.text() for part in rated.parts]


@given(change_lists)
def test_the_parts_are_the_whole_period_and_hold_what_was_in_force_on_each_day(changes):
    found = segments(changes, MAY)
    assert [day for part, _ in found for day in part] == list(MAY)
    for part, value in found:
        for day in part:
            assert value == max(entry for entry in changes if entry[0] <= day)[1]


@given(change_lists, st.randoms(use_true_random=False))
def test_the_order_of_changes_does_not_matter(changes, random):
    shuffled = list(changes)
    random.shuffle(shuffled)
    assert segments(shuffled, MAY) == segments(changes, MAY)


@given(change_lists, st.integers(0, 400), st.integers(0, 9))
def test_a_change_outside_the_period_changes_nothing(changes, distance, value):
    assert segments([*changes, (MAY.end + timedelta(days=100 + distance), value)], MAY) == segments(changes, MAY)
    assert segments([*changes, (date(2025, 12, 31) - timedelta(days=distance), value)], MAY) == segments(changes, MAY)


def test_the_day_of_the_change_belongs_to_the_new_price():
    changes = [(date(2026, 1, 1), "a"), (on(10), "b"), (on(20), "c"), (MAY.end, "d"), (MAY.start, "e")]
    assert segments(changes, MAY) == [
        (Period(MAY.start, on(10)), "e"),
        (Period(on(10), on(20)), "b"),
        (Period(on(20), MAY.end), "c"),
    ]


def test_a_period_without_a_price_at_its_start_or_with_two_on_one_day_is_refused():
    with pytest.raises(PeriodUnpriced) as refusal:
        segments([(on(2), "a")], MAY)
    assert "2026-05-01" in refusal.value.detail
    with pytest.raises(ChangedTwice):
        segments([(MAY.start, "a"), (MAY.start, "b")], MAY)
    assert segments([(MAY.start, "a"), (MAY.start, "a")], MAY) == [(MAY, "a")]


def test_two_changes_in_one_cycle_each_apply_from_their_date():
    changes = [(MAY.start, per_unit("1")), (on(10), per_unit("2")), (on(20), per_unit("4"))]
    assert billed(changes, [(1, 10), (9, 10), (10, 10), (19, 10), (20, 10), (31, 10)]) == ["20.00", "40.00", "80.00"]


def test_a_band_that_was_reached_before_the_change_stays_reached_unless_counting_restarts():
    cheaper = [{"up_to": "100", "unit_price": "0.8"}, {"up_to": None, "unit_price": "0.4"}]
    changes = [(MAY.start, model(model="graduated", tiers=FALLING)), (on(16), model(model="graduated", tiers=cheaper))]
    assert billed(changes, [(3, 80), (20, 80)]) == ["80.00", "40.00"]  # 20 at 0.80, then 60 at 0.40
    assert billed(changes, [(3, 80), (20, 80)], carry=False) == ["80.00", "64.00"]


def test_free_units_are_given_once_and_a_begun_pack_is_used_up_under_the_new_price():
    free = [(MAY.start, per_unit("1", free_units="30")), (on(16), per_unit("2", free_units="30"))]
    assert billed(free, [(3, 20), (20, 20)]) == ["0.00", "20.00"]
    packs = [
        (MAY.start, model(model="package", package_size="10", package_price="5")),
        (on(16), model(model="package", package_size="10", package_price="6")),
    ]
    assert billed(packs, [(3, 5), (20, 5)]) == ["5.00", "0.00"]
    assert billed(packs, [(3, 5), (20, 6)]) == ["5.00", "6.00"]


def test_the_whole_quantity_of_the_cycle_decides_the_band_when_it_moves_to_one():
    dearer = [{"up_to": "100", "unit_price": "2"}, {"up_to": None, "unit_price": "1.5"}]
    changes = [(MAY.start, model(model="volume", tiers=FALLING)), (on(16), model(model="volume", tiers=dearer))]
    assert billed(changes, [(3, 80), (20, 80)]) == ["40.00", "120.00"]


def test_a_monthly_fee_is_charged_by_the_days_of_each_price():
    changes = [(MAY.start, model(model="flat", flat_fee="31")), (on(11), model(model="flat", flat_fee="62"))]
    assert billed(changes, []) == ["10.00", "42.00"]


def test_a_minimum_a_maximum_and_a_waiver_count_by_the_days_of_each_price():
    low = [(MAY.start, per_unit("1", minimum_spend="31")), (on(11), per_unit("1"))]
    assert billed(low, []) == ["10.00", "0.00"]
    high = [(MAY.start, per_unit("1", maximum_spend="31")), (on(11), per_unit("2"))]
    assert billed(high, [(3, 50), (12, 50)]) == ["10.00", "100.00"]
    small = [(MAY.start, per_unit("1", waived_up_to="31")), (on(11), per_unit("2"))]
    assert billed(small, [(3, 10), (12, 1)]) == ["0.00", "2.00"]
    assert billed(small, [(3, 11), (12, 1)]) == ["11.00", "2.00"]


@settings(max_examples=200)
@given(
    st.lists(st.tuples(inner, models()), max_size=3, unique_by=lambda change: change[0]), models(), uses, st.booleans()
)
def test_the_parts_add_up_to_the_whole_to_the_fen(later, first, used, carry):
    rated = rate_period([(date(2026, 1, 1), first), *later], used, MAY, carry=carry)
    assert total(part.amount for part in rated.parts) == rated.amount
    assert sum(part.exact for part in rated.parts) == rated.exact
    assert sum(part.quantity for part in rated.parts) == sum(quantity for _, quantity in used)
    assert sum(part.period.days for part in rated.parts) == MAY.days
    assert abs(rated.amount.exact_yuan() - rated.exact) <= Fraction(1, 200)


@settings(max_examples=200)
@given(models(), uses, st.lists(inner, max_size=3), st.booleans())
def test_a_price_filed_again_unchanged_changes_nothing(price, used, again, carry):
    changes = [(date(2026, 1, 1), price), *((day, price) for day in again)]
    rated = rate_period(changes, used, MAY, carry=carry)
    whole = rate(price, sum((quantity for _, quantity in used), Fraction(0)))
    assert (rated.exact, rated.amount) == (whole.exact, whole.amount)


@given(models(), models(), models(), uses, inner.filter(lambda day: day > MAY.start))
def test_what_was_used_before_a_change_costs_the_same_whatever_the_new_price_is(old, new, other, used, day):
    assume(old not in (new, other))
    costs = {rate_period([(date(2026, 1, 1), old), (day, price)], used, MAY).parts[0].exact for price in (new, other)}
    assert len(costs) == 1


def test_use_on_other_days_or_below_zero_is_refused():
    changes = [(MAY.start, per_unit("1"))]
    with pytest.raises(UseOutsidePeriod):
        rate_period(changes, [(MAY.end, Fraction(1))], MAY)
    with pytest.raises(UseOutsidePeriod):
        rate_period(changes, [(MAY.start - DAY, Fraction(1))], MAY)
    with pytest.raises(QuantityNegative):
        rate_period(changes, [(MAY.start, Fraction(-1))], MAY)


def test_a_grade_counts_in_every_part():
    grades = {"coefficients": {"contribution": {"A": "0.5"}}}
    changes = [(MAY.start, per_unit("1", **grades)), (on(16), per_unit("2"))]
    rated = rate_period(changes, [(on(3), Fraction(10)), (on(20), Fraction(10))], MAY, grade="A")
    assert [part.amount for part in rated.parts] == [Money(500), Money(2000)]
