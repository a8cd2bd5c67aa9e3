"""The application form, its conditions, and the states it passes through."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.calendar import add_months
from registry.applications.rules import (
    CONDITION_TITLES,
    PROOF_OF,
    PROOFS_REQUIRED,
    TRANSITIONS,
    ApplicationEvent,
    ApplicationState,
    CallNotOpen,
    Incident,
    NotInvited,
    ProofKind,
    WrongState,
    after,
    check_invited,
    check_open,
    condition_findings,
    form_finding,
    incident_finding,
    missing,
    recent_incidents,
)
from registry.parties.rules import PartyKind
from registry.policy import RegistryPolicy
from tests.make import authorization as auth
from tests.make import registry_base as make

ON = date(2026, 7, 1)


def policy(place: str) -> RegistryPolicy:
    """What the place says."""
    return RegistryPolicy.at(make.book(), place, ON)


@pytest.mark.parametrize(("state", "event"), list(product(ApplicationState, ApplicationEvent)))
def test_every_pair_of_state_and_event_is_allowed_by_the_table_or_refused(
    state: ApplicationState, event: ApplicationEvent
) -> None:
    if (state, event) in TRANSITIONS:
        assert after(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(WrongState):
            after(state, event)


def test_every_condition_of_every_place_has_words_and_a_way_to_be_checked() -> None:
    for place in make.book().places():
        for code in policy(place).require("operator_conditions_required").items():
            assert code in CONDITION_TITLES
            assert code in PROOF_OF or code == "incident_free"


def test_the_form_of_puer_lists_everything_that_is_missing() -> None:
    assert missing(auth.FORM, PROOFS_REQUIRED, incidents_declared=True) == []
    nothing = missing({}, (), incidents_declared=False)
    assert [pointer for pointer, _ in nothing] == [
        "/address", "/nature", "/registered_capital", "/staff_count", "/contact", "/phone", "/requested_scope",
        "/signed_by", "/incidents_declared", "/proofs/qualification", "/proofs/no_bad_record",
        "/proofs/security_commitment", "/proofs/feasibility",
    ]  # fmt: skip
    nobody = {**auth.FORM, "staff_count": 0, "address": "  "}
    assert missing(nobody, PROOFS_REQUIRED, incidents_declared=True) == [("/address", "单位地址")]


@given(st.integers(-4000, 10), st.integers(1, 5))
def test_an_incident_counts_for_so_many_years_and_not_a_day_longer(days: int, years: int) -> None:
    incident = Incident(ON + timedelta(days=days), "泄露")
    counts = add_months(ON, -12 * years) < incident.on <= ON
    assert recent_incidents([incident], years, ON) == ([incident] if counts else [])


def test_three_years_without_an_incident_are_demanded_in_zhejiang_and_nowhere_else() -> None:
    demanding = [place for place in make.book().places() if policy(place).operator_incident_free_years_min]
    assert sorted(demanding) == ["quzhou", "xinchang"]
    years = policy("xinchang").require("operator_incident_free_years_min")
    recent = incident_finding([Incident(date(2023, 7, 2), "泄露")], years, ON)
    assert (recent.is_met, recent.is_binding, "2023-07-02 泄露" in recent.fact) == (False, True, True)
    assert incident_finding([Incident(date(2023, 7, 1), "泄露")], years, ON).is_met


@pytest.mark.parametrize(
    ("place", "kind", "expected"),
    [
        ("puer", PartyKind.ENTERPRISE, True),
        ("puer", PartyKind.NON_LEGAL_PERSON, False),  # its own text would admit it; the nation does not
        ("xinchang", PartyKind.NON_LEGAL_PERSON, False),
        ("guangzhou", PartyKind.PUBLIC_INSTITUTION, True),
        ("guangzhou", PartyKind.ADMINISTRATIVE_UNIT, False),
    ],
)
def test_an_operator_is_a_legal_person_of_a_kind_that_the_place_admits(
    place: str, kind: PartyKind, expected: bool
) -> None:
    rules = policy(place)
    found = form_finding("某单位", kind, rules.agreement_legal_form, rules.agreement_organisation_kinds)
    assert (found.is_met, found.is_binding) == (expected, True)
    assert found.article


def test_a_proof_is_weighed_by_people_and_an_open_credit_record_binds() -> None:
    required = policy("futian").require("operator_conditions_required")
    clean = {one.code: one for one in condition_findings(required, PROOFS_REQUIRED, [])}
    assert all(one.is_met and not one.is_binding for one in clean.values())
    assert set(clean) == set(required.items())
    stained = {one.code: one for one in condition_findings(required, PROOFS_REQUIRED, ["不良记录 1号：失信"])}
    assert {code for code, one in stained.items() if one.is_binding} == {
        "sound_business_and_credit", "no_major_dishonesty_or_illegality"
    }  # fmt: skip
    bare = condition_findings(required, [ProofKind.QUALIFICATION], [])
    assert {one.code for one in bare if not one.is_met} == {
        "sound_business_and_credit", "no_major_dishonesty_or_illegality", "data_security_capacity",
        "data_security_compliance",
    }  # fmt: skip


def test_late_and_not_invited_applications_are_refused() -> None:
    last = ON + timedelta(days=29)
    check_open("CALL-1", is_open=True, opens_on=ON, closes_on=last, today=ON)
    with pytest.raises(CallNotOpen) as late:
        check_open("CALL-1", is_open=False, opens_on=ON, closes_on=last, today=last + timedelta(days=1))
    assert "已于该日截止" in late.value.detail
    check_invited("CALL-1", by_invitation=False, is_invited=False)
    check_invited("CALL-1", by_invitation=True, is_invited=True)
    with pytest.raises(NotInvited):
        check_invited("CALL-1", by_invitation=True, is_invited=False)
