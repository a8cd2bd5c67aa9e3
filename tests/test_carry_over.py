"""What was decided before the review engine existed stands in its tables after the upgrade, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from alembic import command

from kernel import db
from tests.rig.databases import alembic_config

FIRST = "9817429c267b"
AT = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
CHECKED, GIVEN = datetime(2026, 7, 2, 2, 0, tzinfo=UTC), datetime(2026, 7, 9, 16, 0, tzinfo=UTC)
DUE = date(2026, 7, 9)
OPERATOR, AUTHORITY, SOURCE, AGREEMENT, PRODUCT, VERSION, REVIEW, REQUEST, PERSON = (
    UUID(int=number) for number in range(1, 10)
)


def days(name: str, value: str) -> dict[str, str]:
    """A deadline as it was kept beside a decision."""
    return {"name": name, "value": value}


def party(party_id: UUID, name: str, uscc: str) -> dict[str, Any]:
    """One organisation of the first revision."""
    return {"id": party_id, "version": 1, "uscc": uscc, "name": name, "kind": "enterprise", "place": "guangzhou",
            "standing": "in_order", "registered_at": AT}  # fmt: skip


def stage(position: int, kind: str, state: str, **more: Any) -> dict[str, Any]:
    """One stage of a product review of the first revision."""
    return {"id": UUID(int=100 + position), "version": 1, "review_id": REVIEW, "round_number": 1, "position": position,
            "kind": kind, "capacity": kind, "title": kind, "state": state, "party_id": None, "due_date": None,
            "decided_at": None} | more  # fmt: skip


def opinion(number: int, capacity: str, party_id: UUID, **more: Any) -> dict[str, Any]:
    """One seat of a data request of the first revision."""
    return {"id": UUID(int=200 + number), "version": 1, "request_id": REQUEST, "capacity": capacity,
            "party_id": party_id, "decision": "agree", "reason": "同意", "due_date": DUE, "given_at": CHECKED,
            "given_by": PERSON, "given_by_name": "审核员", "deemed": False} | more  # fmt: skip


BEFORE: dict[str, list[dict[str, Any]]] = {
    "registry_party": [
        party(OPERATOR, "运营（广州）有限公司", "91440101MA00000001"), party(AUTHORITY, "主管局", "114401010000000001"),
        party(SOURCE, "数源局", "114401010000000002"),
    ],
    "registry_account": [
        {"id": PERSON, "version": 1, "login": "checker", "name": "核查员", "password_hash": "!", "party_id": OPERATOR,
         "state": "active", "created_at": AT},
    ],
    "registry_agreement": [
        {"id": AGREEMENT, "version": 1, "number": "AGR-1", "place": "guangzhou", "authorizing_entity_id": AUTHORITY,
         "operating_institution_id": OPERATOR, "state": "active", "title": "协议", "items": {}, "term_start": AT.date(),
         "term_end": date(2028, 7, 1), "drafted_at": AT, "signed_at": AT, "sources": {}},
    ],
    "registry_data_request": [
        {"id": REQUEST, "version": 4, "number": "DRQ-1", "place": "guangzhou", "applicant_id": SOURCE,
         "agreement_id": AGREEMENT, "scenario": "普惠金融", "necessity": "必要", "state": "approved", "created_at": AT,
         "submitted_at": AT, "submitted_by": PERSON, "check_due": date(2026, 7, 6), "checked_at": CHECKED,
         "checked_by": PERSON, "check_reason": "材料齐全", "due_date": DUE, "silence_consents": True,
         "decided_at": GIVEN, "basis": "deemed",
         "sources": [days("request.check_working_days", "3"), days("request.review_working_days", "5")]},
    ],
    "registry_request_opinion": [
        opinion(1, "source_department", SOURCE),
        opinion(2, "municipal_data_agency", AUTHORITY, reason="", given_at=GIVEN, given_by=None, given_by_name="",
                deemed=True),
    ],
    "registry_product": [
        {"id": PRODUCT, "version": 1, "code": "GZ-1", "place": "guangzhou", "owner_id": OPERATOR,
         "agreement_id": AGREEMENT, "title": "评分", "scenario": "普惠金融", "domain": "金融", "delivery_form": "api",
         "source_statement": "来源", "created_at": AT},
    ],
    "registry_product_version": [
        {"id": VERSION, "version": 1, "product_id": PRODUCT, "number": 1, "description": "说明", "fields": [],
         "sample": [], "content_sha256": "0" * 64, "created_at": AT, "created_by_name": ""},
    ],
    "registry_review": [
        {"id": REVIEW, "version": 3, "number": "REV-1", "place": "guangzhou", "product_id": PRODUCT,
         "version_id": VERSION, "state": "in_stage", "submitted_at": AT, "submitted_by": PERSON,
         "due_date": date(2026, 7, 16), "decided_at": None, "stage_position": 2, "round_number": 1,
         "sources": [days("review.stage_working_days", "10")]},
    ],
    "registry_review_stage": [
        stage(1, "operating_institution", "agreed", party_id=OPERATOR, due_date=date(2026, 7, 15), decided_at=CHECKED),
        stage(2, "municipal_data_agency", "open", due_date=date(2026, 7, 16)),
    ],
    "registry_review_opinion": [
        {"id": UUID(int=300), "version": 1, "stage_id": UUID(int=101), "reviewer_account_id": PERSON,
         "reviewer_name": "核查员", "decision": "agree", "reason": "同意", "checklist": {}, "defects": [],
         "given_at": CHECKED},
    ],
}  # fmt: skip


def write(connection: sa.Connection, before: dict[str, list[dict[str, Any]]]) -> None:
    """Write rows into the tables as they were at a revision."""
    for name, rows in before.items():
        table = sa.Table(name, sa.MetaData(), autoload_with=connection, resolve_fks=False)
        for column in table.columns:
            if isinstance(column.type, sa.CHAR) and column.type.length == 32:
                column.type = sa.Uuid()
        for row in rows:
            connection.execute(table.insert().values(row))


@pytest.fixture
def carried(empty_database_url: str) -> Iterator[sa.Engine]:
    """A database of the first revision with one review and one request, after the upgrade."""
    command.upgrade(alembic_config(empty_database_url), FIRST)
    engine = db.make_engine(empty_database_url)
    with engine.begin() as connection:
        write(connection, BEFORE)
    engine.dispose()
    command.upgrade(alembic_config(empty_database_url), "head")
    engine = db.make_engine(empty_database_url)
    yield engine
    engine.dispose()


def read(engine: sa.Engine, words: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query, days as texts."""
    with engine.connect() as connection:
        return [tuple(str(value) if isinstance(value, date) else value for value in row)
                for row in connection.execute(sa.text(words))]  # fmt: skip


