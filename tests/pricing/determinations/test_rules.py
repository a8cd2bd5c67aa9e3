"""The states of a determination, and who may decide."""

from datetime import date
from decimal import Decimal
from itertools import product
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import ZERO, Money
from pricing.determinations.rules import (
    DERIVED,
    DETERMINED,
    STORED,
    TRANSITIONS,
    Course,
    DeductionMissing,
    DelegationMissing,
    NotReady,
    OperatorExcluded,
    OtherProposal,
    Proposed,
    SecondPersonNeeded,
    WrongState,
    after,
    check_delegation,
    check_digest,
    check_not_operator,
    check_persons,
    check_ready,
    deducted,
    phase,
    possible,
)
from pricing.determinations.rules import DeterminationEvent as Event
from pricing.determinations.rules import DeterminationState as State

DAY = date(2026, 7, 1)
DUE = Money.yuan("1700000.00")


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
def test_every_pair_of_state_and_event_leads_on_or_is_refused_with_what_is_possible(state, event):
    if (state, event) in TRANSITIONS:
        assert after(state, event, "DETM-1") is TRANSITIONS[state, event]
        assert event in possible(state)
    else:
        with pytest.raises(WrongState) as refused:
            after(state, event, "DETM-1")
        assert refused.value.rule == "PRC-03"
        assert event not in possible(state)


def test_what_follows_from_dates_is_never_stored_and_confirming_is_the_only_way_to_a_revenue():
    assert not set(TRANSITIONS.values()) & set(DERIVED)
    ways = {(at, event) for (at, event), to in TRANSITIONS.items() if to in DETERMINED and at not in DETERMINED}
    assert ways == {(State.PROPOSED, Event.CONFIRM)}
    reporting = {at for (at, event) in TRANSITIONS if event is Event.REPORT_CAPS}
    assert reporting == {State.CAPS_SET, State.CAPS_REPORTED}


@pytest.mark.parametrize(
    ("course", "on", "expected"),
    [
        (Course(2026), DAY, State.CAPS_REPORTED),
        (Course(2026, date(2026, 7, 2)), DAY, State.CAPS_REPORTED),
        (Course(2026, DAY), DAY, State.ACTIVE),
        (Course(2026, DAY), date(2026, 12, 31), State.ACTIVE),
        (Course(2026, DAY), date(2027, 1, 1), State.UNDER_EVALUATION),
        (Course(2026, DAY, is_renewed=True), DAY, State.UNDER_EVALUATION),
        (Course(2026, DAY, is_superseded=True, is_renewed=True), DAY, State.SUPERSEDED),
    ],
)
def test_reported_caps_become_active_on_their_day_and_are_evaluated_and_superseded_in_time(course, on, expected):
    assert phase(State.CAPS_REPORTED, course, on) is expected


@pytest.mark.parametrize("state", [state for state in STORED if state is not State.CAPS_REPORTED])
def test_before_the_report_no_date_makes_anything_active(state):
    found = phase(state, Course(2026, DAY), DAY)
    assert found is state
    overtaken = phase(state, Course(2026, DAY, is_superseded=True), DAY)
    assert overtaken is (State.SUPERSEDED if state in DETERMINED else state)


def test_a_first_sale_on_1_june_2025_opens_the_application_on_1_january_2027():
    with pytest.raises(NotReady) as refused:
        check_ready(date(2025, 6, 1), date(2026, 12, 31), "DETM-1")
    assert "2027-01-01" in refused.value.detail
    assert check_ready(date(2025, 6, 1), date(2027, 1, 1), "DETM-1").first_complete_year == 2026


def test_whoever_applied_or_proposed_and_whoever_is_of_the_operator_decides_nothing():
    applicant, proposer, third, operator = (uuid4() for _ in range(4))
    for person in (applicant, proposer):
        with pytest.raises(SecondPersonNeeded):
            check_persons("DETM-1", person, (applicant, proposer))
    check_persons("DETM-1", third, (applicant, proposer))
    with pytest.raises(OperatorExcluded):
        check_not_operator("DETM-1", operator, operator)
    check_not_operator("DETM-1", None, operator)


def test_a_prefecture_names_its_authorization_and_a_province_needs_none():
    with pytest.raises(DelegationMissing):
        check_delegation("prefecture", " ")
    check_delegation("prefecture", "省政府授权〔2025〕1号")
    check_delegation("province", "")


def test_another_digest_is_another_proposal():
    with pytest.raises(OtherProposal):
        check_digest("DETM-1", "a" * 64, "b" * 64)
    check_digest("DETM-1", "a" * 64, "a" * 64)


def test_what_is_due_from_the_last_cycle_is_deducted_and_never_less():
    assert deducted(DUE, "2023—2025", None, "") == (DUE, "2023—2025")
    assert deducted(ZERO, "", None, "") == (ZERO, "")
    more = DUE + Money(1)
    assert deducted(DUE, "2023—2025", more, "提前平滑") == (more, "提前平滑")
    for less in (ZERO, DUE - Money(1)):
        with pytest.raises(DeductionMissing):
            deducted(DUE, "2023—2025", less, "")


@given(
    st.decimals(0, "0.06", places=6), st.lists(st.integers(0, 10**12), max_size=3), st.none() | st.just(Decimal("0.02"))
)
def test_the_terms_of_a_proposal_are_read_back_as_they_were_kept(margin, taxes, bond_yield):
    lines = tuple({"label": "税", "basis": "", "amount": Money(tax)} for tax in taxes)
    terms = Proposed(margin, lines, "数据局", bond_yield, "", DUE, "上一周期", "province", "")
    assert Proposed.from_json(terms.as_json()) == terms
