"""Changes of price by more than half are parked until another person releases them.

The statements are frozen text, one file per kind of database. Prices published before stay as they are.
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "f3a07d9c5b21"
down_revision = "e92f6c8a4b10"
branch_labels = None
depends_on = None

FOLDER = Path(__file__).resolve().parent.parent / "sql"


def upgrade() -> None:
    """Bring the schema to this revision."""
    dialect = op.get_bind().dialect.name
    for statement in (FOLDER / f"20261123_0830_parked_prices.{dialect}.sql").read_text("utf-8").split("\n--\n"):
        op.get_bind().exec_driver_sql(statement.strip())


def downgrade() -> None:
    """Refuse: what is parked has no place in the tables before.

    Raises:
        NotImplementedError: always; restore the copy that was made before the upgrade.
    """
    raise NotImplementedError("restore the copy of the database that was made before this upgrade")
