"""The migrations build what the models say, from nothing, on both databases, guards included."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from kernel import db, guards
from tests.rig.databases import ROOT, Databases, alembic_config

Guards = set[tuple[str, str]]


def guards_of_sqlite(url: str) -> Guards:
    """Return which act on which table a trigger watches."""
    with db.make_engine(url).connect() as connection:
        texts = connection.execute(sa.text("SELECT tbl_name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
    return {(table, re.findall(r"\b(INSERT|UPDATE|DELETE)\b", sql)[0].lower()) for table, sql in texts}


def guards_of_postgresql(url: str) -> Guards:
    """Return which act on which table a trigger watches; TRUNCATE, which SQLite lacks, is not listed there."""
    listed = "SELECT event_object_table, lower(event_manipulation) FROM information_schema.triggers"
    engine = db.make_engine(url)
    with engine.connect() as connection:
        found = {(table, act) for table, act in connection.execute(sa.text(listed))}
    engine.dispose()
    return found


def test_history_has_one_head() -> None:
    assert len(ScriptDirectory.from_config(alembic_config("sqlite://")).get_heads()) == 1


def test_revisions_are_named_by_their_moment_and_purpose() -> None:
    names = [path.name for path in (ROOT / "migrations" / "versions").glob("*.py")]
    assert names
    assert [name for name in names if not re.fullmatch(r"20\d{6}_\d{4}_[a-z0-9_]+\.py", name)] == []


@pytest.mark.both_databases
def test_upgrade_from_nothing_gives_the_schema_of_the_models(empty_database_url: str) -> None:
    command.upgrade(alembic_config(empty_database_url), "head")
    command.check(alembic_config(empty_database_url))


@pytest.mark.both_databases
def test_nobody_goes_back_behind_the_review_engine_and_the_refusal_says_what_to_do(empty_database_url: str) -> None:
    config = alembic_config(empty_database_url)
    command.upgrade(config, "head")
    with pytest.raises(NotImplementedError, match="restore the copy of the database"):
        command.downgrade(config, "base")
    command.check(config)


CHECKS = {
    "sqlite": "SELECT name || ': ' || sql FROM sqlite_master WHERE type IN ('table', 'index') AND sql IS NOT NULL"
    " AND name <> 'alembic_version'",
    "postgresql": "SELECT conrelid::regclass || ': ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE contype IN ('c', 'u', 'f') AND conrelid <> 0 AND conrelid::regclass::text <> 'alembic_version'"
    " UNION SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'",
}


@pytest.mark.both_databases
def test_constraints_and_indexes_say_to_the_letter_what_the_models_declare(
    database_url: str, empty_database_url: str, database_kind: str
) -> None:
    made = db.make_engine(empty_database_url)
    db.import_models()
    db.Base.metadata.create_all(made)
    found = []
    for engine in (db.make_engine(database_url), made):
        with engine.connect() as connection:
            texts = connection.scalars(sa.text(CHECKS[database_kind])).all()
        engine.dispose()
        # the order in which a table's constraints were written down says nothing
        found.append({tuple(sorted(part.strip(' ,\n\t"') for part in re.split(r"\n", text))) for text in texts})
    migrated, declared = ({tuple(part.replace('"', "") for part in parts) for parts in one} for one in found)
    assert migrated == declared
    assert declared


def test_guards_are_the_same_on_both_databases_and_are_those_the_models_declare(
    databases: Databases, tmp_path: Path
) -> None:
    from_models = f"sqlite:///{tmp_path / 'models.sqlite'}"
    db.import_models()
    engine = db.make_engine(from_models)
    db.Base.metadata.create_all(engine)
    engine.dispose()
    on_sqlite, on_postgresql = (databases.fresh(kind, empty=True) for kind in ("sqlite", "postgresql"))
    for url in (on_sqlite, on_postgresql):
        command.upgrade(alembic_config(url), "head")

    declared = guards_of_sqlite(from_models)
    append_only = {name for name, table in db.Base.metadata.tables.items() if table.info.get("guard") == "append_only"}
    assert {(name, act) for name in append_only for act in ("update", "delete")} <= declared
    assert guards_of_sqlite(on_sqlite) == declared
    assert guards_of_postgresql(on_postgresql) == declared


def test_guards_of_postgresql_hold_for_replication_too(databases: Databases) -> None:
    engine = db.make_engine(databases.fresh("postgresql"))
    weak = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'A'"
    strong = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgtype & 32 > 0"
    tables = [table for table in db.Base.metadata.tables.values() if table.info.get("guard") == "append_only"]
    with engine.connect() as connection:
        assert connection.scalars(sa.text(weak)).all() == []
        refusing_truncate = set(connection.scalars(sa.text(strong)))
    engine.dispose()
    assert refusing_truncate == {f"{table.name}_no_truncate" for table in tables}
    assert guards.statements_for(tables, "postgresql") != []


GUARD_TEXTS = {
    "sqlite": "SELECT sql FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT pg_get_triggerdef(t.oid) || p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid "
    "WHERE NOT t.tgisinternal",
}


@pytest.mark.both_databases
def test_guards_say_to_the_letter_what_the_models_declare(
    database_url: str, empty_database_url: str, database_kind: str
) -> None:
    made = db.make_engine(empty_database_url)
    db.import_models()
    db.Base.metadata.create_all(made)
    texts = []
    for engine in (db.make_engine(database_url), made):
        with engine.connect() as connection:
            texts.append(sorted(connection.scalars(sa.text(GUARD_TEXTS[database_kind]))))
        engine.dispose()
    migrated, declared = texts
    assert migrated == declared
    assert declared
