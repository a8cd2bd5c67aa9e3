"""A3: what is posted stays as it is under every statement that writes, or the checker finds it within one run.

The forms are tried on a row of each append-only table: as the login of the application, and as the owner of the tables
in the role of replication. What an owner can do by changing the schema no trigger stops; then the checker must tell.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from kernel import audit, db
from kernel.db import Database
from tests.make import payouts as make
from tests.rig.databases import server_of
from web.checker import verify
from web.checker.guards import APPEND_ONLY, missing_guards, said_by_guards

LINE, ENTRY = "settlement_journal_line", "settlement_journal_entry"
# refused by a guard, by a rule for what comes in, for want of the right
REFUSED = {"23001", "23514", "42501"}
ON_BOTH = (
    "UPDATE {t} SET {c} = {c}",
    "UPDATE {t} SET {c} = NULL WHERE 1 = 1",
    "UPDATE {t} SET {c} = {c} RETURNING *",
    "UPDATE {t} AS kept SET {c} = other.{c} FROM {t} AS other WHERE kept.{c} = other.{c} OR true",
    "WITH wanted AS (SELECT {c} FROM {t}) UPDATE {t} SET {c} = (SELECT {c} FROM wanted LIMIT 1)",
    "DELETE FROM {t}",
    "DELETE FROM {t} WHERE 1 = 1 RETURNING *",
    "WITH wanted AS (SELECT * FROM {t}) DELETE FROM {t} WHERE EXISTS (SELECT * FROM wanted)",
    "INSERT INTO {t} SELECT * FROM {t} WHERE true ON CONFLICT ({k}) DO UPDATE SET {c} = excluded.{c}",
)
ON_SQLITE = (
    *(f"UPDATE OR {way} {{t}} SET {{c}} = {{c}}" for way in ("REPLACE", "IGNORE", "FAIL", "ABORT", "ROLLBACK")),
    "INSERT OR REPLACE INTO {t} SELECT * FROM {t}",
    "REPLACE INTO {t} SELECT * FROM {t}",
    "WITH same AS (SELECT * FROM {t}) REPLACE INTO {t} SELECT * FROM same",
    "DELETE FROM {t} WHERE rowid IN (SELECT rowid FROM {t})",
    "DELETE FROM main.{t}",
    "DELETE FROM again.{t}",
    "UPDATE again.{t} SET {c} = {c}",
)
ON_POSTGRESQL = (
    "UPDATE ONLY {t} SET {c} = {c}",
    "DELETE FROM ONLY {t}",
    "DELETE FROM {t} USING {t} AS other WHERE {t}.ctid = other.ctid",
    "WITH gone AS (DELETE FROM {t} RETURNING *) SELECT count(*) FROM gone",
    "WITH changed AS (UPDATE {t} SET {c} = {c} RETURNING *) SELECT count(*) FROM changed",
    "WITH gone AS (DELETE FROM {t} RETURNING *) INSERT INTO {t} SELECT * FROM gone",
    "INSERT INTO {t} SELECT * FROM {t} ON CONFLICT ON CONSTRAINT pk_{t} DO UPDATE SET {c} = excluded.{c}",
    "MERGE INTO {t} USING {t} AS s ON {t}.ctid = s.ctid WHEN MATCHED THEN UPDATE SET {c} = s.{c}",
    "MERGE INTO {t} USING {t} AS s ON {t}.ctid = s.ctid WHEN MATCHED THEN DELETE",
    "COPY (DELETE FROM {t} RETURNING *) TO STDOUT",
    "COPY (UPDATE {t} SET {c} = {c} RETURNING *) TO STDOUT",
    "EXPLAIN ANALYZE DELETE FROM {t}",
    "DO $$ BEGIN DELETE FROM {t}; END $$",
    "DO $$ BEGIN EXECUTE 'UPDATE {t} SET {c} = {c}'; END $$",
    "DO $$ DECLARE one record; rows CURSOR FOR SELECT * FROM {t} FOR UPDATE; BEGIN OPEN rows; FETCH rows INTO one;"
    " DELETE FROM {t} WHERE CURRENT OF rows; END $$",
    "CREATE TEMP VIEW seen AS SELECT * FROM {t}; DELETE FROM seen",
    "PREPARE gone_{t} AS DELETE FROM {t}; EXECUTE gone_{t}",
    "TRUNCATE {t} CASCADE",
    "TRUNCATE ONLY {t} RESTART IDENTITY CASCADE",
)
FOR_AN_OWNER = (
    "ALTER TABLE {t} DISABLE TRIGGER ALL",
    "ALTER TABLE {t} DISABLE TRIGGER {t}_no_update",
    "ALTER TABLE {t} ENABLE REPLICA TRIGGER {t}_no_delete",
    "ALTER TRIGGER {t}_no_update ON {t} RENAME TO other",
    "DROP TRIGGER {t}_no_delete ON {t}",
    "CREATE TRIGGER another BEFORE DELETE ON {t} FOR EACH ROW EXECUTE FUNCTION {t}_refuse()",
    "CREATE OR REPLACE FUNCTION {t}_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "ALTER FUNCTION {t}_refuse() RENAME TO other",
    "DROP FUNCTION {t}_refuse() CASCADE",
    "CREATE RULE other AS ON UPDATE TO {t} DO INSTEAD NOTHING",
    "ALTER TABLE {t} DROP COLUMN {c}",
    "ALTER TABLE {t} ALTER COLUMN {c} TYPE text USING 'x'",
    "ALTER TABLE {t} RENAME TO other",
    "ALTER TABLE {t} SET SCHEMA pg_temp",
    "ALTER TABLE {t} DROP CONSTRAINT pk_{t} CASCADE",
    "ALTER TABLE {t} ADD COLUMN other text",
    "ALTER TABLE {t} OWNER TO CURRENT_USER",
    "DROP TABLE {t} CASCADE",
    "COPY {t} FROM PROGRAM 'true'",
)  # fmt: skip
ROLES = (
    "SET session_replication_role = replica",
    "SELECT set_config('session_replication_role', 'replica', false)",
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION postgres",
    "UPDATE pg_trigger SET tgenabled = 'D'",
    "DELETE FROM pg_trigger",
    "CREATE ROLE huiyi_another SUPERUSER",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "GRANT postgres TO CURRENT_USER",
    "DROP OWNED BY postgres CASCADE",
    "CREATE EVENT TRIGGER other ON sql_drop EXECUTE FUNCTION {t}_refuse()",
)
FILLING = {
    "UUID": "gen_random_uuid()", "TEXT": "'x'", "VARCHAR": "'x'", "BIGINT": "1", "INTEGER": "1", "SMALLINT": "1",
    "BOOLEAN": "false", "JSON": "'[]'", "DATE": "'2026-01-01'", "TIMESTAMP": "'2026-01-01 00:00:00'",
    "DATETIME": "'2026-01-01 00:00:00.000000'", "CHAR": "'0000000000000000000000000000000x'", "BYTEA": "'x'",
    "BLOB": "x'00'", "NUMERIC": "1",
}  # fmt: skip


@pytest.fixture
def posted(database_url: str) -> Iterator[Database]:
    """A month that was settled and paid out, and at least one row in each table that is protected."""
    database = Database(database_url)
    with database.new_session() as session, db.write_transaction(session):
        make.make_settled(session)
        make.pay_all(session)
    with database.new_session() as session, db.write_transaction(session):
        audit.seal(session, now=make.PAY, before=make.PAY)
    yield database
    database.engine.dispose()


def plant_a_row_in_each(database: Database) -> None:
    """Fill what the story left empty, past all constraints; every trigger is as it was afterwards."""
    is_sqlite = database.engine.dialect.name == "sqlite"
    with database.engine.connect() as connection:
        if is_sqlite:
            for pragma in ("foreign_keys = OFF", "ignore_check_constraints = ON"):
                unbegun(connection).execute(f"PRAGMA {pragma}")
        before = said_by_guards(connection)
        for table in (db.Base.metadata.tables[name] for name in APPEND_ONLY):
            if connection.exec_driver_sql(f"SELECT 1 FROM {table.name}").first() is None:
                (plant_on_sqlite if is_sqlite else plant_on_postgresql)(connection, table)
        assert said_by_guards(connection) == before
        connection.commit()
        connection.invalidate()  # with its pragmas


def unbegun(connection: sa.Connection) -> Any:
    """Return the driver's own connection, outside of any transaction."""
    connection.rollback()
    return connection.connection.driver_connection


