"""Spans, steps and cells."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from kernel.money import UnitPrice
from pricing.publications.rules import Phase, Span, cell, headroom, spans, steps

JANUARY, MARCH, JUNE = date(2026, 1, 1), date(2026, 3, 1), date(2026, 6, 1)


def test_a_price_counts_until_the_day_before_the_next_one():
    assert spans([JANUARY, MARCH, JUNE], date(2026, 3, 15)) == [
        Span(JANUARY, date(2026, 2, 28), Phase.FORMER),
        Span(MARCH, date(2026, 5, 31), Phase.PRESENT),
        Span(JUNE, None, Phase.ANNOUNCED),
    ]
    assert spans([JANUARY], JANUARY) == [Span(JANUARY, None, Phase.PRESENT)]


@given(st.lists(st.dates(date(2025, 1, 1), date(2027, 1, 1)), min_size=1, unique=True), st.dates())
def test_on_every_day_at_most_one_price_of_a_scope_is_present(days, today):
    found = spans(sorted(days), today)
    assert sum(span.phase is Phase.PRESENT for span in found) == (1 if min(days) <= today else 0)


def test_a_plot_goes_level_and_jumps_on_the_day():
    values = [(JANUARY, UnitPrice.yuan("1")), (MARCH, UnitPrice.yuan("0.8"))]
    assert steps(values, JUNE) == [
        (JANUARY, Decimal(1)), (MARCH, Decimal(1)), (MARCH, Decimal("0.8")), (JUNE, Decimal("0.8")),
    ]  # fmt: skip
    assert steps([], JUNE) == []
    assert steps(values[:1], JANUARY - timedelta(days=1)) == [(JANUARY, Decimal(1))]


def test_headroom_is_what_is_left_under_the_cap_to_the_last_digit():
    assert headroom(UnitPrice.yuan("0.79999999"), UnitPrice.yuan("0.8")) == "0.00000001"
    assert headroom(UnitPrice.yuan("0.8"), UnitPrice.yuan("0.7")) == "-0.1"
    assert headroom(UnitPrice.yuan("0.8"), None) is None


@given(st.text())
def test_no_cell_begins_a_formula_and_no_character_is_lost(text):
    assert not cell(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell(text).removeprefix("'") == text.removeprefix("'")
