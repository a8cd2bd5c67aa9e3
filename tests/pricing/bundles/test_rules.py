"""Bundles: never dearer than the caps of their parts, never mandatory, and never around something free (SEP-02)."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Money, UnitPrice
from pricing.bundles.rules import BundleAboveCaps, BundleMandatory, BundleUnusable, Part, cap_of_bundle, check_bundle


def part(quantity="100", cap="0.80", alone="70.00", **more):
    limit = None if cap is None else UnitPrice.yuan(cap)
    return Part("XC-2026-000001", Fraction(quantity), limit, Money.yuan(alone), **more)


def test_a_bundle_costs_at_most_the_caps_of_its_parts_together():
    parts = [part(), part("10", None, "50.00")]  # 80.00 and, without a cap, its own 50.00
    check_bundle(parts, Money.yuan("130.00"))
    with pytest.raises(BundleAboveCaps) as refused:
        check_bundle(parts, Money.yuan("130.01"))
    assert refused.value.rule == "PRC-05"
    assert "130" in refused.value.detail


@pytest.mark.parametrize(
    "tied, rule",
    [({"is_mandatory": True}, "SEP-02"), ({"sold_alone": False}, "SEP-02"), ({"is_free": True}, "PUB-03")],
)
def test_no_line_is_mandatory_and_nothing_free_is_bundled_with_a_fee(tied, rule):
    with pytest.raises(BundleMandatory) as refused:
        check_bundle([part(), part(**tied)], Money.yuan("1.00"))
    assert refused.value.rule == rule
    assert refused.value.errors[0]["pointer"] == "/parts/1"


def test_free_parts_may_stand_together_for_nothing():
    check_bundle([part(is_free=True)], Money(0))


@pytest.mark.parametrize("parts", [[], [part("0")]])
def test_a_bundle_has_parts_with_quantities(parts):
    with pytest.raises(BundleUnusable):
        check_bundle(parts, Money(0))


@given(
    st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 10**10)), min_size=1, max_size=5), st.integers(0, 10**9)
)
def test_a_bundle_passes_exactly_when_it_is_not_above_the_sum(rows, fen):
    parts = [Part("P", Fraction(quantity), UnitPrice(units), Money(0)) for quantity, units in rows]
    if Money(fen).exact_yuan() <= cap_of_bundle(parts):
        check_bundle(parts, Money(fen))
    else:
        with pytest.raises(BundleAboveCaps):
            check_bundle(parts, Money(fen))
