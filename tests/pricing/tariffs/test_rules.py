"""No tariff passes the cap at any quantity, repeated use is counted once, and price and tax add up."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.errors import Invalid
from kernel.money import ZERO, Money, UnitPrice
from pricing.rating.rules import exact_price
from pricing.tariffs.rules import (
    CapMissing,
    CoefficientUncapped,
    NotFreeOfCharge,
    PriceAboveCap,
    Regime,
    TariffModel,
    billable,
    blended_unit_price,
    check_price,
    check_under_cap,
    dearest_unit,
    effective_unit_price_max,
    highest_unit_price,
    nominal_unit_price,
    rate,
    split_tax,
)
from tests.cases import cases, name_of
from tests.pricing.rating.test_rules import models

FUJIAN = {
    "model": "graduated",
    "tiers": [
        {"up_to": "1000", "unit_price": "1.0"},
        {"up_to": "5000", "unit_price": "0.8"},
        {"up_to": None, "unit_price": "0.5"},
    ],
}
RISING = {
    "model": "graduated",
    "tiers": [{"up_to": "100", "unit_price": "0.5"}, {"up_to": None, "unit_price": "1.5"}],
}


def under(cap, tariff):
    check_under_cap(TariffModel.from_dict(tariff), UnitPrice.yuan(cap))


def test_falling_bands_are_billed_band_by_band_and_stay_under_the_first_price():
    model = TariffModel.from_dict(FUJIAN)
    assert rate(model, Fraction(6000)).amount == Money.yuan("4700.00")
    assert highest_unit_price(model) == (1, 1)
    under("1.0", FUJIAN)


@pytest.mark.parametrize(
    ("cap", "tariff", "quantity"),
    [
        ("0.99", FUJIAN, "1"),
        ("1.4", RISING, None),
        ("5", {"model": "flat", "flat_fee": "6"}, "1"),
        ("1", {"model": "per_unit", "unit_price": "0.5", "minimum_spend": "2"}, "1"),
        ("9", {"model": "package", "package_size": "10", "package_price": "90"}, "1"),
        ("1", {"model": "per_unit", "unit_price": "1.1", "free_units": "10"}, None),
        ("2", {**RISING, "tiers": [{**RISING["tiers"][0], "flat_fee": "2"}, RISING["tiers"][1]]}, "1"),
        ("1", {"model": "included_overage", "flat_fee": "0.5", "included": "10", "unit_price": "1.1"}, None),
    ],
)
def test_a_tariff_is_refused_when_any_quantity_would_pay_more_than_the_cap(cap, tariff, quantity):
    with pytest.raises(PriceAboveCap) as refusal:
        under(cap, tariff)
    assert refusal.value.errors[0]["quantity"] == quantity
    assert refusal.value.errors[0]["limit"] == cap
    assert refusal.value.rule == "PRC-05"


@pytest.mark.parametrize(
    ("cap", "tariff"),
    [
        ("1.5", RISING),
        ("6", {"model": "flat", "flat_fee": "6"}),
        ("90", {"model": "package", "package_size": "10", "package_price": "90"}),
        ("1", {"model": "per_unit", "unit_price": "1", "free_units": "10"}),
        ("1.1", {**RISING, "maximum_spend": "110"}),
    ],
)
def test_a_tariff_that_meets_the_cap_exactly_is_accepted(cap, tariff):
    under(cap, tariff)


@settings(max_examples=300)
@given(models())
def test_the_highest_average_price_is_never_passed_and_is_reached_or_approached(model):
    highest, at = highest_unit_price(model)
    near = {1, 2, 3, 9, 10, 11, 99, 100, 101, 500, 999, 1000, 1001, 5000, 10**6}
    bounds = {int(tier.up_to) for tier in model.tiers if tier.up_to} | {int(model.included), model.package_size}
    shifted = {bound + int(model.free_units) + step for bound in bounds for step in (-1, 0, 1)}
    quantities = [Fraction(quantity) for quantity in near | shifted if quantity >= 1]
    for grade in (None, *dict(model.contribution)):
        assert effective_unit_price_max(model, quantities, grade) <= highest
    if at is None:
        assert highest - blended_unit_price(model, Fraction(10**12), model.dearest_grade) < Fraction(1, 10**4)
    else:
        assert blended_unit_price(model, Fraction(at), model.dearest_grade) == highest


@settings(max_examples=60)
@given(models())
def test_no_small_quantity_passes_the_highest_average_price(model):
    highest, _ = highest_unit_price(model)
    quantities = [Fraction(quantity) for quantity in range(1, 400)]
    assert effective_unit_price_max(model, quantities, model.dearest_grade) <= highest


def test_an_average_price_needs_a_quantity():
    model = TariffModel.from_dict(FUJIAN)
    with pytest.raises(Invalid):
        blended_unit_price(model, Fraction(0))
    with pytest.raises(Invalid):
        effective_unit_price_max(model, [])


FREE_USES = ("公益事业", "公共治理")


@pytest.mark.parametrize("case", cases("permitted_revenue", kind="price_check"), ids=name_of)
def test_prices_are_checked_as_the_notice_says(case):
    regime = Regime.FREE_PUBLIC_INTEREST if case["use_case"] in FREE_USES else Regime.GOV_GUIDED
    cap = UnitPrice.yuan(case["ceiling_price"]) if case["ceiling_price"] else None
    model = TariffModel.from_dict({"model": "per_unit", "unit_price": case["price"]})
    if case["expected_valid"]:
        check_price(regime, model, cap)
        return
    with pytest.raises(NotFreeOfCharge if case["reason"] == "must be free" else PriceAboveCap):
        check_price(regime, model, cap)


def test_public_interest_use_pays_no_minimum_either():
    model = TariffModel.from_dict({"model": "per_unit", "unit_price": "0", "minimum_spend": "1"})
    with pytest.raises(NotFreeOfCharge):
        check_price(Regime.FREE_PUBLIC_INTEREST, model, None)


def test_only_a_government_guided_price_must_have_a_cap():
    model = TariffModel.from_dict(FUJIAN)
    with pytest.raises(CapMissing):
        check_price(Regime.GOV_GUIDED, model, None)
    for regime in (Regime.TRIAL, Regime.MARKET_VALUE_BASED, Regime.BREAK_EVEN):
        check_price(regime, model, None)
        with pytest.raises(PriceAboveCap):
            check_price(regime, model, UnitPrice.yuan("0.5"))


@pytest.mark.parametrize("case", [case for case in cases("credit_center") if "window_days" in case], ids=name_of)
def test_repeated_queries_of_one_subject_are_charged_once_per_window(case):
    subjects = ["one", "two"] if "two" in case["subject"] else ["one"] * len(case["query_day_numbers"])
    events = list(zip(subjects, case["query_day_numbers"], strict=True))
    assert len(billable(events, case["window_days"])) == case["expected_billable"]


def test_a_window_is_opened_by_the_first_query_after_the_last_one():
    assert billable([("a", 0), ("a", 29), ("a", 30), ("a", 59), ("a", 60)], 30) == [("a", 0), ("a", 30), ("a", 60)]
    with pytest.raises(Invalid):
        billable([], 0)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 200))), st.integers(1, 40))
def test_every_query_lies_in_exactly_one_window_of_its_subject(events, window):
    charged = billable(events, window)
    for subject, day in events:
        assert sum(opened[0] == subject and opened[1] <= day < opened[1] + window for opened in charged) == 1
    assert sorted(charged) == sorted(billable(reversed(events), window))


@pytest.mark.parametrize("case", cases("vat"), ids=name_of)
def test_price_and_tax_are_separated_as_the_law_says(case):
    base, tax = split_tax(Money.yuan(case["tax_inclusive"]), Decimal(case["rate"]))
    assert (base.text(), tax.text()) == (case["expected_base"], case["expected_tax"])


@given(st.integers(-(10**15), 10**15).map(Money), st.decimals(0, 1, places=4))
def test_price_without_tax_and_tax_add_up(gross, tax_rate):
    base, tax = split_tax(gross, tax_rate)
    assert base + tax == gross
    assert split_tax(-gross, tax_rate) == (-base, -tax)
    if tax_rate == 0:
        assert tax == ZERO


def test_a_tax_rate_is_not_negative():
    with pytest.raises(Invalid):
        split_tax(Money(100), Decimal("-0.01"))


@settings(max_examples=200)
@given(models(), st.sampled_from([0, 1, 10**6]), st.lists(st.integers(1, 6000), min_size=1, max_size=8))
def test_what_passed_the_cap_check_never_costs_more_than_the_cap_at_any_quantity_or_grade(model, cut, quantities):
    cap = UnitPrice(max(dearest_unit(model).units - cut, 0))
    try:
        check_under_cap(model, cap)
    except PriceAboveCap:
        assert highest_unit_price(model)[0] > cap.exact_yuan()
        return
    for grade in (None, *dict(model.contribution)):
        for quantity in quantities:
            assert exact_price(model, Fraction(quantity), grade) <= cap.times(quantity)


@given(models(), st.integers(0, 10**6).map(Money), st.lists(st.integers(1, 5000), min_size=1, max_size=8))
def test_no_quantity_pays_more_with_a_set_up_fee_than_the_highest_price_that_counts_it(model, fee, quantities):
    highest, _ = highest_unit_price(model, fee)
    for quantity in quantities:
        price = exact_price(model, Fraction(quantity), model.dearest_grade)
        assert price + fee.exact_yuan() <= highest * quantity


def graded(*factors):
    grades = {f"G{number}": factor for number, factor in enumerate(factors)}
    return {"model": "per_unit", "unit_price": "1", "coefficients": {"contribution": grades}}


def test_the_cap_is_checked_for_the_grade_that_pays_most():
    under("1", graded("0.8", "1"))
    under("1.2", graded("0.8", "1.2"))
    with pytest.raises(PriceAboveCap):
        under("1.19", graded("0.8", "1.2"))


def test_a_coefficient_above_one_needs_a_cap():
    model = TariffModel.from_dict(graded("0.8", "1.2"))
    for regime in (Regime.TRIAL, Regime.MARKET_VALUE_BASED, Regime.BREAK_EVEN):
        with pytest.raises(CoefficientUncapped) as refusal:
            check_price(regime, model, None)
        assert "1.2" in refusal.value.detail
        check_price(regime, model, UnitPrice.yuan("1.2"))
        check_price(regime, TariffModel.from_dict(graded("0.8", "1")), None)
    bands = [{"up_to": "10", "coefficient": "1.5"}, {"up_to": None, "coefficient": "0.5"}]
    dear = TariffModel.from_dict({"model": "volume_coefficient", "unit_price": "1", "bands": bands})
    with pytest.raises(CoefficientUncapped):
        check_price(Regime.TRIAL, dear, None)


def test_the_dearest_posted_pack_and_the_dearest_band_are_what_a_tariff_names():
    packs = [{"quantity": "10", "price": "5"}, {"quantity": "20", "price": "30"}]
    table = TariffModel.from_dict({"model": "package_table", "packs": packs})
    assert (nominal_unit_price(table), highest_unit_price(table)) == (Fraction(3, 2), (5, 1))
    bands = [{"up_to": "10", "coefficient": "0.5"}, {"up_to": None, "coefficient": "0.9"}]
    falling = TariffModel.from_dict({"model": "volume_coefficient", "unit_price": "2", "bands": bands})
    assert (nominal_unit_price(falling), highest_unit_price(falling)) == (Fraction(9, 5), (Fraction(9, 5), None))


def test_a_waived_bill_is_dearest_where_it_is_first_due():
    tariff = {"model": "per_unit", "unit_price": "0.10", "waived_up_to": "30.00", "minimum_spend": "0.00"}
    assert highest_unit_price(TariffModel.from_dict({**tariff, "unit_price": "0.1"})) == (Fraction(1, 10), 301)
    fee = {"model": "included_overage", "flat_fee": "10", "included": "0", "unit_price": "0.10"}
    assert highest_unit_price(TariffModel.from_dict({**fee, "waived_up_to": "30.00"})) == (Fraction(301, 2010), 201)
