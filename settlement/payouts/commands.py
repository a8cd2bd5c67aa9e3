"""Preparing, checking and sending batches of payouts, and noting what became of each; three people, one lock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import business_date
from kernel.db import new_id
from kernel.identity import Actor, Permission
from kernel.money import ZERO, Money, total
from kernel.policy import PolicyBook
from market.payments.rules import Answer, Outcome
from registry.accounts.queries import accounts_behind
from settlement.clawbacks import commands as clawbacks
from settlement.clawbacks.queries import owed
from settlement.clawbacks.rules import Owed, netted
from settlement.ledger.commands import book_new
from settlement.ledger.queries import first_open_day, lock_books
from settlement.ledger.rules import Entry
from settlement.payouts import queries
from settlement.payouts.model import Payout, PayoutBatch, PayoutItem
from settlement.payouts.queries import Payable
from settlement.payouts.rules import (
    OPEN,
    BatchEvent,
    BatchState,
    Changed,
    Channel,
    NothingToPay,
    PayoutEvent,
    PayoutState,
    Result,
    ResultRefused,
    batch_after,
    ending_entry,
    is_odd,
    must_be_covered,
    must_be_other,
    must_be_sent,
    payout_after,
    sending_entry,
)
from settlement.splits.rules import PayeeKind

ODD_FACTOR, ODD_DAYS = 3, timedelta(days=90)  # A12
ERRORS_MAX = 500


def prepare(session: Session, actor: Actor, *, place: str, now: datetime, book: PolicyBook) -> list[PayoutBatch]:
    """Make batches of everything that can be paid at a place now: one per channel, and one for each odd amount.

    Receivables of a party are netted by the rules of the place; what goes to the treasury never is.

    Raises:
        NotAllowed: the actor prepares no payouts at the place.
        NothingToPay: nothing is owed, or all of it is held back.

    Source:
        REV-05; A12, E12, H8.
    """
    actor.must(Permission.PAYOUT_PREPARE, place=place)
    book.place(place)
    lock_books(session, place)
    found, held = queries.payables(session, place=place, now=now, book=book)
    if not found:
        raise NothingToPay(
            f"{place} 目前没有可拨付的款项（暂缓 {len(held)} 项，原因见拨付页面）", detail_en="Nothing can be paid now"
        )
    terms = queries.terms_of(book, place, now)
    planned: list[tuple[Payable, list[Owed], bool]] = []
    promised: dict[str, Money] = {}
    for one in found:
        parts: list[Owed] = []
        if one.destination is PayeeKind.OWN_ACCOUNT:
            standing = owed(session, place=place, party_id=one.party.id)
            left = [Owed(due.key, due.amount - promised.get(due.key, ZERO)) for due in standing]
            parts = netted(one.gross, left, terms)
        for part in parts:
            promised[part.key] = promised.get(part.key, ZERO) + part.amount
        amount = one.gross - total(part.amount for part in parts)
        before = queries.amounts_since(session, place=place, party_id=one.party.id, since=now - ODD_DAYS)
        planned.append((one, parts, is_odd(amount, before, ODD_FACTOR)))
    made = []
    for channel in Channel:
        ordinary = [(one, parts) for one, parts, odd in planned if one.channel is channel and not odd]
        batches = [(ordinary, "")] if ordinary else []
        for one, parts, odd in planned:
            if odd and one.channel is channel:
                amount = one.gross - total(part.amount for part in parts)
                words = f"金额 {amount.text()} 元超过近 {ODD_DAYS.days} 日最大拨付的 {ODD_FACTOR} 倍（OUT_OF_BOUNDS）"
                batches.append(([(one, parts)], words))
        made += [_make(session, actor, place, channel, lines, words, now) for lines, words in batches]
    return made


def _make(
    session: Session, actor: Actor, place: str, channel: Channel, lines: Sequence[tuple[Payable, list[Owed]]],
    parked: str, now: datetime,
) -> PayoutBatch:  # fmt: skip
    today = business_date(now)
    assert actor.id is not None
    batch_id, payouts, items = new_id(), [], []
    for one, parts in lines:
        identity, off = new_id(), total(part.amount for part in parts)
        payouts.append(Payout(
            id=identity, number=numbering.number(session, f"PAY-{place}", today), batch_id=batch_id, place=place,
            statement_id=one.statement.id, party_id=one.party.id, destination=one.destination,
            account_id=one.account.id, sequence=len(queries.of_statement(session, one.statement.id)) + 1,
            gross=one.gross, netted=off, amount=one.gross - off, key=f"huiyi-{identity.hex}-payout",
        ))  # fmt: skip
        items += [
            PayoutItem(payout_id=identity, statement_id=due.statement.id, order_number=due.order_number,
                       account=due.account, amount=due.amount, slot=due.slot)
            for due in one.dues
        ]  # fmt: skip
    numbers = {one.account.id: one.account.sealed_number for one, _ in lines}
    batch = PayoutBatch(
        id=batch_id, number=numbering.number(session, f"BAT-{place}", today), place=place, channel=channel,
        state=BatchState.PARKED if parked else BatchState.PREPARED, total=total(one.amount for one in payouts),
        count=len(payouts), sha256=queries.digest(payouts, items, numbers), parked_reason=parked, prepared_at=now,
        prepared_by=actor.name, prepared_by_id=actor.id,
    )  # fmt: skip
    session.add(batch)
    session.flush()
    session.add_all(payouts)
    session.flush()
    session.add_all(items)
    session.flush()
    for payout, (_, parts) in zip(payouts, lines, strict=True):
        clawbacks.net(session, actor, payout.id, parts, now=now)
    audit.record(session, actor, "payout.park" if parked else "payout.prepare", batch, at=now, note=parked,
                 detail={"number": batch.number, "total": batch.total.text(), "count": batch.count})  # fmt: skip
    return batch


def _opened(session: Session, actor: Actor, number: str, permission: Permission) -> PayoutBatch:
    """Return the batch for somebody who may take the step, alone with the books of its place."""
    found = queries.visible(session, actor, number)
    actor.must(permission, place=found.place)
    lock_books(session, found.place)
    return queries.visible(session, actor, number, lock=True)


def release(session: Session, actor: Actor, number: str, *, reason: str, now: datetime) -> PayoutBatch:
    """Say that an odd amount is right; the batch then goes the ordinary way (A12).

    Raises:
        NoSuchBatch: there is none that the actor may know of.
        NotAllowed: the actor does not supervise the place.
        SamePerson: the actor prepared it.
        WrongState: it is not parked.
    """
    batch = _opened(session, actor, number, Permission.PAYOUT_RELEASE)
    must_be_other(number, actor.id, accounts_behind(session, batch.prepared_by_id), "编制")
    batch.state = batch_after(batch.state, BatchEvent.RELEASE, number)
    batch.released_at, batch.released_by, batch.released_by_id, batch.words = now, actor.name, actor.id, reason
    audit.record(session, actor, "payout.release", batch, at=now, note=reason[:200])
    return batch


def check(session: Session, actor: Actor, number: str, *, now: datetime, book: PolicyBook) -> PayoutBatch:
    """Confirm a batch as somebody else than its preparer, if it is still what is owed and goes where it should.

    Raises:
        NoSuchBatch: there is none that the actor may know of.
        NotAllowed: the actor checks no payouts at the place.
        SamePerson: the actor prepared it.
        WrongState: it is not waiting for a check.
        Changed: amounts, holds or accounts have changed since.
    """
    batch = _opened(session, actor, number, Permission.PAYOUT_CHECK)
    must_be_other(number, actor.id, accounts_behind(session, batch.prepared_by_id), "编制")
    following = batch_after(batch.state, BatchEvent.CHECK, number)
    _must_be_current(session, batch, now=now, book=book)
    batch.state = following
    batch.checked_at, batch.checked_by, batch.checked_by_id = now, actor.name, actor.id
    session.flush()
    audit.record(session, actor, "payout.check", batch, at=now, detail={"sha256": batch.sha256})
    return batch


def send(session: Session, actor: Actor, number: str, *, now: datetime, book: PolicyBook) -> PayoutBatch:
    """Send a checked batch as the third person, and book it: what was owed is under way.

    Nothing is called here: a provider is asked afterwards under the key of each payout.

    Raises:
        NoSuchBatch: there is none that the actor may know of.
        NotAllowed: the actor pays nothing at the place.
        SamePerson: the actor prepared, released or checked it.
        WrongState: it is not checked, or was sent by somebody else in the meantime.
        Changed: amounts, holds or accounts have changed since.
        NotCovered: the account that pays does not hold it.
    """
    batch = _opened(session, actor, number, Permission.PAYOUT_PAY)
    earlier = accounts_behind(session, batch.prepared_by_id, batch.checked_by_id, batch.released_by_id)
    must_be_other(number, actor.id, earlier, "编制或复核")
    following = batch_after(batch.state, BatchEvent.SEND, number)
    _must_be_current(session, batch, now=now, book=book)
    must_be_covered(number, batch.total, queries.available(session, batch))
    batch.state = following
    batch.sent_at, batch.sent_by, batch.sent_by_id = now, actor.name, actor.id
    session.flush()
    payouts = queries.payouts_of(session, batch.id)
    book_new(session, actor, [_sent(session, one, now) for one in payouts], now=now)
    for one in payouts:
        one.state, one.sent_at = payout_after(one.state, PayoutEvent.SEND, one.number), now
        audit.record(session, actor, "payout.sent", one, at=now, note=number, detail={"amount": one.amount.text()})
        if not one.amount:  # netted to the last fen: nothing has to arrive
            _end(one, PayoutEvent.CONFIRM, now)
    session.flush()
    audit.record(session, actor, "payout.send", batch, at=now, detail={"sha256": batch.sha256})
    _finish(session, actor, batch, now)
    return batch


def _must_be_current(session: Session, batch: PayoutBatch, *, now: datetime, book: PolicyBook) -> None:
    """Refuse a batch that is not what was prepared, or not what is owed and may be paid now.

    Raises:
        Changed: the words name each payout that differs, and what to do.
    """
    wrong, sha256 = queries.differing(session, batch, now=now, book=book)
    if wrong or sha256 != batch.sha256:
        raise Changed(
            f"拨付批次 {batch.number} 编制之后，{'、'.join(wrong) or '明细'} 的应付金额、暂缓事由或收款账户已变化；"
            "请取消该批次并重新编制", detail_en=f"Cancel {batch.number} and prepare it again", rule="REV-05",
        )  # fmt: skip


def cancel(session: Session, actor: Actor, number: str, *, reason: str, now: datetime) -> PayoutBatch:
    """Give up a batch that was not sent; what it would have paid is owed as before.

    Raises:
        NoSuchBatch: there is none that the actor may know of.
        NotAllowed: the actor neither prepares nor checks payouts at the place.
        WrongState: it was sent, or is at its end.
    """
    found = queries.visible(session, actor, number)
    is_checker = actor.may(Permission.PAYOUT_CHECK, place=found.place)
    batch = _opened(session, actor, number, Permission.PAYOUT_CHECK if is_checker else Permission.PAYOUT_PREPARE)
    batch.state = batch_after(batch.state, BatchEvent.CANCEL, number)
    batch.ended_at, batch.words = now, reason
    payouts = queries.payouts_of(session, batch.id)
    _free(session, actor, payouts, now)
    for one in payouts:
        _end(one, PayoutEvent.CANCEL, now)
    session.flush()
    audit.record(session, actor, "payout.cancel", batch, at=now, note=reason[:200])
    return batch


def hand_out(session: Session, actor: Actor, number: str, *, now: datetime) -> PayoutBatch:
    """Note that the file with the full account numbers was handed to the payer of a batch that was sent.

    Raises:
        NoSuchBatch: there is none that the actor may know of.
        NotAllowed: the actor pays nothing at the place.
        WrongState: it was not sent.
    """
    batch = _opened(session, actor, number, Permission.PAYOUT_PAY)
    must_be_sent(batch.state, number)
    audit.record(session, actor, "payout.hand_out", batch, at=now, detail={"sha256": batch.sha256})
    return batch


def take_results(
    session: Session, actor: Actor, number: str, *, results: Sequence[Result], now: datetime
) -> PayoutBatch:
    """Take the bank's answer about a batch as a whole: each line confirms or returns one payout.

    The same answer again changes nothing. One wrong line and nothing is taken.

    Raises:
        NoSuchBatch: there is none that the actor may know of.
        NotAllowed: the actor records nothing at the place: who pays does not keep the books.
        WrongState: it was not sent.
        ResultRefused: a payout is not of the batch, its amount differs, or it ended otherwise.
    """
    batch = _opened(session, actor, number, Permission.PAYOUT_PREPARE)
    must_be_sent(batch.state, number)
    known = {one.number: one for one in queries.payouts_of(session, batch.id)}
    errors = [words for one in results if (words := _fault(one, known.get(one.payout), batch))]
    if errors:
        raise ResultRefused(
            f"批次 {number} 的回单有 {len(errors)} 行有误，没有登记任何内容：{'；'.join(errors[:3])}",
            detail_en=f"{len(errors)} line(s) are wrong",
            errors=[{"pointer": "/results", "code": ResultRefused.code, "message": one} for one in errors[:ERRORS_MAX]],
        )  # fmt: skip
    for one in results:
        payout = known[one.payout]
        if payout.state in OPEN:
            event = PayoutEvent.CONFIRM if one.is_confirmed else PayoutEvent.RETURN
            payout.bank_line, payout.words = one.bank_line or None, one.reason
            conclude(session, actor, payout, batch, event, now=now)
    audit.record(session, actor, "payout.results", batch, at=now, detail={"lines": len(results)})
    return batch


def _fault(one: Result, payout: Payout | None, batch: PayoutBatch) -> str:
    if payout is None:
        return f"第 {one.line_number} 行：{one.payout} 不属于批次 {batch.number}"
    if batch.channel is Channel.STRIPE:
        return f"第 {one.line_number} 行：{one.payout} 由 Stripe 转账，结果只向 Stripe 查询"
    if payout.amount != one.amount:
        return f"第 {one.line_number} 行：{one.payout} 金额应为 {payout.amount.text()} 元"
    wanted = PayoutState.CONFIRMED if one.is_confirmed else PayoutState.RETURNED
    if payout.state in (PayoutState.CONFIRMED, PayoutState.RETURNED) and payout.state is not wanted:
        return f"第 {one.line_number} 行：{one.payout} 已登记为“{payout.state}”，不能改为“{wanted}”"
    return ""


def note(
    session: Session, actor: Actor, payout_id: UUID, outcome: Outcome, *, tried: int | None = None, now: datetime
) -> Payout:
    """Write down what the provider answered about a payout; the same answer again, or a late one, changes nothing.

    ``tried`` is the number of earlier refusals for want of balance under whose key it was asked; None: it was not.

    Raises:
        NotAllowed: the actor does not follow payouts.
        NoSuchPayout: there is no such payout.
    """
    actor.must(Permission.PAYOUT_FOLLOW)
    payout, batch = queries.held_fast(session, payout_id)
    if payout.state not in OPEN:
        return payout
    payout.answered_at, payout.words = now, outcome.reason or payout.words
    payout.provider_id = payout.provider_id or outcome.provider_id
    ends = {Answer.SUCCEEDED: PayoutEvent.CONFIRM, Answer.FAILED: PayoutEvent.RETURN}
    if outcome.answer in ends:
        conclude(session, actor, payout, batch, ends[outcome.answer], now=now)
    elif outcome.answer is Answer.PENDING and tried in (None, payout.shorts):
        payout.shorts += 0 if tried is None else 1  # under the key of this try it would be refused for ever
        _stay(session, actor, payout, PayoutEvent.RUN_SHORT, outcome.reason, now)
    elif outcome.answer is not Answer.PENDING:
        _stay(session, actor, payout, PayoutEvent.LOSE_SIGHT, outcome.reason, now)
    session.flush()
    return payout


def _stay(session: Session, actor: Actor, payout: Payout, event: PayoutEvent, words: str, now: datetime) -> None:
    """Keep a payout open; it is told when that is new."""
    before, payout.state = payout.state, payout_after(payout.state, event, payout.number)
    if payout.state is not before:
        audit.record(session, actor, f"payout.{payout.state}", payout, at=now, note=words[:200])


def conclude(
    session: Session, actor: Actor, payout: Payout, batch: PayoutBatch, event: PayoutEvent, *, now: datetime
) -> None:
    """End a payout, held fast, and book it; the batch with it when nothing of it is open any more.

    Raises:
        WrongState: it is at its end.
    """
    payout_after(payout.state, event, payout.number)
    sent = _sent(session, payout, now)
    if event is PayoutEvent.RETURN:
        _free(session, actor, [payout], now)
    entry = ending_entry(sent, event=event, channel=batch.channel, number=payout.number, amount=payout.amount)
    book_new(session, actor, [entry], now=now)
    _end(payout, event, now)
    session.flush()
    detail = {"amount": payout.amount.text(), "line": payout.bank_line or payout.provider_id or ""}
    audit.record(session, actor, f"payout.{payout.state}", payout, at=now, note=payout.words[:200], detail=detail)
    _finish(session, actor, batch, now)


def _sent(session: Session, payout: Payout, now: datetime) -> Entry:
    due: dict[str, Money] = {}
    for item in queries.items_of(session, [payout.id]):
        due[item.account] = due.get(item.account, ZERO) + item.amount
    day = first_open_day(session, payout.place, business_date(now))
    return sending_entry(place=payout.place, cause_id=payout.id.hex, number=payout.number, day=day, owed=due,
                         netted=payout.netted)  # fmt: skip


def _free(session: Session, actor: Actor, payouts: Sequence[Payout], now: datetime) -> None:
    for item in queries.items_of(session, [one.id for one in payouts]):
        item.slot = None
    clawbacks.release(session, actor, [one.id for one in payouts], now=now)


def _end(payout: Payout, event: PayoutEvent, now: datetime) -> None:
    payout.state, payout.ended_at = payout_after(payout.state, event, payout.number), now


def _finish(session: Session, actor: Actor, batch: PayoutBatch, now: datetime) -> None:
    if batch.state is BatchState.SENT and queries.are_ended(session, batch.id):
        batch.state, batch.ended_at = batch_after(batch.state, BatchEvent.FINISH, batch.number), now
        session.flush()
        audit.record(session, actor, "payout.finish", batch, at=now)
