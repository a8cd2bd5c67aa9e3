"""Spreading refunds over statements, netting receivables, and ending them by repayment or write-off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import business_date
from kernel.errors import Conflict, NotAllowed
from kernel.identity import Actor, Permission
from kernel.money import Money
from registry.accounts.queries import accounts_behind
from registry.parties.model import Party
from settlement.clawbacks import queries
from settlement.clawbacks.model import Clawback, ClawbackNetting, ClawbackRecovery
from settlement.clawbacks.rules import (
    ClawbackKind,
    Owed,
    RecoveryAct,
    RecoveryKind,
    RecoveryState,
    after,
    must_be_recoverable,
    owing,
    spread,
)
from settlement.ledger.commands import book_new
from settlement.ledger.model import JournalEntry, JournalLine
from settlement.ledger.queries import first_open_day, lock_books
from settlement.ledger.rules import Cause, bank, transfer_entry

BATCH_MAX = 500


class SecondPersonNeeded(NotAllowed):
    """Whoever asks to end a receivable does not confirm it."""

    code = "clawback.second_person"
    title = "须由另一人办理"
    title_en = "A second person is needed"


class BankLineUsed(Conflict):
    """The line of the bank has repaid another receivable."""

    code = "clawback.bank_line_used"


def take_up(session: Session, actor: Actor, *, now: datetime, place: str | None = None) -> int:
    """Spread refunds and lost disputes over the statements of each party; return how many entries.

    What was not paid out reduces what is owed for that statement. What was paid out becomes a receivable: the
    party's account is made whole again by an entry that names the clawback. Safe to run again at any time.

    Raises:
        NotAllowed: the actor takes no part in the books.

    Source:
        REV-03, REV-05; A5.
    """
    actor.must(Permission.INTAKE, place=place)
    waiting = queries.untaken(session, place=place, limit=BATCH_MAX)
    for entry, lines in waiting:
        lock_books(session, entry.place)
        for line in lines:
            _spread(session, actor, entry, line, now)
        subject = ("settlement_journal_entry", str(entry.id))
        audit.record(session, actor, "clawback.take_up", subject, at=now, note=entry.text)
    return len(waiting)


def _spread(session: Session, actor: Actor, entry: JournalEntry, line: JournalLine, now: datetime) -> None:
    uscc = line.account.rsplit(":", 1)[-1]
    party = session.scalars(sa.select(Party).where(Party.uscc == uscc)).one()
    order = queries.order_of(session, entry)
    held = queries.held_of_sale(session, party_id=party.id, account=line.account, order=order)
    for portion in spread([one.holding for one in held.values()], line.amount):
        statement = UUID(hex=portion.statement)
        made = Clawback(
            entry_id=entry.id, place=entry.place, party_id=party.id, statement_id=statement,
            order_number=order.number, account=line.account, kind=portion.kind,
            is_treasury=held[statement].is_treasury, amount=portion.amount, raised_at=now,
        )  # fmt: skip
        session.add(made)
        session.flush()
        if portion.kind is not ClawbackKind.RECEIVABLE:
            continue
        raised = transfer_entry(
            place=entry.place, cause=Cause.CLAWBACK_RAISED, cause_id=made.id.hex, credit=line.account,
            debit=owing(uscc, is_treasury=made.is_treasury), amount=portion.amount, entry_date=entry.entry_date,
            text=f"订单 {order.number} 退款，{party.name} 已拨付部分转应收",
        )  # fmt: skip
        book_new(session, actor, [raised], now=now)
        audit.record(session, actor, "clawback.raise", made, at=now, detail={"amount": portion.amount.text()})


def net(session: Session, actor: Actor, payout_id: UUID, parts: Sequence[Owed], *, now: datetime) -> None:
    """Keep what a payout nets; the database refuses more than is owed.

    Raises:
        NotAllowed: the actor prepares no payouts.
    """
    actor.must(Permission.PAYOUT_PREPARE)
    for part in parts:
        session.add(ClawbackNetting(clawback_id=UUID(hex=part.key), payout_id=payout_id, amount=part.amount))
    session.flush()
    for part in parts:
        audit.record(session, actor, "clawback.net", ("settlement_clawback", str(UUID(hex=part.key))), at=now,
                     detail={"payout": str(payout_id), "amount": part.amount.text()})  # fmt: skip


def release(session: Session, actor: Actor, payout_ids: Iterable[UUID], *, now: datetime) -> None:
    """Give back what cancelled or returned payouts netted: it is owed again.

    Raises:
        Unauthenticated: nobody is signed in.
        NotAllowed: the actor has nothing to do with payouts.
    """
    if not actor.may(Permission.PAYOUT_FOLLOW):
        actor.must(Permission.PAYOUT_READ)
    for one in queries.nettings_of(session, payout_ids):
        one.released_at = now
        audit.record(session, actor, "clawback.release", ("settlement_clawback", str(one.clawback_id)), at=now,
                     detail={"payout": str(one.payout_id), "amount": one.amount.text()})  # fmt: skip
    session.flush()


def ask_recovery(
    session: Session, actor: Actor, clawback_id: UUID, *, kind: RecoveryKind, amount: Money, reason: str,
    bank_line: str = "", now: datetime,
) -> ClawbackRecovery:  # fmt: skip
    """Ask to record that a receivable was repaid, or to write it off; another person confirms.

    Raises:
        NoSuchClawback: there is none that the actor may know of.
        NotAllowed: the actor prepares nothing at that place.
        MoreThanOwed: less than that is owed.
        EvidenceMissing: a repayment without the bank's line.
        TreasuryNotWrittenOff: the treasury holds it.
        BankLineUsed: the line has repaid another receivable.
    """
    found = queries.visible(session, actor, clawback_id)
    actor.must(Permission.CLAWBACK_WRITE, place=found.place)
    lock_books(session, found.place)
    (balance,) = queries.left(session, [found])
    must_be_recoverable(kind, is_treasury=found.is_treasury, left=balance.left, amount=amount, bank_line=bank_line)
    assert actor.id is not None
    made = ClawbackRecovery(
        clawback_id=found.id, place=found.place, kind=kind, amount=amount, reason=reason,
        bank_line=bank_line if kind is RecoveryKind.REPAID else None, asked_at=now, asked_by=actor.name,
        asked_by_id=actor.id,
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError as error:
        if "bank_line" not in str(error.orig):
            raise
        raise BankLineUsed(f"银行流水 {bank_line} 已登记过退回", detail_en="The line was used before") from error
    audit.record(session, actor, "clawback.ask", made, at=now, note=reason[:200],
                 detail={"kind": kind, "amount": amount.text()})  # fmt: skip
    return made


def decide_recovery(
    session: Session, actor: Actor, recovery_id: UUID, *, act: RecoveryAct, reason: str, now: datetime
) -> ClawbackRecovery:
    """Confirm or refuse a repayment or write-off as the second person; confirmed, it is booked.

    Raises:
        NoSuchClawback: there is none that the actor may know of.
        NotAllowed: the actor confirms nothing at that place, or withdraws what somebody else asked.
        SecondPersonNeeded: the actor asked for it, or belongs to the party that owes it.
        WrongState: it has been decided.
    """
    found = queries.visible_recovery(session, actor, recovery_id)
    clawback = session.get_one(Clawback, found.clawback_id)
    own = actor.id in accounts_behind(session, found.asked_by_id)
    if act is RecoveryAct.WITHDRAW:
        actor.must(Permission.CLAWBACK_WRITE, place=found.place)
        if not own:
            raise NotAllowed("只能由申请人撤回", detail_en="Only who asked may withdraw it")
    else:
        actor.must(Permission.CLAWBACK_CONFIRM, place=found.place)
        if own or actor.org_id == clawback.party_id:
            raise SecondPersonNeeded(
                "该笔退回或核销由您申请，或属于您所在单位，须由另一人复核", rule="REV-03",
                detail_en="Somebody else confirms",
            )  # fmt: skip
    found.state = after(found.state, act)
    found.decided_at, found.decided_by, found.decided_by_id = now, actor.name, None if own else actor.id
    found.decided_reason = reason
    session.flush()
    if found.state is RecoveryState.CONFIRMED:
        _book_recovery(session, actor, clawback, found, now)
    audit.record(session, actor, f"clawback.{act}", found, at=now, note=reason[:200],
                 detail={"kind": found.kind, "amount": found.amount.text()})  # fmt: skip
    return found


def _book_recovery(session: Session, actor: Actor, clawback: Clawback, found: ClawbackRecovery, now: datetime) -> None:
    party = session.get_one(Party, clawback.party_id)
    is_repaid = found.kind is RecoveryKind.REPAID
    ending = transfer_entry(
        place=found.place, cause=Cause.CLAWBACK_REPAID if is_repaid else Cause.CLAWBACK_WRITTEN_OFF,
        cause_id=found.id.hex, debit=bank(found.place) if is_repaid else f"expense:written_off:{found.place}",
        credit=owing(party.uscc, is_treasury=clawback.is_treasury), amount=found.amount,
        entry_date=first_open_day(session, found.place, business_date(now)),
        text=f"{party.name} 退回已拨付款项" if is_repaid else f"{party.name} 应收退款核销：{found.reason[:60]}",
    )  # fmt: skip
    book_new(session, actor, [ending], now=now)
