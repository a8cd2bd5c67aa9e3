"""The schema of the database: what it is, and what it should be. Alembic is imported where it is used: it is slow."""

from __future__ import annotations

import sqlalchemy as sa

from web.config import ROOT

MIGRATIONS = ROOT / "migrations"


def upgrade(url: str) -> None:
    """Bring the database at ``url`` to the newest schema."""
    from alembic import command
    from alembic.config import Config as AlembicConfig

    config = AlembicConfig()  # an installed environment has no alembic.ini
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    command.upgrade(config, "head")


def revisions(connection: sa.Connection) -> tuple[str | None, str | None]:
    """Return the revision found in the database and the one that this code wants."""
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    found = MigrationContext.configure(connection).get_current_revision()
    return found, ScriptDirectory(str(MIGRATIONS)).get_current_head()
