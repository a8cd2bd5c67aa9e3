"""One leader at a time, and each (job, period) once: leases, fencing numbers and claims in the database itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import jobs
from kernel.db import Database, write_transaction
from kernel.jobs import JobRun, Lead, LeadLost, RunState
from kernel.schedule import ATTEMPTS_MAX, MINUTE

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
SECOND = timedelta(seconds=1)
pytestmark = pytest.mark.both_databases


@pytest.fixture
def other(database_url: str) -> Iterator[Session]:
    """The session of another process."""
    database = Database(database_url)
    opened = database.new_session()
    yield opened
    opened.close()
    database.engine.dispose()


def lead(session: Session, holder: str, at: datetime = NOW, silent: jobs.Seen | None = None) -> Lead | None:
    with write_transaction(session):
        return jobs.lead(session, holder, now=at, silent=silent)


def led(session: Session, holder: str = "a") -> Lead:
    found = lead(session, holder)
    assert found is not None
    return found


def claimed(session: Session, by: Lead, period: str = "p", at: datetime = NOW, is_forced: bool = False) -> bool:
    with write_transaction(session):
        return jobs.claim(session, "seal", period, now=at, by=by, starts_at=NOW, is_forced=is_forced)


def finish(session: Session, by: Lead, period: str = "p") -> None:
    with write_transaction(session):
        jobs.finish(session, "seal", period, "done", now=NOW, by=by)


def fail(session: Session, by: Lead, at: datetime = NOW, period: str = "p") -> None:
    with write_transaction(session):
        jobs.fail(session, "seal", period, "no", now=at, by=by)


def row(session: Session, period: str = "p") -> JobRun:
    session.rollback()
    return session.get_one(JobRun, ("seal", period), populate_existing=True)


def test_the_first_leads_and_the_second_stands_by_until_the_lease_is_over(session: Session, other: Session) -> None:
    assert lead(session, "a") == Lead("a", 1)
    assert lead(other, "b", NOW + jobs.LEASE) is None
    assert lead(session, "a", NOW + 20 * SECOND) == Lead("a", 1), "a sign of life prolongs the lease"
    assert lead(other, "b", NOW + 40 * SECOND) is None
    assert lead(other, "b", NOW + 51 * SECOND) == Lead("b", 2)
    assert lead(session, "a", NOW + 52 * SECOND) is None


def test_a_takeover_is_done_within_a_minute_even_when_the_clock_was_set_back(session: Session, other: Session) -> None:
    led(session)
    back = NOW - timedelta(hours=1)  # by this clock the lease runs for another hour
    silent = jobs.seen(other)
    other.rollback()
    assert lead(other, "b", back) is None
    assert lead(other, "b", back + jobs.LEASE, silent=silent) == Lead("b", 2), "no sign of life for a whole lease"
    assert jobs.LEASE + 10 * SECOND <= MINUTE


def test_a_sign_of_life_in_between_keeps_the_leader(session: Session, other: Session) -> None:
    led(session)
    silent = jobs.seen(other)
    other.rollback()
    lead(session, "a", NOW - timedelta(hours=1))
    assert lead(other, "b", NOW - timedelta(hours=1), silent=silent) is None


def test_who_steps_down_is_followed_at_once_and_is_not_taken_for_the_leader_again(
    session: Session, other: Session
) -> None:
    held = led(session)
    with write_transaction(session):
        jobs.resign(session, held)
    assert lead(other, "b") == Lead("b", 2)
    with write_transaction(session):
        jobs.resign(session, held)
    assert lead(session, "a", NOW + SECOND) is None, "a former leader cannot end the leadership of another"


def test_of_many_that_want_to_lead_at_the_same_moment_one_does(database_url: str) -> None:
    found: list[Lead] = []
    start = threading.Barrier(6)

    def want(name: str) -> None:
        database = Database(database_url)
        with database.new_session() as opened:
            start.wait()
            mine = lead(opened, name)
            if mine is not None:
                found.append(mine)
        database.engine.dispose()

    threads = [threading.Thread(target=want, args=(str(number),)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.fence for one in found] == [1]


def test_a_job_is_claimed_once_per_period(session: Session) -> None:
    held = led(session)
    assert claimed(session, held, "p")
    finish(session, held, "p")
    assert not claimed(session, held, "p")
    assert not claimed(session, held, "p", is_forced=True), "what is done stays done, whoever asks"
    assert claimed(session, held, "q")
    assert jobs.last_runs(session) == [("seal", NOW)]


def test_a_claim_without_a_leader_is_not_repeated(session: Session) -> None:
    with write_transaction(session):
        assert jobs.claim(session, "seal", "p", now=NOW)
        assert not jobs.claim(session, "seal", "p", now=NOW)


def test_what_failed_rests_and_is_tried_again_and_at_once_when_a_person_asks(session: Session) -> None:
    held = led(session)
    claimed(session, held)
    fail(session, held)
    assert (row(session).state, row(session).error, row(session).attempts) == (RunState.FAILED, "no", 1)
    assert not claimed(session, held, at=NOW + 59 * SECOND)
    assert claimed(session, held, at=NOW + MINUTE)
    fail(session, held, at=NOW + MINUTE)
    assert not claimed(session, held, at=NOW + 2 * MINUTE)
    assert claimed(session, held, at=NOW + 2 * MINUTE, is_forced=True)
    finish(session, held)
    assert (row(session).state, row(session).attempts, row(session).error) == (RunState.DONE, 3, "")


def test_a_clock_that_was_set_back_does_not_let_a_failed_period_rest_for_ever(session: Session) -> None:
    held = led(session)
    claimed(session, held)
    fail(session, held)
    assert claimed(session, held, at=NOW - timedelta(hours=25))


def test_the_next_leader_takes_up_what_the_former_left_behind_and_the_former_cannot_write_it(
    session: Session, other: Session
) -> None:
    former = led(session)
    claimed(session, former)
    latter = lead(other, "b", NOW + MINUTE)
    assert latter == Lead("b", 2)
    assert [run.period for run in jobs.orphans(other, "seal", latter)] == ["p"]
    other.rollback()
    assert claimed(other, latter, at=NOW + MINUTE)
    with pytest.raises(LeadLost):
        finish(session, former)
    with pytest.raises(LeadLost):
        fail(session, former)
    with pytest.raises(LeadLost), write_transaction(session):
        jobs.keep(session, "seal", "p", former)
    finish(other, latter)
    assert (row(session).holder, row(session).fence, row(session).attempts) == ("b", 2, 2)


def test_a_former_leader_that_wakes_up_late_commits_nothing(session: Session, other: Session) -> None:
    former = led(session)
    lead(other, "b", NOW + MINUTE)
    with jobs.fence(session, former):
        with pytest.raises(LeadLost), write_transaction(session):
            jobs.claim(session, "seal", "late", now=NOW, by=former)
        with pytest.raises(LeadLost), write_transaction(session):
            session.add(JobRun(job="work", period="late", run_at=NOW, state=RunState.DONE, finished_at=NOW))
    assert session.scalar(sa.select(sa.func.count()).select_from(JobRun)) == 0
    session.rollback()
    with write_transaction(session):  # outside the block the session is like any other
        jobs.claim(session, "seal", "late", now=NOW)
    assert row(session, "late").state is RunState.CLAIMED


def test_what_was_given_up_counts_as_settled_only_for_work_of_its_own_period(session: Session) -> None:
    held = led(session)
    for _try in range(ATTEMPTS_MAX):
        claimed(session, held, is_forced=True)
        fail(session, held)
    asked = {"before": NOW + MINUTE}
    assert jobs.settled_until(session, "seal", with_given_up=True, **asked) == NOW
    assert jobs.settled_until(session, "seal", with_given_up=False, **asked) is None
    stuck = jobs.given_up(session, "seal")
    assert stuck is not None
    assert jobs.slot_of(stuck).name == "p"


def test_only_what_is_done_and_old_is_forgotten(session: Session) -> None:
    held = led(session)
    for period in ("done", "failed"):
        claimed(session, held, period)
    finish(session, held, "done")
    fail(session, held, period="failed")
    with write_transaction(session):
        assert jobs.forget(session, "seal", before=NOW) == 0
        assert jobs.forget(session, "seal", before=NOW + SECOND) == 1
    assert [run.period for run in jobs.newest(session, "seal", limit=9)] == ["failed"]
