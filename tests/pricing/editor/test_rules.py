"""The working of a preview."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.money import Money, UnitPrice
from pricing.editor.rules import notices, rows, telling
from pricing.rating.rules import TariffModel, rate
from tests.pricing.rating.test_rules import models

BANDS = TariffModel.from_dict(
    {"model": "graduated", "tiers": [{"up_to": "1000", "unit_price": "0.8"}, {"up_to": None, "unit_price": "0.5"}]}
)


def codes(model, **given):
    asked = {"before": None, "before_number": "", "known_classes": (), **given}
    return [one.code for one in notices(TariffModel.from_dict(model), **asked)]


def test_one_the_edges_of_the_bands_the_forecast_and_what_was_asked_are_shown():
    shown = telling(BANDS, [Fraction("4999.5")], [Fraction(77), Fraction(0)], 40)
    assert [(int(quantity), is_forecast) for quantity, is_forecast in shown] == [
        (1, False), (2, False), (77, False), (999, False), (1000, False), (1001, False), (5000, True),
    ]  # fmt: skip


def test_a_row_names_amount_average_headroom_and_the_change():
    before = TariffModel.from_dict({"model": "per_unit", "unit_price": "0.7"})
    (row,) = rows(BANDS, [(Fraction(2000), False)], cap=UnitPrice.yuan("0.8"), before=before)
    assert (row.amount, row.average, row.headroom) == (Money.yuan("1300.00"), Fraction(13, 20), Fraction(3, 20))
    assert (row.before, row.change) == (Money.yuan("1400.00"), Money.yuan("1300.00") - Money.yuan("1400.00"))
    (bare,) = rows(BANDS, [(Fraction(1), False)], cap=None, before=None)
    assert (bare.headroom, bare.change) == (None, None)


@settings(max_examples=50, deadline=None)
@given(models(), st.integers(1, 10**6))
def test_a_row_is_what_the_engine_rates(model, quantity):
    (row,) = rows(model, [(Fraction(quantity), False)], cap=None, before=None)
    assert row.amount == rate(model, Fraction(quantity)).amount
    assert row.average * quantity == rate(model, Fraction(quantity)).exact


@settings(max_examples=30, deadline=None)
@given(models(), st.integers(1, 12))
def test_no_more_is_shown_than_asked_for(model, most):
    assert 1 <= len(telling(model, [], [], most)) <= most


UNDERCUT = [{"quantity": "20", "price": "2"}, {"quantity": "100", "price": "15"}]
FAIR = [{"quantity": "20", "price": "2"}, {"quantity": "100", "price": "9"}]


@pytest.mark.parametrize(
    "model, expected",
    [
        ({"model": "package_table", "packs": UNDERCUT}, ["pack_undercut"]),
        ({"model": "package_table", "packs": FAIR}, []),
        ({"model": "volume", "tiers": [{"up_to": "100", "unit_price": "1"}, {"up_to": None, "unit_price": "0.5"}]},
         ["more_costs_less"]),
        ({"model": "per_unit", "unit_price": "1", "coefficients": {"contribution": {"甲级": "0.5"}}},
         ["grade_unreachable"]),
    ],
)  # fmt: skip
def test_the_seller_is_told_about_undercut_packs_cliffs_and_grades_that_nobody_has(model, expected):
    assert codes(model) == expected


def test_the_combination_that_undercuts_a_pack_is_named():
    model = {"model": "package_table", "packs": UNDERCUT}
    (told,) = notices(TariffModel.from_dict(model), before=None, before_number="", known_classes=())
    assert "5 个 20 件套餐" in told.words
    assert "¥ 10.00" in told.words
    assert "5 x pack of 20" in told.words_en


def test_a_grade_that_somebody_has_and_a_fall_are_no_warning_and_a_rise_is_named():
    graded = {"model": "per_unit", "unit_price": "1", "coefficients": {"contribution": {"甲级": "0.5"}}}
    before = TariffModel.from_dict({"model": "per_unit", "unit_price": "2"})
    assert codes(graded, known_classes={"甲级"}, before=before, before_number="TAR-1") == ["not_dearer"]
    dearer = {"model": "per_unit", "unit_price": "3"}
    assert codes(dearer, before=before, before_number="TAR-1") == ["rise"]
