"""What was left over of the registry: closings by the registrar, partial deletions, grounds, registered resources.

A registrar asks that a registration be revoked or cancelled and another one confirms; the filing of a plan is a duty of
its own.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "7a41c0d95be8"
down_revision = "5d1f0a7c3e62"
branch_labels = None
depends_on = None

FOLDER = Path(__file__).resolve().parent.parent / "sql"


def upgrade() -> None:
    """Bring the schema to this revision."""
    dialect = op.get_bind().dialect.name
    _create_tables()
    _run(f"changes.{dialect}")
    _run(f"guards.{dialect}")


def _run(name: str) -> None:
    for statement in (FOLDER / f"20261122_1030_registration_asks.{name}.sql").read_text("utf-8").split("\n--\n"):
        op.get_bind().exec_driver_sql(statement.strip())


def _create_tables() -> None:
    op.create_table(
        "registry_resource_registration",
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "registered",
                "to_be_registered",
                name="registrationstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("registered_on", sa.Date(), nullable=True),
        sa.Column("evidence_sha256", sa.Text(), nullable=True),
        sa.Column("evidence_name", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("recorded_by_name", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(status = 'registered') = (number IS NOT NULL)",
            name=op.f("ck_registry_resource_registration_registered_with_number"),
        ),
        sa.CheckConstraint(
            "(number IS NULL) = (registered_on IS NULL)",
            name=op.f("ck_registry_resource_registration_number_with_its_day"),
        ),
        sa.CheckConstraint(
            "number IS NULL OR evidence_sha256 IS NOT NULL",
            name=op.f("ck_registry_resource_registration_number_evidenced"),
        ),
        sa.ForeignKeyConstraint(
            ["evidence_sha256"],
            ["evidence_file.sha256"],
            name=op.f("fk_registry_resource_registration_evidence_sha256"),
        ),
        sa.ForeignKeyConstraint(
            ["resource_id"], ["registry_resource.id"], name=op.f("fk_registry_resource_registration_resource_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_resource_registration")),
    )
    with op.batch_alter_table("registry_resource_registration", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_resource_registration_number"), ["number"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_registry_resource_registration_resource_id"), ["resource_id"], unique=False
        )

    op.create_table(
        "registry_ending_ask",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column(
            "event",
            sa.Enum(
                "sign",
                "file",
                "activate",
                "suspend",
                "restore",
                "end_part",
                "expire",
                "terminate",
                "revoke",
                "close",
                name="agreementevent",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "ground",
            sa.Enum(
                "operator_request",
                "breach",
                "other_illegality",
                name="exitground",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("coordination_record", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        sa.Column("asked_by_name", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_registry_ending_ask_reasoned")),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["registry_agreement.id"], name=op.f("fk_registry_ending_ask_agreement_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_ending_ask")),
    )
    with op.batch_alter_table("registry_ending_ask", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_ending_ask_agreement_id"), ["agreement_id"], unique=False)

    op.create_table(
        "registry_partial_deletion",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("part_id", sa.Uuid(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_by", sa.Text(), nullable=False),
        sa.Column("evidence_sha256", sa.Text(), nullable=False),
        sa.Column("kept_records", sa.JSON(), nullable=False),
        sa.Column("logs_until", sa.Date(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_by", sa.Uuid(), nullable=True),
        sa.Column("issuer_name", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "length(what) > 0 AND length(deleted_by) > 0", name=op.f("ck_registry_partial_deletion_said")
        ),
        sa.ForeignKeyConstraint(
            ["evidence_sha256"], ["evidence_file.sha256"], name=op.f("fk_registry_partial_deletion_evidence_sha256")
        ),
        sa.ForeignKeyConstraint(
            ["part_id"], ["registry_partial_end.id"], name=op.f("fk_registry_partial_deletion_part_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_partial_deletion")),
        sa.UniqueConstraint("number", name=op.f("uq_registry_partial_deletion_number")),
        sa.UniqueConstraint("part_id", name=op.f("uq_registry_partial_deletion_part_id")),
    )
    op.create_table(
        "registry_registration_ask",
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "revocation", "cancellation", name="closingkind", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "asked",
                "confirmed",
                "refused",
                "withdrawn",
                name="closingstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence_sha256", sa.Text(), nullable=True),
        sa.Column("evidence_name", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_by_name", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_by_name", sa.Text(), nullable=False),
        sa.Column("decision_reason", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(state = 'asked') = (decided_at IS NULL)", name=op.f("ck_registry_registration_ask_decided_with_moment")
        ),
        sa.CheckConstraint(
            "kind <> 'cancellation' OR evidence_sha256 IS NOT NULL",
            name=op.f("ck_registry_registration_ask_cancellation_evidenced"),
        ),
        sa.CheckConstraint(
            "state <> 'confirmed' OR (decided_by IS NOT NULL AND decided_by <> asked_by)",
            name=op.f("ck_registry_registration_ask_two_persons"),
        ),
        sa.CheckConstraint(
            "length(ground) > 0 AND length(reason) > 0", name=op.f("ck_registry_registration_ask_reasoned")
        ),
        sa.ForeignKeyConstraint(
            ["evidence_sha256"], ["evidence_file.sha256"], name=op.f("fk_registry_registration_ask_evidence_sha256")
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["registry_registration.id"], name=op.f("fk_registry_registration_ask_registration_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_registration_ask")),
    )
    with op.batch_alter_table("registry_registration_ask", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_registry_registration_ask_registration_id"), ["registration_id"], unique=False
        )
        batch_op.create_index(
            "uq_registry_registration_ask_open",
            ["registration_id"],
            unique=True,
            sqlite_where=sa.text("state = 'asked'"),
            postgresql_where=sa.text("state = 'asked'"),
        )


def downgrade() -> None:
    """Refuse: what the new tables hold has no place in the old ones.

    Raises:
        NotImplementedError: always; restore the copy that was made before the upgrade.
    """
    raise NotImplementedError("restore the copy of the database that was made before this upgrade")
