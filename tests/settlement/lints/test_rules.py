"""Every way in which a schedule can be unsound has a code of its own and names the step."""

from __future__ import annotations

from typing import Any

import pytest

from settlement.splits.rules import Schedule, ScheduleInvalid

REST: dict[str, Any] = {"kind": "rest", "party": "z"}


def rate(value: str, **more: Any) -> dict[str, Any]:
    return {"kind": "rate", "party": "a", "value": value, **more}


def tiers(*bands: tuple[str | None, str], **more: Any) -> dict[str, Any]:
    written = [{"value": value} | ({"up_to": limit} if limit else {}) for limit, value in bands]
    return {"kind": "rate", "party": "a", "bands": written, **more}


@pytest.mark.parametrize(
    ("steps", "code", "step"),
    [
        ([rate("0.5")], "rest_missing", None),
        ([REST, REST], "rest_twice", 2),
        ([REST, rate("0.1")], "unreachable", 2),
        ([rate("1"), rate("0", base="left"), REST], "unreachable", 2),
        ([tiers(("5", "1"), (None, "1")), rate("0.1", base="left"), REST], "unreachable", 2),
        ([rate("0.6"), rate("0.6"), REST], "portions_over_one", None),
        ([tiers(("5", "0.9"), (None, "0.1")), rate("0.2"), REST], "portions_over_one", None),
        ([rate("0.6"), rate("0.6", **{"from": "2027-01-01"}), REST], "portions_over_one", None),
        ([rate("0.1", key="x"), rate("0.1", key="x"), REST], "key_twice", 2),
        ([rate("0.1", **{"from": "2027-01-02", "until": "2027-01-01"}), REST], "window_empty", 1),
        ([tiers(("9", "0.1"), ("5", "0.2"), (None, "0.3")), REST], "bands_not_rising", 1),
        ([tiers((None, "0.1"), (None, "0.2")), REST], "band_open_early", 1),
        ([tiers(("5", "0.1")), REST], "band_last_bounded", 1),
        ([rate("0.1", base="left", over="term"), REST], "carry_without_base", 1),
        ([rate("0.1", floor="1", over="term"), REST], "floor_over_term", 1),
        ([{"kind": "recover", "party": "a", "value": "1", "in_cost_base": True}, REST], "cost_twice", 1),
    ],
)  # fmt: skip
def test_an_unsound_schedule_is_refused_with_code_and_step(steps, code, step):
    with pytest.raises(ScheduleInvalid) as refusal:
        Schedule.from_list(steps)
    pointer = "/steps" if step is None else f"/steps/{step - 1}"
    found = [(error["code"], error["pointer"]) for error in refusal.value.errors]
    assert (code, pointer) in found
    if step is not None:
        words = [error["message"] for error in refusal.value.errors if error["code"] == code]
        assert f"第 {step} 步" in words[0]


@pytest.mark.parametrize(
    "steps",
    [
        [rate("1", cap="5"), rate("0", base="left"), REST],
        [rate("0.6", until="2026-12-31"), rate("0.6", **{"from": "2027-01-01"}), REST],
        [{"kind": "pool", "weights": {"a": "1"}, "caps": {"a": "1"}}, rate("0.1", base="left"), REST],
        [tiers(("5", "1"), (None, "0.5")), rate("0.1", base="left"), REST],
    ],
)
def test_a_step_that_some_amount_or_day_reaches_is_sound(steps):
    assert Schedule.from_list(steps).steps
