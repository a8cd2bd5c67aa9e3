"""Two counts of one delivery: what stands, what is in dispute."""

from __future__ import annotations

from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.calendar import Period
from kernel.money import Money
from market.receipts import rules
from market.receipts.rules import ReceiptAct, ReceiptState, Standing

COUNTS = st.integers(0, 10**9)


@pytest.mark.parametrize(("state", "act"), list(product(ReceiptState, ReceiptAct)))
def test_every_state_and_every_act(state, act):
    if (state, act) in rules.TRANSITIONS:
        assert rules.after(state, act, "DRC") is rules.TRANSITIONS[state, act]
    else:
        with pytest.raises(rules.WrongState):
            rules.after(state, act, "DRC")


def test_ten_thousand_against_9990_leaves_9990_and_disputes_10():
    assert rules.compared(10_000, 9_990) == rules.compared(9_990, 10_000) == Standing(9_990, 10)
    assert rules.compared(5, 5) == Standing(5, 0)


@given(COUNTS, COUNTS, st.data())
def test_what_stands_and_what_is_in_dispute_are_the_larger_count(provider, buyer, data):
    standing = rules.compared(provider, buyer)
    assert standing.agreed + standing.in_dispute == max(provider, buyer)
    assert standing.agreed == min(provider, buyer)
    units = data.draw(st.integers(standing.agreed, max(provider, buyer)))
    assert rules.decided(provider, buyer, units) == Standing(units, 0)
    with pytest.raises(rules.Undecidable):
        rules.decided(provider, buyer, max(provider, buyer) + 1)


@given(st.integers(1, 10**6), st.integers(0, 10**10), st.data())
def test_units_are_worth_their_part_and_never_more_than_the_order(quantity, fen, data):
    units = data.draw(st.integers(0, quantity))
    part, rest = rules.worth(units, quantity, Money(fen)), rules.worth(quantity - units, quantity, Money(fen))
    assert Money(0) <= part <= Money(fen)
    assert abs((part + rest).fen - fen) <= 1
    assert rules.worth(quantity, quantity, Money(fen)) == rules.worth(quantity + 1, quantity, Money(fen)) == Money(fen)


def test_both_sign_the_same_document_and_a_changed_count_changes_its_digest():
    told = {"number": "DRC", "entitlement": "ENT", "order": "ORD", "product": "P", "period": Period.month("2026-08")}
    one = rules.document(**told, provider=10_000, buyer=9_990)
    assert (one["agreed"], one["in_dispute"], one["period"]) == (9_990, 10, "2026-08")
    assert rules.digest(one) == rules.digest(dict(reversed(one.items())))
    assert rules.digest(one) != rules.digest(rules.document(**told, provider=10_000, buyer=9_991))
    rules.must_be_the_document("DRC", f" {rules.digest(one).upper()} ", rules.digest(one))
    with pytest.raises(rules.AnotherDocument):
        rules.must_be_the_document("DRC", "0" * 64, rules.digest(one))


def test_a_month_is_counted_when_it_is_over_and_inside_the_term():
    term = {"valid_from": date(2026, 7, 20), "valid_until": date(2026, 10, 3)}
    for month in ("2026-07", "2026-10"):
        rules.must_fit(Period.month(month), **term, today=date(2026, 11, 1))
    for month, today in (("2026-08", date(2026, 8, 31)), ("2026-06", date(2026, 9, 1)), ("2026-11", date(2026, 12, 1))):
        with pytest.raises(rules.PeriodUnfit):
            rules.must_fit(Period.month(month), **term, today=today)
    rules.must_be_bought(10, None)
    rules.must_be_bought(10, 10)
    with pytest.raises(rules.MoreThanBought):
        rules.must_be_bought(11, 10)
