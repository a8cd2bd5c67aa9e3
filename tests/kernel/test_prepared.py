"""Statements that are a transaction of their own, and connections that break under them."""

from __future__ import annotations

import time

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError

from kernel.db import REST_SECONDS, Database, write_transaction
from kernel.numbering import NumberSeries
from kernel.prepared import KEPT_MAX, PREPARED, Alone, alone, asked, place

pytestmark = pytest.mark.postgresql_only
NUMBER = alone(sa.select(NumberSeries.last_number).where(NumberSeries.series == asked("series")), "series")
TAKE = Alone(
    f"WITH one AS (INSERT INTO number_series (series, last_number) VALUES ({place('series')}, 1) RETURNING series)"
    " SELECT row_to_json(one) FROM one", (), "series",
)  # fmt: skip


def kill_all_others(url: str) -> None:
    """Let the server end every other connection to the database."""
    database = Database(url)
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    with database.engine.connect() as connection:
        connection.execute(sa.text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))
    database.engine.dispose()


def test_it_takes_effect_at_once_and_a_refused_one_takes_none(database_url: str) -> None:
    database = Database(database_url)
    with database.new_session() as session, database.new_session() as other:
        assert [row.series for row in TAKE.ask(session, series="A") or ()] == ["A"]
        assert [row.last_number for row in NUMBER.ask(other, series="A") or ()] == [1]
        assert TAKE.ask(session, series="A") is None
        assert NUMBER.ask(session, series="a\0b") is None
        assert NUMBER.ask(session, series="B") == []
        session.scalar(sa.select(1))
        assert NUMBER.ask(session, series="A") is None, "a transaction is open"
    database.engine.dispose()


def test_it_is_prepared_anew_where_the_driver_dropped_it_and_old_ones_are_let_go(database_url: str) -> None:
    database = Database(database_url)
    with database.new_session() as session:
        assert NUMBER.ask(session, series="A") == []
        session.execute(sa.text("DEALLOCATE ALL"))
        session.rollback()
        assert NUMBER.ask(session, series="A") == []
        for day in range(KEPT_MAX + 2):
            question = sa.select(NumberSeries.series).where(NumberSeries.last_number == day)
            assert alone(question).ask(session) == []
        connection = session.connection()
        assert len(connection.connection.info[PREPARED]) == KEPT_MAX
        kept = connection.scalar(sa.text("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'huiyi%'"))
        assert kept == KEPT_MAX
    database.engine.dispose()


def test_a_killed_connection_answers_nothing_and_the_next_one_does(database_url: str) -> None:
    database = Database(database_url)
    with database.new_session() as session:
        assert NUMBER.ask(session, series="A") == []
        kill_all_others(database_url)
        assert NUMBER.ask(session, series="A") is None
        assert NUMBER.ask(session, series="A") == []
    database.engine.dispose()


def test_a_connection_killed_while_it_rested_is_not_noticed_by_the_next_request(database_url: str) -> None:
    database = Database(database_url)
    with database.new_session() as session:
        session.scalar(sa.select(1))
    kill_all_others(database_url)
    time.sleep(REST_SECONDS * 1.1)
    with database.new_session() as session:
        assert session.scalar(sa.select(1)) == 1
    database.engine.dispose()


def test_a_connection_killed_a_moment_ago_refuses_one_request_and_none_after_it(database_url: str) -> None:
    database = Database(database_url)
    with database.new_session() as session:
        session.scalar(sa.select(1))
    kill_all_others(database_url)
    with pytest.raises(OperationalError), database.new_session() as session, write_transaction(session):
        session.add(NumberSeries(series="A", last_number=1))
    with database.new_session() as session, write_transaction(session):
        session.add(NumberSeries(series="A", last_number=1))
    database.engine.dispose()


def test_writes_that_follow_reads_on_a_killed_connection_are_refused_as_a_whole(database_url: str) -> None:
    database = Database(database_url)
    with database.new_session() as session:
        session.scalar(sa.select(1))
        kill_all_others(database_url)
        with pytest.raises(DBAPIError), write_transaction(session):
            session.add(NumberSeries(series="A", last_number=1))
        with write_transaction(session):
            session.add(NumberSeries(series="A", last_number=1))
    database.engine.dispose()


def test_writes_follow_reads_in_one_transaction_only_where_no_object_was_loaded(database_url: str) -> None:
    database = Database(database_url)
    with database.new_session() as session, database.new_session() as other:
        with write_transaction(session):
            session.add(NumberSeries(series="A", last_number=1))
        session.expunge_all()
        own = sa.select(sa.func.txid_current())
        before = session.scalar(own)
        with write_transaction(session):
            assert session.scalar(own) == before
        loaded = session.get_one(NumberSeries, "A")
        before = session.scalar(own)
        with write_transaction(other):
            other.execute(sa.update(NumberSeries).values(last_number=5))
        with write_transaction(session):
            assert session.scalar(own) != before
            assert loaded.last_number == 5
        session.add(NumberSeries(series="B", last_number=1))
        with pytest.raises(RuntimeError, match="outside a transaction"), write_transaction(session):
            pass
        session.rollback()
    database.engine.dispose()
