"""Duties that exclude each other, passwords, sessions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.db import new_id
from kernel.identity import Role
from registry.accounts.rules import (
    CAPACITY_OF,
    FORBIDDEN_PAIRS,
    ORGANISATION_ROLES,
    ROLE_TITLES,
    TRANSITIONS,
    AccountEvent,
    AccountState,
    DutyConflict,
    GrantIncomplete,
    KeyTooLong,
    PasswordTooWeak,
    WrongAccountState,
    check_capacity,
    check_duties,
    check_key_days,
    check_password,
    conflict_of,
    is_live,
    locked_out,
    organisation_for,
    state_after,
    to_end,
)

NOW = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)
R = Role
# conventions §8, written out by hand: the table under test is built by formula
EXCLUDING = [
    (R.FINANCE_PREPARER, R.FINANCE_CHECKER), (R.FINANCE_PREPARER, R.FINANCE_PAYER),
    (R.FINANCE_CHECKER, R.FINANCE_PAYER), (R.FINANCE_PREPARER, R.AUDITOR), (R.FINANCE_CHECKER, R.AUDITOR),
    (R.FINANCE_PAYER, R.AUDITOR), (R.REVIEWER, R.MERCHANT), (R.REVIEWER, R.OPERATOR), (R.PRICE, R.MERCHANT),
    (R.PRICE, R.OPERATOR), (R.SUPERVISOR, R.OPERATOR), (R.SYSTEM_ADMINISTRATOR, R.AUDITOR),
    (R.SYSTEM_ADMINISTRATOR, R.SECURITY_ADMINISTRATOR), (R.SECURITY_ADMINISTRATOR, R.AUDITOR),
    *[(R.SECURITY_ADMINISTRATOR, role) for role in (
        R.MERCHANT, R.OPERATOR, R.SOURCE, R.BUYER, R.REVIEWER, R.PRICE, R.FINANCE_PREPARER, R.FINANCE_CHECKER,
        R.FINANCE_PAYER, R.SUPERVISOR)],
    *[(R.SCHEDULER, role) for role in Role if role is not R.SCHEDULER],
]  # fmt: skip


def test_exactly_the_pairs_of_the_conventions_exclude_each_other() -> None:
    assert {frozenset(pair) for pair in EXCLUDING} == FORBIDDEN_PAIRS


@pytest.mark.parametrize(("one", "other"), list(combinations(Role, 2)))
def test_a_forbidden_pair_is_refused_in_either_order_and_others_are_not(one: Role, other: Role) -> None:
    for held, wanted in ((one, other), (other, one)):
        if frozenset((one, other)) in FORBIDDEN_PAIRS:
            with pytest.raises(DutyConflict) as refused:
                check_duties("张三", {held}, wanted)
            assert ROLE_TITLES[held] in refused.value.detail
            assert ROLE_TITLES[wanted] in refused.value.detail
        else:
            check_duties("张三", {held}, wanted)


@given(st.sets(st.sampled_from(list(Role))), st.sampled_from(list(Role)))
def test_a_duty_conflicts_with_a_set_when_it_conflicts_with_one_of_it(held: set[Role], wanted: Role) -> None:
    clashing = {role for role in held if frozenset((role, wanted)) in FORBIDDEN_PAIRS}
    found = conflict_of(held, wanted)
    assert (found in clashing) if clashing else found is None


def test_every_role_has_a_title() -> None:
    assert set(ROLE_TITLES) == set(Role)


@pytest.mark.parametrize("state", AccountState)
@pytest.mark.parametrize("event", AccountEvent)
def test_every_pair_of_state_and_event_is_either_in_the_table_or_refused(
    state: AccountState, event: AccountEvent
) -> None:
    if (state, event) in TRANSITIONS:
        assert state_after(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(WrongAccountState):
            state_after(state, event)


@pytest.mark.parametrize("role", Role)
def test_roles_of_an_organisation_are_granted_for_the_own_one_and_others_for_none(role: Role) -> None:
    own, other = new_id(), new_id()
    if role in ORGANISATION_ROLES:
        assert organisation_for("张三", role, own=own, asked=None) == own
        assert organisation_for("张三", role, own=own, asked=own) == own
        for have, asked in ((own, other), (None, None), (None, other)):
            with pytest.raises(GrantIncomplete):
                organisation_for("张三", role, own=have, asked=asked)
    else:
        assert organisation_for("张三", role, own=own, asked=None) is None
        with pytest.raises(GrantIncomplete):
            organisation_for("张三", role, own=own, asked=own)


@pytest.mark.parametrize("role", list(CAPACITY_OF))
def test_people_of_an_organisation_act_only_in_what_it_is_registered_for(role: Role) -> None:
    check_capacity("甲公司", role, registered=True)
    with pytest.raises(GrantIncomplete, match="甲公司 未登记为"):
        check_capacity("甲公司", role, registered=False)


@pytest.mark.parametrize(
    "password", ["", "short", "elevenchars", "aaaaaaaaaaaaaa", "abababababab", "my Zhang.San 2026"]
)
def test_a_weak_password_is_refused(password: str) -> None:
    with pytest.raises(PasswordTooWeak):
        check_password(password, "zhang.san", 12)


@pytest.mark.parametrize("password", ["correct horse", "十二个汉字组成的密码也可以", "Zhang-San-2026"])
def test_length_is_what_counts(password: str) -> None:
    check_password(password, "zhang.san", 12)


@pytest.mark.parametrize("days", [-1, 0, 366, 10**9])
def test_a_key_has_an_end_within_a_year(days: int) -> None:
    check_key_days(1, 365)
    check_key_days(365, 365)
    with pytest.raises(KeyTooLong):
        check_key_days(days, 365)


def test_a_lock_out_says_how_long_it_lasts() -> None:
    refusal = locked_out(5, timedelta(seconds=90))
    assert refusal.status == 429
    assert refusal.headers == {"Retry-After": "90"}
    assert locked_out(5, timedelta(microseconds=1)).headers == {"Retry-After": "1"}


@pytest.mark.parametrize(
    ("idle", "left", "ended", "live"),
    [(0, 60, False, True), (29, 60, False, True), (30, 60, False, False), (0, 0, False, False), (0, 60, True, False)],
)
def test_a_session_ends_by_sign_out_by_idling_or_by_age(idle: int, left: int, ended: bool, live: bool) -> None:
    found = is_live(
        now=NOW,
        seen_at=NOW - timedelta(minutes=idle),
        expires_at=NOW + timedelta(minutes=left),
        ended_at=NOW if ended else None,
        idle_max=timedelta(minutes=30),
    )
    assert found is live


@given(st.lists(st.integers(0, 1000), max_size=8, unique=True), st.integers(1, 5))
def test_one_more_session_never_makes_more_than_the_limit_and_the_idlest_go(seen: list[int], limit: int) -> None:
    live = [(NOW + timedelta(seconds=second), str(second)) for second in seen]
    ended = to_end(live, limit)
    assert len(live) - len(ended) + 1 <= max(limit, 1)
    assert ended == [str(second) for second in sorted(seen)[: len(ended)]]
    assert not ended or len(live) - len(ended) + 1 == limit
