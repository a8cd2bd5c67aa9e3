"""Who may close what, and in which state; pure."""

from __future__ import annotations

from itertools import product

import pytest

from registry.closings.rules import (
    ARTICLES,
    ENTRIES,
    EVENTS,
    KIND_TITLES,
    STATE_TITLES,
    TRANSITIONS,
    AskedAlready,
    ClosingEvent,
    NotTheAsker,
    SecondPersonNeeded,
    WrongState,
    after,
    refuse_other_person,
    refuse_same_person,
    refuse_second_ask,
)
from registry.registrations.rules import (
    GROUNDS,
    ClosingKind,
    ClosingState,
    RegistrationEvent,
    RegistrationKind,
    RegistrationState,
)
from registry.registrations.rules import after as registration_after


@pytest.mark.parametrize(("state", "event"), list(product(ClosingState, ClosingEvent)))
def test_an_ask_is_decided_once(state: ClosingState, event: ClosingEvent) -> None:
    if (state, event) in TRANSITIONS:
        assert after(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(WrongState, match="重新提出"):
            after(state, event)
    assert {known for known, _ in TRANSITIONS} == {ClosingState.ASKED}


def test_each_kind_closes_a_coded_registration_and_nothing_else() -> None:
    closes = {kind: registration_after(RegistrationState.CODED, event) for kind, event in EVENTS.items()}
    assert closes == {
        ClosingKind.REVOCATION: RegistrationState.REVOKED, ClosingKind.CANCELLATION: RegistrationState.CANCELLED,
    }  # fmt: skip
    assert set(EVENTS.values()) == {RegistrationEvent.REVOKE, RegistrationEvent.CANCEL}
    assert set(ENTRIES.values()) == {RegistrationKind.REVOCATION, RegistrationKind.CANCELLATION}
    assert set(KIND_TITLES) == set(ARTICLES) == set(GROUNDS) == set(ClosingKind)
    assert set(STATE_TITLES) == set(ClosingState)


def test_grounds_of_a_revocation_are_those_of_the_measure_and_differ_from_those_of_a_cancellation() -> None:
    assert GROUNDS[ClosingKind.REVOCATION] == ("false_materials", "forged_result", "illegal_gain", "other")
    assert {"data_lost", "registrant_ended"} <= set(GROUNDS[ClosingKind.CANCELLATION])
    assert not set(GROUNDS[ClosingKind.REVOCATION]) & set(GROUNDS[ClosingKind.CANCELLATION])


def test_two_persons_and_no_second_ask() -> None:
    with pytest.raises(SecondPersonNeeded, match="甲"):
        refuse_same_person("REG-1", ClosingKind.REVOCATION, "甲", is_same=True)
    refuse_same_person("REG-1", ClosingKind.REVOCATION, "甲", is_same=False)
    with pytest.raises(NotTheAsker, match="甲"):
        refuse_other_person("REG-1", "甲", is_same=False)
    refuse_other_person("REG-1", "甲", is_same=True)
    with pytest.raises(AskedAlready, match="依职权注销登记"):
        refuse_second_ask("REG-1", ClosingKind.CANCELLATION, "甲")
    refuse_second_ask("REG-1", None, "")
