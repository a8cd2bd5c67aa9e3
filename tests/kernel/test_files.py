"""Evidence is named by its content and never changes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel import files
from kernel.db import write_transaction

AT = datetime(2026, 6, 30, 8, 0, tzinfo=UTC)


@pytest.mark.both_databases
def test_the_same_content_is_kept_once_and_comes_back(session: Session) -> None:
    with write_transaction(session):
        first = files.keep(session, b"report", name="a.pdf", media_type="application/pdf", now=AT)
        again = files.keep(session, b"report", name="b.pdf", media_type="application/pdf", now=AT)
    assert first == again
    assert files.get(session, first).content == b"report"
    assert session.scalar(sa.select(sa.func.count()).select_from(files.EvidenceFile)) == 1


@pytest.mark.both_databases
def test_kept_evidence_cannot_be_exchanged(session: Session) -> None:
    with write_transaction(session):
        files.keep(session, b"report", name="a.pdf", media_type="application/pdf", now=AT)
    with pytest.raises(DBAPIError, match="append-only"), write_transaction(session):
        session.execute(sa.text("UPDATE evidence_file SET name = 'x'"))


@pytest.mark.parametrize("content", [b"", b"x" * (files.SIZE_MAX + 1)])
def test_an_empty_or_oversized_file_is_refused(session: Session, content: bytes) -> None:
    with pytest.raises(files.FileRefused, match="10 MiB"):
        files.keep(session, content, name="a.pdf", media_type="application/pdf", now=AT)


def test_an_unknown_digest_is_not_found(session: Session) -> None:
    with pytest.raises(files.NoSuchFile):
        files.get(session, "0" * 64)
