"""What the four sides say: items of a period, and whatever has the same references, however old."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import Period, business_date, start_of_day
from kernel.money import ZERO, Money, total
from market.bank_lines.model import BankLine, LineShare
from market.bank_lines.queries import IN_FORCE
from market.bank_lines.rules import LineState
from market.entitlements.model import Entitlement
from market.orders.model import Order
from market.payments.model import Attempt, Payment
from market.payments.rules import AttemptState, PaymentMethod
from market.refunds.model import ProviderDispute, Refund
from market.refunds.rules import DisputeStage, RefundState
from settlement.ledger.model import JournalEntry, JournalLine
from settlement.ledger.rules import Cause, bank, psp, transit
from settlement.matching.rules import Flow, Item, Side
from settlement.provider_lines.model import ProviderLine

CHUNK = 500
WON = "/won"
BY_STRIPE = "stripe:"
PAYOUT = r"(?<![0-9A-Za-z_])po_[0-9A-Za-z]{6,64}"
FLOWS = {
    Cause.PAYMENT_CAPTURED: Flow.CHARGE, Cause.SURPLUS_RECEIVED: Flow.CHARGE, Cause.REFUND_PAID: Flow.REFUND,
    Cause.DISPUTE_OPENED: Flow.DISPUTE, Cause.DISPUTE_WON: Flow.DISPUTE, Cause.BANK_LINE_RECEIVED: Flow.RECEIPT,
    Cause.BANK_LINE_RETURNED: Flow.SENT, Cause.PROVIDER_PAYOUT: Flow.PAYOUT,
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


def items(session: Session, *, place: str, period: Period, watched: Collection[str] = ()) -> list[Item]:
    """Return what all sides say about a period, and about everything that has the same references.

    ``watched`` are references to look at whatever their day. The order is always the same.
    """
    found = _of_period(session, Wanted(place, period))
    names = _names(found) | frozenset(watched)
    for _ in range(2):  # the other sides, then the charges and payouts that these name
        found += _named(session, Wanted(place, names=names))
        more = _names(found) - names
        names = more
    found += _ledger_of(session, place, found)
    found += rights(session, Wanted(place, names=frozenset(item.order for item in found if item.order)))
    once = {(item.side, item.key): item for item in found}
    return [once[key] for key in sorted(once)]


def _of_period(session: Session, wanted: Wanted) -> list[Item]:
    found = [*provider(session, wanted), *_orders(session, wanted), *banks(session, wanted), *rights(session, wanted)]
    return found + ledger(session, wanted)


def _named(session: Session, wanted: Wanted) -> list[Item]:
    return [*provider(session, wanted), *_orders(session, wanted), *banks(session, wanted)]


def _orders(session: Session, wanted: Wanted) -> Iterator[Item]:
    for gather in (attempts, refunds, disputes, receipts, captured):
        yield from gather(session, wanted)


def _names(found: Iterable[Item]) -> frozenset[str]:
    names = {name for item in found for name in (item.reference, item.parent, item.batch, item.order)}
    return frozenset(names - {""})


def _rows(session: Session, query: Any, wanted: Wanted, moment: Any, *named: Any) -> Iterator[Any]:
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


def provider(session: Session, wanted: Wanted) -> list[Item]:
    """Return the lines of the provider's reports."""
    line = ProviderLine
    query = sa.select(
        line.serial, line.flow, line.reference, line.amount, line.day, line.currency, line.fee, line.net, line.parent,
        line.batch, line.own, line.words,
    ).where(line.place == wanted.place)  # fmt: skip
    return [
        Item(Side.PROVIDER, row.serial, row.flow, row.reference, row.amount, row.day, row.currency, row.fee, row.net,
             row.parent, row.batch, row.own, words=row.words)
        for row in _rows(session, query, wanted, line.day, line.reference, line.parent, line.batch, line.serial)
    ]  # fmt: skip


def attempts(session: Session, wanted: Wanted) -> list[Item]:
    """Return what came online, as the orders have it."""
    name = sa.func.coalesce(Attempt.intent_id, Attempt.provider_id, Attempt.number)
    query = (
        sa.select(Attempt.number, name.label("name"), Attempt.received, Attempt.received_at, Attempt.state,
                  Order.number.label("order"))
        .join(Payment, Payment.id == Attempt.payment_id).join(Order, Order.id == Payment.order_id)
        .where(Attempt.place == wanted.place, Attempt.received.is_not(None))
    )  # fmt: skip
    return [
        Item(Side.ORDERS, row.number, Flow.CHARGE, row.name, row.received, business_date(row.received_at),
             own=row.number, order=row.order, is_granting=row.state is AttemptState.SUCCEEDED)
        for row in _rows(session, query, wanted, Attempt.received_at, Attempt.intent_id, Attempt.provider_id,
                         Order.number)
    ]  # fmt: skip


