"""Reading what the provider says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.identity import ROLES_OF, Actor, Permission
from settlement.provider_lines.model import ProviderFile, ProviderLine


def files(actor: Actor) -> sa.Select[ProviderFile]:
    """Return the query of the reports at the actor's places."""
    reached = [
        sa.true() if grant.place is None else ProviderFile.place == grant.place
        for grant in actor.grants
        if grant.role in ROLES_OF[Permission.SETTLEMENT_READ]
    ]
    return sa.select(ProviderFile).where(sa.or_(sa.false(), *reached))


def file_with(session: Session, place: str, sha256: str) -> ProviderFile | None:
    """Return the report with that content, or None."""
    return session.scalar(sa.select(ProviderFile).where(ProviderFile.place == place, ProviderFile.sha256 == sha256))


def by_serials(session: Session, place: str, serials: Iterable[str]) -> dict[str, ProviderLine]:
    """Return the known lines of a place with these names, by name."""
    wanted, found = sorted(serials), dict[str, ProviderLine]()
    for start in range(0, len(wanted), 500):
        query = sa.select(ProviderLine).where(
            ProviderLine.place == place, ProviderLine.serial.in_(wanted[start : start + 500])
        )
        found |= {line.serial: line for line in session.scalars(query)}
    return found


def of_batch(session: Session, place: str, batch: str) -> Sequence[ProviderLine]:
    """Return the lines that went to the bank in one payout, in order of their names."""
    query = sa.select(ProviderLine).where(ProviderLine.place == place, ProviderLine.batch == batch)
    return session.scalars(query.order_by(ProviderLine.serial)).all()
