"""An objection is filed, rechecked, decided: in this order, each once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from registry.objections.rules import (
    DecidedAlready,
    IdentityKind,
    NotRechecked,
    ObjectionState,
    RecheckedAlready,
    TooManyObjections,
    check_outcome,
    check_recheck,
    checked_identity,
    refuse_flood,
    state_of,
)
from registry.parties.rules import uscc_from_body

# every pair of state and event: None lets it pass
PAIRS = [
    (ObjectionState.FILED, check_recheck, None),
    (ObjectionState.FILED, check_outcome, NotRechecked),
    (ObjectionState.RECHECKED, check_recheck, RecheckedAlready),
    (ObjectionState.RECHECKED, check_outcome, None),
    (ObjectionState.UPHELD, check_recheck, DecidedAlready),
    (ObjectionState.UPHELD, check_outcome, DecidedAlready),
    (ObjectionState.DISMISSED, check_recheck, DecidedAlready),
    (ObjectionState.DISMISSED, check_outcome, DecidedAlready),
]


@pytest.mark.parametrize(("state", "step", "refusal"), PAIRS)
def test_every_state_admits_the_next_step_alone(state, step, refusal) -> None:
    if refusal is None:
        step("R", state)
        return
    with pytest.raises(refusal, match="REG-06"):
        step("R", state)


def test_the_pairs_above_are_all_there_are() -> None:
    assert len(PAIRS) == len(ObjectionState) * 2


def test_the_state_follows_from_what_was_done() -> None:
    assert state_of(is_rechecked=False, outcome=None) is ObjectionState.FILED
    assert state_of(is_rechecked=True, outcome=None) is ObjectionState.RECHECKED
    assert state_of(is_rechecked=True, outcome="dismissed") is ObjectionState.DISMISSED


def test_an_identity_has_one_spelling() -> None:
    assert checked_identity(IdentityKind.RESIDENT_ID, " 110105 1949 1231 002x ") == "11010519491231002X"
    code = uscc_from_body("91330624000000001")
    assert checked_identity(IdentityKind.CREDIT_CODE, code.lower()) == code
    assert checked_identity(IdentityKind.PASSPORT, "e 1234-5678") == "E12345678"


def test_the_sixth_is_told_when_to_come_back() -> None:
    refuse_flood(4, 5, timedelta(minutes=1))
    with pytest.raises(TooManyObjections, match="90 秒") as refused:
        refuse_flood(5, 5, timedelta(seconds=90))
    assert refused.value.headers == {"Retry-After": "90"}