def refunds(session: Session, wanted: Wanted) -> list[Item]:
    """Return what went back, online or by the bank, as the orders have it."""
    query = (
        sa.select(Refund.number, Refund.method, Refund.provider_id, Refund.evidence, Refund.intent_id, Refund.amount,
                  Refund.done_at, Order.number.label("order"))
        .join(Payment, Payment.id == Refund.payment_id).join(Order, Order.id == Payment.order_id)
        .where(Refund.place == wanted.place, Refund.state == RefundState.DONE,
               Refund.method.in_((PaymentMethod.STRIPE, PaymentMethod.BANK_TRANSFER)))
    )  # fmt: skip
    found = []
    for row in _rows(session, query, wanted, Refund.done_at, Refund.provider_id, Refund.intent_id, Refund.evidence,
                     Order.number):  # fmt: skip
        about = _refund(row.method, row.provider_id, row.evidence, row.intent_id, row.order)
        found.append(Item(Side.ORDERS, row.number, about.flow, about.reference, -row.amount, business_date(row.done_at),
                          parent=about.parent, own=row.number, order=row.order))  # fmt: skip
    return found


def _refund(
    method: PaymentMethod, provider_id: str | None, evidence: str | None, intent: str | None, order: str
) -> About:
    if method is PaymentMethod.STRIPE:
        return About(Flow.REFUND, provider_id or evidence or "", intent or "", order)
    return About(Flow.SENT, evidence or "", "", order)


def disputes(session: Session, wanted: Wanted) -> list[Item]:
    """Return what payers' banks took and gave back, as the orders have it; a lost dispute moves nothing more."""
    query = (
        sa.select(ProviderDispute.id, ProviderDispute.provider_id, ProviderDispute.stage, ProviderDispute.amount,
                  ProviderDispute.at, Attempt.intent_id, Order.number.label("order"))
        .join(Attempt, Attempt.id == ProviderDispute.attempt_id)
        .join(Payment, Payment.id == ProviderDispute.payment_id).join(Order, Order.id == Payment.order_id)
        .where(ProviderDispute.place == wanted.place, ProviderDispute.stage != DisputeStage.LOST)
    )  # fmt: skip
    wanted = replace(wanted, names=frozenset(name.removesuffix(WON) for name in wanted.names))
    found = []
    for row in _rows(session, query, wanted, ProviderDispute.at, ProviderDispute.provider_id, Attempt.intent_id):
        is_won = row.stage is DisputeStage.WON
        found.append(Item(
            Side.ORDERS, row.id.hex, Flow.DISPUTE, row.provider_id + (WON if is_won else ""),
            row.amount if is_won else -row.amount, business_date(row.at), parent=row.intent_id or "", order=row.order,
        ))  # fmt: skip
    return found


def receipts(session: Session, wanted: Wanted) -> list[Item]:
    """Return what became of the bank's credits: payments, accounts, or the way back."""
    query = (
        sa.select(LineShare.id, BankLine.serial, LineShare.amount, BankLine.booked_at, Order.number.label("order"))
        .join(BankLine, BankLine.id == LineShare.line_id)
        .outerjoin(Payment, Payment.id == LineShare.payment_id).outerjoin(Order, Order.id == Payment.order_id)
        .where(LineShare.place == wanted.place, IN_FORCE)
    )  # fmt: skip
    found = [
        Item(Side.ORDERS, row.id.hex, Flow.RECEIPT, row.serial, row.amount, business_date(row.booked_at),
             order=row.order or "")
        for row in _rows(session, query, wanted, BankLine.booked_at, BankLine.serial, Order.number)
    ]  # fmt: skip
    back = sa.select(BankLine.serial, BankLine.returned_serial, BankLine.amount, BankLine.booked_at,
                     BankLine.returned_at).where(BankLine.place == wanted.place,
                                                 BankLine.state == LineState.RETURNED)  # fmt: skip
    for moment in (BankLine.booked_at, BankLine.returned_at):
        for row in _rows(session, back, wanted, moment, BankLine.serial, BankLine.returned_serial):
            words = "退回付款人"
            found += [
                Item(Side.ORDERS, f"{row.serial}/returned", Flow.RECEIPT, row.serial, row.amount,
                     business_date(row.booked_at), words=words),
                Item(Side.ORDERS, f"{row.serial}/back", Flow.SENT, row.returned_serial, -row.amount,
                     business_date(row.returned_at), words=words),
            ]  # fmt: skip
    return found


def captured(session: Session, wanted: Wanted) -> list[Item]:
    """Return payments that came otherwise than online: from an account, from lines of a statement, or typed by hand."""
    by_lines = sa.exists().where(LineShare.payment_id == Payment.id, IN_FORCE)
    query = (
        sa.select(Payment.number, Payment.method, Payment.amount, Payment.captured_at, Payment.bank_line,
                  by_lines.label("by_lines"), Order.number.label("order"))
        .join(Order, Order.id == Payment.order_id)
        .where(Payment.place == wanted.place, Payment.captured_at.is_not(None), Payment.method != PaymentMethod.STRIPE)
    )  # fmt: skip
    found = []
    for row in _rows(session, query, wanted, Payment.captured_at, Payment.number, Payment.bank_line, Order.number):
        is_typed = row.method is PaymentMethod.BANK_TRANSFER and not row.by_lines
        flow, reference = (Flow.RECEIPT, row.bank_line) if is_typed else (Flow.ACCOUNT, row.number)
        found.append(Item(Side.ORDERS, row.number, flow, reference, row.amount, business_date(row.captured_at),
                          order=row.order, is_granting=True))  # fmt: skip
    return found


