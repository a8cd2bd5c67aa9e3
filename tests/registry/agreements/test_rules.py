"""States of an agreement, and what each step demands."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.agreements.rules import (
    ENDED,
    STANDING,
    TRANSITIONS,
    AgreementEvent,
    AgreementState,
    Basis,
    BasisMissing,
    CoordinationMissing,
    EmergencyPlanMissing,
    FilingMissing,
    NotADraft,
    OperatorNotAllowed,
    ScopeRefused,
    SecondPersonNeeded,
    WrongState,
    after,
    check_authorization_basis,
    check_coordination,
    check_draft,
    check_emergency_plan,
    check_filing,
    check_operator,
    check_scope,
    check_second_person,
    is_in_force,
    legal_form,
    possible,
    sources_of,
)
from registry.clauses.rules import Term
from registry.parties.rules import PartyKind
from registry.policy import RegistryPolicy
from tests.make.registry_base import book

ON = date(2026, 7, 1)
PLACES = ("quzhou", "futian", "puer", "xinchang", "guangzhou")
TERM = Term(date(2026, 7, 1), date(2028, 7, 1))


def policy_of(place: str) -> RegistryPolicy:
    """The rules of a place on the day of these tests."""
    return RegistryPolicy.at(book(), place, ON)


@pytest.mark.parametrize("state", AgreementState)
@pytest.mark.parametrize("event", AgreementEvent)
def test_every_pair_of_state_and_event_is_either_in_the_table_or_refused(
    state: AgreementState, event: AgreementEvent
) -> None:
    if (state, event) in TRANSITIONS:
        assert after(state, event) is TRANSITIONS[state, event]
        assert event in possible(state)
    else:
        assert event not in possible(state)
        with pytest.raises(WrongState, match="目前为"):
            after(state, event)


def test_what_has_ended_never_comes_back_and_is_only_closed() -> None:
    for ended in ENDED:
        assert possible(ended) == (AgreementEvent.CLOSE,)
        assert after(ended, AgreementEvent.CLOSE) is AgreementState.CLOSED
    assert possible(AgreementState.CLOSED) == ()


def test_every_standing_agreement_can_end_in_three_ways_and_a_draft_in_none() -> None:
    ends = {AgreementEvent.EXPIRE, AgreementEvent.TERMINATE, AgreementEvent.REVOKE}
    for state in STANDING:
        assert ends <= set(possible(state))
    assert not ends & set(possible(AgreementState.DRAFT))


def test_the_end_of_part_of_the_data_lets_the_rest_go_on() -> None:
    assert after(AgreementState.SUSPENDED, AgreementEvent.END_PART) is AgreementState.ACTIVE
    with pytest.raises(WrongState):
        after(AgreementState.ACTIVE, AgreementEvent.END_PART)


@pytest.mark.parametrize(
    ("basis", "pointers"),
    [(Basis(True, True, True), []), (Basis(False, False, True), ["/plan_id"]),
     (Basis(True, False, True), ["/resource_ids"]), (Basis(True, True, False), ["/selection_id"]),
     (Basis(False, False, False), ["/plan_id", "/selection_id"])],
)  # fmt: skip
def test_an_agreement_rests_on_a_plan_in_effect_and_a_published_selection_and_every_fault_is_named(
    basis: Basis, pointers: list[str]
) -> None:
    if not pointers:
        check_authorization_basis("AGR-2026-000001", basis)
        return
    with pytest.raises(BasisMissing, match="不得签订") as refused:
        check_authorization_basis("AGR-2026-000001", basis)
    assert [error["pointer"] for error in refused.value.errors] == pointers


def test_a_second_person_is_another_person() -> None:
    one, other = uuid4(), uuid4()
    check_second_person("AGR-2026-000001", one, other)
    with pytest.raises(SecondPersonNeeded, match="另一位"):
        check_second_person("AGR-2026-000001", one, one)


def test_the_table_holds_the_steps_of_the_rules_and_no_shortcut() -> None:
    assert after(AgreementState.DRAFT, AgreementEvent.SIGN) is AgreementState.SIGNED
    assert after(AgreementState.SIGNED, AgreementEvent.FILE) is AgreementState.FILED
    assert after(AgreementState.FILED, AgreementEvent.ACTIVATE) is AgreementState.ACTIVE
    assert after(AgreementState.ACTIVE, AgreementEvent.SUSPEND) is AgreementState.SUSPENDED
    assert after(AgreementState.SUSPENDED, AgreementEvent.RESTORE) is AgreementState.ACTIVE
    assert possible(AgreementState.DRAFT) == (AgreementEvent.SIGN,)


@given(st.sampled_from(list(AgreementState)), st.dates(date(2026, 1, 1), date(2029, 1, 1)))
def test_only_an_active_agreement_within_its_term_is_in_force(state: AgreementState, on: date) -> None:
    assert is_in_force(state, TERM, on) == (state is AgreementState.ACTIVE and TERM.start <= on < TERM.end)


@pytest.mark.parametrize("place", PLACES)
def test_an_unincorporated_body_is_nowhere_an_operating_institution(place: str) -> None:
    policy = policy_of(place)
    with pytest.raises(OperatorNotAllowed, match="法人组织") as refused:
        check_operator(
            "某合伙", PartyKind.NON_LEGAL_PERSON, policy.agreement_legal_form, policy.agreement_organisation_kinds
        )
    assert refused.value.article == "发改数据规〔2025〕27号 第三条"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", [PartyKind.ENTERPRISE, PartyKind.PUBLIC_INSTITUTION])
def test_enterprises_and_public_institutions_are_admitted_everywhere(place: str, kind: PartyKind) -> None:
    policy = policy_of(place)
    check_operator("某单位", kind, policy.agreement_legal_form, policy.agreement_organisation_kinds)


def test_guangzhou_admits_enterprises_and_public_institutions_only() -> None:
    policy = policy_of("guangzhou")
    with pytest.raises(OperatorNotAllowed, match="行政单位"):
        check_operator(
            "某局", PartyKind.ADMINISTRATIVE_UNIT, policy.agreement_legal_form, policy.agreement_organisation_kinds
        )


def test_where_the_rules_are_silent_every_form_is_admitted() -> None:
    for kind in PartyKind:
        check_operator("某单位", kind, None, None)
        assert legal_form(kind) in ("legal_person", "unincorporated")


@pytest.mark.parametrize("place", PLACES)
def test_the_emergency_plan_is_demanded_in_xinchang_only(place: str) -> None:
    demanded = policy_of(place).agreement_emergency_plan_required
    check_emergency_plan("a" * 64, demanded)
    if place == "xinchang":
        with pytest.raises(EmergencyPlanMissing, match="应急预案"):
            check_emergency_plan(None, demanded)
    else:
        check_emergency_plan(None, demanded)


@pytest.mark.parametrize("place", PLACES)
def test_the_coordination_mechanism_is_asked_in_xinchang_only(place: str) -> None:
    demanded = policy_of(place).agreement_coordination_required
    assert check_coordination(" 纪要〔2026〕1号 ", demanded) == "纪要〔2026〕1号"
    for blank in (None, "", "  "):
        if place == "xinchang":
            with pytest.raises(CoordinationMissing, match="协调机制"):
                check_coordination(blank, demanded)
        else:
            assert check_coordination(blank, demanded) is None


@pytest.mark.parametrize("place", PLACES)
def test_an_agreement_that_is_signed_but_not_filed_takes_no_effect(place: str) -> None:
    demanded = policy_of(place).agreement_filing_required
    check_filing("AGR-2026-000001", AgreementState.FILED, demanded)
    with pytest.raises(FilingMissing, match="发改数据规〔2025〕27号 第十三条"):
        check_filing("AGR-2026-000001", AgreementState.SIGNED, demanded)
    check_filing("AGR-2026-000001", AgreementState.SIGNED, None)


@pytest.mark.parametrize("state", AgreementState)
def test_only_a_draft_is_changed(state: AgreementState) -> None:
    if state is AgreementState.DRAFT:
        check_draft("AGR-2026-000001", state)
    else:
        with pytest.raises(NotADraft, match="AGR-2026-000001"):
            check_draft("AGR-2026-000001", state)


def test_an_empty_scope_is_refused() -> None:
    check_scope("AGR-2026-000001", 1)
    with pytest.raises(ScopeRefused):
        check_scope("AGR-2026-000001", 0)


def test_what_the_rules_said_is_kept_with_act_and_article() -> None:
    policy = policy_of("xinchang")
    kept = sources_of({"years": policy.agreement_term_years_exact, "silent": policy.agreement_organisation_kinds})
    assert kept["years"]["value"] == "2"
    assert kept["years"]["article"] == "三（四）3（5）"
    assert "silent" not in kept
