"""What is overdue; findings in words, never refusals."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from kernel.policy import PolicyBook
from registry.duties import queries
from registry.obligations.rules import DutyState


def run(session: Session, *, book: PolicyBook, on: date) -> list[str]:
    """Return every overdue duty at all places, the oldest first."""
    return [
        f"{duty.party.name} 的{duty.title}（{duty.obligation.period.text()}）应于 {duty.obligation.due} 前履行，"
        f"至 {on} 未履行（{duty.rule}，{duty.obligation.source.citation()}）"
        for duty in queries.all_at(session, book.places(), book=book, on=on)
        if duty.state is DutyState.OVERDUE
    ]