def filled(connection: sa.Connection, table: sa.Table) -> str:
    """Return the statement that plants a row."""
    kinds = [column.type.compile(connection.dialect).split("(")[0].split()[0] for column in table.columns]
    values = ", ".join(FILLING[kind] for kind in kinds)
    return f"INSERT INTO {table.name} ({', '.join(table.columns.keys())}) VALUES ({values})"


def plant_on_sqlite(connection: sa.Connection, table: sa.Table) -> None:
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?"
    triggers = connection.exec_driver_sql(query, (table.name,)).all()
    for name, _ in triggers:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    connection.exec_driver_sql(filled(connection, table))
    for _, text in triggers:
        connection.exec_driver_sql(text)


def plant_on_postgresql(connection: sa.Connection, table: sa.Table) -> None:
    run, mine = connection.exec_driver_sql, f"'{table.name}'::regclass"
    run(f"ALTER TABLE {table.name} DISABLE TRIGGER ALL")
    for (name,) in run(f"SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = {mine}").all():
        run(f'ALTER TABLE {table.name} DROP CONSTRAINT "{name}"')
    run(filled(connection, table))
    run(f"ALTER TABLE {table.name} ENABLE TRIGGER ALL")
    for (name,) in run(f"SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = {mine}").all():
        run(f"ALTER TABLE {table.name} ENABLE ALWAYS TRIGGER {name}")


