"""How many products are compared, and in which rows they differ."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.comparisons import COMPARED_MAX
from market.comparisons.rules import Aspect, Row, WrongNumber, chosen, rows


@given(st.lists(st.sampled_from(["A-1", "a-1", " b-2", "C-3", "D-4", "E-5", ""]), max_size=8))
def test_two_to_four_different_products_are_compared_in_the_order_given(codes):
    different = list(dict.fromkeys(code.strip().upper() for code in codes if code))
    if 2 <= len(different) <= COMPARED_MAX:
        assert chosen(codes) == different
    else:
        with pytest.raises(WrongNumber):
            chosen(codes)


def test_rows_say_in_what_products_differ_and_leave_out_what_nobody_says():
    found = rows([{Aspect.DOMAIN: ["金融"], Aspect.PLACE: ["普洱"]}, {Aspect.DOMAIN: ["气象"], Aspect.PLACE: ["普洱"]}])
    assert found == [
        Row(Aspect.PLACE, (("普洱",), ("普洱",))), Row(Aspect.DOMAIN, (("金融",), ("气象",))),
    ]  # fmt: skip
    assert [row.differs for row in found] == [False, True]
    assert rows([{Aspect.CAPS: ["¥ 1"]}, {}])[0].differs
