"""Booking: idempotent by cause, gapless in number, never changed afterwards."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy.orm import Session

from kernel import audit, bulk, canonical, numbering
from kernel.db import new_id
from kernel.errors import Conflict
from kernel.identity import Actor, Permission
from settlement.ledger import queries
from settlement.ledger.model import JournalEntry, JournalLine
from settlement.ledger.queries import Booked
from settlement.ledger.rules import (
    Entry,
    Leg,
    ReversedTooMuch,
    must_leave_something,
    partial_reversal_of,
    reversal_of,
)


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

    Lines go in before their header: the header's trigger proves the sum on either database. Each book is numbered
    as one block, so that a hundred thousand entries ask for their numbers once. The audit line keeps a digest of what
    was booked in each book: whoever changes an entry past the database's refusals is found by it (A3).
    """
    for place in {entry.place for entry in entries}:
        actor.must(Permission.INTAKE, place=place)
    if not entries:
        return []
    numbers = _numbers(session, entries)
    headers = [_header(entry, next(numbers[_book(entry)]), actor, now) for entry in entries]
    lines = [
        {"entry_id": header["id"], "position": position, "account": leg.account, "amount": leg.amount}
        for header, entry in zip(headers, entries, strict=True)
        for position, leg in enumerate(entry.legs)
    ]
    bulk.insert_many(session, JournalLine, lines)
    bulk.insert_many(session, JournalEntry, headers)
    detail = {"first": headers[0]["number"], "last": headers[-1]["number"], "count": len(headers),
              "books": _digests(headers, entries)}  # fmt: skip
    subject = ("settlement_journal_entry", str(headers[0]["id"]))
    audit.record(session, actor, "ledger.book", subject, at=now, note=str(entries[0].cause), detail=detail)
    return [Booked(JournalEntry(**header), entry) for header, entry in zip(headers, entries, strict=True)]


def _book(entry: Entry) -> tuple[str, int]:
    return entry.place, entry.entry_date.year


def _numbers(session: Session, entries: Sequence[Entry]) -> dict[tuple[str, int], Iterator[int]]:
    counts = Counter(_book(entry) for entry in entries)
    return {
        (place, year): itertools.count(numbering.take_block(session, queries.series(place, year), count))
        for (place, year), count in sorted(counts.items())
    }


def _digests(headers: Sequence[dict[str, Any]], entries: Sequence[Entry]) -> dict[str, list[Any]]:
    """Return, by series of vouchers, the first and the last number and a digest of all that was booked under them."""
    texts: dict[str, list[str]] = {}
    numbers: dict[str, list[int]] = {}
    for header, entry in zip(headers, entries, strict=True):
        name = queries.series(*_book(entry))
        told = [
            str(header["id"]), header["number"], str(entry.cause), entry.cause_id, str(entry.entry_date), entry.text,
            header["booked_at"].astimezone(UTC).isoformat(), header["booked_by"], entry.tags.agreement,
            entry.tags.product, entry.tags.use_class, str(entry.value_date), str(entry.reverses),
            [[leg.account, leg.amount.fen] for leg in entry.legs],
        ]  # fmt: skip
        texts.setdefault(name, []).append(canonical.text(told))
        numbers.setdefault(name, []).append(header["number"])
    return {
        name: [numbers[name][0], numbers[name][-1], hashlib.sha256("\n".join(told).encode()).hexdigest()]
        for name, told in texts.items()
    }


def _header(entry: Entry, number: int, actor: Actor, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(), "place": entry.place, "year": entry.entry_date.year, "number": number, "cause": entry.cause,
        "cause_id": entry.cause_id, "entry_date": entry.entry_date, "text": entry.text, "booked_at": now,
        "booked_by": actor.name, "agreement": entry.tags.agreement, "product": entry.tags.product,
        "use_class": entry.tags.use_class, "value_date": entry.value_date, "reverses_id": entry.reverses,
    }  # fmt: skip


def reverse(session: Session, actor: Actor, booked: Booked, *, reason: str, entry_date: date, now: datetime) -> Booked:
    """Undo one entry by a linked reversal; at most once. A reversal may itself be reversed, once.

    Raises:
        BookedDifferently: the entry was reversed on another date already.
        ReversedTooMuch: part of it was taken back before, or it is the reversal of a reversal.
        NotAllowed: the actor takes no part in the books.
    """
    undo = reversal_of(booked.entry, entry_id=booked.header.id, entry_date=entry_date, reason=reason)
    return _undo(session, actor, booked, undo, reason=reason, now=now)


def reverse_part(
    session: Session, actor: Actor, booked: Booked, *, legs: Sequence[Leg], key: str, reason: str, entry_date: date,
    now: datetime,
) -> Booked:  # fmt: skip
    """Take back part of one entry; all parts together stay within what was booked, leg by leg.

    Args:
        session: the session to write with.
        actor: who corrects.
        booked: the entry that is corrected.
        legs: what is taken back, with the signs turned: together zero.
        key: names this correction; the same key again changes nothing.
        reason: why; stands in the voucher.
        entry_date: the day on which it counts.
        now: the moment of booking.

    Raises:
        BookedDifferently: the same key took back something else.
        ReversedTooMuch: more would be taken back than was booked.
        NotAllowed: the actor takes no part in the books.
    """
    undo = partial_reversal_of(
        booked.entry, entry_id=booked.header.id, legs=legs, key=key, entry_date=entry_date, reason=reason
    )
    return _undo(session, actor, booked, undo, reason=reason, now=now)


def _undo(session: Session, actor: Actor, booked: Booked, undo: Entry, *, reason: str, now: datetime) -> Booked:
    actor.must(Permission.INTAKE, place=undo.place)
    numbering.take_block(session, f"REVERSAL-{booked.header.id}", 0)  # two corrections of one entry wait for each other
    if queries.find(session, undo.cause, undo.cause_id) is None:
        must_leave_something(booked.entry, queries.reversals_of(session, booked.header.id), undo)
        if booked.entry.reverses is not None and queries.get(session, booked.entry.reverses).entry.reverses is not None:
            raise ReversedTooMuch("冲销只能再冲销一次：请重新记账", detail_en="A reversal is reversed once")
    made = book(session, actor, undo, now=now)
    audit.record(
        session, actor, "ledger.reverse", ("settlement_journal_entry", str(booked.header.id)), at=now, note=reason
    )
    return made
