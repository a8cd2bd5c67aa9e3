"""Paid orders with the invoice asked for and issued, made through the real commands."""

from __future__ import annotations

from datetime import date, datetime
from itertools import count
from typing import Any

from sqlalchemy.orm import Session

from kernel.calendar import business_date
from kernel.identity import Actor, Role
from market.entitlements.model import Entitlement
from market.invoices import commands, queries
from market.invoices.model import Invoice
from market.invoices.rules import InvoiceType, TaxpayerKind
from market.orders import queries as orders
from market.orders.model import Order
from registry.parties.model import Party
from tests.make import market as make
from tests.make import registry_base as base

_serial = count(1)


def sides(session: Session, order: Order) -> tuple[Actor, Actor]:
    """A person of the buyer and one of the seller of an order."""
    buyer = base.actor(Role.BUYER, org_id=order.buyer_id)
    return buyer, base.actor(Role.MERCHANT, org_id=order.seller_id, place=order.place)


def state(session: Session, seller: Actor, kind: TaxpayerKind = TaxpayerKind.GENERAL, *, now: datetime) -> None:
    """Let a seller state how it is taxed, unless it has."""
    assert seller.org_id is not None
    if queries.taxpayer(session, seller.org_id, business_date(now)) is None:
        commands.state_taxpayer(session, seller, kind=kind, from_date=date(2026, 1, 1), now=now)


def ask(session: Session, order: Order, *, now: datetime = make.SALE, **changed: Any) -> Invoice:
    """Ask for the invoice of an order in the buyer's name."""
    buyer = session.get_one(Party, order.buyer_id)
    told = {"order_number": order.number, "type": InvoiceType.GENERAL, "title": buyer.name, "tax_number": buyer.uscc}
    return commands.ask(session, sides(session, order)[0], **(told | changed), now=now, book=make.LAW)


def issue(session: Session, invoice: Invoice, *, now: datetime = make.SALE) -> Invoice:
    """Enter a number of the tax system."""
    seller = sides(session, orders.get(session, invoice.order_id))[1]
    return commands.issue(
        session, seller, invoice.id, tax_system_number=f"{next(_serial):020d}", issued_date=business_date(now), now=now
    )


def make_issued(
    session: Session, entitlement: Entitlement | None = None, *, now: datetime = make.SALE, **asked: Any
) -> Invoice:
    """Sell, state, ask and issue."""
    entitlement = entitlement or make.make_entitlement(session)
    order = orders.get(session, entitlement.order_id)
    state(session, sides(session, order)[1], now=now)
    return issue(session, ask(session, order, now=now, **asked), now=now)
