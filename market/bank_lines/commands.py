"""Taking statements of the bank, matching their lines, and deciding about those that wait."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit
from kernel.errors import Conflict, Invalid, NotAllowed
from kernel.identity import Actor, Permission
from kernel.money import Money, total
from kernel.policy import PolicyBook
from market.bank_lines import queries, sheets
from market.bank_lines.model import BankFile, BankLine, LineRelease, LineShare, PayerName
from market.bank_lines.queries import Target
from market.bank_lines.rules import (
    LineAct,
    LineState,
    Reason,
    Verdict,
    after,
    judge,
    plain_name,
    references_in,
)
from market.bank_lines.sheets import Row
from market.buyer_accounts import commands as accounts
from market.buyer_accounts.model import BuyerAccount
from market.payments import commands as payments
from market.payments import queries as payment_queries
from market.payments.commands import CapturedInTheFuture
from market.payments.gateway import is_reference
from market.payments.model import Payment
from market.payments.rules import PaymentMethod
from registry.accounts.queries import accounts_behind


class LineKnown(Conflict):
    """A line with that serial number is known."""

    code = "bank_line.known"


class ShareDiffers(Invalid):
    """The shares do not add up to the line, or one is more than is expected under its reference."""

    code = "bank_line.share_differs"
    title = "认领金额不符"
    title_en = "The shares do not fit"


class ShareUsed(Conflict):
    """A part of the line has paid something."""

    code = "bank_line.share_used"
    title = "该流水已经入账"
    title_en = "The line has paid something"


class SecondPersonNeeded(NotAllowed):
    """Whoever decided that money goes back does not send it."""

    code = "bank_line.second_person"
    title = "须由另一人办理"
    title_en = "A second person is needed"


def import_file(
    session: Session, actor: Actor, *, place: str, file_name: str, content: bytes, now: datetime, book: PolicyBook
) -> BankFile:
    """Take a statement as a whole: every line is matched or queued. The same file again is the same import.

    Lines that stood in an earlier statement are counted and left alone; lines recorded by hand are marked as such.

    Raises:
        NotAllowed: the actor does not record payments at that place.
        NoSuchPlace: there is no such place.
        StatementUnreadable: the file cannot be read.
        StatementRefused: rows are wrong, or a known serial number stands for another amount; nothing was taken.
    """
    actor.must(Permission.PAYMENT_RECORD, place=book.place(place).key)
    sha256 = hashlib.sha256(content).hexdigest()
    rows = sheets.read(content, file_name)
    payment_queries.lock_bank_lines(session, place)
    known_file = queries.file_with(session, place, sha256)
    if known_file is not None:
        return known_file
    known = queries.by_serials(session, place, (row.serial for row in rows))
    _must_agree(session, rows, known, now)
    made = BankFile(place=place, name=file_name, sha256=sha256, row_count=len(rows), known=len(known), imported_at=now,
                    imported_by=actor.name)  # fmt: skip
    session.add(made)
    session.flush()
    for row in sorted(rows, key=lambda row: (row.booked_at, row.serial)):
        if row.serial not in known:
            _take(session, actor, place, row, made, now, book)
    match_waiting(session, actor, place=place, now=now, book=book)
    audit.record(session, actor, "bank_file.import", made, at=now,
                 detail={"sha256": sha256, "rows": len(rows), "known": len(known)})  # fmt: skip
    return made


def _must_agree(session: Session, rows: Sequence[Row], known: Mapping[str, BankLine], now: datetime) -> None:
    errors = []
    for row in rows:
        before, words = known.get(row.serial), ""
        used = None if before else payment_queries.by_bank_line(session, row.serial)
        if row.booked_at > now:
            words = f"到账时间 {row.booked_at.isoformat()} 晚于现在"
        elif before is not None and before.amount != row.amount:
            words = f"流水号 {row.serial} 早先为 {before.amount} 元，现为 {row.amount} 元"
        elif used is not None and used.amount != row.amount:
            words = f"流水号 {row.serial} 已手工记入 {used.number}（{used.amount} 元），对账单为 {row.amount} 元"
        if words:
            errors.append({"pointer": f"/rows/{row.line_number}", "code": sheets.StatementRefused.code,
                           "message": f"第 {row.line_number} 行：{words}"})  # fmt: skip
    if errors:
        raise sheets.refused(errors)


def record_line(
    session: Session, actor: Actor, *, place: str, serial: str, booked_at: datetime, amount: Money, payer_name: str,
    remark: str, now: datetime, book: PolicyBook, payer_account: str = "",
) -> BankLine:  # fmt: skip
    """Take one line by hand, as if it stood in a statement: matched, or queued with the reason.

    Raises:
        NotAllowed: the actor does not record payments at that place.
        NoSuchPlace: there is no such place.
        LineKnown: the serial number is known.
        CapturedInTheFuture: the line lies in the future.
    """
    actor.must(Permission.PAYMENT_RECORD, place=book.place(place).key)
    payment_queries.lock_bank_lines(session, place)
    if queries.by_serials(session, place, [serial]) or payment_queries.by_bank_line(session, serial):
        raise LineKnown(f"流水 {serial} 已经登记，不得重复入账", detail_en=f"The line {serial} is known")
    if booked_at > now:
        raise CapturedInTheFuture(f"到账时间 {booked_at.isoformat()} 晚于现在，请核对流水", detail_en="In the future")
    row = Row(0, serial, booked_at, amount, True, payer_name, payer_account, remark)
    line = _take(session, actor, place, row, None, now, book)
    match_waiting(session, actor, place=place, now=now, book=book)
    return line


def _take(
    session: Session, actor: Actor, place: str, row: Row, file: BankFile | None, now: datetime, book: PolicyBook
) -> BankLine:
    references = references_in(row.remark)
    line = BankLine(
        place=place, serial=row.serial, booked_at=row.booked_at, amount=row.amount, payer_name=row.payer_name,
        payer_account=row.payer_account, remark=row.remark, references=references, file_id=file.id if file else None,
        line_number=row.line_number, entered_at=now, entered_by=actor.name, state=LineState.OUTGOING,
    )  # fmt: skip
    if row.is_incoming:
        used = payment_queries.by_bank_line(session, row.serial)
        line.state = LineState.QUEUED if used is None else LineState.RECORDED
        line.reason = Reason.NO_REFERENCE if used is None else None
    session.add(line)
    session.flush()
    if line.state is LineState.QUEUED:
        _match(session, actor, line, now, book)
    audit.record(session, actor, "bank_line.enter", line, at=now, note=f"{line.state} {line.reason or ''}".strip(),
                 detail={"serial": line.serial, "amount": line.amount.text()})  # fmt: skip
    return line


def _verdict(session: Session, line: BankLine) -> tuple[Verdict, dict[str, Target], list[BankLine]]:
    targets = {}
    for reference in line.references:
        found = queries.target(session, line.place, reference)
        if isinstance(found, Payment):
            found = payment_queries.locked(session, found.id)
        if found is not None:
            targets[reference] = found
    dues = {reference: queries.due(session, found, reference) for reference, found in targets.items()}
    earlier: list[BankLine] = []
    if len(line.references) == 1 and not isinstance(targets.get(line.references[0]), BuyerAccount):
        earlier = queries.short_under(session, line.place, line.references[0], but=line.id)
    verdict = judge(
        line.amount, line.remark, line.payer_name, dues=dues, is_reference=is_reference,
        earlier=[(one.amount, one.payer_name) for one in earlier],
    )  # fmt: skip
    return verdict, targets, earlier


def match_waiting(session: Session, actor: Actor, *, place: str, now: datetime, book: PolicyBook) -> int:
    """Judge every waiting line of a place anew: what it names may have become due, or a payer may be known now.

    Raises:
        NotAllowed: the actor does not record payments at that place.
    """
    actor.must(Permission.PAYMENT_RECORD, place=place)
    matched = 0
    for line in queries.queued(session, place):
        if line.state is LineState.QUEUED and _match(session, actor, line, now, book):
            matched += 1
    return matched


def _match(session: Session, actor: Actor, line: BankLine, now: datetime, book: PolicyBook) -> bool:
    verdict, targets, earlier = _verdict(session, line)
    if verdict.reason is not None:
        line.reason, line.gap = verdict.reason, verdict.gap or None
        return False
    for one in (*earlier, line):
        given = verdict.shares if one is line else {one.references[0]: one.amount}
        one.state, one.reason, one.gap = after(one.state, LineAct.MATCH, one.serial), None, None
        _share(session, actor, one, {reference: (targets[reference], part) for reference, part in given.items()},
               now, book)  # fmt: skip
        audit.record(session, actor, "bank_line.match", one, at=now, detail={"serial": one.serial})
    return True


def _share(
    session: Session, actor: Actor, line: BankLine, parts: Mapping[str, tuple[Target, Money]], now: datetime,
    book: PolicyBook,
) -> None:  # fmt: skip
    """Write what each part of a line goes to; a payment that is complete now is captured."""
    for reference in sorted(parts):
        found, amount = parts[reference]
        made = LineShare(line_id=line.id, place=line.place, amount=amount, made_at=now, made_by=actor.name)
        if isinstance(found, Payment):
            made.payment_id = found.id
        elif isinstance(found, BuyerAccount):
            made.account_id = found.id
        else:
            made.account_id, made.statement_id = found.account_id, found.id
        session.add(made)
        session.flush()
        evidence = f"bank:{line.serial}#{reference}"
        if isinstance(found, BuyerAccount):
            accounts.top_up(session, actor, found.id, amount=amount, evidence=evidence, now=now)
        elif not isinstance(found, Payment):
            accounts.repay(session, actor, found, amount=amount, evidence=evidence, now=now)
        elif queries.put_to(session, found.id) == found.amount:
            name = line.serial if amount == line.amount else f"{line.serial}#{found.number}"
            payments.capture(
                session, actor, found.id, method=PaymentMethod.BANK_TRANSFER, evidence=name,
                payer_name=line.payer_name, captured_at=line.booked_at, now=now, book=book,
            )  # fmt: skip


def assign(
    session: Session, actor: Actor, line_id: UUID, *, shares: Sequence[Mapping[str, Any]], note: str, now: datetime,
    book: PolicyBook, accept_payer: bool = False,
) -> BankLine:  # fmt: skip
    """Decide by hand what a waiting line is for: the shares add up to the line, and none is more than is expected.

    A part of what is due may be assigned; the payment is captured when the rest has come. ``accept_payer`` remembers
    that this name pays for these buyers.

    Raises:
        NoSuchLine: there is no such line.
        NotAllowed: the actor does not record payments at that place.
        WrongState: the line has been dealt with.
        UnknownReference: nothing is expected under a reference.
        ShareDiffers: the shares do not fit.
    """
    line = queries.visible(session, actor, line_id)
    actor.must(Permission.PAYMENT_RECORD, place=line.place)
    payment_queries.lock_bank_lines(session, line.place)
    line = queries.visible(session, actor, line_id, lock=True)
    following = after(line.state, LineAct.ASSIGN, line.serial)
    given = {str(one["reference"]).strip().upper(): one["amount"] for one in shares}
    if len(given) != len(shares) or total(given.values()) != line.amount or any(not part for part in given.values()):
        raise ShareDiffers(f"流水 {line.serial} 为 {line.amount} 元，认领金额须逐项为正、合计相等、附言不重复",
                           detail_en=f"The shares must add up to {line.amount}")  # fmt: skip
    parts: dict[str, tuple[Target, Money]] = {}
    for reference, part in given.items():
        found = queries.target(session, line.place, reference)
        if found is None:
            raise payments.UnknownReference(f"没有附言为 {reference} 的待付款项", detail_en=f"Unknown {reference}")
        if isinstance(found, Payment):
            found = payment_queries.locked(session, found.id)
        due = queries.due(session, found, reference)
        if due.closed is not None or (due.left is not None and part > due.left):
            raise ShareDiffers(f"附言 {reference} 尚可收 {due.left or Money(0)} 元，不能记入 {part} 元",
                               detail_en=f"{reference} takes at most {due.left}")  # fmt: skip
        parts[reference] = (found, part)
    for found, _part in parts.values() if accept_payer else ():
        _accept(session, actor, found, line, now)
    line.state, line.reason, line.gap, line.note = following, None, None, note
    line.decided_at, line.decided_by, line.decided_by_id = now, actor.name, actor.id
    _share(session, actor, line, parts, now, book)
    audit.record(session, actor, "bank_line.assign", line, at=now, note=note[:200],
                 detail={"serial": line.serial, "references": sorted(given)})  # fmt: skip
    return line


def _accept(session: Session, actor: Actor, found: Target, line: BankLine, now: datetime) -> None:
    owner = found if isinstance(found, Payment | BuyerAccount) else session.get_one(BuyerAccount, found.account_id)
    plain = plain_name(line.payer_name)
    if plain not in queries.payers(session, owner.buyer_id):
        session.add(PayerName(buyer_id=owner.buyer_id, plain=plain, name=line.payer_name, accepted_at=now,
                              accepted_by=actor.name))  # fmt: skip
        session.flush()


def return_line(session: Session, actor: Actor, line_id: UUID, *, note: str, now: datetime) -> BankLine:
    """Decide that a waiting line goes back to whoever paid; another person sends it.

    Raises:
        NoSuchLine: there is no such line.
        NotAllowed: the actor does not record payments at that place.
        WrongState: the line has been dealt with.
    """
    line = queries.visible(session, actor, line_id, lock=True)
    actor.must(Permission.PAYMENT_RECORD, place=line.place)
    line.state, line.reason = after(line.state, LineAct.RETURN, line.serial), None
    line.note, line.decided_at, line.decided_by, line.decided_by_id = note, now, actor.name, actor.id
    audit.record(session, actor, "bank_line.return", line, at=now, note=note[:200], detail={"serial": line.serial})
    return line


def reopen(session: Session, actor: Actor, line_id: UUID, *, note: str, now: datetime) -> BankLine:
    """Take back what was decided about a line: a claim that has paid nothing yet, or a return that was not sent.

    Raises:
        NoSuchLine: there is no such line.
        NotAllowed: the actor does not record payments at that place.
        WrongState: the line waits, was matched, or went back.
        ShareUsed: a part of it has paid an order or stands on an account; that goes back as a refund.
    """
    line = queries.visible(session, actor, line_id)
    actor.must(Permission.PAYMENT_RECORD, place=line.place)
    payment_queries.lock_bank_lines(session, line.place)
    line = queries.visible(session, actor, line_id, lock=True)
    following = after(line.state, LineAct.REOPEN, line.serial)
    for share in queries.shares(session, line.id):
        payment = payment_queries.locked(session, share.payment_id) if share.payment_id else None
        if payment is None or queries.put_to(session, payment.id) == payment.amount:
            raise ShareUsed(f"流水 {line.serial} 的 {share.amount} 元已经入账，不能撤销认领；请按退款办理",
                            detail_en="A part has been used; refund it")  # fmt: skip
        session.add(LineRelease(share_id=share.id, note=note, released_at=now, released_by=actor.name))
    line.state, line.reason, line.note = following, Reason.REOPENED, note
    line.decided_at, line.decided_by, line.decided_by_id = None, None, None
    session.flush()
    audit.record(session, actor, "bank_line.reopen", line, at=now, note=note[:200], detail={"serial": line.serial})
    return line


def hand_over(session: Session, actor: Actor, line_id: UUID, *, note: str, now: datetime) -> BankLine:
    """Let go of a credit that is the payment provider's payout and no buyer's money; settlement books it.

    Raises:
        NoSuchLine: there is no such line.
        NotAllowed: the actor does not reconcile at that place.
        WrongState: the line has been dealt with.
    """
    return _hand(session, actor, line_id, LineAct.HAND_OVER, note, now)


def take_back(session: Session, actor: Actor, line_id: UUID, *, note: str, now: datetime) -> BankLine:
    """Let a credit wait for a person again that was no payout of the provider after all.

    Raises:
        NoSuchLine: there is no such line.
        NotAllowed: the actor does not record payments at that place.
        WrongState: it was not handed over.
    """
    return _hand(session, actor, line_id, LineAct.TAKE_BACK, note, now)


def _hand(session: Session, actor: Actor, line_id: UUID, act: LineAct, note: str, now: datetime) -> BankLine:
    is_over, place = act is LineAct.HAND_OVER, queries.get(session, line_id).place
    actor.must(Permission.RECONCILE if is_over else Permission.PAYMENT_RECORD, place=place)
    payment_queries.lock_bank_lines(session, place)
    line = queries.get(session, line_id, lock=True)
    line.state, line.gap, line.note = after(line.state, act, line.serial), None, note
    line.reason = None if is_over else Reason.REOPENED
    line.decided_at, line.decided_by, line.decided_by_id = (now, actor.name, actor.id) if is_over else (None,) * 3
    session.flush()
    audit.record(session, actor, f"bank_line.{act}", line, at=now, note=note[:200], detail={"serial": line.serial})
    return line


def confirm_return(session: Session, actor: Actor, line_id: UUID, *, serial: str, now: datetime) -> BankLine:
    """Record that the money went back, with the serial number of the outgoing line.

    Raises:
        NoSuchLine: there is no such line.
        NotAllowed: the actor does not pay at that place.
        SecondPersonNeeded: the actor decided it.
        WrongState: the line is not going back.
    """
    line = queries.visible(session, actor, line_id, lock=True)
    actor.must(Permission.REFUND_PAY, place=line.place)
    if actor.id in accounts_behind(session, line.decided_by_id):
        raise SecondPersonNeeded(f"流水 {line.serial} 由您决定退回，须由另一人付出", detail_en="Somebody else sends it")
    line.state = after(line.state, LineAct.CONFIRM_RETURN, line.serial)
    line.returned_at, line.returned_by, line.returned_serial = now, actor.name, serial
    audit.record(session, actor, "bank_line.confirm_return", line, at=now,
                 detail={"serial": line.serial, "outgoing": serial})  # fmt: skip
    return line
