"""Audit lines cannot be changed, and every tampering with sealed lines is found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import BEIJING
from kernel.db import new_id, write_transaction
from kernel.identity import Actor

AT = datetime(2026, 6, 30, 8, 0, tzinfo=UTC)
SOMEBODY = Actor(new_id(), "张三")


def sealed(session: Session, lines: int = 3) -> None:
    with write_transaction(session):
        for position in range(lines):
            audit.record(session, SOMEBODY, "test.act", ("thing", str(position)), at=AT)
    with write_transaction(session):
        assert audit.seal(session, now=AT + timedelta(minutes=1), before=AT + timedelta(minutes=1)) is not None


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "statement", ["UPDATE audit_line SET note = 'x'", "DELETE FROM audit_line", "DELETE FROM audit_seal"]
)
def test_no_statement_changes_or_removes_what_was_recorded(session: Session, statement: str) -> None:
    sealed(session)
    with pytest.raises(DBAPIError, match="append-only"), write_transaction(session):
        session.execute(sa.text(statement))
    assert audit.findings(session) == []


@pytest.mark.both_databases
def test_truncate_is_refused_where_it_exists(session: Session) -> None:
    sealed(session)
    statement = "TRUNCATE audit_line" if session.get_bind().dialect.name == "postgresql" else "DELETE FROM audit_line"
    with pytest.raises(DBAPIError), write_transaction(session):
        session.execute(sa.text(statement))


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit_line SET note = 'x' WHERE object_id = '1'",
        "UPDATE audit_line SET actor_name = '李四' WHERE object_id = '2'",
        "DELETE FROM audit_line WHERE object_id = '1'",
        "DELETE FROM audit_line WHERE object_id = '2'",
        "UPDATE audit_seal SET sha256 = previous_sha256",
        "UPDATE audit_seal SET sequence = 7",
        "UPDATE audit_seal SET previous_sha256 = sha256",
    ],
)
def test_tampering_past_the_triggers_is_found(session: Session, tampering: str) -> None:
    sealed(session)
    with write_transaction(session):
        for trigger in ("line_no_update", "line_no_delete", "seal_no_update"):
            session.execute(sa.text(f"DROP TRIGGER audit_{trigger}"))
        session.execute(sa.text(tampering))
    session.expire_all()
    assert audit.findings(session) != []


def test_a_line_smuggled_between_sealed_lines_is_found(session: Session) -> None:
    sealed(session)
    first, second = session.scalars(sa.select(audit.AuditLine.id).order_by(audit.AuditLine.id).limit(2))
    between = type(first)(int=(first.int + second.int) // 2)
    with write_transaction(session):
        line = audit.AuditLine(id=between, at=AT, actor_id=None, actor_name="x", org_id=None, channel="web", action="a",
                               object_type="t", object_id="9", note="", detail={})  # fmt: skip
        session.add(line)
    assert audit.findings(session) != []


def test_sealing_again_without_new_lines_does_nothing(session: Session) -> None:
    sealed(session)
    with write_transaction(session):
        assert audit.seal(session, now=AT + timedelta(hours=1), before=AT + timedelta(hours=1)) is None


def test_each_seal_links_to_the_one_before(session: Session) -> None:
    sealed(session)
    sealed(session)
    seals = list(session.scalars(sa.select(audit.AuditSeal).order_by(audit.AuditSeal.sequence)))
    assert [seal.sequence for seal in seals] == [1, 2]
    assert seals[1].previous_sha256 == seals[0].sha256
    assert audit.findings(session) == []


@pytest.mark.both_databases
def test_the_text_that_the_database_makes_is_the_one_that_is_sealed(session: Session) -> None:
    moments = (AT, AT + timedelta(microseconds=7), AT + timedelta(milliseconds=120))
    names = ("张三", 'a "quoted" \\ name', "tab\there", "")
    with write_transaction(session):
        for number, (at, name) in enumerate((at, name) for at in moments for name in names):
            who = Actor(new_id() if number % 2 else None, name)
            detail = {"b": number, "a": [1, "二 é \u2028", None, {"z": "/", "y": 'x" '}]}
            audit.record(session, who, "test.act", ("thing", str(number)), at=at, note=name, detail=detail)
    session.expire_all()
    rows = list(audit.lines_after(session, None, limit=100))
    made = list(audit.texts_after(session, None, limit=100))
    assert len(rows) == len(moments) * len(names)
    assert made == [(row[0].hex, audit.text_of(row)) for row in rows]


@pytest.mark.both_databases
def test_a_seal_is_sound_whatever_zone_its_moment_was_told_in(session: Session) -> None:
    with write_transaction(session):
        audit.record(session, SOMEBODY, "test.act", ("thing", "1"), at=AT)
    told = (AT + timedelta(minutes=1)).astimezone(BEIJING)
    with write_transaction(session):
        assert audit.seal(session, now=told, before=told) is not None
    session.expire_all()
    assert audit.findings(session) == []
