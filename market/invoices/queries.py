"""Reading invoices, how a seller is taxed, and what is left of an invoice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from kernel.calendar import Period, start_of_day
from kernel.errors import Conflict, NotFound
from kernel.identity import ROLES_OF, Actor, Permission
from kernel.money import ZERO, Money, total
from kernel.policy import Cited, PolicyBook
from market.invoices.model import Invoice, InvoiceLine, Taxpayer
from market.invoices.rules import InvoiceKind, InvoiceState, Parts, TaxpayerKind, left_of
from market.orders.model import Order
from market.orders.queries import in_scope
from market.payments import queries as payments
from market.payments.model import Payment
from market.policy import MarketPolicy
from market.refunds import queries as refunds
from market.refunds.model import ProviderDispute, Refund
from market.refunds.rules import DisputeStage, RefundState
from registry.products.model import Product

RATE_OF = {TaxpayerKind.GENERAL: "tax_vat_rate", TaxpayerKind.SMALL_SCALE: "tax_vat_levy_rate"}


class NoSuchInvoice(NotFound):
    """There is no such invoice, or none that the actor may know of."""

    code = "invoice.not_found"


class TaxpayerUnknown(Conflict):
    """The seller has not stated how it is taxed, so no rate is known."""

    code = "invoice.taxpayer_unknown"
    title = "供方尚未登记纳税人类别"
    title_en = "The seller has not stated how it is taxed"


def listed(actor: Actor, *, state: InvoiceState | None = None, kind: InvoiceKind | None = None) -> sa.Select[Invoice]:
    """Return the query of the invoices of orders that the actor may read."""
    original = sa.func.coalesce(Invoice.original_id, Invoice.id)
    of_orders = sa.exists().where(InvoiceLine.invoice_id == original, Order.id == InvoiceLine.order_id, in_scope(actor))
    query = sa.select(Invoice).where(of_orders)
    if state is not None:
        query = query.where(Invoice.state == state)
    return query if kind is None else query.where(Invoice.kind == kind)


def visible(session: Session, actor: Actor, number: str) -> Invoice:
    """Return one invoice by our number.

    Raises:
        NoSuchInvoice: there is none that the actor may know of.
    """
    return _one(session.scalar(listed(actor).where(Invoice.number == number)), number)


def locked(session: Session, invoice_id: UUID) -> Invoice:
    """Return one invoice, locked for a change.

    Raises:
        NoSuchInvoice: there is none.
    """
    query = sa.select(Invoice).where(Invoice.id == invoice_id).with_for_update()
    return _one(session.scalar(query.execution_options(populate_existing=True)), str(invoice_id))


def _one(found: Invoice | None, name: str) -> Invoice:
    if found is None:
        raise NoSuchInvoice(f"没有开票申请 {name}，或不属于本单位", detail_en=f"No invoice {name}")
    return found


def standing(session: Session, order_id: UUID) -> Invoice | None:
    """Return the first invoice of an order that was not refused, or None."""
    line = sa.select(InvoiceLine.invoice_id).where(InvoiceLine.order_id == order_id, InvoiceLine.released_at.is_(None))
    return session.scalar(sa.select(Invoice).where(Invoice.id.in_(line)))


def lines(session: Session, invoice: Invoice) -> Sequence[InvoiceLine]:
    """Return what an invoice, or the original of a red letter, says of each order."""
    query = sa.select(InvoiceLine).where(InvoiceLine.invoice_id == (invoice.original_id or invoice.id))
    return session.scalars(query.order_by(InvoiceLine.id)).all()


def lines_with_orders(session: Session, invoice: Invoice) -> list[tuple[InvoiceLine, Order, str]]:
    """Return the lines of an invoice with order and product's title, by order number."""
    query = (
        sa.select(InvoiceLine, Order, Product.title)
        .join(Order, Order.id == InvoiceLine.order_id)
        .join(Product, Product.id == Order.product_id)
        .where(InvoiceLine.invoice_id == (invoice.original_id or invoice.id))
    )
    return [(row[0], row[1], row[2]) for row in session.execute(query.order_by(Order.number))]


