"""Recognising credits of the bank as payouts of the provider: money under way has arrived (PROVIDER_PAYOUT_ARRIVED)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import business_date
from kernel.db import new_id
from kernel.identity import Actor, Permission
from market.bank_lines.model import BankLine
from settlement.arrivals import queries
from settlement.arrivals.model import Arrival, ArrivalRelease
from settlement.arrivals.rules import DoesNotFit, NotBooked, must_fit
from settlement.ledger import queries as books
from settlement.ledger.commands import book_new, reverse
from settlement.ledger.rules import Cause, transfer_entry, transit, unapplied


def arrive(session: Session, actor: Actor, line_id: UUID, *, payout: str, note: str, now: datetime) -> Arrival:
    """Recognise a credit, handed over to here, as (part of) a payout, and book that it is no longer under way.

    Raises:
        NotAllowed: the actor does not reconcile at the place.
        DoesNotFit: there is no such payout at the place, or less of it is left.
        NotBooked: the books do not know that it was paid out.
    """
    line = session.get_one(BankLine, line_id)
    actor.must(Permission.RECONCILE, place=line.place)
    found = queries.payout(session, line.place, payout)
    if found is None:
        raise DoesNotFit(
            f"{line.place} 没有编号为 {payout} 的支付机构结算，请先取得明细", detail_en=f"No payout {payout}"
        )
    if books.find(session, Cause.PROVIDER_PAYOUT, found.id.hex) is None:
        raise NotBooked(f"结算 {payout} 尚未入账，请先对账", detail_en=f"Reconcile first: {payout} is not booked")
    must_fit(payout, queries.left(session, found), line.amount)
    made = Arrival(
        id=new_id(), bank_line_id=line.id, payout_id=found.id, place=line.place, amount=line.amount, note=note,
        made_at=now, made_by=actor.name, made_by_id=actor.id,
    )  # fmt: skip
    session.add(made)
    session.flush()
    day = business_date(line.booked_at)
    counts = books.first_open_day(session, line.place, day)
    entry = transfer_entry(
        place=line.place, cause=Cause.PROVIDER_PAYOUT_ARRIVED, cause_id=made.id.hex, debit=unapplied(line.place),
        credit=transit(line.place), amount=line.amount, text=f"支付机构结算 {payout} 到账 {line.serial}",
        entry_date=counts, value_date=day if counts != day else None,
    )  # fmt: skip
    book_new(session, actor, [entry], now=now)
    audit.record(session, actor, "payout_arrival.arrive", made, at=now, note=note[:200],
                 detail={"serial": line.serial, "payout": payout})  # fmt: skip
    return made


def take_back(session: Session, actor: Actor, line_id: UUID, *, note: str, now: datetime) -> Arrival:
    """Take back that a credit was a payout: the entry is reversed, and the credit waits for a person again.

    Raises:
        NotAllowed: the actor does not record payments at the place.
        DoesNotFit: the credit was not recognised as a payout.
    """
    line = session.get_one(BankLine, line_id)
    actor.must(Permission.PAYMENT_RECORD, place=line.place)
    found = queries.of_line(session, line_id)
    if found is None:
        raise DoesNotFit(f"流水 {line.serial} 未认作支付机构结算款", detail_en="The credit is no payout")
    session.add(ArrivalRelease(arrival_id=found.id, note=note, released_at=now, released_by=actor.name))
    session.flush()
    booked = books.find(session, Cause.PROVIDER_PAYOUT_ARRIVED, found.id.hex)
    assert booked is not None, "booked together"
    day = books.first_open_day(session, line.place, business_date(now))
    reverse(session, actor, booked, reason=note, entry_date=day, now=now)
    audit.record(session, actor, "payout_arrival.take_back", found, at=now, note=note[:200],
                 detail={"serial": line.serial})  # fmt: skip
    return found
