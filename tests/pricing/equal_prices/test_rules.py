"""Equal price for equal product, unit and class, unless a published rule differs (SEP-03; item 16 of the field)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.equal_prices.rules import Deal, DealKind, FindingKind, unequal

ONE = Deal(DealKind.LIST, "TAR-1", "XC-1", "per_use", None, None, date(2026, 7, 1), "1.00")


def test_two_prices_for_the_same_on_one_day_are_found_and_a_published_rule_covers_the_deviation():
    sold = replace(ONE, kind=DealKind.SALE, reference="ORD-1", price="0.90")
    found = unequal([ONE, sold])
    assert [(one.kind, one.references) for one in found] == [(FindingKind.UNEQUAL, ("ORD-1", "TAR-1"))]
    assert found[0].rule == "SEP-03"
    assert unequal([ONE, replace(sold, rule="公告〔2026〕3号")]) == []


@pytest.mark.parametrize(
    "changed",
    [{"product": "XC-2"}, {"unit": "per_item"}, {"subject_kind": "personal"}, {"buyer_class": "preferential"},
     {"on": date(2026, 7, 2)}, {"price": "1.00"}],
)  # fmt: skip
def test_another_product_unit_kind_class_or_day_is_not_the_same(changed):
    assert unequal([ONE, replace(ONE, reference="TAR-2", price="0.90", **changed) if "price" not in changed
                    else replace(ONE, reference="TAR-2")]) == []  # fmt: skip


@pytest.mark.parametrize("kind", [DealKind.CLASS, DealKind.GRADE, DealKind.NEGOTIATED])
@pytest.mark.parametrize("rule, found", [(None, 1), ("", 1), ("公告", 0)])
def test_every_deviation_names_its_published_rule(kind, rule, found):
    assert len(unequal([replace(ONE, kind=kind, rule=rule)])) == found


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("12")), max_size=6))
def test_a_product_is_found_exactly_when_it_has_more_than_one_price(rows):
    deals = [replace(ONE, reference=f"TAR-{n}", product=code, price=price) for n, (code, price) in enumerate(rows)]
    expected = {code for code, _ in rows if len({price for other, price in rows if other == code}) > 1}
    assert {one.product for one in unequal(deals)} == expected
