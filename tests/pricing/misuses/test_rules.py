"""What misuse costs: only the days concerned, each by its own price, and together as much as the span."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Money
from pricing.costs.rules import ChargeUnit
from pricing.exemptions.rules import Grant, Purpose
from pricing.misuses.rules import (
    TRANSITIONS,
    HearingOpen,
    Held,
    MisuseAct,
    MisuseState,
    NoPriceThatDay,
    PaymentDiffers,
    Price,
    PurposeNotCharged,
    SpanUnusable,
    Usage,
    Used,
    WrongState,
    after,
    charged_units,
    claimed,
    must_be_charged,
    must_be_heard,
    must_be_paid_exactly,
    must_fit,
    reprice,
)
from pricing.rating.rules import TariffModel, rate

FIRST = date(2026, 7, 1)
ONE = {"model": "per_unit", "unit_price": "0.80"}
BANDS = {
    "model": "graduated",
    "tiers": [{"up_to": "1000", "unit_price": "1.0"}, {"up_to": "5000", "unit_price": "0.8"},
              {"up_to": None, "unit_price": "0.5"}],
}  # fmt: skip
VOLUME = {**BANDS, "model": "volume"}
PACKAGE = {"model": "package", "package_size": "100", "package_price": "37.55"}
OVERAGE = {"model": "included_overage", "flat_fee": "100.00", "included": "500", "unit_price": "0.333"}
MODELS = [ONE, BANDS, VOLUME, PACKAGE, OVERAGE, {**BANDS, "minimum_spend": "50.00", "maximum_spend": "900.00"}]
models = st.sampled_from(MODELS).map(TariffModel.from_dict)
days_of_use = st.lists(st.integers(0, 3000), min_size=1, max_size=12)


def price(model=ONE, *, serial=1, unit=ChargeUnit.PER_USE, **terms):
    model = model if isinstance(model, TariffModel) else TariffModel.from_dict(model)
    return Price(UUID(int=serial), f"TAR-2026-{serial:06d}", model, unit, **terms)


def on(number):
    return FIRST + timedelta(days=number)


def used(units):
    """The usage of consecutive days; a day without use has no row, as metering gives it."""
    return Usage(tuple(Used("ENT-1", on(number), count) for number, count in enumerate(units) if count))


def every_day(count, of):
    return {(on(number), None): of for number in range(count)}


@pytest.mark.parametrize("state", MisuseState)
@pytest.mark.parametrize("act", MisuseAct)
def test_every_pair_of_state_and_act_is_in_the_table_or_refused(state, act):
    if (state, act) in TRANSITIONS:
        assert after(state, act, "MIS-2026-000001") is TRANSITIONS[state, act]
    else:
        with pytest.raises(WrongState, match="MIS-2026-000001"):
            after(state, act, "MIS-2026-000001")


@given(model=models, units=days_of_use)
def test_under_one_price_the_days_add_up_to_the_price_of_the_whole_span(model, units):
    lines = reprice(used(units), every_day(len(units), price(model)), FIRST, on(len(units) - 1))
    whole = rate(model, Fraction(sum(units))).amount if sum(units) else Money(0)
    assert claimed(lines) == whole
    assert sum(line.units for line in lines) == sum(units)


@given(model=models, units=days_of_use, more=st.integers(0, 3000))
def test_one_day_more_adds_exactly_the_lines_of_that_day(model, units, more):
    prices = every_day(len(units) + 1, price(model))
    usage = used([*units, more])
    shorter = reprice(usage, prices, FIRST, on(len(units) - 1))
    longer = reprice(usage, prices, FIRST, on(len(units)))
    assert longer[: len(shorter)] == shorter
    assert [line.day for line in longer[len(shorter) :]] == ([on(len(units))] if more else [])


@given(units=st.lists(st.integers(0, 3000), min_size=2, max_size=12), cut=st.integers(1, 11))
def test_a_day_outside_the_span_has_no_line_and_changes_no_other_where_units_cost_the_same(units, cut):
    cut = min(cut, len(units) - 1)
    prices = every_day(len(units), price())
    whole = reprice(used(units), prices, FIRST, on(len(units) - 1))
    later = reprice(used(units), prices, on(cut), on(len(units) - 1))
    assert [(line.day, line.units, line.amount) for line in later] == [
        (line.day, line.units, line.amount) for line in whole if line.day >= on(cut)
    ]


def test_a_new_price_inside_the_span_counts_from_its_day_and_begins_its_bands_anew():
    old, new = price(BANDS), price(BANDS, serial=2)
    prices = {(on(0), None): old, (on(1), None): old, (on(2), None): new}
    lines = reprice(used([600, 600, 600]), prices, FIRST, on(2))
    assert [line.amount.text() for line in lines] == ["600.00", "560.00", "600.00"]  # 400 × 1.0 + 200 × 0.8
    assert [line.before for line in lines] == [0, 600, 0]
    assert "累计 600 → 1200" in lines[1].explained()["formula"]
    assert lines[1].explained()["value"] == "¥ 560.00"


def test_repeated_use_of_one_subject_counts_once_per_window_whatever_the_span():
    rows = [("a", 0), ("a", 2), ("b", 2), ("a", 3), ("a", 5), ("b", 4)]
    usage = Usage(tuple(Used("ENT-1", on(number), 1, None, subject) for subject, number in rows))
    prices = every_day(6, price(dedup_days=3))
    assert charged_units(usage, prices, FIRST, on(5)) == {(on(0), None): 1, (on(2), None): 1, (on(3), None): 1}
    assert charged_units(usage, prices, on(2), on(5)) == {(on(2), None): 1, (on(3), None): 1}
    other = Usage((*usage.uses, Used("ENT-2", on(1), 1, None, "a")))  # another contract has windows of its own
    assert charged_units(other, prices, on(1), on(1)) == {(on(1), None): 1}


def test_prices_per_period_count_the_days_held_and_not_the_calls():
    usage = Usage((Used("ENT-1", on(0), 900),), (Held("ENT-1", on(0), on(40)),))
    prices = every_day(50, price({"model": "per_unit", "unit_price": "310"}, unit=ChargeUnit.PER_PERIOD))
    lines = reprice(usage, prices, on(30), on(45))
    assert [line.day for line in lines] == [on(number) for number in range(30, 41)]
    assert lines[0].amount == Money.yuan("10.00")
    assert claimed(reprice(usage, prices, FIRST, on(30))) == Money.yuan("310.00")


def test_kinds_of_subject_have_prices_of_their_own():
    usage = Usage((Used("ENT-1", FIRST, 10, "enterprise"), Used("ENT-1", FIRST, 10, "person")))
    dear = price({"model": "per_unit", "unit_price": "2"}, serial=2)
    prices = {(FIRST, "enterprise"): price(), (FIRST, "person"): dear}
    assert [line.amount.text() for line in reprice(usage, prices, FIRST, FIRST)] == ["8.00", "20.00"]


def test_use_on_a_day_without_a_price_is_refused_and_idle_days_are_not():
    with pytest.raises(NoPriceThatDay, match=str(on(1))):
        reprice(used([1, 1]), every_day(1, price()), FIRST, on(1))
    assert len(reprice(used([1, 0]), every_day(1, price()), FIRST, on(1))) == 1
    assert claimed(reprice(Usage(), {}, FIRST, on(9))) == Money(0)


@pytest.mark.parametrize(
    "first, last, hearing, field",
    [
        (on(1), on(0), on(40), "until_date"),
        (on(-1), on(2), on(40), "from_date"),
        (on(1), on(31), on(40), "from_date"),
        (on(1), on(21), on(40), "until_date"),
        (on(1), on(2), on(20), "hearing_until"),
    ],
)
def test_days_lie_within_the_free_use_and_are_over(first, last, hearing, field):
    grant = Grant(FIRST, on(30), None)
    with pytest.raises(SpanUnusable) as refused:
        must_fit(grant, first, last, hearing, on(20))
    assert refused.value.errors[0]["pointer"] == f"/{field}"
    must_fit(grant, on(0), on(20), on(21), on(20))


def test_the_grantee_is_heard_or_has_had_its_time():
    number = "MIS-2026-000001"
    with pytest.raises(HearingOpen, match=str(on(20))):
        must_be_heard(MisuseState.RECORDED, number, on(20), on(20))
    must_be_heard(MisuseState.RECORDED, number, on(20), on(21))
    must_be_heard(MisuseState.HEARD, number, on(20), on(5))


def test_only_charged_purposes_are_misuse_and_only_the_exact_sum_settles():
    with pytest.raises(PurposeNotCharged):
        must_be_charged(Purpose.PUBLIC_WELFARE, ("industry_development",), "65号 一")
    must_be_charged(Purpose.INDUSTRY_DEVELOPMENT, ("industry_development",), "65号 一")
    with pytest.raises(PaymentDiffers):
        must_be_paid_exactly(Money(100), Money(101), "MIS-2026-000001")
    must_be_paid_exactly(Money(100), Money(100), "MIS-2026-000001")
