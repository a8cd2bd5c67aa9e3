"""How far long runs are: told while the business transaction is still open, and never in its way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from kernel import clock, db, progress
from kernel.progress import Progress, ProgressState
from tests.rig.timetables import bare_app

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=1)
pytestmark = pytest.mark.both_databases


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    made = bare_app(database_url)
    with clock.set_to(NOW):
        yield made
    made.extensions["huiyi_database"].engine.dispose()


def seen(app: Flask, since: datetime = LONG_AGO) -> list[Progress]:
    """Read as another request of the site would: in a thread of its own."""
    found: list[Progress] = []

    def read() -> None:
        with app.app_context():
            found.extend(progress.current(since=since))

    reader = threading.Thread(target=read)
    reader.start()
    reader.join()
    return found


def test_others_see_how_far_a_run_is_while_its_transaction_is_open(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        session.execute(sa.text("UPDATE job_lease SET holder = 'x'"))  # the business transaction writes
        with progress.track("settlement.run", total=4, about="新昌 2026-10", pause=0) as run:
            run.step("第一组")
            run.step("第二组")
            (found,) = seen(app)
            assert (found.name, found.about, found.done, found.total) == ("settlement.run", "新昌 2026-10", 2, 4)
            assert (found.percent, found.message, found.state) == (50, "第二组", ProgressState.RUNNING)
    (found,) = seen(app)
    assert found.state is ProgressState.DONE


def test_a_run_that_is_rolled_back_leaves_its_news_and_says_that_it_failed(app: Flask) -> None:
    with app.app_context(), pytest.raises(ValueError, match="no"), db.transaction():
        with progress.track("settlement.run"):
            raise ValueError("no")
    assert [run.state for run in seen(app)] == [ProgressState.FAILED]


def test_many_steps_are_written_seldom_and_the_last_one_always(app: Flask) -> None:
    statements: list[str] = []

    def note(*heard: object) -> None:
        statements.append(str(heard[2]))

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    with app.app_context(), progress.track("long", total=10_000) as run:
        for _step in range(10_000):
            run.step()
    sa.event.remove(sa.Engine, "before_cursor_execute", note)
    assert len([one for one in statements if "job_progress" in one and "UPDATE" in one]) < 100
    assert [run.done for run in seen(app)] == [10_000]


def test_a_run_may_learn_on_its_way_how_many_steps_there_are(app: Flask) -> None:
    with app.app_context(), progress.track("long") as run:
        assert run.state.percent is None
        run.to(5, total=20, message="读取")
        run.step()
    assert [(run.done, run.total, run.percent, run.message) for run in seen(app)] == [(6, 20, 30, "读取")]


def test_a_run_that_was_killed_is_silent_after_a_while_and_forgotten_later(app: Flask) -> None:
    with app.app_context():
        handle = progress.track("long")
        handle.__enter__()
        (found,) = seen(app)
        assert not found.is_silent(NOW + timedelta(minutes=4))
        assert found.is_silent(NOW + timedelta(minutes=6))
        assert progress.forget(before=NOW) == 0
        assert progress.forget(before=NOW + timedelta(days=7)) == 1
    assert seen(app) == []


def test_what_ended_long_ago_is_not_shown(app: Flask) -> None:
    with app.app_context(), progress.track("long"):
        pass
    assert seen(app, since=NOW + timedelta(seconds=1)) == []


def test_the_terminal_hears_every_step_also_without_an_application() -> None:
    heard: list[tuple[int, ProgressState]] = []
    with progress.watched_by(lambda run: heard.append((run.done, run.state))), progress.track("pure", 2) as run:
        run.step()
        run.step()
    with progress.track("not watched"):
        pass
    running, done = ProgressState.RUNNING, ProgressState.DONE
    assert heard == [(0, running), (1, running), (2, running), (2, done)]


def test_a_place_that_cannot_be_written_does_not_stop_the_run(app: Flask) -> None:
    with app.app_context():
        with db.transaction() as session:
            session.execute(sa.text("DROP TABLE job_progress"))
        if app.extensions["huiyi_database"].engine.dialect.name == "sqlite":
            beside = app.extensions["huiyi_database"].engine.url.database + progress.BESIDE
            with open(beside, "wb") as spoiled:
                spoiled.write(b"not a database at all" * 100)
        with progress.track("long", 1) as run:
            run.step()
        assert run.state.state is ProgressState.DONE
