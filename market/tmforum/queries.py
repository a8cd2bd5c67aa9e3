"""Offerings, orders and entitlements as the TM Forum views show them: a page is read in a fixed number of questions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import business_date
from kernel.identity import Actor
from kernel.policy import PolicyBook
from market.catalogue.queries import Entry, entry_of, offer
from market.entitlements import queries as entitlements
from market.entitlements.model import Entitlement
from market.listings.queries import not_in_catalogue
from market.orders.model import Order, Quote
from market.tmforum.rules import HeldView, OfferedPriceView, OfferingView, OrderView
from registry.parties.model import Party
from registry.products.model import Product


class Named(NamedTuple):
    """What orders name by identity: products with code and title, organisations with code and name, quotes."""

    products: dict[UUID, tuple[str, str]]
    parties: dict[UUID, tuple[str, str]]
    quotes: dict[UUID, str]

    def sides(self, order: Order) -> tuple[tuple[str, str, str], ...]:
        """Return buyer and seller of an order."""
        return ("buyer", *self.parties[order.buyer_id]), ("seller", *self.parties[order.seller_id])


def offerings(found: Sequence[Entry]) -> list[OfferingView]:
    """Return entries of the catalogue as offerings."""
    shown = []
    for one in found:
        product, seller = one.listing.product, one.listing.seller
        assert product is not None
        assert seller is not None
        shown.append(_offering(one, product, seller))
    return shown


def _offering(entry: Entry, product: Product, seller: Party) -> OfferingView:
    listing = entry.listing
    return OfferingView(
        code=product.code, title=listing.title, summary=listing.summary, place=listing.place, domain=product.domain,
        venue=listing.venue, seller_uscc=seller.uscc, seller_name=seller.name, listed_at=listing.created_at,
        valid_until=entry.registration.valid_until if entry.registration is not None else None,
        prices=tuple(
            OfferedPriceView(one.number, one.charge_unit.value, one.unit_price_max.text(), one.effective_from)
            for one in entry.prices
        ),
    )  # fmt: skip


def one_offering(session: Session, actor: Actor, code: str, *, now: datetime, book: PolicyBook) -> OfferingView:
    """Return one product of the catalogue as an offering.

    Raises:
        NoSuchListing: there is none that the actor may know of, or nobody offers it.
    """
    found = offer(session, actor, code, now=now, book=book)
    if found.listing is None:
        raise not_in_catalogue(code)
    return _offering(entry_of(session, found.listing, business_date(now)), found.product, found.product.owner)


def orders(session: Session, found: Sequence[Order]) -> list[OrderView]:
    """Return orders with what they name, in three questions for all of them."""
    named = _named(session, found)
    return [
        OrderView(
            number=one.number, reference=one.client_reference, state=one.state, placed_at=one.placed_at,
            quote=named.quotes[one.quote_id], code=named.products[one.product_id][0],
            title=named.products[one.product_id][1], quantity=one.quantity, amount=one.amount.text(),
            scenario=one.scenario, parties=named.sides(one),
        )
        for one in found
    ]  # fmt: skip


def held(session: Session, found: Sequence[Entitlement], *, now: datetime, book: PolicyBook) -> list[HeldView]:
    """Return entitlements with their orders, and which of them hold now, in five questions for all of them."""
    ids = [one.id for one in found]
    sold = {one.id: one for one in _all_of(session, Order, {one.order_id for one in found})}
    named = _named(session, list(sold.values()))
    holding = set(
        session.scalars(
            sa.select(Entitlement.id)
            .join(Order, Order.id == Entitlement.order_id)
            .join(Product, Product.id == Entitlement.product_id)
            .where(Entitlement.id.in_(ids), entitlements.open_condition(now, book))
        )
    )
    return [
        HeldView(
            number=one.number, order=sold[one.order_id].number, code=named.products[one.product_id][0],
            title=named.products[one.product_id][1], holds=one.id in holding, granted_at=one.granted_at,
            valid_from=one.valid_from, valid_until=one.valid_until, quota=one.quota, purpose=one.purpose.value,
            scenario=one.scenario, parties=named.sides(sold[one.order_id]),
        )
        for one in found
    ]  # fmt: skip


def _all_of(session: Session, kind: type[Order], ids: Iterable[UUID]) -> Sequence[Order]:
    return session.scalars(sa.select(kind).where(kind.id.in_(list(ids)))).all()


def _named(session: Session, found: Sequence[Order]) -> Named:
    products = sa.select(Product.id, Product.code, Product.title).where(
        Product.id.in_({one.product_id for one in found})
    )
    concerned = {one.buyer_id for one in found} | {one.seller_id for one in found}
    parties = sa.select(Party.id, Party.uscc, Party.name).where(Party.id.in_(concerned))
    quotes = sa.select(Quote.id, Quote.number).where(Quote.id.in_({one.quote_id for one in found}))
    return Named(
        {key: (code, title) for key, code, title in session.execute(products)},
        {key: (uscc, name) for key, uscc, name in session.execute(parties)},
        {row[0]: row[1] for row in session.execute(quotes)},
    )
