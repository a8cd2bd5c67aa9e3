"""Which orders are taxed by the levy rate because their seller is a small-scale taxpayer."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import business_date
from kernel.policy import Cited, PolicyBook
from market.invoices import queries as invoices
from market.invoices.rules import TaxpayerKind
from market.orders.model import Order
from market.payments.model import Payment
from settlement.policy import SettlementPolicy


def levies(session: Session, place: str, *, book: PolicyBook) -> dict[UUID, Cited]:
    """Return, by order, the levy rate that its price contains, for the paid orders of small-scale sellers of a place.

    What decides is what the seller had stated for the day of payment, as on the invoice; everybody else, and who has
    stated nothing, is taxed by the rate.

    Source:
        增值税法 第十条 (税率), 第十一条 (征收率).
    """
    stated = invoices.small_scale(session)
    if not stated:
        return {}
    query = sa.select(Order.id, Order.seller_id, Payment.captured_at).join(Payment, Payment.order_id == Order.id)
    found: dict[UUID, Cited] = {}
    rows = query.where(Order.place == place, Order.seller_id.in_(stated), Payment.captured_at.is_not(None))
    for order_id, seller_id, captured_at in session.execute(rows):
        assert captured_at is not None, "asked for"
        day = business_date(captured_at)
        if invoices.kind_on(stated[seller_id], day) is not TaxpayerKind.SMALL_SCALE:
            continue
        levy = SettlementPolicy.at(book, place, day).tax_vat_levy_rate
        if levy is not None:
            found[order_id] = levy
    return found
