"""What an exit demands."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.agreements.rules import AgreementState, ExitGround
from registry.exits.rules import (
    TRANSITIONS,
    DeletedTooEarly,
    ExitEvent,
    ExitReason,
    ExitState,
    LogsMustStay,
    SettlementMissing,
    WrongState,
    after,
    check_deletion_date,
    check_log_deletion,
    check_settled,
    is_same_certificate,
    logs_kept_until,
    possible,
    reason_of,
    tasks,
)

EXIT, KEPT_UNTIL = date(2028, 6, 30), date(2028, 12, 30)
days = st.dates(date(2026, 1, 1), date(2030, 12, 31))


@pytest.mark.parametrize("state", ExitState)
@pytest.mark.parametrize("event", ExitEvent)
def test_every_pair_of_state_and_event_is_either_in_the_table_or_refused(state: ExitState, event: ExitEvent) -> None:
    if (state, event) in TRANSITIONS:
        assert after(state, event) is TRANSITIONS[state, event]
        assert event in possible(state)
    else:
        assert event not in possible(state)
        with pytest.raises(WrongState, match="目前为"):
            after(state, event)


def test_after_an_exit_of_the_thirtieth_of_june_logs_stay_until_the_thirtieth_of_december() -> None:
    assert logs_kept_until(EXIT, 6) == KEPT_UNTIL  # DEL-01
    with pytest.raises(LogsMustStay, match="2028-12-30"):
        check_log_deletion("EXT-1", KEPT_UNTIL, KEPT_UNTIL)
    check_log_deletion("EXT-1", KEPT_UNTIL, date(2028, 12, 31))


@given(days, st.integers(1, 60), days)
def test_no_log_is_deleted_before_its_months_are_over(exit_date: date, months: int, on: date) -> None:
    until = logs_kept_until(exit_date, months)
    assert until > exit_date
    if on > until:
        check_log_deletion("EXT-1", until, on)
    else:
        with pytest.raises(LogsMustStay):
            check_log_deletion("EXT-1", until, on)


@given(days, days, days)
def test_a_deletion_lies_between_the_exit_and_the_certificate(exit_date: date, deleted: date, today: date) -> None:
    if exit_date <= deleted <= today:
        check_deletion_date(exit_date, deleted, today)
    else:
        with pytest.raises(DeletedTooEarly):
            check_deletion_date(exit_date, deleted, today)


def test_the_reason_follows_from_how_the_authorization_ended() -> None:
    assert reason_of(AgreementState.ACTIVE, None) is ExitReason.EXPIRY
    assert reason_of(AgreementState.EXPIRED, None) is ExitReason.EXPIRY
    assert reason_of(AgreementState.REVOKED, None) is ExitReason.REVOCATION
    assert {reason_of(AgreementState.TERMINATED, ground) for ground in ExitGround} == {
        ExitReason.OPERATOR_REQUEST, ExitReason.BREACH, ExitReason.OTHER_ILLEGALITY,
    }  # fmt: skip


def test_the_checklist_says_what_is_done() -> None:
    nothing = tasks(exit_date=EXIT, today=EXIT, certified_on=None, logs_until=KEPT_UNTIL, settlement=None)
    assert [task.code for task in nothing if task.is_done] == ["access_closed"]
    assert nothing[0].due == EXIT
    done = tasks(exit_date=EXIT, today=date(2029, 1, 1), certified_on=EXIT, logs_until=KEPT_UNTIL, settlement="STM-1")
    assert all(task.is_done for task in done)


def test_an_exit_is_not_closed_without_the_final_settlement() -> None:
    check_settled("EXT-1", "STM-2028-000001")
    with pytest.raises(SettlementMissing, match="EXT-1"):
        check_settled("EXT-1", None)


def test_a_certificate_is_the_same_when_everything_it_says_is_the_same() -> None:
    known = {"what": "数据", "deleted_by": "张三", "number": "DEL-1"}
    assert is_same_certificate(known, {"what": "数据", "deleted_by": "张三"})
    assert not is_same_certificate(known, {"what": "日志", "deleted_by": "张三"})
