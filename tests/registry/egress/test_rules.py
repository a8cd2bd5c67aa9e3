"""States of the egress check, and what the system sees of raw data."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.egress.rules import (
    OPEN,
    STANDING,
    TRANSITIONS,
    EgressEvent,
    EgressState,
    WrongEgressState,
    after,
    raw_alike,
    restorable,
    source_of,
)

PEOPLE = [
    {"name": "id", "title": "证件号", "key": True},
    {"name": "name", "title": "姓名"},
    {"name": "age", "title": "年龄"},
]
names = st.sets(st.sampled_from(["id", "name", "age", "score"]))


@pytest.mark.parametrize(("state", "event"), list(product(EgressState, EgressEvent)))
def test_each_pair_of_state_and_event_is_allowed_by_the_table_or_refused(
    state: EgressState, event: EgressEvent
) -> None:
    if (state, event) in TRANSITIONS:
        assert after(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(WrongEgressState, match="EGR-01"):
            after(state, event)


def test_nothing_leaves_without_a_passed_check() -> None:
    assert [state for state in EgressState if (state, EgressEvent.EXPORT) in TRANSITIONS] == list(OPEN)
    assert set(OPEN) <= set(STANDING)


def test_raw_data_has_exactly_the_fields_of_a_resource() -> None:
    source = source_of("RES-1", PEOPLE)
    assert raw_alike(["age", "id", "name"], [source]) == ["RES-1"]
    assert raw_alike(["age", "id"], [source]) == raw_alike([], [source]) == []


def test_a_whole_key_restores_records_and_without_a_marked_key_all_fields_are_the_key() -> None:
    marked, unmarked = source_of("RES-1", PEOPLE), source_of("RES-2", PEOPLE[1:])
    assert restorable(["id", "score"], [marked, unmarked]) == ["RES-1"]
    assert restorable(["name", "age", "score"], [marked, unmarked]) == ["RES-2"]
    assert restorable(["name", "score"], [marked, unmarked]) == []
    assert restorable(["score"], [source_of("RES-3", [])]) == []


@given(names, names)
def test_what_restores_still_restores_with_more_fields(own: set[str], more: set[str]) -> None:
    sources = [source_of("RES-1", PEOPLE), source_of("RES-2", PEOPLE[1:])]
    assert set(restorable(own, sources)) <= set(restorable(own | more, sources))
    assert set(raw_alike(own, sources)) <= set(restorable(own, sources))
