"""The database itself keeps the journal: whatever statement comes, a broken entry never gets in and none changes."""

from __future__ import annotations

import random
import threading
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel.db import Database, new_id, write_transaction
from kernel.identity import Role
from kernel.money import Money
from settlement.ledger import checks, queries
from settlement.ledger.commands import BookedDifferently, book, reverse
from settlement.ledger.model import JournalEntry, JournalLine
from settlement.ledger.rules import Cause, Entry, capture_entry
from tests.make import registry_base as base

DAY = date(2026, 8, 31)
NOW = datetime(2026, 9, 1, tzinfo=UTC)
FINANCE = base.actor(Role.FINANCE_PREPARER, place="xinchang")
TRIES = 400
THREADS, POSTS = 8, 12


def captured(serial: int | str, fen: int = 10_000) -> Entry:
    """The entry of a payment."""
    return capture_entry(
        place="xinchang", payment_id=str(serial), order_number=f"ORD-{serial}", amount=Money(fen), entry_date=DAY
    )


def raw_entry(number: int, legs: list[int]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Lines and header as they would be written by hand."""
    entry_id = new_id()
    lines = [
        {"entry_id": entry_id, "position": position, "account": "asset:bank:xinchang", "amount": Money(fen)}
        for position, fen in enumerate(legs)
    ]
    header = {
        "id": entry_id, "place": "xinchang", "year": 2026, "number": number, "cause": Cause.PAYMENT_CAPTURED,
        "cause_id": str(number), "entry_date": DAY, "text": "手工", "booked_at": NOW, "booked_by": "手工",
    }  # fmt: skip
    return lines, header


def broken(dice: random.Random, number: int) -> list[tuple[type, list[dict[str, Any]]]]:
    """One of the ways to write an entry that must not be."""
    fen = dice.randint(1, 10**12)
    way = dice.choice(["off by a fen", "one-sided", "no lines", "zero", "added later", "no header", "header first"])
    legs = {"off by a fen": [fen, 1 - fen], "one-sided": [fen], "no lines": [], "zero": [fen, -fen, 0]}
    lines, header = raw_entry(number, legs.get(way, [fen, -fen]))
    if way == "added later":
        return [(JournalLine, lines), (JournalEntry, [header]), (JournalLine, [lines[0] | {"position": 9}])]
    if way == "no header":
        return [(JournalLine, lines)]
    if way == "header first":
        return [(JournalEntry, [header]), (JournalLine, lines)]
    return [(JournalLine, lines), (JournalEntry, [header])]


def write(database: Database, parts: list[tuple[type, list[dict[str, Any]]]]) -> None:
    """Write rows past all code of the journal, in one transaction."""
    with database.engine.begin() as connection:
        for table, rows in parts:
            if rows:
                connection.execute(sa.insert(table), rows)


@pytest.mark.both_databases
def test_of_400_right_and_400_broken_entries_exactly_the_right_ones_stand(database_url: str) -> None:
    database, dice, number = Database(database_url), random.Random(20260901), 0
    for _ in range(TRIES):
        with pytest.raises(DBAPIError):
            write(database, broken(dice, number + 1))
        fen = dice.randint(1, 10**12)
        number += 1
        lines, header = raw_entry(number, [fen, -fen] if dice.random() < 0.5 else [fen, fen, -2 * fen])
        write(database, [(JournalLine, lines), (JournalEntry, [header])])
    with database.new_session() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(JournalEntry)) == TRIES
        assert checks.unbalanced_entries(session) == []
        assert checks.gaps_in_numbers(session) == []
    database.engine.dispose()


WRITES = [
    "UPDATE {table} SET {column} = {column}",
    "UPDATE {table} SET {column} = NULL",
    "DELETE FROM {table}",
    "DELETE FROM {table} WHERE 1 = 1",
    "INSERT INTO {table} SELECT * FROM {table} WHERE true ON CONFLICT ({key}) DO UPDATE SET {column} = '1'",
    "WITH all_of AS (SELECT * FROM {table}) UPDATE {table} SET {column} = {column}",
]
ONLY_SQLITE = [
    "INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
    "REPLACE INTO {table} SELECT * FROM {table}",
    "UPDATE OR REPLACE {table} SET {column} = {column}",
    "UPDATE OR IGNORE {table} SET {column} = {column}",
]
ONLY_POSTGRESQL = [
    "TRUNCATE {table} CASCADE",
    "WITH gone AS (DELETE FROM {table} RETURNING *) SELECT count(*) FROM gone",
    "MERGE INTO {table} AS t USING {table} AS s ON t.{column} = s.{column} WHEN MATCHED THEN DELETE",
    "SET session_replication_role = replica; DELETE FROM {table}",
]
TABLES = [
    ("settlement_journal_line", "account", "entry_id, position"),
    ("settlement_journal_entry", "text", "id"),
]


@pytest.mark.both_databases
def test_no_statement_that_writes_changes_what_is_booked(database_url: str) -> None:
    database = Database(database_url)
    with database.new_session() as session, write_transaction(session):
        book(session, FINANCE, captured(1), now=NOW)
    kind = database.engine.dialect.name
    for table, column, columns in TABLES:
        before = contents(database, table)
        for form in WRITES + (ONLY_SQLITE if kind == "sqlite" else ONLY_POSTGRESQL):
            statement = form.format(table=table, column=column, key=columns)
            with pytest.raises(DBAPIError), database.engine.begin() as connection:
                connection.exec_driver_sql(statement)
            assert contents(database, table) == before, statement
    database.engine.dispose()


def contents(database: Database, table: str) -> list[Any]:
    """Every row of a table."""
    with database.engine.connect() as connection:
        return sorted(connection.exec_driver_sql(f"SELECT * FROM {table}").all(), key=str)


@pytest.mark.both_databases
def test_numbers_have_no_gap_when_threads_book_and_roll_back(database_url: str) -> None:
    database = Database(database_url)

    def post(worker: int) -> None:
        for step in range(POSTS):
            with database.new_session() as session:
                try:
                    with write_transaction(session):
                        book(session, FINANCE, captured(f"{worker}-{step}"), now=NOW)
                        if step % 4 == 3:
                            raise ArithmeticError
                except ArithmeticError:
                    continue

    threads = [threading.Thread(target=post, args=(worker,)) for worker in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.new_session() as session:
        numbers = list(session.scalars(sa.select(JournalEntry.number).order_by(JournalEntry.number)))
        assert numbers == list(range(1, THREADS * POSTS * 3 // 4 + 1))
    database.engine.dispose()


@pytest.mark.both_databases
def test_an_entry_is_booked_once_and_never_otherwise(session: Session) -> None:
    first = book(session, FINANCE, captured(1), now=NOW)
    assert book(session, FINANCE, captured(1), now=NOW).header.id == first.header.id
    with pytest.raises(BookedDifferently):
        book(session, FINANCE, captured(1, fen=9_999), now=NOW)


@pytest.mark.both_databases
def test_an_entry_is_reversed_once(session: Session) -> None:
    booked = book(session, FINANCE, captured(1), now=NOW)
    undone = reverse(session, FINANCE, booked, reason="重复入账", entry_date=DAY, now=NOW)
    again = reverse(session, FINANCE, booked, reason="重复入账", entry_date=DAY, now=NOW)
    assert again.header.id == undone.header.id
    assert queries.balance(session, "asset:bank:xinchang") == Money(0)
    with pytest.raises(DBAPIError):
        session.execute(
            sa.text("INSERT INTO settlement_journal_entry (id, place, year, number, cause, cause_id, entry_date, text,"
                    " booked_at, booked_by) SELECT id, place, year, number + 1, cause, cause_id, entry_date, text,"
                    " booked_at, booked_by FROM settlement_journal_entry WHERE cause = 'reversal'")
        )  # fmt: skip
    session.rollback()


@pytest.mark.both_databases
def test_balances_are_those_before_a_day_and_sum_to_zero(session: Session) -> None:
    book(session, FINANCE, captured(1, 500), now=NOW)
    book(session, FINANCE, captured(2, 700), now=NOW)
    assert queries.balance(session, "asset:bank:xinchang") == Money(1200)
    assert queries.balance(session, "asset:bank:xinchang", before=DAY) == Money(0)
    rows = queries.trial_balance(session, place="xinchang")
    assert sum(amount.fen for _, amount in rows) == 0
    assert [one.voucher for one in queries.entries(session, place="xinchang", start=DAY, end=date(2027, 1, 1), limit=9)
            ] == ["JV-xinchang-2026-000001", "JV-xinchang-2026-000002"]  # fmt: skip


@pytest.mark.breaks_the_books
def test_the_checks_name_an_overdrawn_account(session: Session) -> None:
    lines, header = raw_entry(1, [100, -100])
    lines[0]["account"], lines[1]["account"] = "liability:unearned:ORD-1", "liability:payable:A"
    session.execute(sa.insert(JournalLine), lines)
    session.execute(sa.insert(JournalEntry), [header])
    assert checks.run(session) == ["科目 liability:unearned:ORD-1 余额方向错误：1.00 元"]
