"""The journal's side: entries about money outside, what each is about, and the words by which money is recognised."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import Period, start_of_day
from kernel.money import Money, total
from market.bank_lines.model import BankLine, LineShare
from market.bank_lines.queries import IN_FORCE
from market.orders.model import Order
from market.payments.model import Attempt, Payment
from market.payments.rules import PaymentMethod
from market.refunds.model import ProviderDispute, Refund
from settlement.arrivals.queries import payouts_of_lines
from settlement.arrivals.rules import payout_in
from settlement.ledger.model import JournalEntry, JournalLine
from settlement.ledger.rules import Cause, bank, psp, transit
from settlement.matching.rules import Flow, Item, Side
from settlement.payouts.model import Payout, PayoutBatch
from settlement.payouts.rules import Channel
from settlement.provider_lines.model import ProviderLine

CHUNK = 500
WON = "/won"
BY_STRIPE = "stripe:"
FLOWS = {
    Cause.PAYMENT_CAPTURED: Flow.CHARGE, Cause.SURPLUS_RECEIVED: Flow.CHARGE, Cause.REFUND_PAID: Flow.REFUND,
    Cause.DISPUTE_OPENED: Flow.DISPUTE, Cause.DISPUTE_WON: Flow.DISPUTE, Cause.BANK_LINE_RECEIVED: Flow.RECEIPT,
    Cause.BANK_LINE_RETURNED: Flow.SENT, Cause.PROVIDER_PAYOUT: Flow.PAYOUT, Cause.PAYOUT_CONFIRMED: Flow.SENT,
}  # fmt: skip
CAUSES = (*FLOWS, Cause.REVERSAL, Cause.PARTIAL_REVERSAL)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which items: those that happened in a period, or those with one of these names."""

    place: str
    period: Period | None = None
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class About:
    """What an entry of the journal is about."""

    flow: Flow
    reference: str
    parent: str = ""
    order: str = ""


def rows_of(session: Session, query: Any, wanted: Wanted, moment: Any, *named: Any) -> Iterator[Any]:
    """Run a query for a period (``moment`` is a moment or a date) or for names, some at a time."""
    if wanted.period is not None:
        start: Any = wanted.period.start
        end: Any = wanted.period.end
        if not isinstance(moment.type, sa.Date):
            start, end = start_of_day(start), start_of_day(end)
        yield from session.execute(query.where(moment >= start, moment < end))
        return
    names = sorted(wanted.names)
    for first in range(0, len(names), CHUNK):
        some = names[first : first + CHUNK]
        yield from session.execute(query.where(sa.or_(*(column.in_(some) for column in named))))


def about_refund(
    method: PaymentMethod, provider_id: str | None, evidence: str | None, intent: str | None, order: str
) -> About:
    """Return what a refund is recognised by: the provider's name of it, or the line of the bank."""
    if method is PaymentMethod.STRIPE:
        return About(Flow.REFUND, provider_id or evidence or "", intent or "", order)
    return About(Flow.SENT, evidence or "", "", order)


def about_payout(row: Any) -> About:
    """Return what a payout of a payee is recognised by: the line that the bank or the provider gave it, or its batch.

    A bank may debit a batch in one sum; then its payouts meet that one line.
    """
    if row.channel is Channel.STRIPE:
        return About(Flow.TRANSFER, row.provider_id or row.number)
    return About(Flow.SENT, row.bank_line or row.batch)


