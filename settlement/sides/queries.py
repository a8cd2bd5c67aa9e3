"""What the four sides say: items of a period, and whatever has the same references, however old."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import Period, business_date
from kernel.money import ZERO
from market.bank_lines.model import BankLine, LineShare
from market.bank_lines.queries import IN_FORCE
from market.bank_lines.rules import LineState
from market.entitlements.model import Entitlement
from market.orders.model import Order
from market.payments.model import Attempt, Payment
from market.payments.rules import AttemptState, PaymentMethod
from market.refunds.model import ProviderDispute, Refund
from market.refunds.rules import DisputeStage, RefundState
from settlement.arrivals.queries import arrived_as, payouts_of_lines
from settlement.arrivals.rules import payout_in
from settlement.matching.rules import Flow, Item, Side
from settlement.payouts.model import Payout, PayoutBatch
from settlement.payouts.rules import PayoutState
from settlement.provider_lines.model import ProviderBatch, ProviderLine
from settlement.vouchers.queries import CHUNK, WON, Wanted, about_payout, about_refund, caused_by, ledger, rows_of

PAYEE_PAYOUT = re.compile(r"(?<![0-9A-Za-z])(?:PAY|BAT)-[0-9a-z_-]+-\d{4}-\d{6}(?!\d)", re.ASCII)


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
    found += caused_by(session, place, found)
    found += rights(session, Wanted(place, names=frozenset(item.order for item in found if item.order)))
    once = {(item.side, item.key): item for item in found}
    return [once[key] for key in sorted(once)]


def _of_period(session: Session, wanted: Wanted) -> list[Item]:
    found = [*provider(session, wanted), *_orders(session, wanted), *banks(session, wanted), *rights(session, wanted)]
    return found + ledger(session, wanted)


def _named(session: Session, wanted: Wanted) -> list[Item]:
    return [*provider(session, wanted), *_orders(session, wanted), *banks(session, wanted)]


def _orders(session: Session, wanted: Wanted) -> Iterator[Item]:
    for gather in (attempts, refunds, disputes, receipts, captured, payouts):
        yield from gather(session, wanted)


def _names(found: Iterable[Item]) -> frozenset[str]:
    names = {name for item in found for name in (item.reference, item.parent, item.batch, item.order)}
    return frozenset(names - {""})


def provider(session: Session, wanted: Wanted) -> list[Item]:
    """Return the lines of the provider's reports."""
    line = ProviderLine
    query = sa.select(
        line.serial, line.flow, line.reference, line.amount, line.day, line.currency, line.fee, line.net, line.parent,
        sa.func.coalesce(sa.func.nullif(line.batch, ""), ProviderBatch.batch, "").label("batch"), line.own, line.words,
    ).where(line.place == wanted.place)  # fmt: skip
    told_later = sa.and_(ProviderBatch.place == line.place, ProviderBatch.serial == line.serial)
    query = query.outerjoin(ProviderBatch, told_later)
    return [
        Item(Side.PROVIDER, row.serial, row.flow, row.reference, row.amount, row.day, row.currency, row.fee, row.net,
             row.parent, row.batch, row.own, words=row.words)
        for row in rows_of(session, query, wanted, line.day, line.reference, line.parent, line.batch, line.serial,
                           ProviderBatch.batch)
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
        for row in rows_of(session, query, wanted, Attempt.received_at, Attempt.intent_id, Attempt.provider_id,
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
    for row in rows_of(session, query, wanted, Refund.done_at, Refund.provider_id, Refund.intent_id, Refund.evidence,
                     Order.number):  # fmt: skip
        about = about_refund(row.method, row.provider_id, row.evidence, row.intent_id, row.order)
        found.append(Item(Side.ORDERS, row.number, about.flow, about.reference, -row.amount, business_date(row.done_at),
                          parent=about.parent, own=row.number, order=row.order))  # fmt: skip
    return found


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
    for row in rows_of(session, query, wanted, ProviderDispute.at, ProviderDispute.provider_id, Attempt.intent_id):
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
        for row in rows_of(session, query, wanted, BankLine.booked_at, BankLine.serial, Order.number)
    ]  # fmt: skip
    back = sa.select(BankLine.serial, BankLine.returned_serial, BankLine.amount, BankLine.booked_at,
                     BankLine.returned_at).where(BankLine.place == wanted.place,
                                                 BankLine.state == LineState.RETURNED)  # fmt: skip
    for moment in (BankLine.booked_at, BankLine.returned_at):
        for row in rows_of(session, back, wanted, moment, BankLine.serial, BankLine.returned_serial):
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
    for row in rows_of(session, query, wanted, Payment.captured_at, Payment.number, Payment.bank_line, Order.number):
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
        for row in rows_of(session, query, wanted, Entitlement.granted_at, Order.number)
    ]


