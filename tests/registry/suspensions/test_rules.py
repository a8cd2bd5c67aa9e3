"""How long a correction may take."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.suspensions.rules import (
    CorrectionMissing,
    CorrectionState,
    CorrectionStillOpen,
    PartRefused,
    Reported,
    check_part,
    check_part_may_end,
    check_restorable,
    correction_state,
    last_day_of_correction,
)

BREACH, DUE = date(2026, 9, 1), date(2026, 9, 16)
AWAITED, REPORTED, LATE, OVERDUE = CorrectionState
days = st.dates(date(2026, 8, 1), date(2026, 12, 31))


def test_a_breach_of_the_first_of_september_with_fifteen_days_is_unanswered_on_the_seventeenth() -> None:
    assert last_day_of_correction(BREACH, 15) == DUE  # ACC-01
    assert correction_state(DUE, [], date(2026, 9, 16)) is AWAITED
    assert correction_state(DUE, [], date(2026, 9, 17)) is OVERDUE


@pytest.mark.parametrize(
    ("reports", "on", "expected"),
    [([Reported(date(2026, 9, 16), False)], date(2026, 9, 20), REPORTED),
     ([Reported(date(2026, 9, 17), False)], date(2026, 9, 20), LATE),
     ([Reported(date(2026, 9, 10), True)], date(2026, 9, 11), AWAITED),
     ([Reported(date(2026, 9, 10), True)], date(2026, 9, 17), OVERDUE),
     ([Reported(date(2026, 9, 10), True), Reported(date(2026, 9, 15), False)], date(2026, 9, 17), REPORTED)],
)  # fmt: skip
def test_a_report_counts_by_its_day_and_not_at_all_once_it_was_rejected(
    reports: list[Reported], on: date, expected: CorrectionState
) -> None:
    assert correction_state(DUE, reports, on) is expected


@given(days, days, st.lists(st.builds(Reported, days, st.booleans())))
def test_either_the_restoration_or_the_end_waits_for_the_operator_never_both_for_ever(
    due: date, on: date, reports: list[Reported]
) -> None:
    state = correction_state(due, reports, on)
    answered = any(not report.rejected and report.on <= on for report in reports)
    assert (state in (REPORTED, LATE)) == answered
    assert (state is OVERDUE) == (not answered and on > due)


@pytest.mark.parametrize("state", CorrectionState)
def test_a_restoration_needs_a_report_and_the_end_of_part_a_period_that_is_over(state: CorrectionState) -> None:
    if state in (REPORTED, LATE):
        check_restorable("AGR-1", state)
    else:
        with pytest.raises(CorrectionMissing, match="AGR-1"):
            check_restorable("AGR-1", state)
    if state in (OVERDUE, LATE):
        check_part_may_end("AGR-1", state, DUE)
    else:
        with pytest.raises(CorrectionStillOpen, match="AGR-1"):
            check_part_may_end("AGR-1", state, DUE)


def test_only_part_of_what_is_in_scope_can_end_alone() -> None:
    one, two, foreign = uuid4(), uuid4(), uuid4()
    check_part("AGR-1", [one, two], [one])
    for ending in ([], [one, two], [foreign], [one, foreign]):
        with pytest.raises(PartRefused):
            check_part("AGR-1", [one, two], ending)


@given(days, st.integers(0, 400))
def test_the_day_of_the_breach_is_not_counted(breach: date, length: int) -> None:
    assert last_day_of_correction(breach, length) - breach == timedelta(days=length)
