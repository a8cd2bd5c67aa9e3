"""A request is approved by all required parties, refused by one, and by silence only where the rules say so."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import product
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.identity import Actor, Grant, Role
from registry.parties.rules import Capacity
from registry.requests.rules import (
    TRANSITIONS,
    Decision,
    RequestEvent,
    RequestState,
    TooLate,
    WrongState,
    after,
    is_late,
    may_check,
    outcome,
    refuse_late_opinion,
    seats,
    silence_begins,
    speaks_for,
)

DUE = date(2026, 7, 8)
LAST_MOMENT = datetime(2026, 7, 8, 15, 59, 59, tzinfo=UTC)  # one second before midnight in Beijing
decisions = st.lists(st.sampled_from([None, Decision.AGREE, Decision.REFUSE]), max_size=6)


@pytest.mark.parametrize(("state", "event"), list(product(RequestState, RequestEvent)))
def test_every_state_admits_exactly_the_events_of_the_table(state: RequestState, event: RequestEvent) -> None:
    if (state, event) in TRANSITIONS:
        assert after(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(WrongState, match=str(state)):
            after(state, event)


def test_nothing_follows_approval_or_rejection() -> None:
    closed = {RequestState.APPROVED, RequestState.REJECTED}
    assert not [state for state, _ in TRANSITIONS if state in closed]


@given(decisions)
def test_one_refusal_wins_whatever_the_others_say(given_so_far: list[Decision | None]) -> None:
    assert outcome([*given_so_far, Decision.REFUSE]) is RequestEvent.REFUSED


@given(decisions)
def test_agreement_needs_everybody(given_so_far: list[Decision | None]) -> None:
    agreed = bool(given_so_far) and all(decision is Decision.AGREE for decision in given_so_far)
    assert (outcome(given_so_far) is RequestEvent.ALL_AGREED) == agreed


def test_without_reviewers_nothing_is_decided() -> None:
    assert outcome([]) is None


def test_the_provincial_authority_sits_only_over_return_flow_data() -> None:
    named = ("data_authority", "source_department", "provincial_authority_for_return_data")
    without = (Capacity.DATA_AUTHORITY, Capacity.SOURCE_DEPARTMENT)
    assert seats(named, has_return_data=False) == without
    assert seats(named, has_return_data=True) == (*without, Capacity.PROVINCIAL_DATA_AUTHORITY)


def test_silence_begins_at_beijing_midnight_after_the_last_day() -> None:
    assert silence_begins(DUE) == LAST_MOMENT + timedelta(seconds=1)
    assert not is_late(DUE, LAST_MOMENT)
    assert is_late(DUE, silence_begins(DUE))


def test_an_opinion_in_the_last_second_counts_and_one_second_later_it_does_not() -> None:
    refuse_late_opinion(DUE, LAST_MOMENT, silence_consents=True)
    with pytest.raises(TooLate, match="视为同意"):
        refuse_late_opinion(DUE, silence_begins(DUE), silence_consents=True)


def test_where_silence_does_not_consent_a_late_opinion_is_still_an_opinion() -> None:
    refuse_late_opinion(DUE, silence_begins(DUE) + timedelta(days=100), silence_consents=False)
    refuse_late_opinion(None, LAST_MOMENT, silence_consents=True)


def person(role: Role, *, org: object = None, place: str | None = "guangzhou") -> Actor:
    """Somebody with one role."""
    return Actor(id=uuid4(), name="人员", org_id=org, grants=(Grant(role, org, place),))  # type: ignore[arg-type]


def test_a_seat_is_taken_by_people_of_the_right_role_organisation_and_place() -> None:
    department, other = uuid4(), uuid4()
    seat = (Capacity.SOURCE_DEPARTMENT, department, "guangzhou")
    assert speaks_for(person(Role.SOURCE, org=department), *seat)
    assert not speaks_for(person(Role.SOURCE, org=other), *seat)
    assert not speaks_for(person(Role.REVIEWER, org=department), *seat)
    assert not speaks_for(person(Role.SOURCE, org=department, place="puer"), *seat)
    authority = (Capacity.DATA_AUTHORITY, other, "guangzhou")
    assert speaks_for(person(Role.REVIEWER), *authority)
    assert speaks_for(person(Role.SUPERVISOR, org=other), *authority)
    assert not speaks_for(person(Role.REVIEWER, org=department), *authority)
    assert not speaks_for(person(Role.MERCHANT, org=other), *authority)


def test_the_check_belongs_to_the_operator_or_to_the_authority_as_the_place_says() -> None:
    operator = uuid4()
    assert may_check(person(Role.OPERATOR, org=operator), "operating_institution", operator, "guangzhou")
    assert not may_check(person(Role.OPERATOR, org=uuid4()), "operating_institution", operator, "guangzhou")
    assert not may_check(person(Role.SUPERVISOR), "operating_institution", operator, "guangzhou")
    assert may_check(person(Role.SUPERVISOR), "data_authority", operator, "guangzhou")
    assert not may_check(person(Role.OPERATOR, org=operator), "data_authority", operator, "guangzhou")
