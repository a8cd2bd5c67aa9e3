"""Refusals in the database itself, the same on SQLite and PostgreSQL.

A table declares ``info={"guard": "append_only"}``; the migration and ``create_all`` both take the statements
from here. Bulk updates and hand-written SQL slip past Python; they do not slip past these triggers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy import event

from kernel.db import Base


def append_only(table: str, dialect: str) -> list[str]:
    """Return the statements that make ``table`` refuse UPDATE and DELETE (and TRUNCATE on PostgreSQL)."""
    message = f"{table} is append-only: book a correction instead"
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{act} BEFORE {act.upper()} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
            for act in ("update", "delete")
        ]
    statements = [
        f"CREATE OR REPLACE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{message}' USING ERRCODE = 'restrict_violation'; END $$",
    ]
    for act, per in (("update", "ROW"), ("delete", "ROW"), ("truncate", "STATEMENT")):
        name = f"{table}_no_{act}"
        statements += [
            f"CREATE TRIGGER {name} BEFORE {act.upper()} ON {table} FOR EACH {per} EXECUTE FUNCTION {table}_refuse()",
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
        ]
    return statements


def refuse_insert(name: str, table: str, condition: str, message: str, dialect: str) -> list[str]:
    """Return statements that refuse an INSERT into ``table`` while ``condition`` (over ``NEW``) holds."""
    return _refuse("INSERT", name, table, condition, message, dialect)


def refuse_update(name: str, table: str, condition: str, message: str, dialect: str) -> list[str]:
    """Return statements that refuse an UPDATE of ``table`` while ``condition`` (over ``OLD``, ``NEW``) holds."""
    return _refuse("UPDATE", name, table, condition, message, dialect)


def refuse_delete(name: str, table: str, condition: str, message: str, dialect: str) -> list[str]:
    """Return statements that refuse a DELETE from ``table`` while ``condition`` (over ``OLD``) holds."""
    return _refuse("DELETE", name, table, condition, message, dialect)


def _refuse(act: str, name: str, table: str, condition: str, message: str, dialect: str) -> list[str]:
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {name} BEFORE {act} ON {table} WHEN {condition} "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        ]
    row = "OLD" if act == "DELETE" else "NEW"
    return [
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {condition} THEN "
        f"RAISE EXCEPTION '{message}' USING ERRCODE = 'check_violation'; END IF; RETURN {row}; END $$",
        f"CREATE TRIGGER {name} BEFORE {act} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
    ]


def statements_for(tables: Iterable[sa.Table], dialect: str) -> list[str]:
    """Return every guard statement that the tables declare in ``info``."""
    found: list[str] = []
    for table in tables:
        if table.info.get("guard") == "append_only":
            found += append_only(table.name, dialect)
        for build, arguments in table.info.get("rules", ()):
            found += build(*arguments, dialect)
    return found


def _after_create(
    metadata: sa.MetaData, connection: sa.Connection, tables: Sequence[sa.Table] = (), **_kw: object
) -> None:
    for statement in statements_for(tables, connection.dialect.name):
        connection.exec_driver_sql(statement)


event.listen(Base.metadata, "after_create", _after_create)
