"""The terms of an exemption."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.exemptions.rules import TRANSITIONS, ExemptionAct, ExemptionState, Grant, WrongState, after, covers

START = date(2026, 7, 1)
quantities = st.fractions(0, 10**6)


@pytest.mark.parametrize("state", ExemptionState)
@pytest.mark.parametrize("act", ExemptionAct)
def test_every_pair_of_state_and_act_is_in_the_table_or_refused(state, act):
    if (state, act) in TRANSITIONS:
        assert after(state, act, "FREE-2026-000001") is TRANSITIONS[state, act]
    else:
        with pytest.raises(WrongState, match="FREE-2026-000001"):
            after(state, act, "FREE-2026-000001")


@given(days=st.integers(-40, 40), quantity=quantities, ordered=quantities, quota=st.none() | st.integers(1, 10**6))
def test_a_grant_covers_what_lies_in_term_and_quota_and_nothing_else(days, quantity, ordered, quota):
    grant = Grant(START, START + timedelta(days=30), quota)
    on = START + timedelta(days=days)
    in_quota = quota is None or Fraction(quantity) + Fraction(ordered) <= quota
    assert covers(grant, on=on, quantity=quantity, ordered=ordered) == (0 <= days <= 30 and in_quota)
