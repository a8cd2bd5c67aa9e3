"""Booking: idempotent by cause, gapless in number, never changed afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.db import new_id
from kernel.errors import Conflict
from kernel.identity import Actor, Permission
from settlement.ledger import queries
from settlement.ledger.model import JournalEntry, JournalLine
from settlement.ledger.queries import Booked
from settlement.ledger.rules import Entry, reversal_of


class BookedDifferently(Conflict):
    """The same cause was booked with other legs."""

    code = "ledger.booked_differently"


def book(session: Session, actor: Actor, entry: Entry, *, now: datetime) -> Booked:
    """Book one entry; the same entry again returns the first booking.

    Raises:
        BookedDifferently: the cause is booked with another date or other legs.
        NotAllowed: the actor takes no part in the books.
    """
    actor.must(Permission.INTAKE, place=entry.place)
    found = queries.find(session, entry.cause, entry.cause_id)
    if found is None:
        return book_new(session, actor, [entry], now=now)[0]
    if found.entry.legs != entry.legs or found.entry.entry_date != entry.entry_date:
        raise BookedDifferently(f"{entry.cause}/{entry.cause_id} 已按 {found.voucher} 入账且分录不同：请用冲销更正")
    return found


def book_new(session: Session, actor: Actor, entries: Sequence[Entry], *, now: datetime) -> list[Booked]:
    """Book entries whose causes are new, all or none; the unique cause refuses a second booking.

    Lines go in before their header: the header's trigger proves the sum on either database.
    """
    headers = []
    for entry in entries:
        actor.must(Permission.INTAKE, place=entry.place)
        year = entry.entry_date.year
        number = numbering.take(session, f"JV-{entry.place}-{year}")
        headers.append({
            "id": new_id(), "place": entry.place, "year": year, "number": number, "cause": entry.cause,
            "cause_id": entry.cause_id, "entry_date": entry.entry_date, "text": entry.text, "booked_at": now,
            "booked_by": actor.name,
        })  # fmt: skip
    lines = [
        {"entry_id": header["id"], "position": position, "account": leg.account, "amount": leg.amount}
        for header, entry in zip(headers, entries, strict=True)
        for position, leg in enumerate(entry.legs)
    ]
    if headers:
        session.execute(sa.insert(JournalLine), lines)
        session.execute(sa.insert(JournalEntry), headers)
        numbers = {"first": headers[0]["number"], "last": headers[-1]["number"], "count": len(headers)}
        subject = ("settlement_journal_entry", str(headers[0]["id"]))
        audit.record(session, actor, "ledger.book", subject, at=now, note=str(entries[0].cause), detail=numbers)
    return [Booked(JournalEntry(**header), entry) for header, entry in zip(headers, entries, strict=True)]


def reverse(session: Session, actor: Actor, booked: Booked, *, reason: str, entry_date: date, now: datetime) -> Booked:
    """Undo one entry by a linked reversal; at most once.

    Raises:
        BookedDifferently: the entry was reversed on another date already.
    """
    undo = reversal_of(booked.entry, entry_id=str(booked.header.id), entry_date=entry_date, reason=reason)
    made = book(session, actor, undo, now=now)
    audit.record(
        session, actor, "ledger.reverse", ("settlement_journal_entry", str(booked.header.id)), at=now, note=reason
    )
    return made
