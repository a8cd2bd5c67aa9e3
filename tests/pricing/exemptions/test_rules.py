"""The terms of an exemption."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.exemptions.rules import (
    AMENDMENT_TRANSITIONS,
    TRANSITIONS,
    AmendmentAct,
    AmendmentClosed,
    AmendmentState,
    AmendmentUnfit,
    EvidenceMissing,
    ExemptionAct,
    ExemptionState,
    Grant,
    NotRenewable,
    Standing,
    WrongState,
    after,
    after_amendment,
    covers,
    days_left,
    first_day_of_renewal,
    must_be_evidenced,
    must_change,
    standing,
)

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


TERM = Grant(START, START + timedelta(days=30), 100)
APPROVED = ExemptionState.APPROVED


@pytest.mark.parametrize("state", AmendmentState)
@pytest.mark.parametrize("act", AmendmentAct)
def test_every_pair_of_a_change_is_in_the_table_or_refused(state, act):
    if (state, act) in AMENDMENT_TRANSITIONS:
        assert after_amendment(state, act, "FREE-2026-000001") is AMENDMENT_TRANSITIONS[state, act]
    else:
        with pytest.raises(AmendmentClosed, match="FREE-2026-000001"):
            after_amendment(state, act, "FREE-2026-000001")


@pytest.mark.parametrize(
    "state, is_returned, days, worth",
    [
        (ExemptionState.REQUESTED, False, 0, Standing.REQUESTED),
        (ExemptionState.REFUSED, False, 0, Standing.REFUSED),
        (APPROVED, False, -1, Standing.COMING),
        (APPROVED, False, 0, Standing.IN_FORCE),
        (APPROVED, False, 30, Standing.IN_FORCE),
        (APPROVED, False, 31, Standing.ENDED),
        (ExemptionState.REVOKED, True, 5, Standing.RETURNED),
        (ExemptionState.REVOKED, False, 5, Standing.REVOKED),
    ],
)
def test_what_an_exemption_is_worth_follows_from_state_and_day(state, is_returned, days, worth):
    assert standing(state, TERM, is_returned=is_returned, on=START + timedelta(days=days)) is worth


@given(days=st.integers(-40, 40))
def test_as_many_days_are_left_as_days_on_which_it_covers_a_use(days):
    on = START + timedelta(days=days)
    ahead = [on + timedelta(days=number) for number in range(100)]
    assert days_left(TERM, on) == sum(covers(TERM, on=day, quantity=Fraction(1), ordered=Fraction(0)) for day in ahead)


def test_a_renewal_adjoins_and_only_one_follows_an_approved_one():
    number = "FREE-2026-000001"
    assert first_day_of_renewal(APPROVED, TERM, number, is_followed=False) == START + timedelta(days=31)
    for state, is_followed in [
        (APPROVED, True),
        *((state, False) for state in ExemptionState if state is not APPROVED),
    ]:
        with pytest.raises(NotRenewable, match=number):
            first_day_of_renewal(state, TERM, number, is_followed=is_followed)


def test_a_change_changes_something_and_ends_nothing_in_the_past():
    today = START + timedelta(days=10)
    must_change(TERM, Grant(START, today, 100), today)
    must_change(TERM, Grant(START, TERM.valid_until, None), today)
    for unfit in (TERM, Grant(START, today - timedelta(days=1), 100)):
        with pytest.raises(AmendmentUnfit):
            must_change(TERM, unfit, today)


def test_evidence_is_asked_for_only_where_a_rule_says_so():
    must_be_evidenced(False, False, "")
    must_be_evidenced(True, True, "某办法 第一条")
    with pytest.raises(EvidenceMissing) as refused:
        must_be_evidenced(True, False, "某办法 第一条")
    assert refused.value.article == "某办法 第一条"
