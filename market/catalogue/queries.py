"""The public catalogue: what is offered now, searched and filtered, and one product with all its facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, contains_eager, joinedload

from kernel.calendar import business_date
from kernel.identity import Actor
from kernel.policy import PolicyBook
from market.listings.model import Listing
from market.listings.queries import is_open, listing_gates, not_in_catalogue, of_product, open_condition
from market.listings.rules import like_pattern, search_words
from market.venues.rules import PUBLIC_INTEREST_CHANNEL
from pricing.ceilings.model import FeeCap
from pricing.exemptions.model import Exemption
from pricing.exemptions.rules import ExemptionState
from pricing.tariffs.model import Tariff
from pricing.tariffs.queries import cap_of, in_force
from registry.gates.rules import Gate
from registry.parties.model import Party
from registry.products import queries as products
from registry.products.model import Product, ProductVersion
from registry.products.rules import DeliveryForm
from registry.registrations import queries as registrations
from registry.registrations.model import Registration

ESCAPE = "\\"


@dataclass(frozen=True, slots=True)
class OfferedPrice:
    """One price of a product with the cap that binds it."""

    tariff: Tariff
    cap: FeeCap | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the catalogue with its prices in force, the lowest first, and its certificate."""

    listing: Listing
    prices: list[Tariff]
    registration: Registration | None


@dataclass(frozen=True, slots=True)
class Offer:
    """A product as its page shows it: what it is, where it comes from, what it costs, whether it may be sold."""

    product: Product
    listing: Listing | None
    version: ProductVersion
    registration: Registration | None
    prices: list[OfferedPrice]
    gates: list[Gate]

    @property
    def is_open(self) -> bool:
        """Say whether anybody may buy it now."""
        return all(gate.open for gate in self.gates)


def search(
    *,
    now: datetime,
    book: PolicyBook,
    q: str = "",
    place: str | None = None,
    domain: str | None = None,
    delivery_form: DeliveryForm | None = None,
    public_interest: bool = False,
) -> sa.Select[Listing]:
    """Return the query of the listings that anybody may see now, with product and seller.

    ``q`` finds every word anywhere in title, summary, code, scenario, domain or the seller's name;
    ``public_interest`` keeps what is served free of charge to somebody already, or offered for that only.
    """
    seller = aliased(Party)  # the conditions of the registry look at parties of their own
    query = (
        sa.select(Listing)
        .join(Product, Product.id == Listing.product_id)
        .join(seller, seller.id == Listing.seller_id)
        .where(open_condition(now, book))
        .options(contains_eager(Listing.product), contains_eager(Listing.seller.of_type(seller)))
    )
    for word in search_words(q).split():
        pattern = like_pattern(word, escape=ESCAPE)
        query = query.where(
            sa.or_(Listing.search_text.like(pattern, escape=ESCAPE),
                   sa.func.lower(seller.name).like(pattern, escape=ESCAPE))
        )  # fmt: skip
    if place:
        query = query.where(Listing.place == place)
    if domain:
        query = query.where(Product.domain == domain)
    if delivery_form is not None:
        query = query.where(Product.delivery_form == delivery_form)
    return query.where(_served_free(business_date(now))) if public_interest else query


def _served_free(on: date) -> sa.ColumnElement[bool]:
    granted = sa.exists().where(
        Exemption.product_id == Product.id,
        Exemption.state == ExemptionState.APPROVED,
        Exemption.valid_from <= on,
        Exemption.valid_until >= on,
    )
    return sa.or_(granted, Listing.venue == PUBLIC_INTEREST_CHANNEL)


def domains(session: Session, *, now: datetime, book: PolicyBook) -> Sequence[str]:
    """Return the domains of what is offered now, in order: the choices of the filter."""
    query = sa.select(Product.domain).join(Listing, Listing.product_id == Product.id)
    return session.scalars(query.where(open_condition(now, book)).distinct().order_by(Product.domain)).all()


def entries(session: Session, listings: Sequence[Listing], on: date) -> list[Entry]:
    """Return the listings of one page with their prices and certificates, in two queries for all of them."""
    ids = [listing.product_id for listing in listings]
    newest: dict[UUID, dict[str, Tariff]] = {}
    dated = sa.select(Tariff).where(Tariff.product_id.in_(ids), Tariff.effective_from <= on)
    for tariff in session.scalars(dated.order_by(Tariff.effective_from)):
        newest.setdefault(tariff.product_id, {})[tariff.scope] = tariff
    coded = sa.select(Registration).where(Registration.product_id.in_(ids), registrations.effective_clause(on))
    certificates = {found.product_id: found for found in session.scalars(coded.order_by(Registration.valid_from))}
    return [
        Entry(
            listing=listing,
            prices=sorted(newest.get(product_id, {}).values(), key=lambda tariff: tariff.unit_price_max),
            registration=certificates.get(product_id),
        )
        for listing, product_id in zip(listings, ids, strict=True)
        if product_id is not None
    ]


def offer(session: Session, actor: Actor, code: str, *, now: datetime, book: PolicyBook) -> Offer:
    """Return a product for its public page; with a closed gate only to those who may read the product anyway.

    Raises:
        NoSuchListing: there is none, or none that the actor may know of.
    """
    product = session.scalar(
        sa.select(Product).where(Product.code == code.strip().upper()).options(joinedload(Product.owner))
    )
    if product is None:
        raise not_in_catalogue(code)
    if not is_open(session, product, now=now, book=book) and not _may_read(session, actor, product):
        raise not_in_catalogue(code)
    on = business_date(now)
    return Offer(
        product=product,
        listing=of_product(session, product.id),
        version=products.latest_version(session, product.id),
        registration=registrations.effective(session, product.id, on),
        prices=[OfferedPrice(tariff, cap_of(session, tariff, on)) for tariff in in_force(session, product.id, on)],
        gates=listing_gates(session, product, now=now, book=book),
    )


def _may_read(session: Session, actor: Actor, product: Product) -> bool:
    query = sa.select(sa.literal(1)).where(Product.id == product.id, products.in_scope(actor))
    return session.scalar(query) is not None
