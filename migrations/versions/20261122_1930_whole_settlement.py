"""All of the settlement: usage, schedules, contribution, closing, payees, payouts, reconciliation, proofs, jobs.

The statements are frozen text, one file per kind of database; on SQLite tables that change are built anew. Usage stored
before counts as stored when it was received, jobs that ran before as done, seals set before as of the first version.
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "e92f6c8a4b10"
down_revision = "d81e5b7f3a90"
branch_labels = None
depends_on = None

FOLDER = Path(__file__).resolve().parent.parent / "sql"


def upgrade() -> None:
    """Bring the schema to this revision."""
    dialect = op.get_bind().dialect.name
    for statement in (FOLDER / f"20261122_1930_whole_settlement.{dialect}.sql").read_text("utf-8").split("\n--\n"):
        op.get_bind().exec_driver_sql(statement.strip())


def downgrade() -> None:
    """Refuse: what the new tables hold has no place in the old ones.

    Raises:
        NotImplementedError: always; restore the copy that was made before the upgrade.
    """
    raise NotImplementedError("restore the copy of the database that was made before this upgrade")
