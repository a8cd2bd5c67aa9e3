"""States, term and content of a service agreement."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.calendar import NotAPeriod
from registry.clauses.rules import Term
from registry.service_agreements.rules import (
    TRANSITIONS,
    ServiceEvent,
    ServiceState,
    TermOutside,
    WrongState,
    after,
    check_term,
    digest,
    is_in_force,
    possible,
)

TERM = Term(date(2026, 7, 1), date(2028, 7, 1))
days = st.dates(date(2026, 1, 1), date(2029, 1, 1))


@pytest.mark.parametrize("state", ServiceState)
@pytest.mark.parametrize("event", ServiceEvent)
def test_every_pair_of_state_and_event_is_either_in_the_table_or_refused(
    state: ServiceState, event: ServiceEvent
) -> None:
    if (state, event) in TRANSITIONS:
        assert after(state, event) is TRANSITIONS[state, event]
        assert event in possible(state)
    else:
        assert event not in possible(state)
        with pytest.raises(WrongState, match="目前为"):
            after(state, event)


@given(days, days)
def test_a_term_lies_within_the_authorization_or_is_refused(start: date, end: date) -> None:
    if end <= start:
        with pytest.raises(NotAPeriod):
            check_term(start, end, TERM)
    elif start >= TERM.start and end <= TERM.end:
        check_term(start, end, TERM)
    else:
        with pytest.raises(TermOutside):
            check_term(start, end, TERM)


def test_the_trial_of_the_authorization_counts_too() -> None:
    trial = Term(TERM.start, TERM.end, date(2026, 1, 1), date(2026, 7, 1))
    check_term(date(2026, 1, 1), TERM.end, trial)


@given(st.sampled_from(list(ServiceState)), days)
def test_it_holds_when_both_have_signed_and_within_its_term(state: ServiceState, on: date) -> None:
    expected = state is ServiceState.SIGNED and TERM.start <= on < TERM.end
    assert is_in_force(state, TERM.start, TERM.end, on) == expected


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5)), st.text(min_size=1, max_size=5))
def test_whatever_is_signed_changes_the_digest(signed: dict[str, str], word: str) -> None:
    assert digest(signed) == digest(dict(reversed(list(signed.items()))))
    assert digest({**signed, "particulars": word}) != digest({**signed, "particulars": word + "!"})
