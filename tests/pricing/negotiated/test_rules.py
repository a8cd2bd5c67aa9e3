"""The states of a negotiation: every pair of state and act for both sides, and what time alone closes."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product

import pytest

from kernel.money import UnitPrice
from pricing.negotiated.rules import (
    OPEN,
    TRANSITIONS,
    AgreedAboveCap,
    NegotiationAct,
    NegotiationState,
    Side,
    TermsUnusable,
    WrongState,
    after,
    must_be_under,
    must_run_forward,
    possible,
    present_state,
)

S, A = NegotiationState, NegotiationAct
EXPECTED = {
    (S.OFFERED, Side.BUYER, A.COUNTER): S.COUNTERED,
    (S.OFFERED, Side.BUYER, A.ACCEPT): S.ACCEPTED,
    (S.OFFERED, Side.BUYER, A.DECLINE): S.DECLINED,
    (S.OFFERED, Side.SELLER, A.WITHDRAW): S.WITHDRAWN,
    (S.COUNTERED, Side.SELLER, A.COUNTER): S.OFFERED,
    (S.COUNTERED, Side.SELLER, A.ACCEPT): S.ACCEPTED,
    (S.COUNTERED, Side.SELLER, A.DECLINE): S.DECLINED,
    (S.COUNTERED, Side.BUYER, A.WITHDRAW): S.WITHDRAWN,
}
TODAY = date(2026, 7, 1)


@pytest.mark.parametrize("state, side, act", list(product(S, Side, A)))
def test_every_state_side_and_act_leads_where_it_should_or_is_refused(state, side, act):
    following = EXPECTED.get((state, side, act))
    if following is None:
        with pytest.raises(WrongState) as refused:
            after(state, side, act, "NEG-2026-000001")
        assert "NEG-2026-000001" in refused.value.detail
        assert act not in possible(state, side)
    else:
        assert after(state, side, act, "NEG-2026-000001") is following
        assert act in possible(state, side)


def test_nothing_follows_an_end_and_nobody_answers_himself():
    assert {state for state, _, _ in TRANSITIONS} == set(OPEN)
    assert not any(possible(state, side) for state in set(S) - set(OPEN) for side in Side)


@pytest.mark.parametrize("state", list(S))
def test_time_alone_closes_what_is_open_and_nothing_else(state):
    assert present_state(state, TODAY, TODAY) is state
    later = present_state(state, TODAY, TODAY + timedelta(days=1))
    assert later is (S.EXPIRED if state in OPEN else state)


@pytest.mark.parametrize(
    "valid_from, valid_until, answer_by, field",
    [(0, 30, 7, None), (0, 0, 0, None), (-1, 30, 7, "valid_from"), (5, 4, 4, "valid_until"), (0, 5, 6, "answer_by"),
     (0, 5, -1, "answer_by")],
)  # fmt: skip
def test_terms_run_forward_and_are_answered_in_time(valid_from, valid_until, answer_by, field):
    days = [TODAY + timedelta(days=day) for day in (valid_from, valid_until, answer_by)]
    if field is None:
        must_run_forward(*days, TODAY)
        return
    with pytest.raises(TermsUnusable) as refused:
        must_run_forward(*days, TODAY)
    assert refused.value.errors[0]["pointer"] == f"/{field}"


@pytest.mark.parametrize(
    "highest, cap, is_guided, refused",
    [("0.80", "0.80", True, False), ("0.80000001", "0.80", True, True), ("0.01", None, True, True),
     ("99", None, False, False), ("99", "1", False, True)],
)  # fmt: skip
def test_a_negotiated_price_stays_under_the_cap_and_a_guided_one_needs_it(highest, cap, is_guided, refused):
    limit = UnitPrice.yuan(cap) if cap else None
    if not refused:
        must_be_under(UnitPrice.yuan(highest), limit, is_guided, "面议")
        return
    with pytest.raises(AgreedAboveCap) as error:
        must_be_under(UnitPrice.yuan(highest), limit, is_guided, "面议")
    assert error.value.rule == "PRC-05"
