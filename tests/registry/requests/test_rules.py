"""A request is approved by all required parties, refused by one, and by silence only where the rules say so."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.parties.rules import Capacity
from registry.procedures.rules import STAGES
from registry.requests.rules import (
    SEATS,
    TRANSITIONS,
    ClearanceKind,
    ClearanceMissing,
    RequestEvent,
    RequestState,
    WrongState,
    after,
    missing_clearances,
    refuse_missing_clearances,
    seats_of,
)


@pytest.mark.parametrize(("state", "event"), list(product(RequestState, RequestEvent)))
def test_every_state_admits_exactly_the_events_of_the_table(state: RequestState, event: RequestEvent) -> None:
    if (state, event) in TRANSITIONS:
        assert after(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(WrongState, match=str(state)):
            after(state, event)


def test_an_approval_is_only_provided_and_a_rejection_only_appealed() -> None:
    closed = {RequestState.APPROVED, RequestState.REJECTED, RequestState.PROVISIONED}
    assert {pair for pair in TRANSITIONS if pair[0] in closed} == {
        (RequestState.APPROVED, RequestEvent.PROVISION), (RequestState.REJECTED, RequestEvent.APPEALED),
    }  # fmt: skip


def test_the_provincial_authority_sits_only_over_return_flow_data() -> None:
    named = ("data_authority", "source_department", "provincial_authority_for_return_data")
    without = (Capacity.DATA_AUTHORITY, Capacity.SOURCE_DEPARTMENT)
    assert seats_of(named, has_return_data=False) == without
    assert seats_of(named, has_return_data=True) == (*without, Capacity.PROVINCIAL_DATA_AUTHORITY)


@given(st.booleans(), st.booleans(), st.sets(st.sampled_from(ClearanceKind)))
def test_a_scenario_lacks_exactly_what_the_place_demands_and_nobody_documented(
    needs_network: bool, needs_irs: bool, held: set[ClearanceKind]
) -> None:
    needed = {ClearanceKind.NETWORK_SECURITY} if needs_network else set()
    needed |= {ClearanceKind.IRS} if needs_irs else set()
    lacking = missing_clearances(needs_network_security=needs_network, needs_irs=needs_irs, held=held)
    assert set(lacking) == needed - held
    if lacking:
        with pytest.raises(ClearanceMissing, match="RVW-02"):
            refuse_missing_clearances(lacking, "REQ-1")
    else:
        refuse_missing_clearances(lacking, "REQ-1")


def test_every_reviewer_of_the_register_has_a_seat_of_its_own_kind() -> None:
    assert all(STAGES[capacity.value].capacity is capacity for capacity in SEATS.values())
