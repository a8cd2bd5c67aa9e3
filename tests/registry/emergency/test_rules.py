"""Who writes an emergency plan, and when the next drill is due."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.emergency.rules import (
    Department,
    DrillDate,
    check_drill_date,
    missing_departments,
    next_drill_by,
)
from registry.policy import RegistryPolicy
from tests.make.registry_base import book

days = st.dates(date(2026, 1, 1), date(2028, 12, 31))


@given(st.sets(st.sampled_from(list(Department))))
def test_the_departments_that_took_no_part_are_the_rest_of_the_six(participants: set[Department]) -> None:
    assert set(missing_departments(participants)) == set(Department) - participants


@given(days, days, days)
def test_a_drill_lies_between_its_plan_and_today(adopted: date, held: date, today: date) -> None:
    if adopted <= held <= today:
        check_drill_date(held, adopted, today)
    else:
        with pytest.raises(DrillDate):
            check_drill_date(held, adopted, today)


def test_without_a_configured_interval_no_drill_is_due() -> None:
    last = date(2026, 7, 1)
    silent = RegistryPolicy.at(book(), "xinchang", last).emergency_drill_months_max
    assert next_drill_by(last, silent) is None
    shown = RegistryPolicy.at(book(demonstration=True), "xinchang", last).emergency_drill_months_max
    assert next_drill_by(last, shown) == date(2027, 7, 1)
