"""Reading proposals about payouts, and the evidence that they name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import files
from kernel.errors import NotFound
from kernel.files import EvidenceFile
from kernel.identity import Actor, Permission
from market.bank_lines.model import BankLine
from market.payments.rules import Answer
from settlement.payees import queries as payees
from settlement.payees.model import PayeeAccount
from settlement.payouts import queries as payouts
from settlement.payouts.gateway import Transfer
from settlement.payouts.model import Payout, PayoutBatch
from settlement.payouts.queries import NoSuchPayout
from settlement.payouts.rules import Channel, PayoutState, key_of
from settlement.resolutions.model import PayoutResolution
from settlement.resolutions.rules import Fate, ResolutionAct, ResolutionState


class NoSuchResolution(NotFound):
    """There is no such proposal, or none that the actor may know of."""

    code = "payout_resolution.not_found"


def numbered(session: Session, actor: Actor, number: str) -> Payout:
    """Return one payout by its number.

    Raises:
        NoSuchPayout: there is none that the actor may know of.
    """
    query = sa.select(Payout).where(Payout.number == number, Payout.batch_id.in_(_batches(actor)))
    found = session.scalar(query)
    if found is None:
        raise NoSuchPayout(f"没有拨付 {number}，或不在您的职责范围内", detail_en=f"No payout {number}")
    return found


def listed(actor: Actor, *, state: ResolutionState | None = None) -> sa.Select[PayoutResolution]:
    """Return the query of the proposals about payouts that the actor may read."""
    query = (
        sa.select(PayoutResolution)
        .join(Payout, Payout.id == PayoutResolution.payout_id)
        .where(Payout.batch_id.in_(_batches(actor)))
    )
    return query if state is None else query.where(PayoutResolution.state == state)


def visible(session: Session, actor: Actor, resolution_id: UUID, *, lock: bool = False) -> PayoutResolution:
    """Return one proposal; locked and read afresh on demand.

    Raises:
        NoSuchResolution: there is none that the actor may know of.
    """
    query = listed(actor).where(PayoutResolution.id == resolution_id)
    if lock:
        query = query.with_for_update(of=PayoutResolution).execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NoSuchResolution(
            f"没有编号为 {resolution_id} 的处理方案，或不在您的职责范围内", detail_en="No such proposal"
        )
    return found


def waiting(session: Session, actor: Actor, *, limit: int) -> Sequence[tuple[PayoutResolution, str]]:
    """Return the proposals that somebody has to decide on, oldest first, each with the number of its payout."""
    query = (
        listed(actor, state=ResolutionState.PROPOSED)
        .where(Payout.state == PayoutState.UNKNOWN)
        .add_columns(Payout.number)
        .order_by(PayoutResolution.proposed_at, PayoutResolution.id)
    )
    return [(row[0], row[1]) for row in session.execute(query.limit(limit))]


def of_payouts(session: Session, payout_ids: Sequence[UUID]) -> dict[UUID, list[PayoutResolution]]:
    """Return every proposal about payouts, oldest first, by payout."""
    query = sa.select(PayoutResolution).where(PayoutResolution.payout_id.in_(payout_ids))
    found: dict[UUID, list[PayoutResolution]] = {}
    for one in session.scalars(query.order_by(PayoutResolution.proposed_at, PayoutResolution.id)):
        found.setdefault(one.payout_id, []).append(one)
    return found


def in_force(session: Session, payout_id: UUID) -> PayoutResolution | None:
    """Return the proposal by which people ended a payout, locked; None where the bank or the provider ended it."""
    query = sa.select(PayoutResolution).where(
        PayoutResolution.payout_id == payout_id, PayoutResolution.state == ResolutionState.CONFIRMED,
        PayoutResolution.fate != Fate.SENT_AGAIN,
    )  # fmt: skip
    return session.scalar(query.with_for_update().execution_options(populate_existing=True))


def evidence(session: Session, found: PayoutResolution) -> EvidenceFile:
    """Return the file that shows what was proposed.

    Raises:
        NoSuchFile: the proposal has none.
    """
    return files.get(session, found.file_sha256 or "")


def bank_line(session: Session, place: str, serial: str) -> BankLine | None:
    """Return a line of the bank by its own number."""
    return session.scalar(sa.select(BankLine).where(BankLine.place == place, BankLine.serial == serial))


def holder_of(session: Session, column: sa.SQLColumnExpression[str | None], value: str, but: UUID) -> str | None:
    """Return the number of another payout that has this line or reference already."""
    return session.scalar(sa.select(Payout.number).where(column == value, Payout.id != but))


def to_watch(session: Session, *, decided_since: datetime, silent_since: datetime, limit: int) -> Sequence[UUID]:
    """Return payouts that people ended and the provider may still speak about, the longest unheard of first."""
    one = PayoutResolution
    query = (
        sa.select(one.payout_id)
        .join(Payout, Payout.id == one.payout_id)
        .join(PayoutBatch, PayoutBatch.id == Payout.batch_id)
        .where(PayoutBatch.channel == Channel.STRIPE, one.state == ResolutionState.CONFIRMED)
        .where(one.fate != Fate.SENT_AGAIN, one.decided_at >= decided_since, one.contradicted_at.is_(None))
        .where(
            sa.or_(
                one.heard_at.is_(None),
                sa.and_(one.heard_at <= silent_since, one.heard.in_((Answer.UNKNOWN, Answer.CANCELLED))),
            )
        )
    )
    return session.scalars(query.order_by(one.heard_at.is_not(None), one.heard_at, one.id).limit(limit)).all()


def transfer_of(session: Session, payout: Payout) -> Transfer | None:
    """Return what the provider is asked for, word for word the same each time; None for what was never sent.

    Raises:
        Unreadable: the number of the account cannot be opened.
    """
    if payout.sent_at is None:
        return None
    account = session.get_one(PayeeAccount, payout.account_id)
    return Transfer(payout.number, key_of(payout.key, payout.shorts), payout.amount,
                    payees.number_of(session, account), payout.sent_at, payout.provider_id)  # fmt: skip


def to_ask(session: Session, actor: Actor, resolution_id: UUID, act: ResolutionAct) -> Transfer | None:
    """Return the transfer that the provider has to be asked about before the act; None where it has not.

    Raises:
        NoSuchResolution: there is none that the actor may know of.
        Unreadable: the number of the account cannot be opened.
    """
    found = visible(session, actor, resolution_id)
    is_asked = act is ResolutionAct.CONFIRM and found.fate is Fate.SENT_AGAIN
    if not is_asked or not actor.may(Permission.PAYOUT_CHECK, place=found.place):
        return None
    return transfer_of(session, session.get_one(Payout, found.payout_id))


def _batches(actor: Actor) -> sa.Select[UUID]:
    return payouts.listed(actor).with_only_columns(PayoutBatch.id)
