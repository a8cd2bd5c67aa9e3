"""Alembic's entry: which database, which metadata, in one transaction.

The database is ``config.attributes["connection"]`` or ``["url"]`` when a program runs the migration, else
``HUIYI_DATABASE_URL``.
"""

from __future__ import annotations

import os
import warnings
from typing import Any

import sqlalchemy as sa
from alembic import context

from kernel import db
from market.search.model import FULL_TEXT

db.import_models()
config = context.config


def _render_item(kind: str, item: Any, _autogen: Any) -> str | bool:
    """Write our column types as the plain types that they store: a migration must not change with the code."""
    if kind == "type" and isinstance(item, sa.types.TypeDecorator) and type(item).__module__.startswith("kernel."):
        # a moment has a zone on PostgreSQL only; sa.DateTime(timezone=True) is the same on SQLite
        return "sa.DateTime(timezone=True)" if isinstance(item.impl_instance, sa.DateTime) else f"sa.{item.impl!r}"
    return False


def _without_info(_context: Any, _revision: Any, directives: list[Any]) -> None:
    """Leave out what tables tell about their guards: a revision runs the guards' SQL as it was at the time."""
    for directive in directives:
        for operation in directive.upgrade_ops.ops:
            if hasattr(operation, "info"):
                operation.info = {}


def _ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Leave out the tables in which SQLite keeps its full text: they belong to a virtual table, not to a model."""
    return kind != "table" or not (name or "").startswith(FULL_TEXT)


def _migrate(connection: sa.Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=db.Base.metadata,
        render_as_batch=True,
        render_item=_render_item,
        compare_type=True,
        include_name=_ours,
        process_revision_directives=_without_info,
        transaction_per_migration=True,
    )
    is_sqlite = connection.dialect.name == "sqlite"
    # an index over an expression cannot be read back from SQLite; the tests compare its text instead
    warnings.filterwarnings("ignore", ".*expression-based index")
    if is_sqlite:  # tables are built anew under their old names: the references are checked when all is done
        _pragma(connection, "foreign_keys = OFF")
    with context.begin_transaction():
        context.run_migrations()
    if is_sqlite:
        broken = _pragma(connection, "foreign_key_check")
        if broken:
            raise SystemExit(f"alembic: rows refer to rows that are not there: {broken[:5]}")
        _pragma(connection, "foreign_keys = ON")


def _pragma(connection: sa.Connection, words: str) -> list[Any]:
    # outside of any transaction, where alone SQLite heeds it
    return list(connection.connection.driver_connection.execute(f"PRAGMA {words}").fetchall())  # type: ignore[union-attr]


def _run() -> None:
    given = config.attributes.get("connection")
    if given is not None:
        _migrate(given)
        return
    url = config.attributes.get("url") or os.environ.get("HUIYI_DATABASE_URL")
    if not url:
        raise SystemExit(
            "alembic: set HUIYI_DATABASE_URL (for example sqlite:///var/huiyi.sqlite), or run huiyi migrate"
        )
    engine = db.make_engine(url)
    try:
        with engine.connect() as connection:
            _migrate(connection)
    finally:
        engine.dispose()


if context.is_offline_mode():
    context.configure(
        url=os.environ.get("HUIYI_DATABASE_URL"),
        target_metadata=db.Base.metadata,
        render_as_batch=True,
        literal_binds=True,
    )
    with context.begin_transaction():
        context.run_migrations()
else:
    _run()
