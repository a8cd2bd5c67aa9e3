"""Reading lines of the bank, and what is expected under the references that they name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from kernel.identity import FINANCE, Actor, Role
from kernel.money import ZERO, Money, total
from market.bank_lines.model import BankFile, BankLine, LineRelease, LineShare, PayerName
from market.bank_lines.rules import Due, LineState, Reason, plain_name
from market.buyer_accounts import queries as accounts
from market.buyer_accounts.model import BuyerAccount, MonthlyStatement
from market.payments import queries as payments
from market.payments.model import Payment
from market.payments.rules import PaymentState
from registry.parties.model import Party

READERS = (*FINANCE, Role.AUDITOR)
Target = Payment | BuyerAccount | MonthlyStatement


class NoSuchLine(NotFound):
    """There is no such line, or none that the actor may know of."""

    code = "bank_line.not_found"


def in_scope(actor: Actor) -> sa.ColumnElement[bool]:
    """Return the condition that finance or an auditor of the place reads the line."""
    reached = [
        sa.true() if grant.place is None else BankLine.place == grant.place
        for grant in actor.grants
        if grant.role in READERS
    ]
    return sa.or_(sa.false(), *reached)


def listed(actor: Actor, *, state: LineState | None = None) -> sa.Select[BankLine]:
    """Return the query of the lines within the actor's scope."""
    query = sa.select(BankLine).where(in_scope(actor))
    return query if state is None else query.where(BankLine.state == state)


