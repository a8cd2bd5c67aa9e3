"""Rows that come in by the thousand are the rows that were handed in, whatever their texts hold."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import bulk
from kernel.audit import AuditLine
from kernel.db import new_id, to_json

ODD = ["plain", "tab\there", "line\nbreak", "back\\slash", "\\N", "回车\r", "", "'quoted\"", "\\."]
NOW = datetime(2026, 8, 1, 3, 4, 5, 678901, tzinfo=UTC)


@pytest.mark.both_databases
@pytest.mark.parametrize("count", [1, bulk.COPY_MIN - 1, bulk.COPY_MIN + 7])
def test_rows_come_back_as_they_went_in(session: Session, count: int) -> None:
    rows = [
        {"id": new_id(), "at": NOW, "actor_id": new_id() if number % 2 else None, "actor_name": ODD[number % len(ODD)],
         "org_id": None, "channel": "job", "action": "test.copy", "object_type": "test", "object_id": str(number),
         "note": ODD[-number % len(ODD)], "detail": {"text": ODD[number % len(ODD)], "number": number}}
        for number in range(count)
    ]  # fmt: skip
    bulk.insert_many(session, AuditLine, iter(rows))
    names = list(rows[0])
    query = sa.select(*(getattr(AuditLine, name) for name in names)).where(AuditLine.action == "test.copy")
    found = [dict(zip(names, row, strict=True)) for row in session.execute(query.order_by(AuditLine.id))]
    assert found == rows


@pytest.mark.both_databases
def test_rows_that_come_in_blocks_are_the_same_rows(session: Session) -> None:
    names = ("id", "object_id", "actor_id")
    blocks = [
        ({"at": NOW, "actor_name": ODD[block], "channel": "job", "action": "test.alike", "object_type": "test",
          "note": "", "detail": {"text": ODD[-block]}},
         [(new_id(), ODD[number % len(ODD)], new_id() if number % 2 else None) for number in range(size)])
        for block, size in enumerate((3, 0, bulk.BLOCK, 1))
    ]  # fmt: skip
    rows = [same | dict(zip(names, row, strict=True)) for same, found in blocks for row in found]
    bulk.insert_alike(session, AuditLine, names, ((same, iter(found)) for same, found in blocks))
    query = sa.select(*(getattr(AuditLine, name) for name in rows[0])).where(AuditLine.action == "test.alike")
    found = [dict(zip(rows[0], row, strict=True)) for row in session.execute(query.order_by(AuditLine.id))]
    assert found == rows


@pytest.mark.both_databases
@pytest.mark.parametrize("length", [0, bulk.PART_MIN + 3])
def test_a_long_text_is_stored_to_the_letter_beside_another(session: Session, length: int) -> None:
    texts = [to_json({"text": odd + "\u6587" * length + odd * 2}) for odd in ODD[:3]]
    lines = [
        AuditLine(
            id=new_id(),
            at=NOW,
            actor_name="",
            channel="job",
            action="test.long",
            object_type="test",
            object_id=str(at),
            note="",
        )
        for at in range(len(texts))
    ]
    for line, whole in zip(lines, texts, strict=True):
        line.detail = bulk.long_json(session, (whole[at : at + 7] for at in range(0, len(whole), 7)))
    session.add_all(lines)
    session.flush()
    query = sa.select(sa.cast(AuditLine.detail, sa.Text)).where(AuditLine.action == "test.long")
    assert session.scalars(query.order_by(AuditLine.object_id)).all() == texts


def test_a_value_without_an_exact_text_is_refused() -> None:
    with pytest.raises(TypeError):
        bulk._text(0.1)  # the writer of COPY: no float ever gets into a table by this way