def rights(session: Session, wanted: Wanted) -> list[Item]:
    """Return the entitlements of orders that cost something."""
    query = (
        sa.select(Entitlement.number, Entitlement.granted_at, Order.number.label("order"), Order.amount)
        .join(Order, Order.id == Entitlement.order_id)
        .where(Entitlement.place == wanted.place, Order.amount > ZERO)
    )  # fmt: skip
    return [
        Item(Side.ORDERS, row.number, Flow.RIGHT, row.order, row.amount, business_date(row.granted_at), order=row.order)
        for row in _rows(session, query, wanted, Entitlement.granted_at, Order.number)
    ]


def banks(session: Session, wanted: Wanted) -> list[Item]:
    """Return the lines of the bank: credits, payouts of the provider among them, and debits."""
    query = sa.select(BankLine.serial, BankLine.amount, BankLine.booked_at, BankLine.state, BankLine.remark,
                      BankLine.payer_name).where(BankLine.place == wanted.place)  # fmt: skip
    payouts = [BankLine.remark.contains(name, autoescape=True) for name in sorted(wanted.names) if name[:3] == "po_"]
    found = list(_rows(session, query, wanted, BankLine.booked_at, BankLine.serial))
    for first in range(0, len(payouts), CHUNK // 10):
        found += session.execute(query.where(sa.or_(*payouts[first : first + CHUNK // 10])))
    return [_bank_item(row) for row in found]


def _bank_item(row: Any) -> Item:
    named = payout_in(row.remark) if row.state is not LineState.OUTGOING else ""
    is_out = row.state is LineState.OUTGOING
    flow = Flow.SENT if is_out else Flow.PAYOUT if named else Flow.RECEIPT
    return Item(Side.BANK, row.serial, flow, named or row.serial, -row.amount if is_out else row.amount,
                business_date(row.booked_at), words=f"{row.payer_name} · {row.remark}")  # fmt: skip


def payout_in(remark: str) -> str:
    """Return the provider's name of a payout that the words of a credit carry, or an empty text."""
    found = re.search(PAYOUT, remark)
    return found[0] if found else ""


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
    for row in _rows(session, query, by_cause, day, entry.cause_id):
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


def _ledger_of(session: Session, place: str, found: Sequence[Item]) -> list[Item]:
    """Return the entries that facts of these items caused, whenever they were booked."""
    names = sorted({item.reference for item in found if item.side in (Side.ORDERS, Side.BANK, Side.PROVIDER)})
    causes: set[str] = set()
    wanted = (
        (Attempt.payment_id, (Attempt.intent_id, Attempt.provider_id)), (Attempt.id, (Attempt.intent_id,)),
        (Payment.id, (Payment.number, Payment.bank_line)), (Refund.id, (Refund.provider_id, Refund.evidence)),
        (ProviderDispute.id, (ProviderDispute.provider_id,)),
        (BankLine.id, (BankLine.serial, BankLine.returned_serial)),
        (ProviderLine.id, (ProviderLine.reference,)),
    )  # fmt: skip
    for first in range(0, len(names), CHUNK):
        some = [name.removesuffix(WON) for name in names[first : first + CHUNK]]
        for identity, columns in wanted:
            query = sa.select(identity).where(sa.or_(*(column.in_(some) for column in columns)))
            causes |= {one.hex for one in session.scalars(query)}
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
    for some in _some(ids):
        for identity, method, provider_id, evidence, intent, order in session.execute(back.where(Refund.id.in_(some))):
            found[Cause.REFUND_PAID, identity.hex] = _refund(method, provider_id, evidence, intent, order)
        for identity, name, intent in session.execute(contested.where(ProviderDispute.id.in_(some))):
            found[Cause.DISPUTE_OPENED, identity.hex] = About(Flow.DISPUTE, name, intent or "")
            found[Cause.DISPUTE_WON, identity.hex] = About(Flow.DISPUTE, name + WON, intent or "")
        for identity, name in session.execute(
            sa.select(Attempt.id, sa.func.coalesce(Attempt.intent_id, Attempt.provider_id)).where(Attempt.id.in_(some))
        ):
            found[Cause.SURPLUS_RECEIVED, identity.hex] = About(Flow.CHARGE, name)
        for identity, serial, returned, remark in session.execute(lines.where(BankLine.id.in_(some))):
            # the credit of a payout is held against the payout itself
            flow = Flow.OTHER if payout_in(remark) else Flow.RECEIPT
            found[Cause.BANK_LINE_RECEIVED, identity.hex] = About(flow, serial)
            found[Cause.BANK_LINE_RETURNED, identity.hex] = About(Flow.SENT, returned or serial)
        query = sa.select(ProviderLine.id, ProviderLine.reference).where(ProviderLine.id.in_(some))
        for identity, reference in session.execute(query):
            found[Cause.PROVIDER_PAYOUT, identity.hex] = About(Flow.PAYOUT, reference)
    return found
