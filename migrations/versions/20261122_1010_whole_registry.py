"""The whole registry: plans to duties, one engine for every review, and what the first reviews and requests become.

The reviews of products and the opinions on data requests move into the tables of the review engine; nothing that was
decided is lost or dated anew.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import op
from uuid_utils.compat import uuid7

from kernel.calendar import business_date
from registry.parties.rules import name_key
from registry.register_words.rules import search_text

revision = "5d1f0a7c3e62"
down_revision = "9817429c267b"
branch_labels = None
depends_on = None

NOBODY = UUID(int=0)  # who spoke was not written down
TITLES = {
    "operator_check": "运营机构核查",
    "data_authority": "公共数据主管部门合规安全审核",
    "source_department": "数源部门审核",
    "municipal_data_agency": "市政务大数据管理机构审核",
    "provincial_data_authority": "省级数据主管部门审核",
}
FOLDER = Path(__file__).resolve().parent.parent / "sql"
REBUILT = ("registry_review_opinion", "registry_review_stage", "registry_review", "registry_request_opinion")


def upgrade() -> None:
    """Bring the schema to this revision."""
    connection = op.get_bind()
    found = _read()
    for table in REBUILT:
        op.drop_table(table)
    _create_tables()
    _run(f"drop_guards.{connection.dialect.name}")
    _run(f"changes.{connection.dialect.name}")
    _write(found)
    _run(f"guards.{connection.dialect.name}")


def _run(name: str) -> None:
    for statement in (FOLDER / f"20261122_1010_whole_registry.{name}.sql").read_text("utf-8").split("\n--\n"):
        op.get_bind().exec_driver_sql(statement.strip())


def _create_tables() -> None:
    op.create_table(
        "registry_person",
        sa.Column("number_hmac", sa.Text(), nullable=False),
        sa.Column("key_name", sa.Text(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("length(number_hmac) = 64", name=op.f("ck_registry_person_digest_hex")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_person")),
        sa.UniqueConstraint("number_hmac", name=op.f("uq_registry_person_number_hmac")),
    )
    op.create_table(
        "registry_credit_record",
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "bad_record",
                "penalty",
                "status_lost",
                "cleared",
                name="creditkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("fact", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("from_date", sa.Date(), nullable=False),
        sa.Column("clears_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("recorded_by_name", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'cleared') = (clears_id IS NOT NULL)", name=op.f("ck_registry_credit_record_clears_one")
        ),
        sa.CheckConstraint(
            "length(fact) > 0 AND length(document) > 0", name=op.f("ck_registry_credit_record_documented")
        ),
        sa.ForeignKeyConstraint(
            ["clears_id"], ["registry_credit_record.id"], name=op.f("fk_registry_credit_record_clears_id")
        ),
        sa.ForeignKeyConstraint(["party_id"], ["registry_party.id"], name=op.f("fk_registry_credit_record_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_credit_record")),
        sa.UniqueConstraint("clears_id", name=op.f("uq_registry_credit_record_clears_id")),
    )
    with op.batch_alter_table("registry_credit_record", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_credit_record_party_id"), ["party_id"], unique=False)
    op.create_table(
        "registry_disclosure",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column(
            "side",
            sa.Enum("implementing", "operating", name="side", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("year", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "prepared",
                "checked",
                "published",
                "discarded",
                name="disclosurestate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("prepared_by", sa.Uuid(), nullable=True),
        sa.Column("prepared_by_name", sa.Text(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_by", sa.Uuid(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("published_by", sa.Uuid(), nullable=True),
        sa.Column("supersedes_id", sa.Uuid(), nullable=True),
        sa.Column("correction_reason", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(state = 'published') = (published_at IS NOT NULL)",
            name=op.f("ck_registry_disclosure_published_with_moment"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('checked', 'published') OR checked_at IS NOT NULL",
            name=op.f("ck_registry_disclosure_checked_first"),
        ),
        sa.CheckConstraint(
            "checked_by IS NULL OR checked_by <> prepared_by", name=op.f("ck_registry_disclosure_two_persons")
        ),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_registry_disclosure_sha256_hex")),
        sa.ForeignKeyConstraint(["party_id"], ["registry_party.id"], name=op.f("fk_registry_disclosure_party_id")),
        sa.ForeignKeyConstraint(
            ["supersedes_id"], ["registry_disclosure.id"], name=op.f("fk_registry_disclosure_supersedes_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_disclosure")),
        sa.UniqueConstraint("number", name=op.f("uq_registry_disclosure_number")),
    )
    with op.batch_alter_table("registry_disclosure", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_disclosure_party_id"), ["party_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_disclosure_place"), ["place"], unique=False)
        batch_op.create_index(
            "uq_registry_disclosure_correction",
            ["supersedes_id"],
            unique=True,
            sqlite_where=sa.text("state = 'published' AND supersedes_id IS NOT NULL"),
            postgresql_where=sa.text("state = 'published' AND supersedes_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_registry_disclosure_first",
            ["party_id", "place", "side", "year"],
            unique=True,
            sqlite_where=sa.text("state = 'published' AND supersedes_id IS NULL"),
            postgresql_where=sa.text("state = 'published' AND supersedes_id IS NULL"),
        )
    op.create_table(
        "registry_operator_review",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("operator_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "under_review",
                "returned",
                "passed",
                "refused",
                "withdrawn",
                name="operatorreviewstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("statements", sa.JSON(), nullable=False),
        sa.Column("evidence_sha256", sa.Text(), nullable=True),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("passed_on", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("review_id", sa.Uuid(), nullable=True),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(state = 'passed') = (passed_on IS NOT NULL)", name=op.f("ck_registry_operator_review_passed_dated")
        ),
        sa.CheckConstraint(
            "valid_until IS NULL OR passed_on < valid_until", name=op.f("ck_registry_operator_review_validity_ordered")
        ),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["registry_party.id"], name=op.f("fk_registry_operator_review_operator_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_operator_review")),
        sa.UniqueConstraint("number", name=op.f("uq_registry_operator_review_number")),
    )
    with op.batch_alter_table("registry_operator_review", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_operator_review_operator_id"), ["operator_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_operator_review_place"), ["place"], unique=False)
        batch_op.create_index(
            "uq_registry_operator_review_running",
            ["operator_id", "place"],
            unique=True,
            sqlite_where=sa.text("state IN ('draft', 'under_review', 'returned')"),
            postgresql_where=sa.text("state IN ('draft', 'under_review', 'returned')"),
        )
    op.create_table(
        "registry_party_name",
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("length(name_key) > 0", name=op.f("ck_registry_party_name_named")),
        sa.ForeignKeyConstraint(["party_id"], ["registry_party.id"], name=op.f("fk_registry_party_name_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_party_name")),
        sa.UniqueConstraint("party_id", "name_key", name=op.f("uq_registry_party_name_party_id_name_key")),
    )
    with op.batch_alter_table("registry_party_name", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_party_name_name_key"), ["name_key"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_party_name_party_id"), ["party_id"], unique=False)
    op.create_table(
        "registry_plan",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("implementing_institution_id", sa.Uuid(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["implementing_institution_id"],
            ["registry_party.id"],
            name=op.f("fk_registry_plan_implementing_institution_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_plan")),
        sa.UniqueConstraint("number", name=op.f("uq_registry_plan_number")),
    )
    with op.batch_alter_table("registry_plan", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_registry_plan_implementing_institution_id"), ["implementing_institution_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_registry_plan_place"), ["place"], unique=False)
    op.create_table(
        "registry_relation",
        sa.Column("from_id", sa.Uuid(), nullable=False),
        sa.Column("to_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "control",
                "common_control",
                "share",
                name="relationkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("share", sa.BigInteger(), nullable=True),
        sa.Column("from_date", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("evidence_sha256", sa.Text(), nullable=True),
        sa.Column(
            "origin",
            sa.Enum("declared", "recorded", name="origin", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("stated_by", sa.Uuid(), nullable=True),
        sa.Column("stated_by_name", sa.Text(), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(kind = 'share') = (share IS NOT NULL)", name=op.f("ck_registry_relation_share_of_shares")),
        sa.CheckConstraint("from_id <> to_id", name=op.f("ck_registry_relation_two_parties")),
        sa.CheckConstraint("length(source) > 0", name=op.f("ck_registry_relation_sourced")),
        sa.CheckConstraint(
            "share IS NULL OR (share > 0 AND share <= 1000000000)",
            name=op.f("ck_registry_relation_share_is_a_fraction"),
        ),
        sa.CheckConstraint("until IS NULL OR from_date < until", name=op.f("ck_registry_relation_days_ordered")),
        sa.ForeignKeyConstraint(
            ["evidence_sha256"], ["evidence_file.sha256"], name=op.f("fk_registry_relation_evidence_sha256")
        ),
        sa.ForeignKeyConstraint(["from_id"], ["registry_party.id"], name=op.f("fk_registry_relation_from_id")),
        sa.ForeignKeyConstraint(["to_id"], ["registry_party.id"], name=op.f("fk_registry_relation_to_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_relation")),
    )
    with op.batch_alter_table("registry_relation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_relation_from_id"), ["from_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_relation_to_id"), ["to_id"], unique=False)
    op.create_table(
        "registry_review",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column(
            "procedure",
            sa.Enum(
                "product",
                "data_request",
                "plan",
                "application",
                "operator",
                "egress",
                "onboarding",
                name="procedure",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("subject_title", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("applicant_id", sa.Uuid(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "submitted",
                "in_stage",
                "returned",
                "passed",
                "refused",
                "withdrawn",
                name="reviewstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_by", sa.Uuid(), nullable=True),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("worklist_date", sa.Date(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stage_position", sa.BigInteger(), nullable=False),
        sa.Column("round_number", sa.BigInteger(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pause_reason", sa.Text(), nullable=False),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("appeal_of_id", sa.Uuid(), nullable=True),
        sa.Column("appeal_reason", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(state IN ('passed', 'refused', 'withdrawn')) = (decided_at IS NOT NULL)",
            name=op.f("ck_registry_review_decided_when_closed"),
        ),
        sa.CheckConstraint(
            "paused_at IS NULL OR state IN ('submitted', 'in_stage')", name=op.f("ck_registry_review_paused_while_open")
        ),
        sa.CheckConstraint(
            "(paused_at IS NULL) = (length(pause_reason) = 0)", name=op.f("ck_registry_review_pause_reasoned")
        ),
        sa.CheckConstraint(
            "due_date IS NULL OR due_date = worklist_date", name=op.f("ck_registry_review_sorted_by_due_date")
        ),
        sa.CheckConstraint("round_number IN (1, 2)", name=op.f("ck_registry_review_returned_once_at_most")),
        sa.ForeignKeyConstraint(["appeal_of_id"], ["registry_review.id"], name=op.f("fk_registry_review_appeal_of_id")),
        sa.ForeignKeyConstraint(["applicant_id"], ["registry_party.id"], name=op.f("fk_registry_review_applicant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_review")),
        sa.UniqueConstraint("appeal_of_id", name=op.f("uq_registry_review_appeal_of_id")),
        sa.UniqueConstraint("id", "procedure", name=op.f("uq_registry_review_id_procedure")),
        sa.UniqueConstraint("number", name=op.f("uq_registry_review_number")),
    )
    with op.batch_alter_table("registry_review", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_review_applicant_id"), ["applicant_id"], unique=False)
        batch_op.create_index(
            "ix_registry_review_due",
            ["worklist_date", "id"],
            unique=False,
            sqlite_where=sa.text("state IN ('submitted', 'in_stage')"),
            postgresql_where=sa.text("state IN ('submitted', 'in_stage')"),
        )
        batch_op.create_index(batch_op.f("ix_registry_review_place"), ["place"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_review_subject_id"), ["subject_id"], unique=False)
        batch_op.create_index(
            "ix_registry_review_worklist",
            ["place", "worklist_date", "id"],
            unique=False,
            sqlite_where=sa.text("state IN ('submitted', 'in_stage')"),
            postgresql_where=sa.text("state IN ('submitted', 'in_stage')"),
        )
        batch_op.create_index(
            "uq_registry_review_subject",
            ["procedure", "subject_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('submitted', 'in_stage', 'returned', 'passed')"),
            postgresql_where=sa.text("state IN ('submitted', 'in_stage', 'returned', 'passed')"),
        )
    op.create_table(
        "registry_standard_text",
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "platform_service",
                "development_use",
                name="textkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.Uuid(), nullable=True),
        sa.Column("publisher_name", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_registry_standard_text_hashed")),
        sa.ForeignKeyConstraint(["sha256"], ["evidence_file.sha256"], name=op.f("fk_registry_standard_text_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_standard_text")),
    )
    with op.batch_alter_table("registry_standard_text", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_standard_text_place"), ["place"], unique=False)
    op.create_table(
        "registry_account_person",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("identified_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("identified_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["registry_account.id"], name=op.f("fk_registry_account_person_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["registry_person.id"], name=op.f("fk_registry_account_person_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_account_person")),
        sa.UniqueConstraint("account_id", name=op.f("uq_registry_account_person_account_id")),
    )
    with op.batch_alter_table("registry_account_person", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_account_person_person_id"), ["person_id"], unique=False)
    op.create_table(
        "registry_call",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "published",
                "closed",
                "selected",
                "result_published",
                "failed",
                "cancelled",
                name="callstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "method",
            sa.Enum(
                "open_tender",
                "invited_tender",
                "negotiation",
                name="selectionmethod",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("conditions", sa.Text(), nullable=False),
        sa.Column("criteria", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("scenario", sa.Text(), nullable=False),
        sa.Column("opens_on", sa.Date(), nullable=True),
        sa.Column("closes_on", sa.Date(), nullable=True),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(state = 'draft') = (published_at IS NULL) OR state = 'cancelled'",
            name=op.f("ck_registry_call_published_once"),
        ),
        sa.CheckConstraint(
            "(state IN ('failed', 'cancelled')) = (end_reason IS NOT NULL)", name=op.f("ck_registry_call_end_reasoned")
        ),
        sa.CheckConstraint(
            "opens_on IS NULL OR closes_on IS NULL OR opens_on <= closes_on", name=op.f("ck_registry_call_days_ordered")
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["registry_plan.id"], name=op.f("fk_registry_call_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_call")),
        sa.UniqueConstraint("number", name=op.f("uq_registry_call_number")),
    )
    with op.batch_alter_table("registry_call", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_call_place"), ["place"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_call_plan_id"), ["plan_id"], unique=False)
    op.create_table(
        "registry_onboarding",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("word_sha256", sa.Text(), nullable=False),
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "submitted",
                "returned",
                "passed",
                "refused",
                "withdrawn",
                name="applicationstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("round_number", sa.BigInteger(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("identity_hmac", sa.Text(), nullable=True),
        sa.Column("identity_key_name", sa.Text(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("defects", sa.JSON(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("login", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(state = 'passed') = (account_id IS NOT NULL)", name=op.f("ck_registry_onboarding_account_when_passed")
        ),
        sa.CheckConstraint(
            "(state = 'passed') = (party_id IS NOT NULL)", name=op.f("ck_registry_onboarding_party_when_passed")
        ),
        sa.CheckConstraint(
            "(state IN ('submitted', 'returned')) = (decided_at IS NULL)",
            name=op.f("ck_registry_onboarding_decided_when_closed"),
        ),
        sa.CheckConstraint(
            "decided_at IS NULL OR password_hash IS NULL", name=op.f("ck_registry_onboarding_no_password_when_closed")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["registry_account.id"], name=op.f("fk_registry_onboarding_account_id")
        ),
        sa.ForeignKeyConstraint(["party_id"], ["registry_party.id"], name=op.f("fk_registry_onboarding_party_id")),
        sa.ForeignKeyConstraint(["review_id"], ["registry_review.id"], name=op.f("fk_registry_onboarding_review_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_onboarding")),
        sa.UniqueConstraint("number", name=op.f("uq_registry_onboarding_number")),
    )
    with op.batch_alter_table("registry_onboarding", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_onboarding_place"), ["place"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_onboarding_uscc"), ["uscc"], unique=False)
        batch_op.create_index(
            "uq_registry_onboarding_running",
            ["uscc"],
            unique=True,
            sqlite_where=sa.text("state IN ('submitted', 'returned')"),
            postgresql_where=sa.text("state IN ('submitted', 'returned')"),
        )
    op.create_table(
        "registry_password_reset",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("token_sha256", sa.Text(), nullable=False),
        sa.Column("issued_by", sa.Uuid(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("issued_at < expires_at", name=op.f("ck_registry_password_reset_ordered")),
        sa.CheckConstraint("used_at IS NULL OR voided_at IS NULL", name=op.f("ck_registry_password_reset_one_end")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["registry_account.id"], name=op.f("fk_registry_password_reset_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_password_reset")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_registry_password_reset_token_sha256")),
    )
    with op.batch_alter_table("registry_password_reset", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_password_reset_account_id"), ["account_id"], unique=False)
    op.create_table(
        "registry_plan_version",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "under_review",
                "returned",
                "approved",
                "filed",
                "in_effect",
                "superseded",
                "refused",
                "withdrawn",
                name="planstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("change_reason", sa.Text(), nullable=True),
        sa.Column(
            "mode",
            sa.Enum(
                "overall",
                "by_sector",
                "by_scenario",
                name="planmode",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("scope_text", sa.Text(), nullable=False),
        sa.Column("decision_number", sa.Text(), nullable=True),
        sa.Column("decision_sha256", sa.Text(), nullable=True),
        sa.Column("government_document", sa.Text(), nullable=True),
        sa.Column("filing_reference", sa.Text(), nullable=True),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("effective_from", sa.Date(), nullable=True),
        sa.Column("effective_until", sa.Date(), nullable=True),
        sa.Column("review_id", sa.Uuid(), nullable=True),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(state = 'superseded') = (effective_until IS NOT NULL)",
            name=op.f("ck_registry_plan_version_superseded_dated"),
        ),
        sa.CheckConstraint(
            "(state IN ('in_effect', 'superseded')) = (effective_from IS NOT NULL)",
            name=op.f("ck_registry_plan_version_effect_dated"),
        ),
        sa.CheckConstraint(
            "number = 1 OR change_reason IS NOT NULL", name=op.f("ck_registry_plan_version_change_reasoned")
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["registry_plan.id"], name=op.f("fk_registry_plan_version_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_plan_version")),
        sa.UniqueConstraint("plan_id", "number", name=op.f("uq_registry_plan_version_plan_id_number")),
    )
    with op.batch_alter_table("registry_plan_version", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_plan_version_plan_id"), ["plan_id"], unique=False)
        batch_op.create_index(
            "uq_registry_plan_version_running",
            ["plan_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('draft', 'returned', 'under_review', 'approved', 'filed')"),
            postgresql_where=sa.text("state IN ('draft', 'returned', 'under_review', 'approved', 'filed')"),
        )
    op.create_table(
        "registry_quality_ticket",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("reporter_id", sa.Uuid(), nullable=False),
        sa.Column(
            "category",
            sa.Enum(
                "completeness",
                "accuracy",
                "timeliness",
                "consistency",
                "other",
                name="category",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("evidence_sha256", sa.Text(), nullable=True),
        sa.Column("evidence_name", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "filed",
                "accepted",
                "refused",
                "corrected",
                "confirmed",
                "reopened",
                "closed",
                name="ticketstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_registry_quality_ticket_closed_when_closed")
        ),
        sa.CheckConstraint("length(description) > 0", name=op.f("ck_registry_quality_ticket_described")),
        sa.ForeignKeyConstraint(
            ["reporter_id"], ["registry_party.id"], name=op.f("fk_registry_quality_ticket_reporter_id")
        ),
        sa.ForeignKeyConstraint(
            ["resource_id"], ["registry_resource.id"], name=op.f("fk_registry_quality_ticket_resource_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_quality_ticket")),
        sa.UniqueConstraint("number", name=op.f("uq_registry_quality_ticket_number")),
    )
    with op.batch_alter_table("registry_quality_ticket", schema=None) as batch_op:
        batch_op.create_index("ix_registry_quality_ticket_open", ["state", "due_date"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_quality_ticket_place"), ["place"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_quality_ticket_reporter_id"), ["reporter_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_quality_ticket_resource_id"), ["resource_id"], unique=False)
    op.create_table(
        "registry_relation_end",
        sa.Column("relation_id", sa.Uuid(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("stated_by", sa.Uuid(), nullable=True),
        sa.Column("stated_by_name", sa.Text(), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_registry_relation_end_reasoned")),
        sa.ForeignKeyConstraint(
            ["relation_id"], ["registry_relation.id"], name=op.f("fk_registry_relation_end_relation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_relation_end")),
        sa.UniqueConstraint("relation_id", name=op.f("uq_registry_relation_end_relation_id")),
    )
    op.create_table(
        "registry_resource_sample",
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("rows", sa.JSON(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uploaded_by", sa.Uuid(), nullable=True),
        sa.Column("uploaded_by_name", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["resource_id"], ["registry_resource.id"], name=op.f("fk_registry_resource_sample_resource_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_resource_sample")),
    )
    with op.batch_alter_table("registry_resource_sample", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_resource_sample_resource_id"), ["resource_id"], unique=False)
    op.create_table(
        "registry_resource_shared_in",
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("is_shared_in", sa.Boolean(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=True),
        sa.Column("provider_name", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stated_by", sa.Uuid(), nullable=True),
        sa.Column("stated_by_name", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "NOT is_shared_in OR length(provider_name) > 0", name=op.f("ck_registry_resource_shared_in_provider_named")
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["registry_party.id"], name=op.f("fk_registry_resource_shared_in_provider_id")
        ),
        sa.ForeignKeyConstraint(
            ["resource_id"], ["registry_resource.id"], name=op.f("fk_registry_resource_shared_in_resource_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_resource_shared_in")),
    )
    with op.batch_alter_table("registry_resource_shared_in", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_resource_shared_in_provider_id"), ["provider_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_resource_shared_in_resource_id"), ["resource_id"], unique=False)
    op.create_table(
        "registry_review_pause",
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resumed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resumed_by_name", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_registry_review_pause_reasoned")),
        sa.CheckConstraint("resumed_at >= paused_at", name=op.f("ck_registry_review_pause_ends_after_start")),
        sa.ForeignKeyConstraint(["review_id"], ["registry_review.id"], name=op.f("fk_registry_review_pause_review_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_review_pause")),
    )
    with op.batch_alter_table("registry_review_pause", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_review_pause_review_id"), ["review_id"], unique=False)
    op.create_table(
        "registry_review_stage",
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column(
            "procedure",
            sa.Enum(
                "product",
                "data_request",
                "plan",
                "application",
                "operator",
                "egress",
                "onboarding",
                name="procedure",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("round_number", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("seat_number", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "capacity",
            sa.Enum(
                "data_authority",
                "price_authority",
                "operating_institution",
                "data_merchant",
                "source_department",
                "buyer",
                "trading_venue",
                "platform",
                "municipal_data_agency",
                "provincial_data_authority",
                "finance_department",
                "expert_panel",
                "peoples_government",
                name="capacity",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("party_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "open",
                "agreed",
                "refused",
                "returned",
                "closed",
                name="stagestate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("days", sa.BigInteger(), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=True),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("silence_consents", sa.Boolean(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(state IN ('agreed', 'refused', 'returned')) = (decided_at IS NOT NULL)",
            name=op.f("ck_registry_review_stage_decided_when_closed"),
        ),
        sa.CheckConstraint(
            "NOT silence_consents OR (procedure = 'data_request' AND days IS NOT NULL AND kind NOT IN ('operator_check', 'authority_check', 'egress_check'))",
            name=op.f("ck_registry_review_stage_silence_where_allowed"),
        ),
        sa.CheckConstraint(
            "state <> 'open' OR opened_on IS NOT NULL", name=op.f("ck_registry_review_stage_opened_when_open")
        ),
        sa.CheckConstraint(
            "opened_on IS NULL OR (days IS NULL) = (due_date IS NULL)",
            name=op.f("ck_registry_review_stage_due_where_the_law_gives_days"),
        ),
        sa.ForeignKeyConstraint(["party_id"], ["registry_party.id"], name=op.f("fk_registry_review_stage_party_id")),
        sa.ForeignKeyConstraint(
            ["review_id", "procedure"],
            ["registry_review.id", "registry_review.procedure"],
            name="fk_registry_review_stage_review_id_procedure",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_review_stage")),
        sa.UniqueConstraint(
            "review_id",
            "round_number",
            "seat_number",
            name=op.f("uq_registry_review_stage_review_id_round_number_seat_number"),
        ),
    )
    with op.batch_alter_table("registry_review_stage", schema=None) as batch_op:
        batch_op.create_index(
            "ix_registry_review_stage_open",
            ["due_date"],
            unique=False,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )
        batch_op.create_index(batch_op.f("ix_registry_review_stage_party_id"), ["party_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_review_stage_review_id"), ["review_id"], unique=False)
    op.create_table(
        "registry_training_record",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column(
            "role_kind",
            sa.Enum(
                "management",
                "technical",
                "operating",
                name="rolekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("course", sa.Text(), nullable=False),
        sa.Column("trained_on", sa.Date(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("examiner", sa.Text(), nullable=False),
        sa.Column("evidence_sha256", sa.Text(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("recorded_by_name", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "length(course) > 0 AND length(examiner) > 0", name=op.f("ck_registry_training_record_described")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["registry_account.id"], name=op.f("fk_registry_training_record_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["evidence_sha256"], ["evidence_file.sha256"], name=op.f("fk_registry_training_record_evidence_sha256")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_training_record")),
        sa.UniqueConstraint("number", name=op.f("uq_registry_training_record_number")),
    )
    with op.batch_alter_table("registry_training_record", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_registry_training_record_account_id_place_role_kind_trained_on"),
            ["account_id", "place", "role_kind", "trained_on"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_registry_training_record_place"), ["place"], unique=False)
    op.create_table(
        "registry_application",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("applicant_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "under_review",
                "returned",
                "passed",
                "refused",
                "withdrawn",
                name="applicationstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column(
            "nature",
            sa.Enum(
                "state_sole",
                "state_controlled",
                "collective",
                "private",
                "joint_stock",
                "other",
                name="enterprisenature",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("registered_capital", sa.BigInteger(), nullable=True),
        sa.Column("staff_count", sa.BigInteger(), nullable=True),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("requested_scope", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("incidents_declared", sa.Boolean(), nullable=False),
        sa.Column("incidents", sa.JSON(), nullable=False),
        sa.Column("signed_by", sa.Text(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("review_id", sa.Uuid(), nullable=True),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "registered_capital IS NULL OR registered_capital >= 0",
            name=op.f("ck_registry_application_capital_not_negative"),
        ),
        sa.CheckConstraint(
            "staff_count IS NULL OR staff_count >= 0", name=op.f("ck_registry_application_staff_counted")
        ),
        sa.ForeignKeyConstraint(
            ["applicant_id"], ["registry_party.id"], name=op.f("fk_registry_application_applicant_id")
        ),
        sa.ForeignKeyConstraint(["call_id"], ["registry_call.id"], name=op.f("fk_registry_application_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_application")),
        sa.UniqueConstraint("number", name=op.f("uq_registry_application_number")),
    )
    with op.batch_alter_table("registry_application", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_application_applicant_id"), ["applicant_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_application_call_id"), ["call_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_application_place"), ["place"], unique=False)
        batch_op.create_index(
            "uq_registry_application_applicant",
            ["call_id", "applicant_id"],
            unique=True,
            sqlite_where=sa.text("state <> 'withdrawn'"),
            postgresql_where=sa.text("state <> 'withdrawn'"),
        )
    op.create_table(
        "registry_call_invitation",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["registry_call.id"], name=op.f("fk_registry_call_invitation_call_id")),
        sa.ForeignKeyConstraint(["party_id"], ["registry_party.id"], name=op.f("fk_registry_call_invitation_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_call_invitation")),
        sa.UniqueConstraint("call_id", "party_id", name=op.f("uq_registry_call_invitation_call_id_party_id")),
    )
    with op.batch_alter_table("registry_call_invitation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_call_invitation_call_id"), ["call_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_call_invitation_party_id"), ["party_id"], unique=False)
    op.create_table(
        "registry_grant_ask",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "merchant",
                "operator",
                "source",
                "buyer",
                "reviewer",
                "price",
                "finance_preparer",
                "finance_checker",
                "finance_payer",
                "auditor",
                "system_administrator",
                "security_administrator",
                "supervisor",
                "scheduler",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "asked",
                "confirmed",
                "refused",
                "withdrawn",
                name="askstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_by_name", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.Column("grant_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(state = 'asked') = (decided_at IS NULL)", name=op.f("ck_registry_grant_ask_decided_when_closed")
        ),
        sa.CheckConstraint(
            "state <> 'confirmed' OR decided_by <> asked_by", name=op.f("ck_registry_grant_ask_two_persons")
        ),
        sa.CheckConstraint("asked_at < expires_at", name=op.f("ck_registry_grant_ask_ordered")),
        sa.ForeignKeyConstraint(["account_id"], ["registry_account.id"], name=op.f("fk_registry_grant_ask_account_id")),
        sa.ForeignKeyConstraint(["grant_id"], ["registry_role_grant.id"], name=op.f("fk_registry_grant_ask_grant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_grant_ask")),
    )
    with op.batch_alter_table("registry_grant_ask", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_grant_ask_account_id"), ["account_id"], unique=False)
    op.create_table(
        "registry_onboarding_statement",
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("round_number", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "administrative_unit",
                "public_institution",
                "enterprise",
                "non_legal_person",
                name="partykind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("capacities", sa.JSON(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("person_name", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "length(name) > 0 AND length(person_name) > 0 AND length(login) > 0",
            name=op.f("ck_registry_onboarding_statement_named"),
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["registry_onboarding.id"], name=op.f("fk_registry_onboarding_statement_application_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_onboarding_statement")),
        sa.UniqueConstraint(
            "application_id", "round_number", name=op.f("uq_registry_onboarding_statement_application_id_round_number")
        ),
    )
    op.create_table(
        "registry_plan_resource",
        sa.Column("plan_version_id", sa.Uuid(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_version_id"], ["registry_plan_version.id"], name=op.f("fk_registry_plan_resource_plan_version_id")
        ),
        sa.ForeignKeyConstraint(
            ["resource_id"], ["registry_resource.id"], name=op.f("fk_registry_plan_resource_resource_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_plan_resource")),
        sa.UniqueConstraint(
            "plan_version_id", "resource_id", name=op.f("uq_registry_plan_resource_plan_version_id_resource_id")
        ),
    )
    with op.batch_alter_table("registry_plan_resource", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_registry_plan_resource_plan_version_id"), ["plan_version_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_registry_plan_resource_resource_id"), ["resource_id"], unique=False)
    op.create_table(
        "registry_quality_event",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column(
            "event",
            sa.Enum(
                "accept",
                "refuse",
                "correct",
                "confirm",
                "reopen",
                "close",
                name="ticketevent",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence_sha256", sa.Text(), nullable=True),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["registry_quality_ticket.id"], name=op.f("fk_registry_quality_event_ticket_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_quality_event")),
    )
    with op.batch_alter_table("registry_quality_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_quality_event_ticket_id"), ["ticket_id"], unique=False)
    op.create_table(
        "registry_resource_consent",
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("is_granted", sa.Boolean(), nullable=False),
        sa.Column("consented_on", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("evidence_sha256", sa.Text(), nullable=True),
        sa.Column("evidence_name", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("recorded_by_name", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "NOT is_granted OR evidence_sha256 IS NOT NULL",
            name=op.f("ck_registry_resource_consent_consent_has_evidence"),
        ),
        sa.CheckConstraint(
            "valid_until IS NULL OR valid_until >= consented_on",
            name=op.f("ck_registry_resource_consent_period_ordered"),
        ),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["registry_resource_shared_in.id"], name=op.f("fk_registry_resource_consent_statement_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_resource_consent")),
    )
    with op.batch_alter_table("registry_resource_consent", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_resource_consent_statement_id"), ["statement_id"], unique=False)
    op.create_table(
        "registry_review_opinion",
        sa.Column("stage_id", sa.Uuid(), nullable=False),
        sa.Column("reviewer_account_id", sa.Uuid(), nullable=True),
        sa.Column("reviewer_name", sa.Text(), nullable=False),
        sa.Column(
            "decision",
            sa.Enum(
                "agree", "refuse", "return_once", name="decision", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column(
            "ground",
            sa.Enum(
                "materials_incomplete",
                "not_onboarded",
                "outside_scope",
                "not_minimum_necessary",
                "scenario_unlawful",
                "security_lacking",
                name="refusalground",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("checklist", sa.JSON(), nullable=False),
        sa.Column("defects", sa.JSON(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deemed", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "NOT deemed OR decision = 'agree'", name=op.f("ck_registry_review_opinion_silence_only_consents")
        ),
        sa.CheckConstraint(
            "deemed = (reviewer_account_id IS NULL)", name=op.f("ck_registry_review_opinion_silence_has_no_speaker")
        ),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_registry_review_opinion_reasoned")),
        sa.ForeignKeyConstraint(
            ["stage_id"], ["registry_review_stage.id"], name=op.f("fk_registry_review_opinion_stage_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_review_opinion")),
        sa.UniqueConstraint("stage_id", name=op.f("uq_registry_review_opinion_stage_id")),
    )
    with op.batch_alter_table("registry_review_opinion", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_registry_review_opinion_reviewer_account_id"), ["reviewer_account_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_registry_review_opinion_stage_id"), ["stage_id"], unique=False)
    op.create_table(
        "registry_application_proof",
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "qualification",
                "no_bad_record",
                "security_commitment",
                "feasibility",
                "other",
                name="proofkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"], ["registry_application.id"], name=op.f("fk_registry_application_proof_application_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_application_proof")),
    )
    with op.batch_alter_table("registry_application_proof", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_registry_application_proof_application_id"), ["application_id"], unique=False
        )
    op.create_table(
        "registry_application_score",
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("expert_id", sa.Uuid(), nullable=False),
        sa.Column("expert_name", sa.Text(), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_registry_application_score_reasoned")),
        sa.ForeignKeyConstraint(
            ["application_id"], ["registry_application.id"], name=op.f("fk_registry_application_score_application_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_application_score")),
        sa.UniqueConstraint(
            "application_id", "expert_id", name=op.f("uq_registry_application_score_application_id_expert_id")
        ),
    )
    with op.batch_alter_table("registry_application_score", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_registry_application_score_application_id"), ["application_id"], unique=False
        )
    op.create_table(
        "registry_onboarding_document",
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "certificate",
                "authorization",
                "other",
                name="documentkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sha256"], ["evidence_file.sha256"], name=op.f("fk_registry_onboarding_document_sha256")
        ),
        sa.ForeignKeyConstraint(
            ["statement_id"],
            ["registry_onboarding_statement.id"],
            name=op.f("fk_registry_onboarding_document_statement_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_onboarding_document")),
    )
    with op.batch_alter_table("registry_onboarding_document", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_onboarding_document_sha256"), ["sha256"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_registry_onboarding_document_statement_id"), ["statement_id"], unique=False
        )
    op.create_table(
        "registry_selection",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("operator_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "proposed",
                "confirmed",
                "published",
                "dropped",
                name="selectionstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status_approved_by", sa.Text(), nullable=True),
        sa.Column("status_approval_record", sa.Text(), nullable=True),
        sa.Column("filing_reference", sa.Text(), nullable=True),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(state = 'published') = (published_on IS NOT NULL)", name=op.f("ck_registry_selection_published")
        ),
        sa.CheckConstraint(
            "(state IN ('confirmed', 'published')) = (confirmed_by IS NOT NULL)",
            name=op.f("ck_registry_selection_confirmed"),
        ),
        sa.CheckConstraint(
            "confirmed_by IS NULL OR confirmed_by <> proposed_by", name=op.f("ck_registry_selection_two_persons")
        ),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_registry_selection_reasoned")),
        sa.ForeignKeyConstraint(
            ["application_id"], ["registry_application.id"], name=op.f("fk_registry_selection_application_id")
        ),
        sa.ForeignKeyConstraint(["call_id"], ["registry_call.id"], name=op.f("fk_registry_selection_call_id")),
        sa.ForeignKeyConstraint(["operator_id"], ["registry_party.id"], name=op.f("fk_registry_selection_operator_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_selection")),
        sa.UniqueConstraint("number", name=op.f("uq_registry_selection_number")),
    )
    with op.batch_alter_table("registry_selection", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_selection_application_id"), ["application_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_selection_call_id"), ["call_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_selection_operator_id"), ["operator_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_selection_place"), ["place"], unique=False)
        batch_op.create_index(
            "uq_registry_selection_call",
            ["call_id"],
            unique=True,
            sqlite_where=sa.text("state <> 'dropped'"),
            postgresql_where=sa.text("state <> 'dropped'"),
        )
    op.create_table(
        "registry_access_decision",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("account_name", sa.Text(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("agreement_number", sa.Text(), nullable=False),
        sa.Column("operating_institution_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("resource_codes", sa.JSON(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum("granted", "denied", name="outcome", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("looked", sa.JSON(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        sa.Column("asked_by_name", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(outcome = 'granted') = (code = '')", name=op.f("ck_registry_access_decision_code_when_denied")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["registry_account.id"], name=op.f("fk_registry_access_decision_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["registry_agreement.id"], name=op.f("fk_registry_access_decision_agreement_id")
        ),
        sa.ForeignKeyConstraint(
            ["operating_institution_id"],
            ["registry_party.id"],
            name=op.f("fk_registry_access_decision_operating_institution_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_access_decision")),
    )
    with op.batch_alter_table("registry_access_decision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_access_decision_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_access_decision_agreement_id"), ["agreement_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_registry_access_decision_operating_institution_id_decided_at"),
            ["operating_institution_id", "decided_at"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_registry_access_decision_place"), ["place"], unique=False)
    op.create_table(
        "registry_correction_report",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("evidence_sha256", sa.Text(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reported_by", sa.Uuid(), nullable=True),
        sa.Column("reporter_name", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("length(evidence_sha256) = 64", name=op.f("ck_registry_correction_report_evidenced")),
        sa.CheckConstraint("length(text) > 0", name=op.f("ck_registry_correction_report_said")),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["registry_agreement.id"], name=op.f("fk_registry_correction_report_agreement_id")
        ),
        sa.ForeignKeyConstraint(
            ["evidence_sha256"], ["evidence_file.sha256"], name=op.f("fk_registry_correction_report_evidence_sha256")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_correction_report")),
    )
    with op.batch_alter_table("registry_correction_report", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_correction_report_agreement_id"), ["agreement_id"], unique=False)
    op.create_table(
        "registry_duty_filing",
        sa.Column("duty_key", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "operating_report",
                "implementing_disclosure",
                "operating_disclosure",
                "authorization_disclosure",
                "resource_use_disclosure",
                "operation_status_disclosure",
                "security_report",
                "operation_report",
                "selection_publication",
                "agreement_filing",
                "self_evaluation",
                "emergency_drill",
                "training_renewal",
                name="dutykind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=True),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("evidence_sha256", sa.Text(), nullable=False),
        sa.Column("filed_by", sa.Uuid(), nullable=True),
        sa.Column("filed_by_name", sa.Text(), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("filed_on", sa.Date(), nullable=False),
        sa.Column("supersedes_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id <> supersedes_id", name=op.f("ck_registry_duty_filing_corrects_another")),
        sa.CheckConstraint("length(evidence_sha256) = 64", name=op.f("ck_registry_duty_filing_with_evidence")),
        sa.CheckConstraint("length(text) > 0", name=op.f("ck_registry_duty_filing_in_words")),
        sa.CheckConstraint("period_start < period_end", name=op.f("ck_registry_duty_filing_period_ordered")),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["registry_agreement.id"], name=op.f("fk_registry_duty_filing_agreement_id")
        ),
        sa.ForeignKeyConstraint(
            ["evidence_sha256"], ["evidence_file.sha256"], name=op.f("fk_registry_duty_filing_evidence_sha256")
        ),
        sa.ForeignKeyConstraint(["party_id"], ["registry_party.id"], name=op.f("fk_registry_duty_filing_party_id")),
        sa.ForeignKeyConstraint(
            ["supersedes_id"], ["registry_duty_filing.id"], name=op.f("fk_registry_duty_filing_supersedes_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_duty_filing")),
        sa.UniqueConstraint("supersedes_id", name=op.f("uq_registry_duty_filing_supersedes_id")),
    )
    with op.batch_alter_table("registry_duty_filing", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_duty_filing_agreement_id"), ["agreement_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_duty_filing_duty_key"), ["duty_key"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_duty_filing_party_id"), ["party_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_duty_filing_place"), ["place"], unique=False)
        batch_op.create_index(
            "uq_registry_duty_filing_first",
            ["duty_key"],
            unique=True,
            sqlite_where=sa.text("supersedes_id IS NULL"),
            postgresql_where=sa.text("supersedes_id IS NULL"),
        )
    op.create_table(
        "registry_emergency_plan",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("participants", sa.JSON(), nullable=False),
        sa.Column("others", sa.Text(), nullable=False),
        sa.Column("adopted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("adopted_by", sa.Uuid(), nullable=True),
        sa.Column("adopter_name", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_registry_emergency_plan_counted_from_one")),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["registry_agreement.id"], name=op.f("fk_registry_emergency_plan_agreement_id")
        ),
        sa.ForeignKeyConstraint(["sha256"], ["evidence_file.sha256"], name=op.f("fk_registry_emergency_plan_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_emergency_plan")),
        sa.UniqueConstraint("agreement_id", "number", name=op.f("uq_registry_emergency_plan_agreement_id_number")),
    )
    op.create_table(
        "registry_evaluation",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "operator",
                "source_department",
                name="evaluationkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=True),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "opened",
                "self_assessed",
                "assessed",
                "published",
                "closed",
                name="evaluationstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("indices", sa.JSON(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("self_due", sa.Date(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("self_assessed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("self_assessed_by", sa.Uuid(), nullable=True),
        sa.Column("self_text", sa.Text(), nullable=True),
        sa.Column("self_figures", sa.JSON(), nullable=False),
        sa.Column("self_evidence_sha256", sa.Text(), nullable=True),
        sa.Column("assessed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("assessed_by", sa.Uuid(), nullable=True),
        sa.Column("participants", sa.JSON(), nullable=False),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=True),
        sa.Column("opinion", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("closing_reason", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(state IN ('assessed', 'published', 'closed')) = (assessed_at IS NOT NULL)",
            name=op.f("ck_registry_evaluation_assessed_with_moment"),
        ),
        sa.CheckConstraint(
            "(state IN ('published', 'closed')) = (closed_at IS NOT NULL)",
            name=op.f("ck_registry_evaluation_closed_when_ended"),
        ),
        sa.CheckConstraint(
            "kind <> 'operator' OR agreement_id IS NOT NULL",
            name=op.f("ck_registry_evaluation_operator_under_an_agreement"),
        ),
        sa.CheckConstraint(
            "state <> 'self_assessed' OR self_assessed_at IS NOT NULL",
            name=op.f("ck_registry_evaluation_own_words_with_moment"),
        ),
        sa.CheckConstraint("period_start < period_end", name=op.f("ck_registry_evaluation_period_ordered")),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["registry_agreement.id"], name=op.f("fk_registry_evaluation_agreement_id")
        ),
        sa.ForeignKeyConstraint(["party_id"], ["registry_party.id"], name=op.f("fk_registry_evaluation_party_id")),
        sa.ForeignKeyConstraint(
            ["self_evidence_sha256"], ["evidence_file.sha256"], name=op.f("fk_registry_evaluation_self_evidence_sha256")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_evaluation")),
        sa.UniqueConstraint("number", name=op.f("uq_registry_evaluation_number")),
        sa.UniqueConstraint(
            "party_id",
            "place",
            "kind",
            "agreement_id",
            "period_start",
            name=op.f("uq_registry_evaluation_party_id_place_kind_agreement_id_period_start"),
        ),
    )
    with op.batch_alter_table("registry_evaluation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_evaluation_agreement_id"), ["agreement_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_evaluation_party_id"), ["party_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_evaluation_place"), ["place"], unique=False)
    op.create_table(
        "registry_exit",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "expiry",
                "operator_request",
                "breach",
                "other_illegality",
                "revocation",
                name="exitreason",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("exit_date", sa.Date(), nullable=False),
        sa.Column("logs_until", sa.Date(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open", "certified", "closed", name="exitstate", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("settlement_reference", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("certified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("close_asked_by", sa.Uuid(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_registry_exit_closed_when_closed")
        ),
        sa.CheckConstraint(
            "(state = 'open') = (certified_at IS NULL)", name=op.f("ck_registry_exit_certified_when_past_open")
        ),
        sa.CheckConstraint(
            "state <> 'closed' OR settlement_reference IS NOT NULL", name=op.f("ck_registry_exit_settled_when_closed")
        ),
        sa.CheckConstraint("logs_until > exit_date", name=op.f("ck_registry_exit_logs_kept")),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["registry_agreement.id"], name=op.f("fk_registry_exit_agreement_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_exit")),
        sa.UniqueConstraint("agreement_id", name=op.f("uq_registry_exit_agreement_id")),
        sa.UniqueConstraint("number", name=op.f("uq_registry_exit_number")),
    )
    with op.batch_alter_table("registry_exit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_exit_place"), ["place"], unique=False)
    op.create_table(
        "registry_partial_end",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resource_ids", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("coordination_record", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(confirmed_at IS NULL) = (confirmed_by IS NULL)", name=op.f("ck_registry_partial_end_confirmed_whole")
        ),
        sa.CheckConstraint(
            "confirmed_by IS NULL OR confirmed_by <> asked_by", name=op.f("ck_registry_partial_end_two_persons")
        ),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_registry_partial_end_reasoned")),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["registry_agreement.id"], name=op.f("fk_registry_partial_end_agreement_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_partial_end")),
    )
    with op.batch_alter_table("registry_partial_end", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_partial_end_agreement_id"), ["agreement_id"], unique=False)
    op.create_table(
        "registry_service_agreement",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("operating_institution_id", sa.Uuid(), nullable=False),
        sa.Column("text_id", sa.Uuid(), nullable=False),
        sa.Column("particulars", sa.Text(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("end_date", sa.Date(), nullable=False),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "half_signed",
                "signed",
                "ended",
                "withdrawn",
                name="servicestate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(state = 'ended') = (ended_at IS NOT NULL)", name=op.f("ck_registry_service_agreement_ended_when_ended")
        ),
        sa.CheckConstraint(
            "(state IN ('signed', 'ended')) = (signed_at IS NOT NULL)",
            name=op.f("ck_registry_service_agreement_signed_by_both"),
        ),
        sa.CheckConstraint(
            "partner_id <> operating_institution_id", name=op.f("ck_registry_service_agreement_two_parties")
        ),
        sa.CheckConstraint("start_date < end_date", name=op.f("ck_registry_service_agreement_term_ordered")),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["registry_agreement.id"], name=op.f("fk_registry_service_agreement_agreement_id")
        ),
        sa.ForeignKeyConstraint(
            ["operating_institution_id"],
            ["registry_party.id"],
            name=op.f("fk_registry_service_agreement_operating_institution_id"),
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["registry_party.id"], name=op.f("fk_registry_service_agreement_partner_id")
        ),
        sa.ForeignKeyConstraint(
            ["text_id"], ["registry_standard_text.id"], name=op.f("fk_registry_service_agreement_text_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_service_agreement")),
        sa.UniqueConstraint("number", name=op.f("uq_registry_service_agreement_number")),
    )
    with op.batch_alter_table("registry_service_agreement", schema=None) as batch_op:
        batch_op.create_index(
            "ix_registry_service_agreement_gate", ["agreement_id", "partner_id", "state"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_registry_service_agreement_operating_institution_id"),
            ["operating_institution_id"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_registry_service_agreement_partner_id"), ["partner_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_service_agreement_place"), ["place"], unique=False)
    op.create_table(
        "registry_correction_finding",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("found_by", sa.Uuid(), nullable=True),
        sa.Column("finder_name", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_registry_correction_finding_reasoned")),
        sa.ForeignKeyConstraint(
            ["report_id"], ["registry_correction_report.id"], name=op.f("fk_registry_correction_finding_report_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_correction_finding")),
        sa.UniqueConstraint("report_id", name=op.f("uq_registry_correction_finding_report_id")),
    )
    op.create_table(
        "registry_deletion_certificate",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("exit_id", sa.Uuid(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_by", sa.Text(), nullable=False),
        sa.Column("evidence_sha256", sa.Text(), nullable=False),
        sa.Column("kept_records", sa.JSON(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_by", sa.Uuid(), nullable=True),
        sa.Column("issuer_name", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "length(what) > 0 AND length(deleted_by) > 0", name=op.f("ck_registry_deletion_certificate_said")
        ),
        sa.ForeignKeyConstraint(
            ["evidence_sha256"], ["evidence_file.sha256"], name=op.f("fk_registry_deletion_certificate_evidence_sha256")
        ),
        sa.ForeignKeyConstraint(
            ["exit_id"], ["registry_exit.id"], name=op.f("fk_registry_deletion_certificate_exit_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_deletion_certificate")),
        sa.UniqueConstraint("exit_id", name=op.f("uq_registry_deletion_certificate_exit_id")),
        sa.UniqueConstraint("number", name=op.f("uq_registry_deletion_certificate_number")),
    )
    op.create_table(
        "registry_delivery",
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("delivered_on", sa.Date(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("evidence_sha256", sa.Text(), nullable=True),
        sa.Column("stated_by", sa.Uuid(), nullable=True),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["registry_product.id"], name=op.f("fk_registry_delivery_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_delivery")),
    )
    with op.batch_alter_table("registry_delivery", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_delivery_product_id"), ["product_id"], unique=False)
    op.create_table(
        "registry_emergency_drill",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("participants", sa.Text(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "passed", "shortcomings", name="drilloutcome", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("evidence_sha256", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("recorder_name", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "length(participants) > 0 AND length(summary) > 0", name=op.f("ck_registry_emergency_drill_said")
        ),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["registry_agreement.id"], name=op.f("fk_registry_emergency_drill_agreement_id")
        ),
        sa.ForeignKeyConstraint(
            ["evidence_sha256"], ["evidence_file.sha256"], name=op.f("fk_registry_emergency_drill_evidence_sha256")
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["registry_emergency_plan.id"], name=op.f("fk_registry_emergency_drill_plan_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_emergency_drill")),
    )
    with op.batch_alter_table("registry_emergency_drill", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_emergency_drill_agreement_id"), ["agreement_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_emergency_drill_plan_id"), ["plan_id"], unique=False)
    op.create_table(
        "registry_incident",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=True),
        sa.Column("finder_id", sa.Uuid(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "detected",
                "stopped",
                "reported",
                "assessed",
                "resumed",
                "terminated",
                name="incidentstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("risks", sa.JSON(), nullable=False),
        sa.Column("stops_at_once", sa.Boolean(), nullable=False),
        sa.Column("recipients", sa.JSON(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("detected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("detected_by", sa.Uuid(), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("measures", sa.Text(), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("assessed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("assessed_by", sa.Uuid(), nullable=True),
        sa.Column("assessment", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(state IN ('resumed', 'terminated')) = (closed_at IS NOT NULL)",
            name=op.f("ck_registry_incident_closed_when_ended"),
        ),
        sa.CheckConstraint(
            "state = 'detected' OR stopped_at IS NOT NULL", name=op.f("ck_registry_incident_stopped_first")
        ),
        sa.CheckConstraint(
            "state IN ('detected', 'stopped') OR reported_at IS NOT NULL",
            name=op.f("ck_registry_incident_reported_before_more"),
        ),
        sa.CheckConstraint(
            "closed_at IS NULL OR assessed_at IS NOT NULL", name=op.f("ck_registry_incident_assessed_before_closed")
        ),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["registry_agreement.id"], name=op.f("fk_registry_incident_agreement_id")
        ),
        sa.ForeignKeyConstraint(["finder_id"], ["registry_party.id"], name=op.f("fk_registry_incident_finder_id")),
        sa.ForeignKeyConstraint(["product_id"], ["registry_product.id"], name=op.f("fk_registry_incident_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_incident")),
        sa.UniqueConstraint("number", name=op.f("uq_registry_incident_number")),
    )
    with op.batch_alter_table("registry_incident", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_registry_incident_agreement_id_state"), ["agreement_id", "state"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_registry_incident_finder_id"), ["finder_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_incident_place"), ["place"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_incident_product_id"), ["product_id"], unique=False)
    op.create_table(
        "registry_product_draft",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open", "finished", "discarded", name="draftstate", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by_name", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(state = 'finished') = (product_id IS NOT NULL)",
            name=op.f("ck_registry_product_draft_finished_is_a_product"),
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["registry_party.id"], name=op.f("fk_registry_product_draft_owner_id")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["registry_product.id"], name=op.f("fk_registry_product_draft_product_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_product_draft")),
    )
    with op.batch_alter_table("registry_product_draft", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_product_draft_owner_id"), ["owner_id"], unique=False)
    op.create_table(
        "registry_registration_record",
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "national_code",
                "local_record",
                "filing",
                name="recordkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("evidence_sha256", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("recorded_by_name", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "length(issuer) > 0 AND length(reference) > 0",
            name=op.f("ck_registry_registration_record_issuer_and_reference"),
        ),
        sa.CheckConstraint(
            "valid_until IS NULL OR valid_from <= valid_until",
            name=op.f("ck_registry_registration_record_period_ordered"),
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["registry_product.id"], name=op.f("fk_registry_registration_record_product_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_registration_record")),
        sa.UniqueConstraint(
            "product_id",
            "kind",
            "issuer",
            "reference",
            name=op.f("uq_registry_registration_record_product_id_kind_issuer_reference"),
        ),
    )
    with op.batch_alter_table("registry_registration_record", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_registry_registration_record_product_id_kind_valid_from"),
            ["product_id", "kind", "valid_from"],
            unique=False,
        )
    op.create_table(
        "registry_request_clearance",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "network_security", "irs", name="clearancekind", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("evidence_sha256", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("recorded_by_name", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["registry_data_request.id"], name=op.f("fk_registry_request_clearance_request_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_request_clearance")),
        sa.UniqueConstraint("request_id", "kind", name=op.f("uq_registry_request_clearance_request_id_kind")),
    )
    with op.batch_alter_table("registry_request_clearance", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_request_clearance_request_id"), ["request_id"], unique=False)
    op.create_table(
        "registry_service_signature",
        sa.Column("service_agreement_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_by", sa.Uuid(), nullable=False),
        sa.Column("signer_name", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["party_id"], ["registry_party.id"], name=op.f("fk_registry_service_signature_party_id")
        ),
        sa.ForeignKeyConstraint(
            ["service_agreement_id"],
            ["registry_service_agreement.id"],
            name=op.f("fk_registry_service_signature_service_agreement_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_service_signature")),
        sa.UniqueConstraint(
            "service_agreement_id", "party_id", name=op.f("uq_registry_service_signature_service_agreement_id_party_id")
        ),
    )
    op.create_table(
        "registry_egress_check",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("applicant_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "requested",
                "returned",
                "passed",
                "failed",
                "withdrawn",
                "exported",
                name="egressstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "form",
            sa.Enum("api", "file", "report", name="deliveryform", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("personal_basis", sa.Text(), nullable=False),
        sa.Column("minimum_group_size", sa.BigInteger(), nullable=True),
        sa.Column("report_sha256", sa.Text(), nullable=True),
        sa.Column("report_name", sa.Text(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(state IN ('passed', 'failed', 'withdrawn', 'exported')) = (decided_at IS NOT NULL)",
            name=op.f("ck_registry_egress_check_decided_when_closed"),
        ),
        sa.CheckConstraint(
            "minimum_group_size IS NULL OR minimum_group_size > 0",
            name=op.f("ck_registry_egress_check_group_size_positive"),
        ),
        sa.ForeignKeyConstraint(
            ["applicant_id"], ["registry_party.id"], name=op.f("fk_registry_egress_check_applicant_id")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["registry_product.id"], name=op.f("fk_registry_egress_check_product_id")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["registry_product_version.id"], name=op.f("fk_registry_egress_check_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_egress_check")),
        sa.UniqueConstraint("number", name=op.f("uq_registry_egress_check_number")),
    )
    with op.batch_alter_table("registry_egress_check", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_egress_check_applicant_id"), ["applicant_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_egress_check_place"), ["place"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_egress_check_product_id"), ["product_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_egress_check_version_id"), ["version_id"], unique=False)
        batch_op.create_index(
            "uq_registry_egress_check_version",
            ["version_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('requested', 'returned', 'passed', 'exported')"),
            postgresql_where=sa.text("state IN ('requested', 'returned', 'passed', 'exported')"),
        )
    op.create_table(
        "registry_evidence_record",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("evidence_sha256", sa.Text(), nullable=True),
        sa.Column("preserved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("length(content_sha256) = 64", name=op.f("ck_registry_evidence_record_sha256_hex")),
        sa.CheckConstraint("length(reference) > 0", name=op.f("ck_registry_evidence_record_referenced")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["registry_product_version.id"], name=op.f("fk_registry_evidence_record_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_evidence_record")),
        sa.UniqueConstraint("provider", "reference", name=op.f("uq_registry_evidence_record_provider_reference")),
    )
    with op.batch_alter_table("registry_evidence_record", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_evidence_record_version_id"), ["version_id"], unique=False)
    op.create_table(
        "registry_incident_report",
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reported_by", sa.Uuid(), nullable=True),
        sa.Column("reported_by_name", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("length(reference) > 0", name=op.f("ck_registry_incident_report_with_reference")),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["registry_incident.id"], name=op.f("fk_registry_incident_report_incident_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_incident_report")),
        sa.UniqueConstraint("incident_id", "recipient", name=op.f("uq_registry_incident_report_incident_id_recipient")),
    )
    with op.batch_alter_table("registry_incident_report", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_incident_report_incident_id"), ["incident_id"], unique=False)
    op.create_table(
        "registry_registration_record_end",
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["registry_registration_record.id"],
            name=op.f("fk_registry_registration_record_end_record_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_registration_record_end")),
        sa.UniqueConstraint("record_id", name=op.f("uq_registry_registration_record_end_record_id")),
    )
    op.create_table(
        "registry_version_evidence",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("length(title) > 0", name=op.f("ck_registry_version_evidence_titled")),
        sa.ForeignKeyConstraint(["sha256"], ["evidence_file.sha256"], name=op.f("fk_registry_version_evidence_sha256")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["registry_product_version.id"], name=op.f("fk_registry_version_evidence_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_version_evidence")),
        sa.UniqueConstraint("version_id", "sha256", name=op.f("uq_registry_version_evidence_version_id_sha256")),
    )
    with op.batch_alter_table("registry_version_evidence", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_version_evidence_version_id"), ["version_id"], unique=False)
    op.create_table(
        "registry_version_origin",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("origin_version_id", sa.Uuid(), nullable=False),
        sa.Column(
            "access",
            sa.Enum("free", "paid", name="accesskind", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("version_id <> origin_version_id", name=op.f("ck_registry_version_origin_not_itself")),
        sa.ForeignKeyConstraint(
            ["origin_version_id"],
            ["registry_product_version.id"],
            name=op.f("fk_registry_version_origin_origin_version_id"),
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["registry_product_version.id"], name=op.f("fk_registry_version_origin_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_version_origin")),
        sa.UniqueConstraint(
            "version_id", "origin_version_id", name=op.f("uq_registry_version_origin_version_id_origin_version_id")
        ),
    )
    with op.batch_alter_table("registry_version_origin", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_registry_version_origin_origin_version_id"), ["origin_version_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_registry_version_origin_version_id"), ["version_id"], unique=False)
    op.create_table(
        "registry_co_registrant",
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column(
            "mode",
            sa.Enum(
                "joint_application",
                "by_agreement",
                name="applicationmode",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("evidence_sha256", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["registry_party.id"], name=op.f("fk_registry_co_registrant_party_id")),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["registry_registration.id"], name=op.f("fk_registry_co_registrant_registration_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_co_registrant")),
        sa.UniqueConstraint(
            "registration_id", "party_id", name=op.f("uq_registry_co_registrant_registration_id_party_id")
        ),
    )
    with op.batch_alter_table("registry_co_registrant", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_co_registrant_party_id"), ["party_id"], unique=False)
    op.create_table(
        "registry_egress_export",
        sa.Column("check_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("operator_id", sa.Uuid(), nullable=False),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.Column(
            "form",
            sa.Enum("api", "file", "report", name="deliveryform", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("exported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("exported_by", sa.Uuid(), nullable=True),
        sa.Column("exported_by_name", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("length(content_sha256) = 64", name=op.f("ck_registry_egress_export_content_sha256_hex")),
        sa.CheckConstraint("length(file_sha256) = 64", name=op.f("ck_registry_egress_export_file_sha256_hex")),
        sa.CheckConstraint("size_bytes >= 0 AND units > 0", name=op.f("ck_registry_egress_export_measured")),
        sa.ForeignKeyConstraint(
            ["check_id"], ["registry_egress_check.id"], name=op.f("fk_registry_egress_export_check_id")
        ),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["registry_party.id"], name=op.f("fk_registry_egress_export_operator_id")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["registry_product_version.id"], name=op.f("fk_registry_egress_export_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_egress_export")),
        sa.UniqueConstraint("check_id", "reference", name=op.f("uq_registry_egress_export_check_id_reference")),
    )
    with op.batch_alter_table("registry_egress_export", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_egress_export_check_id"), ["check_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_registry_egress_export_operator_id_exported_at"),
            ["operator_id", "exported_at"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_registry_egress_export_place"), ["place"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_egress_export_version_id"), ["version_id"], unique=False)
    op.create_table(
        "registry_interested_party",
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column(
            "basis",
            sa.Enum(
                "registrant_consent",
                "proof_of_error",
                name="correctionbasis",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("evidence_sha256", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["party_id"], ["registry_party.id"], name=op.f("fk_registry_interested_party_party_id")
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["registry_registration.id"], name=op.f("fk_registry_interested_party_registration_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_interested_party")),
        sa.UniqueConstraint("registration_id", name=op.f("uq_registry_interested_party_registration_id")),
    )
    with op.batch_alter_table("registry_interested_party", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_interested_party_party_id"), ["party_id"], unique=False)
    op.create_table(
        "registry_objection_file",
        sa.Column("objection_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["objection_id"], ["registry_objection.id"], name=op.f("fk_registry_objection_file_objection_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_objection_file")),
        sa.UniqueConstraint("objection_id", "sha256", name=op.f("uq_registry_objection_file_objection_id_sha256")),
    )
    with op.batch_alter_table("registry_objection_file", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_objection_file_objection_id"), ["objection_id"], unique=False)


# ---- what was decided before: product reviews and the seats of data requests ----

END_OF_DAYS = date(9999, 12, 31)
KIND_OF = {
    "data_authority": "data_authority",
    "source_department": "source_department",
    "municipal_data_agency": "municipal_data_agency",
    "provincial_data_authority": "provincial_data_authority",
}


def _table(name: str) -> sa.Table:
    """Reflect a table; identities are given their type back, which SQLite keeps as text."""
    table = sa.Table(name, sa.MetaData(), autoload_with=op.get_bind(), resolve_fks=False)
    for column in table.columns:
        if isinstance(column.type, sa.CHAR) and column.type.length == 32:
            column.type = sa.Uuid()
        elif isinstance(column.type, (sa.DateTime, sa.TIMESTAMP)):
            column.type = sa.DateTime(timezone=True)
    return table


def _rows(name: str) -> list[dict[str, Any]]:
    table = _table(name)
    return [dict(row) for row in op.get_bind().execute(sa.select(table).order_by(table.c.id)).mappings()]


def _read() -> dict[str, list[dict[str, Any]]]:
    names = (
        "registry_review", "registry_review_stage", "registry_review_opinion", "registry_data_request",
        "registry_request_opinion", "registry_product", "registry_product_version", "registry_agreement",
        "registry_account", "registry_party", "registry_registration",
    )  # fmt: skip
    return {name: _rows(name) for name in names}


def _write(found: dict[str, list[dict[str, Any]]]) -> None:
    reviews, stages, opinions = _product_reviews(found)
    for request in found["registry_data_request"]:
        if request["state"] != "draft":
            review, seats, said = _request_review(request, found)
            reviews.append(review)
            stages += seats
            opinions += said
    _insert("registry_review", reviews)
    _insert("registry_review_stage", stages)
    _insert("registry_review_opinion", opinions)
    _insert("registry_party_name", [
        {"id": uuid7(), "version": 1, "party_id": one["id"], "name_key": name_key(one["name"]),
         "noted_at": one["registered_at"]}
        for one in found["registry_party"]
    ])  # fmt: skip
    _fill_search(found)


def _insert(name: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        op.get_bind().execute(_table(name).insert(), rows)


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else business_date(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _days(sources: list[dict[str, Any]], name: str) -> int | None:
    said = [int(one["value"]) for one in sources if one.get("name") == name]
    return said[0] if said else None


def _empty(procedure: str, due: date | None) -> dict[str, Any]:
    return {
        "procedure": procedure, "due_date": due, "worklist_date": due or END_OF_DAYS, "findings": [],
        "paused_at": None, "pause_reason": "", "escalated_at": None, "appeal_of_id": None, "appeal_reason": "",
    }  # fmt: skip


def _product_reviews(found: dict[str, list[dict[str, Any]]]) -> tuple[list[dict[str, Any]], ...]:
    versions = {one["id"]: one for one in found["registry_product_version"]}
    products = {one["id"]: one for one in found["registry_product"]}
    sources, submitted, reviews = {}, {}, []
    for old in found["registry_review"]:
        version, product = versions[old.pop("version_id")], products[old.pop("product_id")]
        title = f"{product['title']}（{product['code']}）第 {version['number']} 版"
        sources[old["id"]], submitted[old["id"]] = old["sources"], old["submitted_at"]
        reviews.append(old | _empty("product", old["due_date"]) | {
            "subject_id": version["id"], "subject_title": title, "applicant_id": product["owner_id"],
        })  # fmt: skip
    opened, stages = dict(submitted), []
    for old in sorted(found["registry_review_stage"], key=lambda one: (one["round_number"], one["position"])):
        has_begun = old["due_date"] is not None
        days = _days(sources[old["review_id"]], "review.stage_working_days")
        stages.append(old | {
            "procedure": "product", "seat_number": old["position"], "silence_consents": False, "escalated_at": None,
            "days": days if has_begun else None, "opened_on": _day(opened[old["review_id"]]) if has_begun else None,
        })  # fmt: skip
        if old["decided_at"] is not None:  # the next one opened when this one was decided
            opened[old["review_id"]] = old["decided_at"]
    opinions = [old | {"ground": None, "deemed": False} for old in found["registry_review_opinion"]]
    return reviews, stages, opinions


def _request_review(
    request: dict[str, Any], found: dict[str, list[dict[str, Any]]]
) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    states = {"submitted": "submitted", "checked": "in_stage", "under_review": "in_stage", "approved": "passed",
              "rejected": "refused"}  # fmt: skip
    review = _empty("data_request", request["due_date"]) | {
        "id": uuid7(), "version": 1, "number": f"REV-{request['number']}", "place": request["place"],
        "subject_id": request["id"], "subject_title": f"{request['scenario']}（{request['number']}）",
        "applicant_id": request["applicant_id"], "state": states[request["state"]], "round_number": 1,
        "submitted_at": request["submitted_at"], "submitted_by": request["submitted_by"],
        "decided_at": request["decided_at"], "stage_position": 1 if request["state"] == "submitted" else 2,
        "sources": request["sources"],
    }  # fmt: skip
    seats, said = _check(request, review, found)
    checked = bool(seats)
    days = _days(request["sources"], "request.review_working_days")
    for old in [one for one in found["registry_request_opinion"] if one["request_id"] == request["id"]]:
        is_open = old["decision"] is None and request["state"] == "under_review"
        due = request["due_date"] if days is not None else None
        seat = _seat(review, len(seats) + 1, 2 if checked else 1, KIND_OF[old["capacity"]], old["capacity"],
                     old["party_id"], request["checked_at"] or request["submitted_at"], due, days) | {
            "silence_consents": bool(request["silence_consents"]) and due is not None,
            "state": {"agree": "agreed", "refuse": "refused"}.get(old["decision"], "open" if is_open else "closed"),
            "decided_at": old["given_at"],
        }  # fmt: skip
        seats.append(seat)
        if old["decision"] is not None:
            said.append(_opinion(seat, old["decision"], old["reason"], old["given_at"],
                                 None if old["deemed"] else old["given_by"] or NOBODY, old["given_by_name"],
                                 deemed=bool(old["deemed"])))  # fmt: skip
    review["stage_position"] = max((one["position"] for one in seats), default=1) if review["state"] != "submitted" else 1
    return review, seats, said


def _check(
    request: dict[str, Any], review: dict[str, Any], found: dict[str, list[dict[str, Any]]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    if request["check_due"] is None and request["checked_at"] is None:
        return [], []
    agreement = next(one for one in found["registry_agreement"] if one["id"] == request["agreement_id"])
    days = _days(request["sources"], "request.check_working_days")
    due = request["check_due"] if days is not None else None
    refused = request["state"] == "rejected" and not any(
        one["request_id"] == request["id"] for one in found["registry_request_opinion"]
    )
    seat = _seat(review, 1, 1, "operator_check", "operating_institution", agreement["operating_institution_id"],
                 request["submitted_at"], due, days)  # fmt: skip
    if request["checked_at"] is None:
        return [seat | {"state": "open", "silence_consents": False}], []
    seat |= {"state": "refused" if refused else "agreed", "decided_at": request["checked_at"],
             "silence_consents": False}  # fmt: skip
    names = {one["id"]: one["name"] for one in found["registry_account"]}
    decision = "refuse" if refused else "agree"
    return [seat], [_opinion(seat, decision, request["check_reason"], request["checked_at"],
                             request["checked_by"] or NOBODY, names.get(request["checked_by"], ""))]  # fmt: skip


def _seat(
    review: dict[str, Any], number: int, position: int, kind: str, capacity: str, party_id: Any, opened: datetime,
    due: date | None, days: int | None,
) -> dict[str, Any]:  # fmt: skip
    return {
        "id": uuid7(), "version": 1, "review_id": review["id"], "procedure": "data_request", "round_number": 1,
        "position": position, "seat_number": number, "kind": kind, "capacity": capacity, "party_id": party_id,
        "title": TITLES[kind], "days": days if due is not None else None, "opened_on": _day(opened), "due_date": due,
        "decided_at": None, "escalated_at": None,
    }  # fmt: skip


def _opinion(
    seat: dict[str, Any], decision: str, reason: str, at: datetime, account_id: Any, name: str, *, deemed: bool = False
) -> dict[str, Any]:
    return {
        "id": uuid7(), "version": 1, "stage_id": seat["id"], "reviewer_account_id": account_id, "reviewer_name": name,
        "decision": decision, "ground": None, "reason": reason or ("超期视为同意（RVW-05）" if deemed else "未写明"),
        "checklist": {}, "defects": [], "given_at": at, "deemed": deemed,
    }  # fmt: skip


def _fill_search(found: dict[str, list[dict[str, Any]]]) -> None:
    """Let earlier registrations be found by words, as later ones are."""
    products = {one["id"]: one for one in found["registry_product"]}
    names = {one["id"]: one["name"] for one in found["registry_party"]}
    table = _table("registry_registration")
    for one in found["registry_registration"]:
        product = products[one["product_id"]]
        words = [one["number"], product["code"], product["title"], product["scenario"], product["domain"],
                 names[one["registrant_id"]], *([one["code"]] if one["code"] else [])]  # fmt: skip
        op.get_bind().execute(table.update().where(table.c.id == one["id"]).values(search_text=search_text(words)))


def downgrade() -> None:
    """Refuse: what the new tables hold has no place in the old ones.

    Raises:
        NotImplementedError: always; restore the copy that was made before the upgrade.
    """
    raise NotImplementedError("restore the copy of the database that was made before this upgrade")
