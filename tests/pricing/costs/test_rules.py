"""The operating cost that industry use may bear."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import ZERO, Money, total
from pricing.costs.rules import (
    TRANSITIONS,
    Line,
    LineUnusable,
    NothingSurveyed,
    SurveyAct,
    SurveyState,
    WrongState,
    after,
    must_be_within,
    must_stand,
    totals,
)

amounts = st.integers(0, 10**12).map(Money)
shares = st.decimals(0, 1, places=9)
lines = st.builds(Line, text=st.just("平台"), amount=amounts, industry_share=shares, allocation_key=st.just("调用量"))


@given(st.lists(lines, min_size=1, max_size=6))
def test_what_is_recognised_is_never_negative_nor_more_than_what_was_spent(found):
    sums = totals(found)
    assert ZERO <= sums.recognised == sums.industry - sums.disallowed <= sums.spent
    assert sums.spent == total(line.amount for line in found)


@given(lines, st.integers(0, 10**12))
def test_a_disallowance_stays_within_the_industry_part(line, fen):
    cut = Line(line.text, line.amount, line.industry_share, line.allocation_key, Money(fen))
    if Money(fen) <= line.industry_amount:
        must_be_within(cut, 1)
        assert cut.recognised >= ZERO
    else:
        with pytest.raises(LineUnusable):
            must_be_within(cut, 1)


@pytest.mark.parametrize("share, key, stands", [("1", "", True), ("0.8", "调用量", True), ("0.8", " ", False)])
def test_a_shared_cost_names_the_key_by_which_it_is_shared(share, key, stands):
    line = Line("平台", Money(100), Decimal(share), key)
    if stands:
        must_stand(line, 1)
    else:
        with pytest.raises(LineUnusable):
            must_stand(line, 1)


def test_the_platform_cost_of_prc_02_is_8_000_000_for_industry():
    sums = totals([Line("平台", Money.yuan("10000000.00"), Decimal("0.8"), "调用量")])
    assert sums.recognised == Money.yuan("8000000.00")


def test_nothing_comes_of_no_lines():
    with pytest.raises(NothingSurveyed):
        totals([])


@pytest.mark.parametrize("state", SurveyState)
@pytest.mark.parametrize("act", SurveyAct)
def test_every_pair_of_state_and_act_is_in_the_table_or_refused(state, act):
    if (state, act) in TRANSITIONS:
        assert after(state, act, "COST-2026-000001") is TRANSITIONS[state, act]
    else:
        with pytest.raises(WrongState, match="COST-2026-000001"):
            after(state, act, "COST-2026-000001")
