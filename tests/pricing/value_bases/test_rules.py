"""The application value behind a market price."""

from __future__ import annotations

import pytest

from pricing.value_bases.rules import (
    ValuationMethod,
    ValueBasisMissing,
    ValueBasisUnusable,
    must_be_stated,
    must_fit,
)

ARTICLE = "福田区公共数据授权运营 定价条款"


def test_only_a_market_price_has_a_value_basis_and_comparison_needs_something_to_compare_with():
    must_fit(True, ValuationMethod.INCOME, 0)
    must_fit(True, ValuationMethod.MARKET, 1)
    for is_market, method in ((False, ValuationMethod.INCOME), (True, ValuationMethod.MARKET)):
        with pytest.raises(ValueBasisUnusable):
            must_fit(is_market, method, 0)


@pytest.mark.parametrize(
    "is_market, demanded, stated, refused",
    [
        (True, ARTICLE, False, True),
        (True, ARTICLE, True, False),
        (True, None, False, False),
        (False, ARTICLE, False, False),
    ],
)
def test_a_basis_is_missing_only_where_the_place_demands_it_of_a_market_price(is_market, demanded, stated, refused):
    if not refused:
        must_be_stated(is_market, demanded, stated)
        return
    with pytest.raises(ValueBasisMissing) as missing:
        must_be_stated(is_market, demanded, stated)
    assert missing.value.article == ARTICLE