def forms_on(table: sa.Table, forms: tuple[str, ...]) -> list[str]:
    """Return every form as a statement about this table."""
    key = ", ".join(column.name for column in table.primary_key)
    column = next((one.name for one in table.columns if not one.primary_key), key)
    return [form.format(t=table.name, c=column, k=key) for form in forms]


def contents(connection: Any, table: str) -> list[Any]:
    """Every row of a table."""
    return sorted(map(repr, connection.execute(f"SELECT * FROM {table}").fetchall()))


def refused_on_sqlite(connection: sqlite3.Connection, statement: str) -> bool:
    try:
        connection.execute(statement).fetchall()
    except sqlite3.IntegrityError as error:
        return error.sqlite_errorname == "SQLITE_CONSTRAINT_TRIGGER"
    return False


def refused_on_postgresql(connection: psycopg.Connection, statement: str) -> bool:
    try:
        if statement.startswith("COPY"):
            with connection.cursor() as cursor, cursor.copy(statement.encode()) as copied:
                list(copied)
        else:
            connection.execute(statement.encode())
    except psycopg.Error as error:
        return error.sqlstate in REFUSED
    return False


def passed(connection: Any, refused: Callable[[Any, str], bool], forms: tuple[str, ...]) -> list[str]:
    """Try every form on every protected table; return what was not refused, and what it changed."""
    wrong = []
    for table in (db.Base.metadata.tables[name] for name in APPEND_ONLY):
        before = contents(connection, table.name)
        assert before, f"{table.name} has no row: nothing would be proved"
        wrong += [statement for statement in forms_on(table, forms) if not refused(connection, statement)]
        if contents(connection, table.name) != before:
            wrong.append(f"{table.name} has changed")
    return wrong


def test_a3_nothing_that_writes_on_sqlite_changes_a_row_that_is_kept(posted: Database) -> None:
    plant_a_row_in_each(posted)
    with posted.engine.connect() as connection:
        raw = unbegun(connection)
        raw.execute("PRAGMA ignore_check_constraints = ON")  # of the planted rows: the triggers alone refuse
        raw.execute("ATTACH DATABASE ? AS again", (posted.engine.url.database,))
        assert passed(raw, refused_on_sqlite, (*ON_BOTH, *ON_SQLITE)) == []


@contextmanager
def application_login(database: Database) -> Iterator[psycopg.Connection]:
    """The login of the site as the handbook sets it up: it may read and write every table and owns none."""
    url, name = database.engine.url, f"huiyi_site_{os.getpid()}"
    with database.engine.begin() as owner:
        owner.exec_driver_sql(f"CREATE ROLE {name} LOGIN")
        owner.exec_driver_sql(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}")
    plain = url.set(drivername="postgresql", username=name).render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        yield connection
    with database.engine.begin() as owner:
        owner.exec_driver_sql(f"DROP OWNED BY {name}")
    with closing(server_of(url)) as server:
        server.execute(f"DROP ROLE {name}".encode())