def visible(session: Session, actor: Actor, line_id: UUID, *, lock: bool = False) -> BankLine:
    """Return one line; locked and read afresh on demand.

    Raises:
        NoSuchLine: there is none that the actor may know of.
    """
    query = listed(actor).where(BankLine.id == line_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NoSuchLine(f"没有编号为 {line_id} 的银行流水，或不在您的范围内", detail_en="No such line")
    return found


def get(session: Session, line_id: UUID, *, lock: bool = False) -> BankLine:
    """Return one line for whoever may act on it anyway; locked and read afresh on demand.

    Raises:
        NoSuchLine: there is none.
    """
    query = sa.select(BankLine).where(BankLine.id == line_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NoSuchLine(f"没有编号为 {line_id} 的银行流水", detail_en="No such line")
    return found


def in_hand(session: Session, actor: Actor, line_id: UUID) -> UUID:
    """Let who may know of a line work on it alone: the lines of its place are locked first, as everywhere (R4).

    Return its id.

    Raises:
        NoSuchLine: there is none that the actor may know of.
    """
    found = visible(session, actor, line_id)
    payments.lock_bank_lines(session, found.place)
    return found.id


def file_with(session: Session, place: str, sha256: str) -> BankFile | None:
    """Return the statement with that content, or None."""
    return session.scalar(sa.select(BankFile).where(BankFile.place == place, BankFile.sha256 == sha256))


def of_file(session: Session, file_id: UUID) -> Sequence[BankLine]:
    """Return the lines that a statement brought, in its order."""
    return session.scalars(sa.select(BankLine).where(BankLine.file_id == file_id).order_by(BankLine.line_number)).all()


def count_of_file(session: Session, file_id: UUID, state: LineState) -> int:
    """Return how many lines of one statement are in that state."""
    query = sa.select(sa.func.count()).where(BankLine.file_id == file_id, BankLine.state == state)
    return session.scalars(query).one()


def by_serials(session: Session, place: str, serials: Iterable[str]) -> dict[str, BankLine]:
    """Return the lines with these serial numbers, by number."""
    query = sa.select(BankLine).where(BankLine.place == place, BankLine.serial.in_(list(serials)))
    return {line.serial: line for line in session.scalars(query)}


def queued(session: Session, place: str) -> Sequence[BankLine]:
    """Return the lines that wait and name a reference, the oldest first."""
    query = sa.select(BankLine).where(BankLine.place == place, BankLine.state == LineState.QUEUED)
    found = session.scalars(query.order_by(BankLine.booked_at, BankLine.serial)).all()
    return [line for line in found if line.references]


def short_under(session: Session, place: str, reference: str, *, but: UUID) -> list[BankLine]:
    """Return the waiting lines that were short under exactly this reference, the oldest first."""
    query = sa.select(BankLine).where(
        BankLine.place == place, BankLine.state == LineState.QUEUED, BankLine.reason == Reason.SHORT, BankLine.id != but
    )
    found = session.scalars(query.order_by(BankLine.booked_at, BankLine.serial)).all()
    return [line for line in found if line.references == [reference]]


IN_FORCE = ~sa.exists().where(LineRelease.share_id == LineShare.id)


def shares(session: Session, line_id: UUID) -> Sequence[LineShare]:
    """Return what a line went to; what was taken back is left out."""
    query = sa.select(LineShare).where(LineShare.line_id == line_id, IN_FORCE)
    return session.scalars(query.order_by(LineShare.id)).all()


def put_to(session: Session, payment_id: UUID) -> Money:
    """Return what lines have brought for a payment so far."""
    found: Money | None = session.scalar(
        sa.select(sa.func.sum(LineShare.amount)).where(LineShare.payment_id == payment_id, IN_FORCE)
    )
    return found if found is not None else ZERO


def stranded(session: Session, actor: Actor) -> Sequence[BankLine]:
    """Return the lines put to a payment that was cancelled or paid otherwise before the rest came, oldest first."""
    incomplete = (
        sa.select(LineShare.payment_id)
        .join(Payment, Payment.id == LineShare.payment_id)
        .where(Payment.state != PaymentState.EXPECTED, IN_FORCE)
        .group_by(LineShare.payment_id, Payment.amount)
        .having(sa.func.sum(LineShare.amount) < Payment.amount)
    )
    lines = sa.select(LineShare.line_id).where(LineShare.payment_id.in_(incomplete), IN_FORCE)
    query = listed(actor, state=LineState.DECIDED).where(BankLine.id.in_(lines))
    return session.scalars(query.order_by(BankLine.booked_at, BankLine.id)).all()


def unapplied(session: Session, place: str) -> Money:
    """Return what lines brought that has paid nothing: waiting, going back, or a part whose rest has not come."""
    waits = sa.select(sa.func.sum(BankLine.amount)).where(
        BankLine.place == place, BankLine.state.in_((LineState.QUEUED, LineState.RETURNING))
    )
    put = sa.select(LineShare.payment_id).where(IN_FORCE).join(Payment, Payment.id == LineShare.payment_id)
    put = put.group_by(LineShare.payment_id, Payment.amount).having(sa.func.sum(LineShare.amount) < Payment.amount)
    parts = sa.select(sa.func.sum(LineShare.amount)).where(
        LineShare.place == place, LineShare.payment_id.in_(put), IN_FORCE
    )
    found: list[Money | None] = [session.scalar(waits), session.scalar(parts)]
    return total(one for one in found if one is not None)


def target(session: Session, place: str, reference: str) -> Target | None:
    """Return the payment, account or statement of a place that a reference names, or None."""
    found: Target | None = payments.by_reference(session, reference) or accounts.by_reference(session, reference)
    return found if found is not None and found.place == place else None


def due(session: Session, found: Target, reference: str) -> Due:
    """Return what is expected under a reference, and who may pay it."""
    if isinstance(found, Payment):
        left = found.amount - put_to(session, found.id)
        closed = {PaymentState.EXPECTED: None, PaymentState.VOID: Reason.NOT_EXPECTED}.get(
            found.state, Reason.ALREADY_PAID
        )
        return Due(reference, left, payers(session, found.buyer_id), closed)
    if isinstance(found, BuyerAccount):
        return Due(reference, None, payers(session, found.buyer_id))
    open_amount = accounts.open_amount(session, found)
    buyer_id = session.scalars(sa.select(BuyerAccount.buyer_id).where(BuyerAccount.id == found.account_id)).one()
    return Due(reference, open_amount, payers(session, buyer_id), None if open_amount else Reason.ALREADY_PAID)


def payers(session: Session, buyer_id: UUID) -> frozenset[str]:
    """Return the plain names that pay for a buyer: its own, and those that a person has accepted."""
    own = session.scalars(sa.select(Party.name).where(Party.id == buyer_id)).one()
    accepted = session.scalars(sa.select(PayerName.plain).where(PayerName.buyer_id == buyer_id))
    return frozenset((plain_name(own), *accepted))


def suggestions(session: Session, line: BankLine, *, limit: int) -> Sequence[Payment]:
    """Return expected payments of exactly that amount at the place: for a person to look at, never taken by itself."""
    query = sa.select(Payment).where(
        Payment.place == line.place, Payment.state == PaymentState.EXPECTED, Payment.amount == line.amount
    )
    return session.scalars(query.order_by(Payment.id).limit(limit)).all()
