"""A break moves by the table and by nothing else; somebody has to act about every kind."""

from __future__ import annotations

from itertools import product
from uuid import uuid4

import pytest

from settlement.breaks.rules import (
    NOTED,
    TRANSITIONS,
    BreakAct,
    BreakState,
    Owner,
    Resolution,
    SamePerson,
    WrongState,
    after,
    must_be_another,
    must_be_healed,
    owner_of,
)
from settlement.matching.rules import Kind, Side


@pytest.mark.parametrize("state, act", list(product(BreakState, BreakAct)))
def test_every_pair_of_state_and_act_is_allowed_by_the_table_or_refused(state, act):
    if act in NOTED:
        assert after(state, act, "B-1") is state
    elif (state, act) in TRANSITIONS:
        assert after(state, act, "B-1") is TRANSITIONS[state, act]
    else:
        with pytest.raises(WrongState) as refused:
            after(state, act, "B-1")
        assert "B-1" in refused.value.detail


def test_only_a_confirmation_of_a_proposal_closes():
    closing = [pair for pair, state in TRANSITIONS.items() if state is BreakState.CLOSED]
    assert closing == [(BreakState.PROPOSED, BreakAct.CONFIRM)]


@pytest.mark.parametrize("kind, side", list(product(Kind, [*Side, None])))
def test_somebody_owns_every_kind_on_every_side(kind, side):
    assert owner_of(kind, side) in Owner


def test_what_the_bank_lacks_is_asked_of_the_bank_and_what_the_books_lack_of_the_bookkeeper():
    assert owner_of(Kind.MISSING, Side.BANK) is Owner.BANK
    assert owner_of(Kind.MISSING, Side.LEDGER) is Owner.BOOKKEEPING


def test_nobody_confirms_the_own_work_and_no_late_line_is_claimed_before_it_came():
    me, other = uuid4(), uuid4()
    with pytest.raises(SamePerson):
        must_be_another("B-1", me, {me, other})
    must_be_another("B-1", me, {other})
    must_be_healed("B-1", Resolution.LATE_LINE, is_healed=True)
    must_be_healed("B-1", Resolution.WRITTEN_OFF, is_healed=False)
