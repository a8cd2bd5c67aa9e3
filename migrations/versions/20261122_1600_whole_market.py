"""All of the market: search, ways of paying, statements of the bank, refunds, invoices, delivery, receipts, disputes.

Also approvals on the buyer's side, seals, and webhooks. The statements are frozen text, one file per kind of database;
on SQLite tables that change are built anew.
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "d81e5b7f3a90"
down_revision = "c3f8a1d2b6e4"
branch_labels = None
depends_on = None

FOLDER = Path(__file__).resolve().parent.parent / "sql"


def upgrade() -> None:
    """Bring the schema to this revision."""
    dialect = op.get_bind().dialect.name
    for statement in (FOLDER / f"20261122_1600_whole_market.{dialect}.sql").read_text("utf-8").split("\n--\n"):
        op.get_bind().exec_driver_sql(statement.strip())


def downgrade() -> None:
    """Refuse: what the new tables hold has no place in the old ones.

    Raises:
        NotImplementedError: always; restore the copy that was made before the upgrade.
    """
    raise NotImplementedError("restore the copy of the database that was made before this upgrade")