def payouts(session: Session, wanted: Wanted) -> list[Item]:
    """Return what was paid to payees, as the payouts have it: confirmed, or returned after the bank had sent it."""
    went_out = sa.exists().where(BankLine.place == Payout.place, BankLine.serial == Payout.bank_line,
                                 BankLine.state == LineState.OUTGOING)  # fmt: skip
    query = (
        sa.select(Payout.number, Payout.bank_line, Payout.provider_id, Payout.amount, Payout.ended_at,
                  PayoutBatch.number.label("batch"), PayoutBatch.channel)
        .join(PayoutBatch, PayoutBatch.id == Payout.batch_id)
        .where(Payout.place == wanted.place, Payout.amount > ZERO, sa.or_(
            Payout.state == PayoutState.CONFIRMED, sa.and_(Payout.state == PayoutState.RETURNED, went_out)))
    )  # fmt: skip
    found = []
    for row in rows_of(session, query, wanted, Payout.ended_at, Payout.bank_line, Payout.provider_id,
                       PayoutBatch.number):  # fmt: skip
        about = about_payout(row)
        found.append(Item(Side.ORDERS, row.number, about.flow, about.reference, -row.amount,
                          business_date(row.ended_at), own=row.number))  # fmt: skip
    return found


def banks(session: Session, wanted: Wanted) -> list[Item]:
    """Return the lines of the bank: credits, payouts of the provider among them, and debits."""
    query = sa.select(BankLine.id, BankLine.serial, BankLine.amount, BankLine.booked_at, BankLine.state,
                      BankLine.remark, BankLine.payer_name).where(BankLine.place == wanted.place)  # fmt: skip
    found = list(rows_of(session, query, wanted, BankLine.booked_at, BankLine.serial))
    told = sorted(name for name in wanted.names if name[:3] in ("po_", "BAT"))
    for first in range(0, len(told), CHUNK // 10):
        some = told[first : first + CHUNK // 10]
        in_words = [BankLine.remark.contains(name, autoescape=True) for name in (*some, *_numbers_of(session, some))]
        found += session.execute(query.where(sa.or_(arrived_as(some), *in_words)))
    arrived = payouts_of_lines(session, {row.id for row in found})
    debits = _payouts_of_debits(session, wanted.place, [row for row in found if row.state is LineState.OUTGOING])
    return [_bank_item(row, arrived, debits) for row in found]


def _numbers_of(session: Session, batches: Collection[str]) -> list[str]:
    """Return the numbers of the payouts in batches that the bank gave no line of their own."""
    query = sa.select(Payout.number).join(PayoutBatch, PayoutBatch.id == Payout.batch_id)
    return list(session.scalars(query.where(PayoutBatch.number.in_(batches), Payout.bank_line.is_(None))))


def _payouts_of_debits(session: Session, place: str, rows: Sequence[Any]) -> dict[str, tuple[str, str]]:
    """Return the reference and our own number of the payout that a debit is, by serial number."""
    named = {row.serial: told[0] for row in rows if (told := PAYEE_PAYOUT.search(row.remark))}
    found: dict[str, tuple[str, str]] = {}
    query = sa.select(Payout.number, Payout.bank_line, PayoutBatch.number.label("batch"))
    query = query.join(PayoutBatch, PayoutBatch.id == Payout.batch_id).where(Payout.place == place)
    known: dict[str, tuple[str, str]] = {}
    names, serials = sorted(set(named.values())), sorted(row.serial for row in rows)
    for first in range(0, max(len(names), len(serials)), CHUNK):
        some, own = names[first : first + CHUNK], serials[first : first + CHUNK]
        is_one = sa.or_(Payout.number.in_(some), PayoutBatch.number.in_(some), Payout.bank_line.in_(own))
        for row in session.execute(query.where(is_one)):
            known |= {row.number: (row.batch, row.number), row.batch: (row.batch, row.batch)}
            if row.bank_line:
                found[row.bank_line] = (row.bank_line, row.number)
    return {serial: known[name] for serial, name in named.items() if name in known} | found


def _bank_item(row: Any, arrived: Mapping[UUID, str], debits: Mapping[str, tuple[str, str]]) -> Item:
    is_out = row.state is LineState.OUTGOING
    payout = "" if is_out else arrived.get(row.id) or payout_in(row.remark)
    reference, own = debits.get(row.serial, (row.serial, "")) if is_out else (payout or row.serial, "")
    flow = Flow.SENT if is_out else Flow.PAYOUT if payout else Flow.RECEIPT
    return Item(Side.BANK, row.serial, flow, reference, -row.amount if is_out else row.amount,
                business_date(row.booked_at), own=own, words=f"{row.payer_name} · {row.remark}")  # fmt: skip