@pytest.mark.both_databases
def test_a_review_and_a_request_go_on_where_they_stood(carried: sa.Engine) -> None:
    assert read(carried, "SELECT number, procedure, subject_title, state, due_date FROM registry_review"
                         " ORDER BY number") == [
        ("REV-1", "product", "评分（GZ-1）第 1 版", "in_stage", "2026-07-16"),
        ("REV-DRQ-1", "data_request", "普惠金融（DRQ-1）", "passed", "2026-07-09"),
    ]  # fmt: skip
    assert read(carried, "SELECT r.number, s.position, s.kind, s.state, s.days, s.opened_on, s.due_date,"
                         " s.silence_consents FROM registry_review_stage s JOIN registry_review r ON r.id = s.review_id"
                         " ORDER BY r.number, s.seat_number") == [
        ("REV-1", 1, "operating_institution", "agreed", 10, "2026-07-01", "2026-07-15", False),
        ("REV-1", 2, "municipal_data_agency", "open", 10, "2026-07-02", "2026-07-16", False),
        ("REV-DRQ-1", 1, "operator_check", "agreed", 3, "2026-07-01", "2026-07-06", False),
        ("REV-DRQ-1", 2, "source_department", "agreed", 5, "2026-07-02", "2026-07-09", True),
        ("REV-DRQ-1", 2, "municipal_data_agency", "agreed", 5, "2026-07-02", "2026-07-09", True),
    ]  # fmt: skip
    assert read(carried, "SELECT reviewer_name, decision, reason, deemed FROM registry_review_opinion"
                         " ORDER BY reason, reviewer_name") == [
        ("审核员", "agree", "同意", False), ("核查员", "agree", "同意", False),
        ("核查员", "agree", "材料齐全", False), ("", "agree", "超期视为同意（RVW-05）", True),
    ]  # fmt: skip


@pytest.mark.both_databases
def test_organisations_are_known_by_name_and_guards_refuse_again(carried: sa.Engine) -> None:
    assert read(carried, "SELECT count(*) FROM registry_party_name") == [(3,)]
    for words in ("UPDATE registry_review_opinion SET reason = 'x'", "UPDATE registry_agreement SET place = 'puer'"):
        with carried.connect() as connection, pytest.raises(sa.exc.DBAPIError):
            connection.execute(sa.text(words))


BEFORE_SETTLEMENT = "d81e5b7f3a90"
HELD: dict[str, list[dict[str, Any]]] = {
    "audit_seal": [
        {"sequence": 1, "sealed_at": AT, "first_line": UUID(int=1), "last_line": UUID(int=2), "line_count": 2,
         "previous_sha256": "", "sha256": "1" * 64},
    ],
    "job_run": [{"job": "audit.seal", "period": "2026-07-01", "run_at": CHECKED, "result": "2 lines"}],
    "settlement_usage_event": [
        {"id": UUID(int=400), "place": "guangzhou", "entitlement_id": UUID(int=401), "product_id": PRODUCT,
         "occurred_at": AT, "day_number": AT.toordinal(), "received_at": CHECKED, "client_reference": "A-1",
         "quantity": 3, "subject_kind": None, "subject": None, "hit": True, "channel": "exchange"},
    ],
}  # fmt: skip


@pytest.mark.both_databases
def test_seals_jobs_and_usage_stand_as_of_when_they_were_made(empty_database_url: str) -> None:
    command.upgrade(alembic_config(empty_database_url), BEFORE_SETTLEMENT)
    engine = sa.create_engine(empty_database_url)  # a plain one: SQLite then asks for no purchase behind the usage
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET session_replication_role = replica")
        write(connection, HELD)
    engine.dispose()
    command.upgrade(alembic_config(empty_database_url), "head")
    engine = db.make_engine(empty_database_url)
    assert read(engine, "SELECT sequence, version, sha256, sm3 FROM audit_seal") == [(1, 1, "1" * 64, None)]
    ran = read(engine, "SELECT job, state, attempts, result, error FROM job_run WHERE finished_at = run_at")
    assert ran == [("audit.seal", "done", 1, "2 lines", "")]
    words = "SELECT client_reference, quantity, source FROM settlement_usage_event WHERE stored_at = received_at"
    used = read(engine, words)
    assert used == [("A-1", 3, None)]
    engine.dispose()