def ledger(session: Session, wanted: Wanted, causes: Collection[str] = ()) -> list[Item]:
    """Return the entries over bank, provider and payouts under way: of a period by the day it happened, or by cause."""
    entry, line = JournalEntry, JournalLine
    day = sa.func.coalesce(entry.value_date, entry.entry_date, type_=sa.Date())
    query = (
        sa.select(entry.id, entry.year, entry.number, entry.cause, entry.cause_id, entry.reverses_id, day.label("day"),
                  entry.text, line.account, line.amount)
        .join(line, line.entry_id == entry.id)
        .where(entry.place == wanted.place, entry.cause.in_(CAUSES))
    )  # fmt: skip
    by_cause = replace(wanted, names=frozenset(causes))
    found: dict[UUID, list[Any]] = {}
    for row in rows_of(session, query, by_cause, day, entry.cause_id):
        found.setdefault(row.id, []).append(row)
    if wanted.period is None and found:
        ids = sorted(found)
        for first in range(0, len(ids), CHUNK):
            for row in session.execute(query.where(entry.reverses_id.in_(ids[first : first + CHUNK]))):
                found.setdefault(row.id, []).append(row)
    abouts = _abouts(session, [rows[0] for rows in found.values()])
    made = (_entry(wanted.place, rows, abouts.get(rows[0].id)) for rows in found.values())
    return [item for item in made if item is not None]


def _entry(place: str, rows: Sequence[Any], about: About | None) -> Item | None:
    head = rows[0]
    outside = {psp(place), bank(place)}
    amount: Money = total(row.amount for row in rows if row.account in outside)
    if head.cause is Cause.PROVIDER_PAYOUT:
        amount = total(row.amount for row in rows if row.account == transit(place))
    elif not amount and about is not None and about.flow is Flow.ACCOUNT:
        amount = -total(row.amount for row in rows if row.account.startswith("liability:unearned:"))
    known = about or About(FLOWS.get(head.cause, Flow.CHARGE), f"{head.cause}/{head.cause_id}")
    if not amount or known.flow is Flow.OTHER:
        return None
    return Item(Side.LEDGER, f"JV-{place}-{head.year}-{head.number:06d}", known.flow, known.reference, amount, head.day,
                parent=known.parent, order=known.order, words=head.text)  # fmt: skip


def caused_by(session: Session, place: str, found: Sequence[Item]) -> list[Item]:
    """Return the entries that facts of these items caused, whenever they were booked."""
    names = sorted({item.reference for item in found if item.side in (Side.ORDERS, Side.BANK, Side.PROVIDER)})
    causes: set[str] = set()
    wanted = (
        (Attempt.payment_id, (Attempt.intent_id, Attempt.provider_id)), (Attempt.id, (Attempt.intent_id,)),
        (Payment.id, (Payment.number, Payment.bank_line)), (Refund.id, (Refund.provider_id, Refund.evidence)),
        (ProviderDispute.id, (ProviderDispute.provider_id,)),
        (BankLine.id, (BankLine.serial, BankLine.returned_serial)),
        (ProviderLine.id, (ProviderLine.reference,)), (Payout.id, (Payout.bank_line, Payout.provider_id)),
    )  # fmt: skip
    for first in range(0, len(names), CHUNK):
        some = [name.removesuffix(WON) for name in names[first : first + CHUNK]]
        for identity, columns in wanted:
            query = sa.select(identity).where(sa.or_(*(column.in_(some) for column in columns)))
            causes |= {one.hex for one in session.scalars(query)}
        of_batches = sa.select(Payout.id).join(PayoutBatch, PayoutBatch.id == Payout.batch_id)
        causes |= {one.hex for one in session.scalars(of_batches.where(PayoutBatch.number.in_(some)))}
    return ledger(session, Wanted(place), causes)


def _abouts(session: Session, heads: Sequence[Any]) -> dict[UUID, About]:
    """Return what each entry is about; a reversal is about what it takes back."""
    originals = {head.reverses_id for head in heads if head.reverses_id is not None}
    known = {head.id: (head.cause, head.cause_id) for head in heads}
    query = sa.select(JournalEntry.id, JournalEntry.cause, JournalEntry.cause_id)
    for some in _some(originals):
        known |= {row.id: (row.cause, row.cause_id) for row in session.execute(query.where(JournalEntry.id.in_(some)))}
    ids = {UUID(name) for cause, name in known.values() if cause in FLOWS and len(name) == 32}
    about = {**_payments(session, ids), **_moves(session, ids)}
    found = {}
    for head in heads:
        cause, name = known.get(head.reverses_id or head.id, (head.cause, head.cause_id))
        if (cause, name) in about:
            found[head.id] = about[cause, name]
    return found


