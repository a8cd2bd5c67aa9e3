"""Reading arrivals: which credits are which payouts, and what has not arrived."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.money import ZERO, Money
from market.bank_lines.model import BankLine
from market.bank_lines.rules import LineState
from settlement.arrivals.model import Arrival, ArrivalRelease
from settlement.arrivals.rules import is_arrived, payout_in
from settlement.ledger.model import JournalEntry
from settlement.ledger.rules import Cause
from settlement.matching.rules import Flow
from settlement.provider_lines.model import ProviderLine

CHUNK = 500
IN_FORCE = ~sa.exists().where(ArrivalRelease.arrival_id == Arrival.id)


def of_line(session: Session, line_id: UUID) -> Arrival | None:
    """Return as which payout a credit is recognised, or None."""
    return session.scalar(sa.select(Arrival).where(Arrival.bank_line_id == line_id, IN_FORCE))


def payouts_of_lines(session: Session, line_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the provider's name of the payout that each of these credits was recognised as."""
    found: dict[UUID, str] = {}
    wanted = sorted(line_ids)
    query = sa.select(Arrival.bank_line_id, ProviderLine.reference)
    query = query.join(ProviderLine, ProviderLine.id == Arrival.payout_id).where(IN_FORCE)
    for first in range(0, len(wanted), CHUNK):
        rows = session.execute(query.where(Arrival.bank_line_id.in_(wanted[first : first + CHUNK])))
        found |= {row.bank_line_id: row.reference for row in rows}
    return found


def arrived_as(names: Collection[str]) -> sa.ColumnElement[bool]:
    """Return the condition that a credit was recognised as one of these payouts."""
    is_one = ProviderLine.reference.in_(sorted(names))
    return (
        sa.exists()
        .where(Arrival.bank_line_id == BankLine.id, Arrival.payout_id == ProviderLine.id, is_one, IN_FORCE)
        .correlate(BankLine)
    )


def left(session: Session, payout: ProviderLine) -> Money:
    """Return what of a payout has not arrived."""
    query = sa.select(sa.func.sum(Arrival.amount)).where(Arrival.payout_id == payout.id, IN_FORCE)
    came: Money | None = session.scalar(query)
    return payout.amount - (came or ZERO)


def under_way(session: Session, place: str) -> list[tuple[ProviderLine, Money]]:
    """Return the booked payouts of a place of which something has not arrived, with what is left, oldest first."""
    name = sa.func.replace(sa.cast(ProviderLine.id, sa.Text), "-", "")
    came = sa.select(sa.func.coalesce(sa.func.sum(Arrival.amount), 0)).where(
        Arrival.payout_id == ProviderLine.id, IN_FORCE
    )
    query = sa.select(ProviderLine).where(
        ProviderLine.place == place, ProviderLine.flow == Flow.PAYOUT,
        sa.exists().where(JournalEntry.cause == Cause.PROVIDER_PAYOUT, JournalEntry.cause_id == name),
        sa.cast(ProviderLine.amount, sa.BigInteger) > came.correlate(ProviderLine).scalar_subquery(),
    )  # fmt: skip
    found = session.scalars(query.order_by(ProviderLine.happened_at, ProviderLine.serial))
    return [(one, left(session, one)) for one in found]


def payout(session: Session, place: str, reference: str) -> ProviderLine | None:
    """Return the payout of a place with that name, or None."""
    return session.scalar(
        sa.select(ProviderLine).where(
            ProviderLine.place == place, ProviderLine.flow == Flow.PAYOUT, ProviderLine.reference == reference
        )
    )


def recognisable(session: Session, place: str) -> list[tuple[ProviderLine, Sequence[BankLine]]]:
    """Return the payouts that credits in suspense name and add up to, to the fen, with these credits."""
    query = sa.select(BankLine).where(
        BankLine.place == place, BankLine.state == LineState.QUEUED, BankLine.remark.contains("po_", autoescape=True)
    )
    named: dict[str, list[BankLine]] = {}
    for line in session.scalars(query.order_by(BankLine.booked_at, BankLine.serial)):
        if not line.references and payout_in(line.remark):
            named.setdefault(payout_in(line.remark), []).append(line)
    return [
        (one, named[one.reference])
        for one, rest in under_way(session, place)
        if one.reference in named and is_arrived(rest, [line.amount for line in named[one.reference]])
    ]
