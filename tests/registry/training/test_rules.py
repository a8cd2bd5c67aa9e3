"""What counts as trained, and until when."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.training.rules import (
    BLOCKED,
    Requirement,
    Result,
    RoleKind,
    TrainingRefused,
    check_day,
    counting,
    earliest_valid,
    judge,
    lapses_on,
)

DAY = timedelta(days=1)
PASSED = date(2026, 1, 31)
EVERY_KIND = tuple(RoleKind)
FOREVER = Requirement(True, EVERY_KIND, None, "新昌 三（五）1")
ONE_MONTH = Requirement(True, EVERY_KIND, 1, "新昌 三（五）1")
NOT_REQUIRED = Requirement(False, EVERY_KIND, None, "")

days = st.dates(date(2024, 1, 1), date(2028, 12, 31))


def result(number: int, on: date, *, passed: bool = True, kind: RoleKind = RoleKind.TECHNICAL) -> Result:
    """One examination."""
    return Result(UUID(int=number), kind, on, passed)


def test_without_a_stated_validity_a_pass_never_lapses_and_the_words_say_so() -> None:
    assert lapses_on(PASSED, None) is None
    fact = judge("张三", [result(1, PASSED)], FOREVER, date(2099, 1, 1))
    assert fact.is_met
    assert "没有规定有效期" in fact.words
    assert "长期有效" in FOREVER.words()


def test_a_validity_in_months_ends_on_the_same_day_of_the_month_or_its_last() -> None:
    for on, wanted in [(PASSED - DAY, False), (PASSED, True), (date(2026, 2, 27), True), (date(2026, 2, 28), False)]:
        fact = judge("张三", [result(1, PASSED)], ONE_MONTH, on)
        assert (fact.is_met, fact.code) == (wanted, "" if wanted else BLOCKED)


@given(days, st.integers(1, 60))
def test_the_earliest_valid_day_is_the_first_whose_training_has_not_lapsed(on: date, months: int) -> None:
    day = earliest_valid(on, months)
    assert lapses_on(day, months) > on
    assert lapses_on(day - DAY, months) <= on


@given(st.lists(st.tuples(days, st.booleans(), st.sampled_from(RoleKind)), max_size=6), days)
def test_the_newest_examination_of_a_kind_decides(rows: list[tuple[date, bool, RoleKind]], on: date) -> None:
    results = [result(number, day, passed=passed, kind=kind) for number, (day, passed, kind) in enumerate(rows)]
    found = counting(results, FOREVER, on, None)
    assert found == counting(results[::-1], FOREVER, on, None)
    newest = {
        kind: max((one for one in results if one.kind is kind and one.trained_on <= on), default=None,
                  key=lambda one: (one.trained_on, one.id))
        for kind in RoleKind
    }  # fmt: skip
    assert (found is not None) is any(one is not None and one.passed for one in newest.values())
    if found is not None:
        assert found.passed
        assert found == newest[found.kind]


def test_a_later_failure_takes_the_earlier_pass_away_from_its_day_on() -> None:
    results = [result(1, PASSED), result(2, PASSED + DAY, passed=False)]
    assert counting(results, FOREVER, PASSED, None) == results[0]
    assert counting(results, FOREVER, PASSED + DAY, None) is None


def test_a_pass_counts_for_its_own_kind_of_staff() -> None:
    results = [result(1, PASSED, kind=RoleKind.OPERATING)]
    assert counting(results, FOREVER, PASSED, RoleKind.OPERATING) is not None
    assert counting(results, FOREVER, PASSED, RoleKind.MANAGEMENT) is None
    only_management = Requirement(True, (RoleKind.MANAGEMENT,), None, "")
    assert counting(results, only_management, PASSED, None) is None
    fact = judge("张三", results, FOREVER, PASSED, RoleKind.MANAGEMENT)
    assert "管理人员" in fact.words


def test_where_no_text_demands_training_nobody_is_blocked() -> None:
    assert judge("张三", [], NOT_REQUIRED, PASSED).is_met
    fact = judge("张三", [], FOREVER, PASSED)
    assert (fact.is_met, fact.code, fact.rule, fact.article) == (False, BLOCKED, "TRN-01", "新昌 三（五）1")


def test_a_training_is_recorded_when_it_has_taken_place() -> None:
    check_day(PASSED, PASSED)
    with pytest.raises(TrainingRefused):
        check_day(PASSED + DAY, PASSED)
