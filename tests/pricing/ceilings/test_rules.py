"""Permitted revenue, the caps inside it, and when they are due."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Invalid
from kernel.money import ZERO, Money, UnitPrice
from pricing.ceilings.rules import (
    CapForecast,
    CapsAboveRevenue,
    RateAboveCap,
    caps_fit,
    check_caps,
    permitted_revenue,
    readiness,
)
from tests.cases import cases, name_of

SPREAD_MAX = Decimal("0.06")
PERMITTED = Money.yuan("8257824.00")
amounts = st.integers(0, 10**13).map(Money)
rates = st.decimals(0, "0.2", places=6)


def determined(**changed):
    given_figures = {
        "gross_cost": Money.yuan("8000000.00"),
        "subsidy": Money.yuan("800000.00"),
        "profit_rate": Decimal("0.082"),
        "bond_yield": Decimal("0.022"),
        "spread_max": SPREAD_MAX,
        "tax": Money.yuan("467424.00"),
    }
    return permitted_revenue(**{**given_figures, **changed})


def test_the_worked_example_of_the_rule_comes_out():
    found = determined()
    assert found.operating_cost == Money.yuan("7200000.00")
    assert found.profit == Money.yuan("590400.00")
    assert found.total == PERMITTED


@pytest.mark.parametrize("case", cases("permitted_revenue", kind="allowed_revenue"), ids=name_of)
def test_cost_profit_and_tax_make_the_permitted_revenue(case):
    bond_yield = Decimal(case["bond_yield_10y_prior_year_avg"])
    found = determined(
        gross_cost=Money.yuan(case["gross_operating_cost"]),
        subsidy=Money.yuan(case["government_subsidy"]),
        profit_rate=bond_yield + Decimal(case["margin_points"]),
        bond_yield=bond_yield,
        tax=Money.yuan(case["tax"]),
    )
    assert found.operating_cost == Money.yuan(case["expected_operating_cost"])
    assert found.profit_rate == Decimal(case["expected_profit_rate"])
    assert found.profit.text() == case["expected_allowed_profit"]
    assert found.total.text() == case["expected_max_allowed_revenue"]


def test_a_profit_rate_above_yield_and_spread_is_refused_with_its_limit():
    with pytest.raises(RateAboveCap) as refusal:
        determined(profit_rate=Decimal("0.0820001"))
    assert refusal.value.errors[0]["limit"] == "0.082"
    assert refusal.value.rule == "PRC-02"


def test_a_subsidy_larger_than_the_cost_leaves_no_cost_and_no_profit():
    found = determined(subsidy=Money.yuan("9000000.00"))
    assert (found.operating_cost, found.profit) == (ZERO, ZERO)


def test_an_earlier_excess_is_deducted_and_what_is_too_large_stays_to_be_deducted():
    assert determined(earlier_excess=Money.yuan("257824.00")).total == Money.yuan("8000000.00")
    emptied = determined(earlier_excess=Money.yuan("9000000.00"))
    assert emptied.total == ZERO
    assert emptied.excess_left == Money.yuan("742176.00")


@pytest.mark.parametrize(
    "changed",
    [{"tax": Money(-1)}, {"gross_cost": Money(-1)}, {"subsidy": Money(-1)}, {"profit_rate": Decimal("-0.01")}],
)
def test_nothing_in_a_determination_is_negative(changed):
    with pytest.raises(Invalid):
        determined(**changed)


@given(amounts, amounts, rates, amounts, amounts)
def test_the_parts_always_make_the_total_and_more_cost_never_lowers_it(cost, subsidy, rate, tax, excess):
    figures = {"subsidy": subsidy, "bond_yield": rate, "profit_rate": rate, "tax": tax, "earlier_excess": excess}
    found = determined(gross_cost=cost, **figures)
    assert found.total - found.excess_left == found.operating_cost + found.profit + found.tax - excess
    assert ZERO in (found.total, found.excess_left)
    assert determined(gross_cost=cost + Money(1000), **figures).total >= found.total


def caps(first):
    return [
        CapForecast(UnitPrice.yuan(first), Fraction(5_000_000)),
        CapForecast(UnitPrice.yuan("300"), Fraction(10_000)),
        CapForecast(UnitPrice.yuan("20000"), Fraction(60)),
    ]


def test_caps_within_the_permitted_revenue_are_accepted_and_above_it_refused():
    fit = check_caps(caps("0.80"), PERMITTED)
    assert fit.expected == 8_200_000
    assert fit.headroom == 57_824
    with pytest.raises(CapsAboveRevenue) as refusal:
        check_caps(caps("0.82"), PERMITTED)
    assert "8300000" in refusal.value.detail


def test_caps_that_bring_in_exactly_what_is_permitted_fit():
    assert caps_fit(caps("0.80"), Money.yuan("8200000.00")).fits
    assert not caps_fit(caps("0.80"), Money.yuan("8199999.99")).fits
    with pytest.raises(Invalid):
        caps_fit([CapForecast(UnitPrice.yuan("1"), Fraction(-1))], PERMITTED)


@pytest.mark.parametrize(
    ("first_sale", "year"),
    [(date(2025, 6, 1), 2026), (date(2025, 1, 1), 2025), (date(2025, 1, 2), 2026), (date(2025, 12, 31), 2026)],
)
def test_the_application_opens_after_the_first_complete_accounting_year(first_sale, year):
    opens = date(year + 1, 1, 1)
    found = readiness(first_sale, opens - timedelta(days=1))
    assert (found.first_complete_year, found.application_opens_date, found.is_due) == (year, opens, False)
    assert readiness(first_sale, opens).is_due
