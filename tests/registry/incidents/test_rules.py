"""An incident goes its way step by step, and nothing is closed before everybody was told."""

from __future__ import annotations

from itertools import product
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.incidents.rules import (
    CLOSED,
    EVENT_TITLES,
    RECIPIENT_TITLES,
    RISK_TITLES,
    STATE_TITLES,
    TRANSITIONS,
    IncidentEvent,
    IncidentState,
    RecipientsMissing,
    RecipientUnknown,
    ReportedBefore,
    Risk,
    SecondPersonNeeded,
    WrongState,
    after,
    check_recipient,
    check_report,
    check_second_person,
    is_halted,
    missing_recipients,
    possible,
)

OFFICES = tuple(RECIPIENT_TITLES)
some_offices = st.lists(st.sampled_from(OFFICES), unique=True)


@pytest.mark.parametrize(("state", "event"), list(product(IncidentState, IncidentEvent)))
def test_every_state_admits_exactly_the_events_of_the_table(state: IncidentState, event: IncidentEvent) -> None:
    if (state, event) in TRANSITIONS:
        assert after(state, event) is TRANSITIONS[state, event]
        assert event in possible(state)
    else:
        with pytest.raises(WrongState, match=STATE_TITLES[state]):
            after(state, event)


def test_nothing_follows_the_end_and_every_word_is_there() -> None:
    assert not [state for state, _ in TRANSITIONS if state in CLOSED]
    assert (set(STATE_TITLES), set(EVENT_TITLES), set(RISK_TITLES)) == (
        set(IncidentState), set(IncidentEvent), set(Risk)
    )  # fmt: skip


@given(some_offices, some_offices)
def test_a_report_is_closed_exactly_when_every_required_office_was_told(required: list[str], told: list[str]) -> None:
    if told and set(required) <= set(told):
        check_report("INC-1", required, told)
        assert missing_recipients(required, told) == ()
    else:
        with pytest.raises(RecipientsMissing) as refused:
            check_report("INC-1", required, told)
        assert [error["message"] for error in refused.value.errors] == [one for one in required if one not in told]


def test_an_office_is_told_once_and_must_be_known() -> None:
    check_recipient("police", ["secrecy"])
    with pytest.raises(ReportedBefore):
        check_recipient("police", ["police"])
    with pytest.raises(RecipientUnknown):
        check_recipient("newspaper", [])


def test_processing_stops_with_the_finding_where_the_rules_say_at_once() -> None:
    halted = {state for state in IncidentState if is_halted(state, stops_at_once=True)}
    assert halted == set(IncidentState) - {IncidentState.RESUMED}
    later = {state for state in IncidentState if is_halted(state, stops_at_once=False)}
    assert later == halted - {IncidentState.DETECTED}


def test_the_assessor_does_not_decide_alone() -> None:
    person = uuid4()
    check_second_person("INC-1", person, uuid4())
    check_second_person("INC-1", None, person)
    with pytest.raises(SecondPersonNeeded):
        check_second_person("INC-1", person, person)
