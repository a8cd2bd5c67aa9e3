"""Who leads and what is run: takeovers, kills, stand-still, clocks that jump; the time is passed in (F7, F8)."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from kernel import clock, db, job_requests, jobs
from kernel.calendar import BEIJING, DAY
from kernel.db import Database, write_transaction
from kernel.jobs import JobRun, RunState
from kernel.schedule import ATTEMPTS_MAX, HOUR, MINUTE, Daily, Every
from tests.rig.timetables import ADMINISTRATOR, bare_app, effects, leave_row, make_effects, working
from web.scheduling import BEAT_SECONDS, SCHEDULER, Job, Keeper, Turn, run

NOW = datetime(2026, 11, 22, 10, tzinfo=BEIJING)
BEAT = timedelta(seconds=BEAT_SECONDS)


class Killed(BaseException):
    """As if the process had been killed: nothing of it goes on."""


class World:
    """An application, a clock that is set, and time that only goes on."""

    def __init__(self, app: Flask, url: str) -> None:
        self.app, self.url = app, url
        self.now, self.elapsed = NOW, timedelta(0)

    def go_on(self, by: timedelta) -> None:
        """Let time go by."""
        self.now += by
        self.elapsed += by

    def jump(self, by: timedelta) -> None:
        """Set the clock without any time going by."""
        self.now += by

    def work(self, keeper: Keeper, timetable: Sequence[Job]) -> list[str]:
        """Let a process look once at everything."""
        with clock.set_to(self.now):
            keeper.beat(self.elapsed)
            return [line for job in timetable for line in keeper.turn(job)]

    def rows(self, job: str) -> list[JobRun]:
        """Return the runs of a job in order of their periods."""
        with self.app.app_context():
            query = sa.select(JobRun).where(JobRun.job == job).order_by(JobRun.starts_at, JobRun.period)
            return list(db.session().scalars(query))


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    make_effects(database_url)
    made = World(bare_app(database_url), database_url)
    yield made
    made.app.extensions["huiyi_database"].engine.dispose()


def keepers(world: World, timetable: Sequence[Job], *names: str) -> list[Keeper]:
    return [Keeper(world.app, timetable, holder=name) for name in names]


@pytest.mark.both_databases
def test_a_leader_killed_fifty_times_at_its_work_leaves_each_period_done_once(world: World) -> None:
    chance = random.Random(7)

    def perhaps_killed() -> None:
        if chance.random() < 0.5:
            raise Killed

    timetable = [
        working("each", Every(MINUTE), perhaps_killed, each=True),
        working("newest", Every(MINUTE), perhaps_killed),
    ]
    alive, kills, names = keepers(world, timetable, "p0", "p1"), 0, 2
    while kills < 50:
        for number, keeper in enumerate(alive):
            try:
                world.work(keeper, timetable)
            except Killed:
                kills, names = kills + 1, names + 1
                alive[number] = Keeper(world.app, timetable, holder=f"p{names}")
        world.go_on(BEAT)
    for job in timetable:  # the last one is left in peace
        object.__setattr__(job, "run", working(job.name, job.cadence).run)
    for _look in range(40):
        for keeper in alive:
            world.work(keeper, timetable)
        world.go_on(BEAT)
    left = effects(world.url)
    assert set(Counter(left).values()) == {1}
    rows = world.rows("each") + world.rows("newest")
    assert {row.state for row in rows} == {RunState.DONE}
    assert {(row.job, row.period) for row in rows} == set(left)
    starts = [row.starts_at for row in world.rows("each")]
    assert starts == [starts[0] + number * MINUTE for number in range(len(starts))], "none is left out"


@pytest.mark.both_databases
@pytest.mark.parametrize("back", [timedelta(0), HOUR, 25 * HOUR])
def test_a_dead_leader_is_followed_within_sixty_seconds_also_by_a_clock_that_was_set_back(
    world: World, back: timedelta
) -> None:
    timetable = [working("newest", Every(MINUTE))]
    first, second = keepers(world, timetable, "a", "b")
    world.work(first, timetable)
    world.work(second, timetable)
    assert (first.lead is not None, second.lead) == (True, None)
    world.jump(-back)
    died = world.elapsed
    while second.lead is None:
        world.go_on(BEAT)
        world.work(second, timetable)
    assert world.elapsed - died <= timedelta(seconds=60)
    assert second.lead.fence == 2


@pytest.mark.both_databases
def test_a_former_leader_that_wakes_up_in_the_middle_of_its_work_writes_nothing(world: World) -> None:
    """The process slept through its lease between the claim and the work; the next leader did the period meanwhile."""
    timetable = [working("newest", Every(MINUTE))]
    former, latter = keepers(world, timetable, "a", "b")

    class Sleepy(Keeper):
        def _work(self, job: Job, due: object, held: object) -> str:
            world.go_on(jobs.LEASE + BEAT)
            world.work(latter, timetable)
            assert latter.lead is not None
            return super()._work(job, due, held)  # type: ignore[arg-type]

    sleepy = Sleepy(world.app, timetable, holder="sleepy")
    del former
    said = world.work(sleepy, timetable)
    assert len(said) == 1
    assert "已由另一进程" in said[0]
    assert sleepy.lead is None
    assert effects(world.url) == [("newest", NOW.isoformat())]
    assert [(row.holder, row.attempts) for row in world.rows("newest")] == [("b", 2)]


def test_work_that_speaks_to_the_outside_writes_nothing_either_once_another_leads(world: World) -> None:
    def outside(turn: Turn) -> str:
        with clock.set_to(world.now + HOUR):
            other.beat(world.elapsed)
        with db.transaction() as session:
            return leave_row(session, "outside", turn)

    timetable = [Job("outside", Every(MINUTE), alone=outside)]
    one, other = keepers(world, timetable, "a", "b")
    said = world.work(one, timetable)
    assert "主持序号已是 2" in said[0]
    assert effects(world.url) == []


JUMPS: dict[str, tuple[datetime, list[timedelta]]] = {
    "an hour on": (NOW, [HOUR]),
    "an hour back": (NOW, [-HOUR]),
    "a day and an hour on": (NOW, [25 * HOUR]),
    "a day on and back again": (NOW, [25 * HOUR, -25 * HOUR]),
    "back over midnight": (datetime(2026, 11, 23, 0, 10, tzinfo=BEIJING), [-HOUR]),
    "forth and back over midnight": (datetime(2026, 11, 22, 23, 59, 59, tzinfo=BEIJING), [HOUR, -HOUR]),
    "month end": (datetime(2026, 11, 30, 23, 59, tzinfo=BEIJING), [HOUR, -HOUR]),
    "year end": (datetime(2026, 12, 31, 23, 59, tzinfo=BEIJING), [25 * HOUR, -HOUR]),
    "february 29": (datetime(2028, 2, 28, 23, 59, tzinfo=BEIJING), [25 * HOUR, -25 * HOUR, HOUR]),
    "no february 29": (datetime(2027, 2, 28, 23, 59, tzinfo=BEIJING), [HOUR, -HOUR, 25 * HOUR]),
}  # fmt: skip


@pytest.mark.both_databases
@pytest.mark.parametrize("case", JUMPS)
def test_no_period_is_doubled_and_no_day_is_lost_however_the_clock_jumps(world: World, case: str) -> None:
    world.now, jumps = JUMPS[case]
    timetable = [working("newest", Every(10 * MINUTE)), working("each", Daily(), each=True)]
    (keeper,) = keepers(world, timetable, "a")
    for jump in [timedelta(0), *jumps]:
        world.jump(jump)
        for _look in range(4):
            world.work(keeper, timetable)
            world.go_on(10 * MINUTE)
    while world.now < JUMPS[case][0] + 3 * DAY:  # the clock goes right again, and passes where it has been
        world.work(keeper, timetable)
        world.go_on(3 * HOUR)
    left = effects(world.url)
    assert set(Counter(left).values()) == {1}
    days = [date.fromisoformat(row.period) for row in world.rows("each")]
    assert days == [days[0] + number * DAY for number in range(len(days))], "a day is left out"
    assert days[-1] == Daily().slot(world.now - 3 * HOUR).day
    runs = world.rows("newest")
    assert {row.state for row in runs} == {RunState.DONE}


@pytest.mark.both_databases
def test_after_a_stand_still_days_are_made_up_for_in_order_and_the_rest_by_the_newest_run(world: World) -> None:
    timetable = [working("newest", Every(MINUTE)), working("each", Daily(), each=True)]
    first, second = keepers(world, timetable, "a", "b")
    world.work(first, timetable)
    world.go_on(4 * DAY)
    world.work(second, timetable)
    assert [row.period for row in world.rows("each")] == [
        "2026-11-22", "2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26",
    ]  # fmt: skip
    begun = [row.run_at for row in sorted(world.rows("each"), key=lambda row: row.period)]
    assert begun == sorted(begun)
    assert [row.missed for row in world.rows("newest")] == [0, 4 * 24 * 60 - 1]


def failing(times: int, **more: bool) -> Job:
    left = [times]

    def work(session: Session, _actor: object, turn: Turn) -> str:
        said = leave_row(session, "faulty", turn)
        if left[0]:
            left[0] -= 1
            raise ValueError("out of order")
        return said

    return Job("faulty", Daily(), work, **more)  # type: ignore[arg-type]


def test_a_failed_day_leaves_nothing_is_tried_again_and_the_next_days_wait_for_it(world: World) -> None:
    timetable = [failing(2, each=True)]
    (keeper,) = keepers(world, timetable, "a")
    assert "ValueError: out of order" in world.work(keeper, timetable)[0]
    assert effects(world.url) == []
    (row,) = world.rows("faulty")
    assert (row.state, row.error, row.attempts) == (RunState.FAILED, "ValueError: out of order", 1)
    assert world.work(keeper, timetable) == [], "it rests"
    world.go_on(MINUTE)
    assert len(world.work(keeper, timetable)) == 1
    world.go_on(DAY)
    assert len(world.work(keeper, timetable)) == 2
    assert [(row.period, row.attempts) for row in world.rows("faulty")] == [("2026-11-22", 3), ("2026-11-23", 1)]


def test_a_day_that_never_works_is_given_up_stays_visible_and_is_what_a_person_runs_again(world: World) -> None:
    timetable = [failing(ATTEMPTS_MAX, each=True)]
    (keeper,) = keepers(world, timetable, "a")
    for _try in range(ATTEMPTS_MAX):
        world.work(keeper, timetable)
        world.go_on(HOUR)
    world.go_on(DAY)
    world.work(keeper, timetable)
    assert [(row.period, row.state) for row in world.rows("faulty")] == [
        ("2026-11-22", RunState.FAILED), ("2026-11-23", RunState.DONE),
    ]  # fmt: skip
    ask(world, "faulty")
    world.work(keeper, timetable)
    assert {row.state for row in world.rows("faulty")} == {RunState.DONE}
    assert [period for _job, period in effects(world.url)] == ["2026-11-22", "2026-11-23"]


def ask(world: World, job: str) -> None:
    with world.app.app_context(), db.transaction() as session:
        job_requests.ask(session, ADMINISTRATOR, job, reason="核对后重跑", now=world.now)


def test_a_run_that_was_asked_for_is_done_once_more_and_survives_the_leader_that_began_it(world: World) -> None:
    timetable = [working("newest", Every(HOUR))]
    (keeper,) = keepers(world, timetable, "a")
    world.work(keeper, timetable)
    ask(world, "newest")
    with world.app.app_context(), pytest.raises(job_requests.AlreadyAsked), db.transaction() as session:
        job_requests.ask(session, ADMINISTRATOR, "newest", reason="再来", now=world.now)
    killer = [working("newest", Every(HOUR), raise_killed)]
    killed = Keeper(world.app, killer, holder="b")
    world.go_on(jobs.LEASE + BEAT)
    with pytest.raises(Killed):
        world.work(killed, killer)
    assert len(effects(world.url)) == 1
    world.go_on(jobs.LEASE + BEAT)
    (third,) = keepers(world, timetable, "c")
    world.work(third, timetable)
    world.work(third, timetable)
    assert len(effects(world.url)) == len(set(effects(world.url))) == 2
    with world.app.app_context():
        (answered,) = job_requests.of_job(db.session(), "newest", limit=9)
        assert answered.period in {period for _job, period in effects(world.url)}
        assert answered.taken_at is not None


def raise_killed() -> None:
    raise Killed


def test_a_job_waits_for_the_jobs_that_come_first(world: World) -> None:
    first = working("first", Every(HOUR))
    then = Job("then", Every(HOUR), working("then", Every(HOUR)).run, after=("first",))
    (keeper,) = keepers(world, [then, first], "a")
    world.work(keeper, [then, first])
    assert [job for job, _period in effects(world.url)] == ["first"]
    world.work(keeper, [then, first])
    assert sorted(job for job, _period in effects(world.url)) == ["first", "then"]


def test_a_run_by_hand_does_what_waits_and_nothing_while_another_process_leads(world: World) -> None:
    job = working("newest", Every(HOUR))
    with clock.set_to(world.now):
        assert run(world.app, job) == "newest：done"
        assert run(world.app, job).endswith("已运行")
    (keeper,) = keepers(world, [job], "a")
    world.work(keeper, [job])
    with clock.set_to(world.now + MINUTE / 6):
        assert "另一进程正在主持" in run(world.app, job)


def test_a_run_by_hand_that_fails_says_so_and_is_written_down(world: World) -> None:
    with clock.set_to(world.now), pytest.raises(ValueError, match="out of order"):
        run(world.app, failing(1))
    assert [row.state for row in world.rows("faulty")] == [RunState.FAILED]


@pytest.mark.postgresql_only
def test_a_run_that_is_being_committed_is_left_alone(session: Session, database_url: str) -> None:
    other = Database(database_url)
    now = datetime(2026, 11, 22, tzinfo=UTC)
    with write_transaction(session):
        former = jobs.lead(session, "a", now=now)
        assert former is not None
        jobs.claim(session, "seal", "p", now=now, by=former)
    with write_transaction(session), other.new_session() as opened:
        jobs.keep(session, "seal", "p", former)
        with write_transaction(opened):
            latter = jobs.lead(opened, "b", now=now + HOUR)
            assert not jobs.claim(opened, "seal", "p", now=now, by=latter), "its transaction holds the row"
    other.engine.dispose()


def test_the_scheduler_acts_as_a_machine_with_one_role(world: World) -> None:
    seen: list[object] = []

    def work(_session: Session, actor: object, _turn: Turn) -> str:
        seen.append(actor)
        return ""

    job: Callable[[Session, object, Turn], str] = work
    with clock.set_to(world.now):
        run(world.app, Job("who", Every(HOUR), job))
    assert seen == [SCHEDULER]
    assert SCHEDULER.channel == "job"
