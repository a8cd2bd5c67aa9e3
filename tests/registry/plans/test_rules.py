"""Contents, states and differences of implementation plans."""

from __future__ import annotations

from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.plans.rules import (
    ITEM_TITLES,
    TRANSITIONS,
    Contents,
    ModeNotAllowed,
    PlanEvent,
    PlanIncomplete,
    PlanItem,
    PlanMode,
    PlanState,
    UnknownPlanItem,
    WrongState,
    after,
    check_codes,
    check_complete,
    check_mode,
    difference,
    is_in_effect,
    missing,
    missing_items,
)
from registry.policy import RegistryPolicy
from tests.make import registry_base as make

ON = date(2026, 7, 1)
CODES = [item.value for item in PlanItem]
filled = st.dictionaries(st.sampled_from(CODES), st.sampled_from(["", "  ", "已写明"]))


def contents(**changes: object) -> Contents:
    """A complete version, but for the changes."""
    whole: dict[str, object] = {
        "items": dict.fromkeys(CODES, "已写明"), "mode": PlanMode.OVERALL, "scope_text": "全部", "resource_ids": (),
        "decision_number": "纪要1号", "decision_sha256": "0" * 64,
    }  # fmt: skip
    return Contents(**{**whole, **changes})  # type: ignore[arg-type]


def policy(place: str = "puer") -> RegistryPolicy:
    """What the place says."""
    return RegistryPolicy.at(make.book(), place, ON)


@pytest.mark.parametrize(("state", "event"), list(product(PlanState, PlanEvent)))
def test_every_pair_of_state_and_event_is_allowed_by_the_table_or_refused(state: PlanState, event: PlanEvent) -> None:
    if (state, event) in TRANSITIONS:
        assert after(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(WrongState) as refused:
            after(state, event)
        assert refused.value.rule == "APP-01"


def test_the_twelve_items_are_those_of_the_law_at_every_place() -> None:
    for place in make.book().places():
        assert list(policy(place).require("plan_items_required").items()) == CODES
    assert len(ITEM_TITLES) == 12


@given(filled)
def test_an_item_is_missing_exactly_when_it_is_absent_or_blank(items: dict[str, str]) -> None:
    lacking = missing_items(items, CODES)
    assert set(lacking) == {code for code in CODES if items.get(code, "").strip() == ""}
    assert list(lacking) == [code for code in CODES if code in lacking]


def test_everything_that_is_missing_is_listed_at_once() -> None:
    empty = contents(items={"name": "方案"}, mode=None, scope_text=" ", decision_number=None, decision_sha256=None)
    with pytest.raises(PlanIncomplete) as refused:
        check_complete(empty, policy().require("plan_items_required"), policy().plan_collective_decision_required)
    pointers = [error["pointer"] for error in refused.value.errors]
    assert pointers[:11] == [f"/items/{code}" for code in CODES[1:]]
    assert pointers[11:] == ["/mode", "/resource_ids", "/decision_number", "/decision_file"]


def test_a_complete_version_lacks_nothing_and_a_list_of_resources_is_a_scope() -> None:
    assert missing(contents(), CODES, decision_required=True) == []
    assert missing(contents(scope_text="", resource_ids=("a",)), CODES, decision_required=True) == []
    undecided = contents(decision_number=None, decision_sha256=None)
    assert missing(undecided, CODES, decision_required=False) == []
    assert len(missing(undecided, CODES, decision_required=True)) == 2


def test_unknown_items_and_modes_are_refused() -> None:
    with pytest.raises(UnknownPlanItem):
        check_codes({"weather": "晴"}, policy().plan_items_required)
    check_codes({"name": "方案"}, None)
    check_mode(PlanMode.BY_SECTOR, policy().plan_authorization_modes)
    check_mode(None, policy().plan_authorization_modes)
    with pytest.raises(ModeNotAllowed):
        check_mode(PlanMode.BY_SECTOR, policy().plan_items_required)  # a list that does not name it


@pytest.mark.parametrize(
    ("place", "stages"),
    [("puer", ("preliminary", "expert", "government")), ("xinchang", ("government",)), ("quzhou", ("government",)),
     ("futian", ("government",)), ("guangzhou", ("government",))],
)  # fmt: skip
def test_the_stages_are_those_that_a_text_names_else_those_of_the_nation(place: str, stages: tuple[str, ...]) -> None:
    assert policy(place).require("plan_stages").items() == stages


@pytest.mark.parametrize(
    ("state", "start", "end", "expected"),
    [
        (PlanState.IN_EFFECT, ON, None, True),
        (PlanState.IN_EFFECT, date(2026, 7, 2), None, False),
        (PlanState.SUPERSEDED, date(2026, 1, 1), date(2026, 7, 2), True),
        (PlanState.SUPERSEDED, date(2026, 1, 1), ON, False),
        (PlanState.APPROVED, None, None, False),
        (PlanState.FILED, ON, None, False),
    ],
)
def test_a_version_is_in_effect_from_its_first_day_until_the_next_one(
    state: PlanState, start: date | None, end: date | None, expected: bool
) -> None:
    assert is_in_effect(state, start, end, ON) is expected


def test_the_difference_names_every_field_that_changed_and_no_other() -> None:
    newer = contents(
        items={**dict.fromkeys(CODES, "已写明"), "security_and_emergency": "更严"}, mode=PlanMode.BY_SECTOR,
        resource_ids=("r",),
    )  # fmt: skip
    found = difference(contents(), newer, {"r": "R-1 企业登记"})
    assert [one.code for one in found] == ["security_and_emergency", "mode", "resource_ids"]
    assert (found[1].before, found[1].after) == ("整体授权", "分领域授权")
    assert (found[2].before, found[2].after) == ("", "R-1 企业登记")


@given(filled, filled)
def test_versions_differ_exactly_in_the_items_whose_text_differs(one: dict[str, str], other: dict[str, str]) -> None:
    found = {change.code for change in difference(contents(items=one), contents(items=other), {})}
    assert found == {code for code in CODES if one.get(code, "") != other.get(code, "")}
    assert difference(contents(items=one), contents(items=one), {}) == []
