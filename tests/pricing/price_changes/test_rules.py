"""How one price follows another: rises, notice, and the history with its differences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.money import UnitPrice
from pricing.price_changes.rules import PriceStatus, RiseTooSoon, edges, first_rise, history, must_give_notice
from pricing.rating.rules import TariffModel, exact_price
from tests.pricing.rating.test_rules import models

TODAY = date(2026, 7, 1)


def per_unit(price, **more):
    return TariffModel.from_dict({"model": "per_unit", "unit_price": price, **more})


def tiers(*rows, kind="graduated"):
    return TariffModel.from_dict(
        {"model": kind, "tiers": [{"up_to": bound, "unit_price": price} for bound, price in rows]}
    )


@pytest.mark.parametrize(
    "before, after, at",
    [
        (per_unit("1"), per_unit("1"), None),
        (per_unit("1"), per_unit("0.9"), None),
        (per_unit("1"), per_unit("1.1"), 1),
        (per_unit("1"), per_unit("0.9", minimum_spend="5"), 1),
        (tiers(("100", "1"), (None, "0.5")), tiers(("101", "1"), (None, "0.5")), 101),
        (tiers(("100", "1"), (None, "0.5")), tiers(("100", "0.9"), (None, "0.5")), None),
        (per_unit("1", free_units="10"), per_unit("1", free_units="9"), 10),
        (tiers(("100", "1"), (None, "0.5")), tiers(("100", "0.9"), (None, "0.6")), 202),
    ],
)
def test_a_rise_is_found_at_the_first_quantity_looked_at(before, after, at):
    assert first_rise(before, after) == at


def test_a_rise_far_out_is_found_although_small_quantities_fall():
    assert first_rise(tiers(("100", "1"), (None, "0.5")), tiers(("100", "0.5"), (None, "0.50001"))) == 101 * 10**16


@settings(max_examples=60, deadline=None)
@given(models())
def test_a_price_is_no_rise_against_itself_and_edges_are_whole_and_sorted(model):
    assert first_rise(model, model) is None
    found = edges(model)
    assert found[0] == 1
    assert found == sorted(set(found))


@settings(max_examples=60, deadline=None)
@given(models(), models())
def test_where_a_rise_is_said_the_new_price_is_really_higher(before, after):
    at = first_rise(before, after)
    if at is not None:
        assert exact_price(after, Fraction(at)) > exact_price(before, Fraction(at))


def test_a_rise_needs_its_days_of_notice_and_the_last_of_them_is_enough():
    must_give_notice(TODAY + timedelta(days=7), TODAY, 7, "演示", "涨价")
    with pytest.raises(RiseTooSoon) as refused:
        must_give_notice(TODAY + timedelta(days=6), TODAY, 7, "演示", "涨价")
    assert "2026-07-08" in refused.value.detail
    assert refused.value.article == "演示"


@dataclass(frozen=True)
class Price:
    scope: str
    effective_from: date
    unit_price_max: UnitPrice
    charge_unit: str = "per_use"


def test_the_history_names_past_present_and_announced_prices_with_days_and_differences():
    first = Price("*/*", TODAY - timedelta(days=30), UnitPrice.yuan("1"))
    second = Price("*/*", TODAY - timedelta(days=10), UnitPrice.yuan("0.8"))
    third = Price("*/*", TODAY + timedelta(days=10), UnitPrice.yuan("0.9"))
    other = Price("*/class", TODAY, UnitPrice.yuan("0.5"))
    by_item = Price("*/*", TODAY + timedelta(days=20), UnitPrice.yuan("9"), "per_item")
    phases = {phase.price: phase for phase in history([third, first, by_item, other, second], TODAY)}
    assert [phases[one].status for one in (first, second, third, other)] == [
        PriceStatus.PAST, PriceStatus.PRESENT, PriceStatus.ANNOUNCED, PriceStatus.PRESENT,
    ]  # fmt: skip
    assert phases[first].ends == TODAY - timedelta(days=11)
    assert phases[second].difference == Fraction(-1, 5)
    assert (phases[other].difference, phases[other].ends) == (None, None)
    assert phases[by_item].difference is None  # another unit cannot be compared
    assert history([], TODAY) == []


@given(st.lists(st.integers(-50, 50), unique=True, max_size=8))
def test_one_scope_has_at_most_one_present_price_and_no_gap(days):
    prices = [Price("*/*", TODAY + timedelta(days=day), UnitPrice(day + 50)) for day in days]
    phases = sorted(history(prices, TODAY), key=lambda phase: phase.starts)
    assert sum(phase.status is PriceStatus.PRESENT for phase in phases) == (min(days, default=1) <= 0)
    for phase, following in pairwise(phases):
        assert phase.ends == following.starts - timedelta(days=1)