@pytest.mark.postgresql_only
def test_a3_nothing_that_writes_on_postgresql_changes_a_row_that_is_kept(posted: Database) -> None:
    plant_a_row_in_each(posted)
    with application_login(posted) as site:
        assert passed(site, refused_on_postgresql, (*ON_BOTH, *ON_POSTGRESQL, *FOR_AN_OWNER)) == []
        roles = [form.format(t=LINE) for form in ROLES]
        assert [form for form in roles if not refused_on_postgresql(site, form)] == []
    with posted.engine.connect() as connection:
        assert missing_guards(connection) == []


@pytest.mark.postgresql_only
def test_a3_the_owner_in_the_role_of_replication_changes_no_row_either(posted: Database) -> None:
    plant_a_row_in_each(posted)
    plain = posted.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as owner:
        for role in ("origin", "replica"):
            owner.execute(f"SET session_replication_role = {role}; DEALLOCATE ALL".encode())
            assert passed(owner, refused_on_postgresql, (*ON_BOTH, *ON_POSTGRESQL)) == []


# ---- what an owner can do by changing the schema is found ----

REWORDED = f"UPDATE {ENTRY} SET text = '改'"
TURNED = f"UPDATE {LINE} SET amount = -amount"
LAST = f"(SELECT id FROM {ENTRY} WHERE place = 'xinchang' ORDER BY number DESC LIMIT 1)"
GONE = (f"DELETE FROM {LINE} WHERE entry_id = {LAST}", f"DELETE FROM {ENTRY} WHERE id = {LAST}")
SQLITE_WAYS = {
    "a trigger is dropped": ("GUARD", [f"DROP TRIGGER {LINE}_no_update", TURNED]),
    "a trigger never fires": (
        "GUARD",
        [
            f"DROP TRIGGER {ENTRY}_no_update",
            f"CREATE TRIGGER {ENTRY}_no_update BEFORE UPDATE ON {ENTRY} WHEN 0 BEGIN SELECT 1; END", REWORDED,
        ],
    ),
    "a trigger lets its statement pass": (
        "GUARD",
        [
            "PRAGMA writable_schema = ON",
            f"UPDATE sqlite_master SET sql = replace(sql, 'ABORT', 'FAIL') WHERE name = '{LINE}_no_update'",
        ],
    ),
    "a rule for what comes in is another": (
        "GUARD",
        [
            f"DROP TRIGGER {LINE}_closed",
            f"CREATE TRIGGER {LINE}_closed BEFORE INSERT ON {LINE} WHEN 0 BEGIN SELECT RAISE(ABORT, 'x'); END",
        ],
    ),
    "another table has the name": (
        "GUARD",
        [f"ALTER TABLE {LINE} RENAME TO other", f"CREATE TABLE {LINE} AS SELECT * FROM other"],
    ),
    "rows are replaced and no trigger hears of it": (
        "A3",
        [
            "PRAGMA recursive_triggers = OFF",
            f"REPLACE INTO {ENTRY} SELECT id, place, year, number, cause, cause_id, entry_date, '改', booked_at,"
            f" booked_by, agreement, product, use_class, value_date, reverses_id FROM {ENTRY}"
            " WHERE cause = 'payment_captured'",
        ],
    ),
    "words are changed and the trigger stands again": ("A3", ["-", REWORDED, "+"]),
    "amounts are turned and the trigger stands again": ("A3", ["-", TURNED, "+"]),
    "the last voucher is taken out and the trigger stands again": ("A3", ["-", *GONE, "+"]),
}  # fmt: skip
POSTGRESQL_WAYS = {
    "all triggers are off": ("GUARD", [f"ALTER TABLE {LINE} DISABLE TRIGGER ALL", TURNED]),
    "a trigger is not for replication": (
        "GUARD", [f"ALTER TABLE {LINE} ENABLE TRIGGER {LINE}_no_update", "SET LOCAL session_replication_role = replica",
                  TURNED],
    ),
    "a trigger is for replication alone": (
        "GUARD", [f"ALTER TABLE {LINE} ENABLE REPLICA TRIGGER {LINE}_no_update", TURNED]
    ),
    "the catalogue is changed": (
        "GUARD", [f"UPDATE pg_trigger SET tgenabled = 'D' WHERE tgname = '{LINE}_no_delete'"]
    ),
    "a trigger has another name": ("GUARD", [f"ALTER TRIGGER {LINE}_no_update ON {LINE} RENAME TO other"]),
    "a function lets everything pass": (
        "GUARD",
        [f"CREATE OR REPLACE FUNCTION {LINE}_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
         TURNED],
    ),
    "a function is gone": ("GUARD", [f"DROP FUNCTION {LINE}_refuse() CASCADE", TURNED]),
    "a trigger never fires": (
        "GUARD",
        [f"CREATE OR REPLACE TRIGGER {LINE}_no_update BEFORE UPDATE ON {LINE} FOR EACH ROW WHEN (false)"
         f" EXECUTE FUNCTION {LINE}_refuse()", f"ALTER TABLE {LINE} ENABLE ALWAYS TRIGGER {LINE}_no_update", TURNED],
    ),
    "a trigger watches one column": (
        "GUARD",
        [f"CREATE OR REPLACE TRIGGER {LINE}_no_update BEFORE UPDATE OF account ON {LINE} FOR EACH ROW"
         f" EXECUTE FUNCTION {LINE}_refuse()", f"ALTER TABLE {LINE} ENABLE ALWAYS TRIGGER {LINE}_no_update", TURNED],
    ),
    "a rule for what comes in is another": (
        "GUARD",
        [f"CREATE OR REPLACE FUNCTION {LINE}_closed() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"],
    ),
    "another table has the name": (
        "GUARD", [f"ALTER TABLE {LINE} RENAME TO other", f"CREATE TABLE {LINE} AS SELECT * FROM other"]
    ),
    "another schema has the table": (
        "GUARD",
        ["CREATE SCHEMA apart", f"ALTER TABLE {LINE} SET SCHEMA apart",
         f"CREATE TABLE public.{LINE} AS SELECT * FROM apart.{LINE}"],
    ),
    "the type of a column is changed by a formula": (
        "A3", [f"ALTER TABLE {LINE} ALTER COLUMN amount TYPE bigint USING -amount"]
    ),
    "words are changed and the triggers stand again": ("A3", ["-", REWORDED, "+"]),
    "amounts are turned and the triggers stand again": ("A3", ["-", TURNED, "+"]),
    "the last voucher is taken out and the triggers stand again": ("A3", ["-", *GONE, "+"]),
}  # fmt: skip


