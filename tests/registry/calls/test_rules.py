"""When a call is open, and the states it passes through."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest

from registry.calls.rules import (
    TEXT_TITLES,
    TRANSITIONS,
    CallEvent,
    CallIncomplete,
    CallState,
    MethodNotAllowed,
    PlanNotInEffect,
    SelectionMethod,
    StillOpen,
    WrongState,
    after,
    check_closing,
    check_complete,
    check_method,
    check_plan,
    is_open,
)
from registry.policy import RegistryPolicy
from tests.make import registry_base as make

FIRST, LAST = date(2026, 7, 1), date(2026, 7, 30)
DAY = timedelta(days=1)


def complete(**changes: Any) -> None:
    """Check a complete call, but for the changes."""
    whole: dict[str, Any] = {
        "texts": dict.fromkeys(TEXT_TITLES, "已写明"), "method": SelectionMethod.OPEN_TENDER, "invited": (),
        "opens_on": FIRST, "closes_on": LAST, "today": FIRST,
    }  # fmt: skip
    check_complete("CALL-1", **{**whole, **changes})


@pytest.mark.parametrize(("state", "event"), list(product(CallState, CallEvent)))
def test_every_pair_of_state_and_event_is_allowed_by_the_table_or_refused(state: CallState, event: CallEvent) -> None:
    if (state, event) in TRANSITIONS:
        assert after(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(WrongState):
            after(state, event)


@pytest.mark.parametrize("state", list(CallState))
def test_only_a_published_call_is_open_and_only_between_its_days(state: CallState) -> None:
    days = [FIRST - DAY, FIRST, LAST, LAST + DAY]
    expected = [False, True, True, False] if state is CallState.PUBLISHED else [False] * 4
    assert [is_open(state, FIRST, LAST, day) for day in days] == expected
    assert not is_open(state, None, LAST, FIRST)


def test_a_call_tells_what_the_text_of_xinchang_wants_told() -> None:
    complete()
    with pytest.raises(CallIncomplete) as refused:
        complete(texts=dict.fromkeys(TEXT_TITLES, " "), opens_on=None)
    assert [error["pointer"] for error in refused.value.errors] == [*(f"/{name}" for name in TEXT_TITLES), "/closes_on"]
    with pytest.raises(CallIncomplete):
        complete(today=LAST + DAY)
    with pytest.raises(CallIncomplete) as nobody:
        complete(method=SelectionMethod.INVITED_TENDER)
    assert nobody.value.errors[0]["pointer"] == "/invited_ids"
    complete(method=SelectionMethod.INVITED_TENDER, invited=("a",))


def test_the_three_ways_of_the_law_are_open_everywhere_and_others_are_refused() -> None:
    for place in make.book().places():
        methods = RegistryPolicy.at(make.book(), place, FIRST).operator_selection_methods
        for method in SelectionMethod:
            check_method(method, methods)
    none_of_them = RegistryPolicy.at(make.book(), "puer", FIRST).plan_stages
    with pytest.raises(MethodNotAllowed):
        check_method(SelectionMethod.NEGOTIATION, none_of_them)


def test_a_call_rests_on_a_plan_in_effect_and_closes_only_after_its_last_day() -> None:
    check_plan("CALL-1", "PLN-1", in_effect=True, on=FIRST)
    with pytest.raises(PlanNotInEffect):
        check_plan("CALL-1", "PLN-1", in_effect=False, on=FIRST)
    check_closing("CALL-1", LAST, LAST + DAY)
    with pytest.raises(StillOpen):
        check_closing("CALL-1", LAST, LAST)