def to_invoice(
    session: Session, buyer_id: UUID, month: Period, *, seller_id: UUID | None = None, lock: bool = False
) -> list[tuple[Order, Payment]]:
    """Return the orders of a buyer that were paid in a month (Beijing dates) and have no standing invoice, by number.

    Whatever was paid all back is left out.
    """
    standing_line = sa.exists().where(InvoiceLine.order_id == Order.id, InvoiceLine.released_at.is_(None))
    first, end = start_of_day(month.start), start_of_day(month.end)
    query = (
        sa.select(Order, Payment)
        .join(Payment, Payment.order_id == Order.id)
        .where(Order.buyer_id == buyer_id, Payment.captured_at >= first, Payment.captured_at < end, ~standing_line)
        .order_by(Order.number)
    )
    if seller_id is not None:
        query = query.where(Order.seller_id == seller_id)
    if lock:
        query = query.with_for_update(of=Order).execution_options(populate_existing=True)
    rows = [(row[0], row[1]) for row in session.execute(query)]
    return [(order, paid) for order, paid in rows if paid.amount > refunds.given_back(session, paid.id)]


def red_letters(session: Session, invoice_id: UUID) -> Sequence[Invoice]:
    """Return the red letters to an invoice that were not refused, the oldest first."""
    query = sa.select(Invoice).where(Invoice.original_id == invoice_id, Invoice.state != InvoiceState.REFUSED)
    return session.scalars(query.order_by(Invoice.id)).all()


def left(session: Session, invoice: Invoice) -> Parts:
    """Return what is left of an invoice after its red letters, those not yet issued included."""
    return left_of(invoice.parts, (red.parts for red in red_letters(session, invoice.id)))


def given_back(session: Session, order_id: UUID) -> Money:
    """Return what has gone back of the payment of an order, by refunds and by disputes that its bank lost."""
    payment = payments.of_order(session, order_id)
    return refunds.given_back(session, payment.id) if payment is not None else ZERO


def red_letter_due(session: Session, invoice: Invoice) -> Money:
    """Return over how much of an invoice the money has gone back and no red letter was asked for yet."""
    ids = [line.order_id for line in lines(session, invoice)]
    paid = session.scalars(sa.select(Payment).where(Payment.order_id.in_(ids))).all()
    kept = total(one.amount - refunds.given_back(session, one.id) for one in paid)
    return max(left(session, invoice).gross - kept, ZERO)


def without_red_letter(session: Session, *, limit: int) -> Sequence[UUID]:
    """Return the invoices of which more is left than was kept of the payment, at most ``limit``, the oldest first."""
    red, blue = aliased(Invoice), Invoice
    taken = sa.select(sa.func.coalesce(sa.func.sum(red.gross), 0)).where(
        red.original_id == blue.id, red.state != InvoiceState.REFUSED
    )
    own = (InvoiceLine.invoice_id == blue.id, Payment.order_id == InvoiceLine.order_id)
    paid = sa.select(sa.func.coalesce(sa.func.sum(Payment.amount), 0)).where(*own)
    returned = sa.select(sa.func.coalesce(sa.func.sum(Refund.amount), 0)).where(
        *own, Refund.payment_id == Payment.id, Refund.attempt_id.is_(None), Refund.state == RefundState.DONE
    )
    lost = sa.select(sa.func.coalesce(sa.func.sum(ProviderDispute.amount), 0)).where(
        *own, ProviderDispute.payment_id == Payment.id, ProviderDispute.stage == DisputeStage.LOST
    )
    fen = [
        sa.type_coerce(one.correlate(blue).scalar_subquery(), sa.BigInteger) for one in (taken, returned, lost, paid)
    ]
    over = sa.type_coerce(blue.gross, sa.BigInteger) + fen[0] + fen[1] + fen[2]
    query = sa.select(blue.id).where(blue.kind == InvoiceKind.BLUE, blue.state != InvoiceState.REFUSED)
    return session.scalars(query.where(over > fen[3]).order_by(blue.id).limit(limit)).all()


def taxpayer(session: Session, party_id: UUID, on: date) -> Taxpayer | None:
    """Return how a seller is taxed on a day, or None where it has not said so."""
    query = sa.select(Taxpayer).where(Taxpayer.party_id == party_id, Taxpayer.from_date <= on)
    return session.scalar(query.order_by(Taxpayer.from_date.desc()).limit(1))


