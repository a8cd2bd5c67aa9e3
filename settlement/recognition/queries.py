"""Reading how far the money of orders is revenue at the end of a day: six sums over the whole place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import DAY, start_of_day
from kernel.money import ZERO, Money
from market.entitlements.model import Entitlement
from market.invoices.model import Invoice, InvoiceLine
from market.invoices.rules import InvoiceKind, InvoiceState
from market.orders.model import Order
from market.payments.model import Payment
from market.refunds.model import ProviderDispute, Refund
from market.refunds.rules import DisputeStage, RefundState
from pricing.costs.rules import ChargeUnit
from pricing.tariffs.model import Tariff
from registry.agreements.model import Agreement
from registry.products.model import Product
from settlement.revenue.model import RevenueLine
from settlement.revenue.rules import Month, Recognition, RedLetter, divided, months_of_term, use_class_of
from settlement.runs.model import SettlementRun

Sums = dict[UUID, Money]


def recognitions(session: Session, *, place: str, day: date) -> list[Recognition]:
    """Return the recognition of every order of a place that cost something, as it stood at the end of a day.

    Args:
        session: the session to read with.
        place: whose orders.
        day: the last day that counts; settlements count from the last day of their period.
    """
    end = start_of_day(day + DAY)
    paid = _sums(session, sa.select(Payment.order_id, sa.func.sum(Payment.amount)).where(
        Payment.place == place, Payment.captured_at < end).group_by(Payment.order_id))  # fmt: skip
    back = _given_back(session, place, end)
    invoiced, credited = _invoiced(session, place, day), _credited(session, place, day)
    earned = _sums(session, sa.select(RevenueLine.order_id, sa.func.sum(RevenueLine.gross))
                   .join(SettlementRun, SettlementRun.id == RevenueLine.run_id)
                   .where(RevenueLine.place == place, SettlementRun.period_end <= day + DAY)
                   .group_by(RevenueLine.order_id))  # fmt: skip
    query = (
        sa.select(Order, Product.code, Agreement.number, Tariff.charge_unit, Entitlement.valid_from,
                  Entitlement.valid_until)
        .join(Entitlement, Entitlement.order_id == Order.id)
        .join(Product, Product.id == Order.product_id)
        .join(Agreement, Agreement.id == Order.agreement_id)
        .outerjoin(Tariff, Tariff.id == Order.tariff_id)
        .where(Entitlement.place == place, Order.amount > ZERO, Order.placed_at < end)
        .order_by(Order.number)
    )  # fmt: skip
    found = []
    for order, product, agreement, unit, first, last in session.execute(query):
        recognised = earned.get(order.id, ZERO)
        limit = order.amount - back.get(order.id, ZERO)
        is_by_time = unit is ChargeUnit.PER_PERIOD
        found.append(
            Recognition(
                order.number,
                product,
                agreement,
                use_class_of(order.purpose),
                order.amount,
                paid.get(order.id, ZERO),
                back.get(order.id, ZERO),
                invoiced.get(order.id, ZERO),
                credited.get(order.id, ZERO),
                recognised,
                tuple(_to_come(first, last, limit, recognised)) if is_by_time else (),
            )
        )
    return found


def _to_come(first: date, last: date, limit: Money, recognised: Money) -> Iterator[Month]:
    """Yield what later months will recognise: the months of the term less what was recognised, the oldest first."""
    taken = recognised
    for month in months_of_term(first, last, amount=max(limit, ZERO)):
        rest = max(month.amount - taken, ZERO)
        taken = max(taken - month.amount, ZERO)
        if rest:
            yield Month(month.month, rest)


def _sums(session: Session, query: sa.Select[Any, Money]) -> Sums:
    return {row[0]: row[1] for row in session.execute(query)}


def _returns(place: str) -> sa.CompoundSelect[Any]:
    """Return the query of what went back of orders, and when: refunds that are done, disputes that were lost."""
    refunded = (
        sa.select(Payment.order_id.label("order_id"), Refund.amount.label("amount"), Refund.done_at.label("at"))
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Refund.place == place, Refund.state == RefundState.DONE, Refund.attempt_id.is_(None))
    )
    lost = (
        sa.select(Payment.order_id, ProviderDispute.amount, ProviderDispute.at)
        .join(Payment, Payment.id == ProviderDispute.payment_id)
        .where(ProviderDispute.place == place, ProviderDispute.stage == DisputeStage.LOST)
    )
    return sa.union_all(refunded, lost)


def _given_back(session: Session, place: str, end: datetime) -> Sums:
    moved = _returns(place).subquery().c
    query = sa.select(moved.order_id, sa.func.sum(moved.amount)).where(moved.at < end).group_by(moved.order_id)
    return _sums(session, query)


def _invoiced(session: Session, place: str, day: date) -> Sums:
    query = (
        sa.select(InvoiceLine.order_id, sa.func.sum(InvoiceLine.gross))
        .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
        .where(Invoice.place == place, Invoice.kind == InvoiceKind.BLUE, Invoice.state == InvoiceState.ISSUED,
               Invoice.issued_date <= day)
        .group_by(InvoiceLine.order_id)
    )  # fmt: skip
    return _sums(session, query)


def _credited(session: Session, place: str, day: date) -> Sums:
    """Sum up red letters by order; each against an invoice of several orders is divided over them on its own."""
    query = (
        sa.select(Invoice.order_id, -sa.func.sum(Invoice.gross))
        .where(Invoice.place == place, Invoice.kind == InvoiceKind.RED, Invoice.state == InvoiceState.ISSUED,
               Invoice.issued_date <= day, Invoice.order_id.is_not(None))
        .group_by(Invoice.order_id)
    )  # fmt: skip
    found = _sums(session, query)
    for order, amount in _credited_of_months(session, place, day):
        found[order] = found.get(order, ZERO) + amount
    return found


def _credited_of_months(session: Session, place: str, day: date) -> Iterator[tuple[UUID, Money]]:
    """Yield what issued red letters to collective invoices take from each order; those that wait keep their turn."""
    letters: dict[UUID, list[Invoice]] = {}
    wanted = (Invoice.place == place, Invoice.kind == InvoiceKind.RED, Invoice.state != InvoiceState.REFUSED,
              Invoice.order_id.is_(None))  # fmt: skip
    query = sa.select(Invoice).where(*wanted)
    for letter in session.scalars(query.order_by(Invoice.requested_at, Invoice.id)):
        assert letter.original_id is not None, "the database keeps it so"
        letters.setdefault(letter.original_id, []).append(letter)
    if not letters:
        return
    lines: dict[UUID, dict[str, Money]] = {}
    of_letters = InvoiceLine.invoice_id.in_(sa.select(Invoice.original_id).where(*wanted))
    for line in session.scalars(sa.select(InvoiceLine).where(of_letters)):
        lines.setdefault(line.invoice_id, {})[line.order_id.hex] = line.gross
    moves = session.execute(sa.select(_returns(place).subquery())).all()
    for original, asked in letters.items():
        told = [RedLetter(-one.gross, _returned_by(moves, one.requested_at)) for one in asked]
        for letter, parts in zip(asked, divided(lines[original], told), strict=True):
            if letter.issued_date is not None and letter.issued_date <= day:
                yield from ((UUID(order), part) for order, part in parts.items())


def _returned_by(moves: Sequence[Any], until: datetime) -> dict[str, Money]:
    found: dict[str, Money] = {}
    for order_id, amount, at in moves:
        if at <= until:
            found[order_id.hex] = found.get(order_id.hex, ZERO) + amount
    return found
