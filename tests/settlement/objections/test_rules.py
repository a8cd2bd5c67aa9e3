"""Objections move by table, and freeze nobody else's share."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Money, total
from settlement.notices.rules import TRANSITIONS as NOTICE_TRANSITIONS
from settlement.notices.rules import Figures, NoticeEvent, NoticeState, weighed
from settlement.notices.rules import WrongState as NoticeWrongState
from settlement.notices.rules import after as notice_after
from settlement.objections.rules import (
    TRANSITIONS,
    Factor,
    ObjectionEvent,
    ObjectionState,
    WrongState,
    after,
    corrected,
    parted,
)

COEFFICIENTS = {"usage": Fraction("0.5"), "quality": Fraction("0.3"), "input": Fraction("0.2")}
BUREAU = Figures(60, Fraction("0.9"), Fraction(4))
HOSPITAL = Figures(40, Fraction("0.7"), Fraction(6))


@pytest.mark.parametrize(("state", "event"), list(product(ObjectionState, ObjectionEvent)))
def test_an_objection_moves_by_its_table_only(state, event):
    if (state, event) in TRANSITIONS:
        assert after(state, event, "COB-1") is TRANSITIONS[state, event]
    else:
        with pytest.raises(WrongState):
            after(state, event, "COB-1")


@pytest.mark.parametrize(("state", "event"), list(product(NoticeState, NoticeEvent)))
def test_a_notice_moves_by_its_table_only(state, event):
    if (state, event) in NOTICE_TRANSITIONS:
        assert notice_after(state, event, "CTB-1") is NOTICE_TRANSITIONS[state, event]
    else:
        with pytest.raises(NoticeWrongState):
            notice_after(state, event, "CTB-1")


def test_the_worked_example_of_the_rule_shows_each_factor():
    found = weighed(COEFFICIENTS, {"bureau": BUREAU, "hospital": HOSPITAL})
    assert (found["bureau"].weight, found["hospital"].weight) == (Fraction("0.54875"), Fraction("0.45125"))
    assert (found["bureau"].ppm, found["hospital"].ppm) == (548750, 451250)
    assert found["bureau"].explained() == {"usage": "3/10", "quality": "27/160", "input": "2/25"}
    assert sum(found["bureau"].parts.values()) == found["bureau"].weight


def test_a_correction_changes_one_figure():
    assert corrected(BUREAU, Factor.USAGE, Fraction(80)) == Figures(80, BUREAU.quality, BUREAU.input)
    assert corrected(BUREAU, Factor.QUALITY, Fraction(1, 2)).quality == Fraction(1, 2)
    assert corrected(BUREAU, Factor.INPUT, Fraction(9)).input == 9


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 10**9).map(Money)), st.sets(st.sampled_from("abcdefg"))
)
def test_an_objection_freezes_its_own_lines_only(shares, frozen):
    free, waits = parted(shares, frozen)
    assert total([*free.values(), *waits.values()]) == total(shares.values())
    assert all(free[party] == share for party, share in shares.items() if party not in frozen)
    assert set(waits) <= frozen
