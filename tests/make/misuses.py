"""Misuse of free use, recorded and decided through the real commands."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from kernel.identity import Actor
from pricing.exemptions.model import Exemption
from pricing.exemptions.rules import Purpose
from pricing.misuses import commands
from pricing.misuses.model import Misuse
from pricing.misuses.rules import Usage, Used
from tests.make import registry_base as base

FOUND = datetime(2026, 8, 3, 2, 0, tzinfo=UTC)  # a month after the free use began
HEARD_UNTIL = date(2026, 8, 20)
DECIDED = datetime(2026, 8, 21, 2, 0, tzinfo=UTC)  # the first day after the hearing
FIRST, LAST = date(2026, 7, 5), date(2026, 7, 14)
EVIDENCE = {"name": "日志.csv", "media_type": "text/csv", "content": b"log"}
LAW = base.book(demonstration=True)


def daily(units: int, *, first: date = FIRST, last: date = LAST, entitlement: str = "ENT-1", **told: Any) -> Usage:
    """So many units on every day of a span."""
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return Usage(tuple(Used(entitlement, day, units, **told) for day in days))


def make_misuse(
    session: Session, exemption: Exemption, *, person: Actor | None = None, now: datetime = FOUND, **changed: Any
) -> Misuse:
    """Record that the free product was sold on from 5 to 14 July."""
    told = {
        "from_date": FIRST, "until_date": LAST, "actual_purpose": Purpose.INDUSTRY_DEVELOPMENT, "reason": "转售",
        "evidence": EVIDENCE, "hearing_until": HEARD_UNTIL, **changed,
    }  # fmt: skip
    return commands.record(
        session, person or base.supervisor(exemption.place), exemption_id=exemption.id, now=now, book=LAW, **told
    )


def confirm(session: Session, misuse: Misuse, usage: Usage, *, now: datetime = DECIDED) -> Misuse:
    """Confirm as a second person of the authority."""
    return commands.confirm(
        session, base.supervisor(misuse.place), misuse.id, usage=usage, reason="属实", now=now, book=LAW
    )