def _some(ids: Collection[UUID]) -> Iterator[list[UUID]]:
    ordered = sorted(ids)
    for first in range(0, len(ordered), CHUNK):
        yield ordered[first : first + CHUNK]


def _payments(session: Session, ids: Collection[UUID]) -> Mapping[tuple[Cause, str], About]:
    found: dict[tuple[Cause, str], About] = {}
    query = sa.select(Payment.id, Payment.number, Payment.method, Payment.bank_line, Order.number.label("order"),
                      sa.exists().where(LineShare.payment_id == Payment.id, IN_FORCE).label("by_lines"))  # fmt: skip
    for some in _some(ids):
        for row in session.execute(query.join(Order, Order.id == Payment.order_id).where(Payment.id.in_(some))):
            about = About(Flow.ACCOUNT, row.number, "", row.order)
            if row.method is PaymentMethod.STRIPE:
                about = About(Flow.CHARGE, (row.bank_line or row.number).removeprefix(BY_STRIPE), "", row.order)
            elif row.method is PaymentMethod.BANK_TRANSFER and not row.by_lines:
                about = About(Flow.RECEIPT, row.bank_line or row.number, "", row.order)
            found[Cause.PAYMENT_CAPTURED, row.id.hex] = about
    return found


def _moves(session: Session, ids: Collection[UUID]) -> Mapping[tuple[Cause, str], About]:
    found: dict[tuple[Cause, str], About] = {}
    back = sa.select(Refund.id, Refund.method, Refund.provider_id, Refund.evidence, Refund.intent_id, Order.number)
    back = back.join(Payment, Payment.id == Refund.payment_id).join(Order, Order.id == Payment.order_id)
    contested = sa.select(ProviderDispute.id, ProviderDispute.provider_id, Attempt.intent_id)
    contested = contested.join(Attempt, Attempt.id == ProviderDispute.attempt_id)
    lines = sa.select(BankLine.id, BankLine.serial, BankLine.returned_serial, BankLine.remark)
    paid = sa.select(Payout.id, Payout.number, Payout.bank_line, Payout.provider_id, PayoutBatch.number.label("batch"),
                     PayoutBatch.channel).join(PayoutBatch, PayoutBatch.id == Payout.batch_id)  # fmt: skip
    arrived = payouts_of_lines(session, ids)
    for some in _some(ids):
        for identity, method, provider_id, evidence, intent, order in session.execute(back.where(Refund.id.in_(some))):
            found[Cause.REFUND_PAID, identity.hex] = about_refund(method, provider_id, evidence, intent, order)
        for identity, name, intent in session.execute(contested.where(ProviderDispute.id.in_(some))):
            found[Cause.DISPUTE_OPENED, identity.hex] = About(Flow.DISPUTE, name, intent or "")
            found[Cause.DISPUTE_WON, identity.hex] = About(Flow.DISPUTE, name + WON, intent or "")
        for identity, name in session.execute(
            sa.select(Attempt.id, sa.func.coalesce(Attempt.intent_id, Attempt.provider_id)).where(Attempt.id.in_(some))
        ):
            found[Cause.SURPLUS_RECEIVED, identity.hex] = About(Flow.CHARGE, name)
        for identity, serial, returned, remark in session.execute(lines.where(BankLine.id.in_(some))):
            # the credit of a payout is held against the payout itself
            flow = Flow.OTHER if identity in arrived or payout_in(remark) else Flow.RECEIPT
            found[Cause.BANK_LINE_RECEIVED, identity.hex] = About(flow, serial)
            found[Cause.BANK_LINE_RETURNED, identity.hex] = About(Flow.SENT, returned or serial)
        for row in session.execute(paid.where(Payout.id.in_(some))):
            found[Cause.PAYOUT_CONFIRMED, row.id.hex] = about_payout(row)
        query = sa.select(ProviderLine.id, ProviderLine.reference).where(ProviderLine.id.in_(some))
        for identity, reference in session.execute(query):
            found[Cause.PROVIDER_PAYOUT, identity.hex] = About(Flow.PAYOUT, reference)
    return found
