"""Barring a resource from opening."""

from __future__ import annotations

import pytest

from registry.resources.rules import (
    TRANSITIONS,
    ResourceBarred,
    ResourceEvent,
    WrongResourceState,
    barred_after,
    refuse_barred,
)


@pytest.mark.parametrize("barred", [False, True])
@pytest.mark.parametrize("event", ResourceEvent)
def test_every_pair_of_state_and_event_is_either_in_the_table_or_refused(barred: bool, event: ResourceEvent) -> None:
    if (barred, event) in TRANSITIONS:
        assert barred_after(barred, event) is TRANSITIONS[barred, event]
    else:
        with pytest.raises(WrongResourceState):
            barred_after(barred, event)


def test_a_change_of_the_description_never_opens_what_is_barred() -> None:
    assert barred_after(True, ResourceEvent.CHANGE) is True


def test_a_barred_resource_is_refused_with_its_code_and_what_to_do() -> None:
    refuse_barred("RES-2026-000001", "企业登记信息", barred=False)
    with pytest.raises(ResourceBarred, match=r"RES-2026-000001.*请从清单中移除"):
        refuse_barred("RES-2026-000001", "企业登记信息", barred=True)
