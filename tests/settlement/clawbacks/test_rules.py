"""Nobody gives back more than it got; refunds that add up to the whole leave everybody at nothing (A5)."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Invalid
from kernel.money import ZERO, Money, total
from settlement.clawbacks import rules
from settlement.clawbacks.rules import (
    TRANSITIONS,
    ClawbackKind,
    EvidenceMissing,
    Holding,
    MoreThanOwed,
    NettingOrder,
    NettingTerms,
    Owed,
    RecoveryAct,
    RecoveryKind,
    RecoveryState,
    TreasuryNotWrittenOff,
    WrongState,
    netted,
    spread,
)
from settlement.splits.rules import refund

fen = st.integers(0, 10**10).map(Money)
holdings = st.lists(st.builds(Holding, st.uuids().map(str), fen, st.booleans()), min_size=1, max_size=6,
                    unique_by=lambda one: one.statement)  # fmt: skip
HALF = NettingTerms.of("oldest_first", Fraction(1, 2), Money.yuan("10"))


@given(holdings, st.data())
def test_a_part_is_borne_exactly_and_no_statement_gives_more_than_it_holds(
    found: list[Holding], data: st.DataObject
) -> None:
    held = {one.statement: one for one in found}
    whole = total(one.amount for one in found)
    amount = Money(data.draw(st.integers(0, whole.fen)))
    portions = spread(found, amount)
    assert total(one.amount for one in portions) == amount
    assert all(ZERO < one.amount <= held[one.statement].amount for one in portions)
    unpaid = total(one.amount for one in found if not one.is_paid)
    receivable = total(one.amount for one in portions if one.kind is ClawbackKind.RECEIVABLE)
    assert receivable == max(amount - unpaid, ZERO)  # what was not paid out goes first


@given(holdings)
def test_a_fen_more_than_is_held_is_refused(found: list[Holding]) -> None:
    with pytest.raises(MoreThanOwed):
        spread(found, total(one.amount for one in found) + Money(1))


def test_any_sequence_of_partial_refunds_of_the_whole_leaves_every_party_at_nothing() -> None:
    chance, steps = Random(5), 0
    while steps < 20_000:
        got = {f"p{number}": Money(chance.choice((0, 1, 7, 10**4, 10**9)) + chance.randrange(9))
               for number in range(chance.randint(1, 9))}  # fmt: skip
        held, left = dict(got), total(got.values())
        while left != ZERO:
            amount = Money(min(left.fen, chance.randint(1, max(left.fen // 2, 1))))
            for party, part in refund(held, amount).items():
                statements = [Holding("old", held[party] - Money(held[party].fen // 3), True),
                              Holding("new", Money(held[party].fen // 3), False)]  # fmt: skip
                assert total(one.amount for one in spread(statements, part)) == part
                held[party] -= part
                assert ZERO <= held[party] <= got[party]
            left -= amount
            steps += 1
        assert set(held.values()) == {ZERO}


@given(fen, st.lists(fen, max_size=6), st.fractions(0, 1), fen, st.sampled_from(NettingOrder))
def test_netting_keeps_to_its_cap_and_floor_and_takes_no_more_than_is_owed(
    payable: Money, amounts: list[Money], rate: Fraction, keep: Money, order: NettingOrder
) -> None:
    owed = [Owed(str(number), amount) for number, amount in enumerate(amounts)]
    parts = netted(payable, owed, NettingTerms(order, rate, keep))
    taken = total(one.amount for one in parts)
    assert taken.fen <= payable.fen * rate
    assert not parts or payable - taken >= keep
    assert all(ZERO < one.amount <= amounts[int(one.key)] for one in parts)
    assert len({one.key for one in parts}) == len(parts)


def test_the_oldest_or_the_largest_is_netted_first_as_the_place_says() -> None:
    owed = [Owed("first", Money.yuan("30")), Owed("second", Money.yuan("100"))]
    assert netted(Money.yuan("100"), owed, HALF) == [Owed("first", Money.yuan("30")), Owed("second", Money.yuan("20"))]
    largest = NettingTerms.of("largest_first", Fraction(1, 2), ZERO)
    assert netted(Money.yuan("100"), owed, largest) == [Owed("second", Money.yuan("50"))]
    assert netted(Money.yuan("15"), owed, HALF) == [Owed("first", Money.yuan("5"))]  # ten yuan are left
    assert netted(Money.yuan("100"), owed, None) == []


def test_a_rate_above_one_is_no_rate() -> None:
    with pytest.raises(Invalid):
        NettingTerms.of("oldest_first", Fraction(101, 100), ZERO)


@pytest.mark.parametrize("state", RecoveryState)
@pytest.mark.parametrize("act", RecoveryAct)
def test_a_recovery_takes_its_steps_and_no_others(state: RecoveryState, act: RecoveryAct) -> None:
    if (state, act) in TRANSITIONS:
        assert rules.after(state, act) is TRANSITIONS[state, act]
        assert state is RecoveryState.ASKED
    else:
        with pytest.raises(WrongState):
            rules.after(state, act)


def test_what_the_treasury_holds_is_not_written_off_and_a_repayment_names_its_line() -> None:
    one = Money(1)
    with pytest.raises(TreasuryNotWrittenOff):
        rules.must_be_recoverable(RecoveryKind.WRITTEN_OFF, is_treasury=True, left=one, amount=one, bank_line="")
    with pytest.raises(EvidenceMissing):
        rules.must_be_recoverable(RecoveryKind.REPAID, is_treasury=True, left=one, amount=one, bank_line="")
    for amount in (ZERO, Money(2)):
        with pytest.raises(MoreThanOwed):
            rules.must_be_recoverable(RecoveryKind.REPAID, is_treasury=False, left=one, amount=amount, bank_line="L")
    rules.must_be_recoverable(RecoveryKind.REPAID, is_treasury=True, left=one, amount=one, bank_line="L")
