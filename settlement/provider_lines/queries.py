"""Reading what the provider says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.identity import ROLES_OF, Actor, Permission
from market.payments.model import Attempt
from market.refunds.model import ProviderDispute, Refund
from settlement.payouts.model import Payout
from settlement.provider_lines.model import ProviderBatch, ProviderFile, ProviderLine
from settlement.provider_lines.rules import WON, Row


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


def batches_of(session: Session, place: str, serials: Iterable[str]) -> dict[str, str]:
    """Return in which payout each known line went to the bank, told with it or later; empty where nobody said."""
    wanted, found = sorted(serials), dict[str, str]()
    for start in range(0, len(wanted), 500):
        some = wanted[start : start + 500]
        line, told = ProviderLine, ProviderBatch
        own = sa.select(line.serial, line.batch).where(line.place == place, line.serial.in_(some))
        later = sa.select(told.serial, told.batch).where(told.place == place, told.serial.in_(some))
        found |= {row.serial: row.batch for row in session.execute(own)}
        found |= {row.serial: row.batch for row in session.execute(later)}
    return found


def of_batch(session: Session, place: str, batch: str) -> Sequence[ProviderLine]:
    """Return the lines that went to the bank in one payout, in order of their names."""
    told_later = sa.select(ProviderBatch.serial).where(ProviderBatch.place == place, ProviderBatch.batch == batch)
    query = sa.select(ProviderLine).where(
        ProviderLine.place == place, sa.or_(ProviderLine.batch == batch, ProviderLine.serial.in_(told_later))
    )
    return session.scalars(query.order_by(ProviderLine.serial)).all()


def home(session: Session) -> str | None:
    """Return the place that takes lines naming nothing of ours: the one that was paid online first, or None."""
    return session.scalar(sa.select(Attempt.place).order_by(Attempt.asked_at, Attempt.id).limit(1))


def online_places(session: Session) -> list[str]:
    """Return the places at which somebody paid online."""
    return sorted(session.scalars(sa.select(Attempt.place).distinct()))


def places_of(session: Session, rows: Sequence[Row]) -> dict[str, str]:
    """Return the place whose money each line names, by our number or by the provider's; others are left out."""
    named = sorted({name for row in rows for name in (row.reference.removesuffix(WON), row.parent, row.own) if name})
    known: dict[str, str] = {}
    columns = (
        (Attempt.place, Attempt.number), (Attempt.place, Attempt.intent_id), (Refund.place, Refund.provider_id),
        (ProviderDispute.place, ProviderDispute.provider_id), (Payout.place, Payout.provider_id),
    )  # fmt: skip
    for start in range(0, len(named), 500):
        for place, name in columns:
            query = sa.select(name, place).where(name.in_(named[start : start + 500]))
            known |= {str(row[0]): row[1] for row in session.execute(query)}
    found = {}
    for row in rows:
        names = (row.own, row.parent, row.reference.removesuffix(WON))
        place_of = next((known[name] for name in names if name in known), None)
        if place_of is not None:
            found[row.serial] = place_of
    return found
