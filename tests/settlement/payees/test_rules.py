"""An account takes its steps and no others, takes effect a day later, and is shown masked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from settlement.payees import rules
from settlement.payees.rules import TRANSITIONS, AccountAct, AccountKind, AccountState, Coordinates, WrongState

MOMENT = datetime(2026, 9, 2, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize("state", AccountState)
@pytest.mark.parametrize("act", AccountAct)
def test_an_account_takes_its_steps_and_no_others(state: AccountState, act: AccountAct) -> None:
    if (state, act) in TRANSITIONS:
        assert rules.after(state, act) is TRANSITIONS[state, act]
    else:
        with pytest.raises(WrongState):
            rules.after(state, act)


def test_only_the_last_characters_of_a_number_are_shown() -> None:
    assert rules.masked("6222000000000001", 4) == "••••••••••••0001"
    assert rules.masked("123", 4) == "123"
    assert rules.effective_at(MOMENT, timedelta(hours=24)) - MOMENT == timedelta(hours=24)


def test_a_treasury_account_states_which_income_it_is_and_belongs_to_no_party() -> None:
    treasury = Coordinates(AccountKind.TREASURY, "国家金库", "6222000000000009", "国库", "104100000004", "103070699")
    rules.check(treasury, party_name=None)
    for party, found in (("气象局", treasury), (None, Coordinates(AccountKind.TREASURY, "国家金库", "6222000000000009",
                                                                 "国库", "104100000004", ""))):  # fmt: skip
        with pytest.raises(rules.AccountUnusable):
            rules.check(found, party_name=party)