def statements(session: Session, party_id: UUID) -> Sequence[Taxpayer]:
    """Return everything a seller stated about how it is taxed, the newest first."""
    query = sa.select(Taxpayer).where(Taxpayer.party_id == party_id).order_by(Taxpayer.from_date.desc())
    return session.scalars(query).all()


def small_scale(session: Session) -> dict[UUID, list[Taxpayer]]:
    """Return everything that sellers stated who were ever small-scale taxpayers, the oldest first."""
    ever = sa.select(Taxpayer.party_id).where(Taxpayer.kind == TaxpayerKind.SMALL_SCALE)
    query = sa.select(Taxpayer).where(Taxpayer.party_id.in_(ever)).order_by(Taxpayer.from_date)
    found: dict[UUID, list[Taxpayer]] = {}
    for one in session.scalars(query):
        found.setdefault(one.party_id, []).append(one)
    return found


def kind_on(stated: Sequence[Taxpayer], on: date) -> TaxpayerKind | None:
    """Return the kind of a seller on a day by what it stated, the oldest first; None before the first statement."""
    return next((one.kind for one in reversed(stated) if one.from_date <= on), None)


def rate_for(session: Session, seller_id: UUID, place: str, on: date, *, book: PolicyBook) -> Cited:
    """Return the rate of tax at which a seller invoices what was paid on a day, with its article.

    Raises:
        TaxpayerUnknown: the seller has not stated how it is taxed.
        PolicyGap: no rate is in force at the place on that day.

    Source:
        增值税法 第十条 (税率), 第十一条 (征收率).
    """
    stated = taxpayer(session, seller_id, on)
    if stated is None:
        raise TaxpayerUnknown(
            f"供方尚未登记 {on} 的纳税人类别（一般纳税人或小规模纳税人），不能确定税率；请供方先在开票页登记。",
            detail_en=f"The seller has not stated how it was taxed on {on}.",
            rule="REV-07",
        )
    return MarketPolicy.at(book, place, on).require(RATE_OF[stated.kind])


def to_issue(actor: Actor) -> sa.Select[Invoice]:
    """Return the query of the requests that the actor's organisations have to issue in the tax system."""
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role in ROLES_OF[Permission.INVOICE_ISSUE] and grant.org_id is not None:
            at_place = sa.true() if grant.place is None else Invoice.place == grant.place
            reached.append((Invoice.seller_id == grant.org_id) & at_place)
    return sa.select(Invoice).where(sa.or_(sa.false(), *reached), Invoice.state == InvoiceState.REQUESTED)


def waiting(session: Session, actor: Actor) -> Sequence[Invoice]:
    """Return the requests that wait for the actor to issue them, the oldest first."""
    return session.scalars(to_issue(actor).order_by(Invoice.requested_at, Invoice.id)).all()


def by_tax_system_number(session: Session, number: str) -> Invoice | None:
    """Return the invoice that the tax system issued under a number, or None."""
    return session.scalar(sa.select(Invoice).where(Invoice.tax_system_number == number))


@dataclass(frozen=True, slots=True)
class Sheet:
    """One line for the tax system: the invoice, what was sold, the original of a red letter."""

    invoice: Invoice
    order_number: str
    product_title: str
    quantity: int
    parts: Parts
    original: Invoice | None


def sheets(session: Session, found: Sequence[Invoice]) -> list[Sheet]:
    """Return what the tax system needs of each invoice: one line per order, one of a red letter."""
    originals = sa.select(Invoice).where(Invoice.id.in_({one.original_id for one in found if one.original_id}))
    blue = {one.id: one for one in session.scalars(originals)}
    made: list[Sheet] = []
    for one in found:
        rows = lines_with_orders(session, one)
        if one.original_id is None:
            made += [Sheet(one, order.number, title, order.quantity, line.parts, None) for line, order, title in rows]
            continue
        _, order, title = rows[0]
        several = len(rows) > 1
        made.append(
            Sheet(one, "" if several else order.number, f"{title} 等" if several else title,
                  1 if several else order.quantity, one.parts, blue[one.original_id])
        )  # fmt: skip
    return made
