"""What a refusal leaves behind is written though the refused work is rolled back."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit, clock
from kernel.audit import AuditLine
from kernel.db import write_transaction
from kernel.errors import Conflict
from kernel.identity import ANONYMOUS


def note(session: Session, action: str) -> None:
    """Write one line."""
    audit.record(session, ANONYMOUS, action, ("thing", "1"), at=clock.now())


def work_and_refuse(session: Session, refusal: Conflict) -> None:
    """Do something in a transaction that ends with a refusal."""
    with write_transaction(session):
        note(session, "worked")
        session.flush()
        raise refusal


@pytest.mark.both_databases
def test_the_work_is_rolled_back_and_what_the_refusal_leaves_is_kept(session: Session) -> None:
    refusal = Conflict("否")
    refusal.leaves_behind = lambda kept_in: note(kept_in, "refused")
    with pytest.raises(Conflict) as seen:
        work_and_refuse(session, refusal)
    assert seen.value is refusal
    session.rollback()
    assert session.scalars(sa.select(AuditLine.action)).all() == ["refused"]


def test_a_refusal_that_leaves_nothing_writes_nothing(session: Session) -> None:
    with pytest.raises(Conflict):
        work_and_refuse(session, Conflict("否"))
    session.rollback()
    assert session.scalars(sa.select(AuditLine.action)).all() == []
