"""Who belongs to a class of buyers on a day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.classes.rules import (
    Change,
    ClassTaken,
    DayUnusable,
    MembershipAct,
    NotAMember,
    is_member,
    must_follow,
    must_not_look_back,
)

SINCE = date(2026, 7, 1)
ENDED = Change(date(2026, 8, 1), MembershipAct.ENDED)
AGAIN = Change(date(2026, 9, 1), MembershipAct.READMITTED)


def test_a_membership_counts_from_its_first_day_until_the_day_before_it_ends_and_again_after_readmission():
    days = [date(2026, 6, 30), SINCE, date(2026, 7, 31), ENDED.day, date(2026, 8, 31), AGAIN.day]
    assert [is_member(SINCE, [AGAIN, ENDED], day) for day in days] == [False, True, True, False, False, True]


@pytest.mark.parametrize(
    "changes, day, act, refused",
    [
        ([], SINCE + timedelta(days=1), MembershipAct.ENDED, None),
        ([], SINCE, MembershipAct.ENDED, DayUnusable),
        ([], AGAIN.day, MembershipAct.READMITTED, ClassTaken),
        ([ENDED], AGAIN.day, MembershipAct.READMITTED, None),
        ([ENDED], AGAIN.day, MembershipAct.ENDED, NotAMember),
        ([ENDED], ENDED.day, MembershipAct.READMITTED, DayUnusable),
        ([ENDED, AGAIN], AGAIN.day, MembershipAct.READMITTED, ClassTaken),
    ],
)
def test_a_change_must_follow_from_what_stands(changes, day, act, refused):
    if refused is None:
        must_follow(SINCE, changes, day, act)
        return
    with pytest.raises(refused):
        must_follow(SINCE, changes, day, act)


@given(st.lists(st.integers(1, 400), unique=True, max_size=6), st.integers(-10, 500))
def test_ends_and_readmissions_in_turn_leave_exactly_one_answer_for_every_day(days, asked):
    acts = [MembershipAct.ENDED, MembershipAct.READMITTED]
    changes = [Change(SINCE + timedelta(days=day), acts[n % 2]) for n, day in enumerate(sorted(days))]
    before = sum(day <= asked for day in days)
    assert is_member(SINCE, changes, SINCE + timedelta(days=asked)) is (asked >= 0 and before % 2 == 0)


def test_nothing_begins_in_the_past():
    must_not_look_back(SINCE, SINCE)
    with pytest.raises(DayUnusable):
        must_not_look_back(SINCE - timedelta(days=1), SINCE)
