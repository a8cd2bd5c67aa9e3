"""The language of schedules: what is written is read strictly and written back; what makes no sense names its field."""

from __future__ import annotations

from typing import Any

import pytest

from kernel.reading import Unreadable
from settlement.splits.rules import NonMoney, Schedule, read_non_money

REST: dict[str, Any] = {"kind": "rest", "party": "z"}
WHOLE_LANGUAGE: list[dict[str, Any]] = [
    {"key": "venue", "kind": "fixed", "party": "v", "value": "5.00", "over": "period"},
    {"key": "costs", "kind": "recover", "claims": {"a": "10.00", "b": "20.00"}, "shortage": "talmud", "cap": "9.00"},
    {"key": "tiers", "kind": "rate", "party": "o", "base": "gross", "over": "term",
     "bands": [{"up_to": "100.00", "value": "0.5"}, {"value": "0.3"}]},
    {"key": "game", "kind": "pool", "value": "0.1", "base": "left",
     "shapley": {"a": "0", "b": "0", "a+b": "1"}},
    {"key": "pool", "kind": "pool", "value": "0.1", "base": "left", "weights": {"a": "1", "b": "3"},
     "floors": {"a": "1.00"}, "caps": {"b": "2.00"}, "from": "2026-01-01", "until": "2026-12-31"},
    REST,
]  # fmt: skip


def test_the_whole_language_survives_being_written_and_read():
    schedule = Schedule.from_list(WHOLE_LANGUAGE)
    assert schedule.to_list() == WHOLE_LANGUAGE
    assert Schedule.from_list(schedule.to_list()) == schedule


@pytest.mark.parametrize(
    ("step", "pointer", "code"),
    [
        ({"kind": "rate", "party": "a", "value": "1.1"}, "/steps/0/value", "portion_over_one"),
        ({"kind": "rate", "party": "a", "bands": [{"value": "1.1"}]}, "/steps/0/bands/0/value", "portion_over_one"),
        ({"kind": "rate", "party": "a", "value": "0.1", "bands": [{"value": "0"}]}, "/steps/0/bands", "twice"),
        ({"kind": "rate", "party": "a", "value": "0.1", "over": "week"}, "/steps/0/over", "not_allowed"),
        ({"kind": "rate", "party": "a", "value": "0.1", "caps": {"b": "1"}}, "/steps/0/caps/b", "not_of_the_step"),
        ({"kind": "rate", "party": "a", "value": "0.1", "caps": {"a": "1"}, "floors": {"a": "2"}},
         "/steps/0/floors", "above_cap"),
        ({"kind": "rate", "party": "a", "value": "0.1", "shortage": "equal"}, "/steps/0/shortage", "nothing_to_divide"),
        ({"kind": "rate", "claims": {"a": "1"}, "value": "0.1"}, "/steps/0/claims", "unknown_key"),
        ({"kind": "recover", "claims": {"a": "1"}, "party": "a"}, "/steps/0/claims", "twice"),
        ({"kind": "recover", "party": "a", "value": "1", "in_cost_base": "yes"}, "/steps/0/in_cost_base",
         "not_a_boolean"),
        ({"kind": "pool", "shapley": {"a": "1", "a+b": "1"}}, "/steps/0/shapley", "game_incomplete"),
        ({"kind": "pool", "shapley": {"a": "2", "b": "0", "a+b": "1"}}, "/steps/0/shapley", "share_negative"),
        ({"kind": "pool", "shapley": {"+".join("abcdefg"): "1"}}, "/steps/0/shapley", "too_many"),
        ({"kind": "rate", "party": "a", "value": "__import__('os')"}, "/steps/0/value", "money.not_a_number"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_by_field_with_a_code_of_its_own(step, pointer, code):
    with pytest.raises(Unreadable) as refusal:
        Schedule.from_list([step, REST])
    assert pointer in [error["pointer"] for error in refusal.value.errors]
    codes = [error["code"] for error in refusal.value.errors if error["pointer"] == pointer]
    assert code in codes


def test_equity_rights_and_services_are_lines_without_money():
    rows = [
        {"method": "equity", "party": "a", "words": "以数据入股", "portion": "0.1"},
        {"method": "in_kind_service", "party": "b", "words": "每年提供分析报告两份"},
    ]
    found = read_non_money(rows)
    assert [line.method for line in found] == [NonMoney.EQUITY, NonMoney.IN_KIND_SERVICE]
    assert [line.to_dict() for line in found] == rows
    assert read_non_money([]) == ()
    with pytest.raises(Unreadable):
        read_non_money([{"method": "cash", "party": "a", "words": "x"}])