def take(connection: sa.Connection, steps: list[str]) -> None:
    """Take the steps; "-" puts the triggers of the journal away, "+" puts them back to the letter."""
    run, is_sqlite = connection.exec_driver_sql, connection.dialect.name == "sqlite"
    away: list[tuple[str, str]] = []
    for step in steps:
        if step not in ("-", "+"):
            run(step)
        elif is_sqlite and step == "-":
            query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN (?, ?)"
            away = [(name, text) for name, text in run(query, (LINE, ENTRY))]
            for name, _ in away:
                run(f"DROP TRIGGER {name}")
        elif is_sqlite:
            for _, text in away:
                run(text)
        else:
            for table in (LINE, ENTRY):
                run(f"ALTER TABLE {table} {'DISABLE' if step == '-' else 'ENABLE'} TRIGGER ALL")
                named = f"SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = '{table}'::regclass"
                for (name,) in run(named).all() if step == "+" else ():
                    run(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


@pytest.mark.both_databases
@pytest.mark.breaks_the_books
def test_a3_whatever_an_owner_does_to_the_schema_is_found_within_one_run(posted: Database) -> None:
    ways = SQLITE_WAYS if posted.engine.dialect.name == "sqlite" else POSTGRESQL_WAYS
    with posted.engine.connect() as connection:
        assert verify(connection) == []
        connection.rollback()
        for words, (code, steps) in ways.items():
            take(connection, steps)
            found = verify(connection)
            assert [line for line in found if line.startswith(f"{code} ")], (words, found)
            connection.rollback()
            connection.invalidate()  # with its pragmas
        assert verify(connection) == []
