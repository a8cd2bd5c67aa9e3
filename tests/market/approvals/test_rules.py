"""When an order needs a second person, and every pair of state and act."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Money
from market.approvals.rules import (
    ApprovalAct,
    ApprovalNeeded,
    ApprovalState,
    RuleAct,
    RuleState,
    WrongApprovalState,
    after,
    after_rule,
    approval_state,
    is_needed,
    must_be_approved,
)
from tests.make.market import SALE

NEXT = {
    (ApprovalState.WAITING, ApprovalAct.APPROVE): ApprovalState.APPROVED,
    (ApprovalState.WAITING, ApprovalAct.REFUSE): ApprovalState.REFUSED,
    (ApprovalState.LAPSED, ApprovalAct.REFUSE): ApprovalState.REFUSED,
}
NEXT_RULE = {
    (RuleState.PROPOSED, RuleAct.CONFIRM): RuleState.CONFIRMED,
    (RuleState.PROPOSED, RuleAct.REFUSE): RuleState.REFUSED,
    (RuleState.PROPOSED, RuleAct.WITHDRAW): RuleState.WITHDRAWN,
}
amounts = st.integers(0, 10**12).map(Money)


@pytest.mark.parametrize(("state", "act"), list(product(ApprovalState, ApprovalAct)))
def test_an_order_takes_only_these_steps(state, act):
    if (state, act) in NEXT:
        assert after(state, act, "ORD-1") is NEXT[state, act]
    else:
        with pytest.raises(WrongApprovalState):
            after(state, act, "ORD-1")


@pytest.mark.parametrize(("state", "act"), list(product(RuleState, RuleAct)))
def test_a_rule_takes_only_these_steps(state, act):
    if (state, act) in NEXT_RULE:
        assert after_rule(state, act) is NEXT_RULE[state, act]
    else:
        with pytest.raises(WrongApprovalState):
            after_rule(state, act)


@pytest.mark.parametrize("state", list(ApprovalState))
def test_only_an_approved_order_or_one_that_needs_nobody_binds(state):
    if state in (ApprovalState.NOT_NEEDED, ApprovalState.APPROVED):
        must_be_approved(state, "ORD-1", None)
    else:
        with pytest.raises(ApprovalNeeded, match="ORD-1"):
            must_be_approved(state, "ORD-1", Money.yuan("500.00"))


@given(amounts, amounts)
def test_only_more_than_the_limit_waits_and_nothing_free_does(amount, above):
    assert is_needed(amount, above) is (amount > above)
    assert not is_needed(above, above)
    assert not is_needed(Money(0), above)
    assert not is_needed(amount, None)


def test_the_last_moment_of_the_quote_still_counts():
    known = {"needed": True, "decided": None, "valid_until": SALE}
    assert approval_state(**known, now=SALE) is ApprovalState.WAITING
    assert approval_state(**known, now=SALE + timedelta(microseconds=1)) is ApprovalState.LAPSED
    late = SALE + timedelta(days=9)
    assert approval_state(**(known | {"decided": ApprovalState.APPROVED}), now=late) is ApprovalState.APPROVED
    assert approval_state(**(known | {"needed": False}), now=late) is ApprovalState.NOT_NEEDED


def test_the_refusal_names_the_state_in_words() -> None:
    with pytest.raises(ApprovalNeeded) as refused:
        must_be_approved(ApprovalState.WAITING, "ORD-1", Money.yuan("500.00"))
    assert "目前：待复核" in refused.value.detail
