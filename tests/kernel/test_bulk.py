"""Rows that come in by the thousand are the rows that were handed in, whatever their texts hold."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import bulk
from kernel.audit import AuditLine
from kernel.db import new_id

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


def test_a_value_without_an_exact_text_is_refused() -> None:
    with pytest.raises(TypeError):
        bulk._text(0.1)  # the writer of COPY: no float ever gets into a table by this way
