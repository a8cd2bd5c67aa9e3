"""Reading invoices, how a seller is taxed, and what is left of an invoice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.errors import Conflict, NotFound
from kernel.identity import ROLES_OF, Actor, Permission
from kernel.policy import Cited, PolicyBook
from market.invoices.model import Invoice, Taxpayer
from market.invoices.rules import InvoiceKind, InvoiceState, Parts, TaxpayerKind, left_of
from market.orders.model import Order
from market.orders.queries import in_scope
from market.policy import MarketPolicy

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
    query = sa.select(Invoice).join(Order, Order.id == Invoice.order_id).where(in_scope(actor))
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
    query = sa.select(Invoice).where(
        Invoice.order_id == order_id, Invoice.kind == InvoiceKind.BLUE, Invoice.state != InvoiceState.REFUSED
    )
    return session.scalar(query)


def red_letters(session: Session, invoice_id: UUID) -> Sequence[Invoice]:
    """Return the red letters to an invoice that were not refused, the oldest first."""
    query = sa.select(Invoice).where(Invoice.original_id == invoice_id, Invoice.state != InvoiceState.REFUSED)
    return session.scalars(query.order_by(Invoice.id)).all()


def left(session: Session, invoice: Invoice) -> Parts:
    """Return what is left of an invoice after its red letters, those not yet issued included."""
    return left_of(invoice.parts, (red.parts for red in red_letters(session, invoice.id)))


def of_refund(session: Session, refund_number: str) -> Invoice | None:
    """Return the red letter that follows a refund, or None."""
    return session.scalar(sa.select(Invoice).where(Invoice.refund_number == refund_number))


def taxpayer(session: Session, party_id: UUID, on: date) -> Taxpayer | None:
    """Return how a seller is taxed on a day, or None where it has not said so."""
    query = sa.select(Taxpayer).where(Taxpayer.party_id == party_id, Taxpayer.from_date <= on)
    return session.scalar(query.order_by(Taxpayer.from_date.desc()).limit(1))


def statements(session: Session, party_id: UUID) -> Sequence[Taxpayer]:
    """Return everything a seller stated about how it is taxed, the newest first."""
    query = sa.select(Taxpayer).where(Taxpayer.party_id == party_id).order_by(Taxpayer.from_date.desc())
    return session.scalars(query).all()


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
