"""Reading listings and import batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import business_date
from kernel.errors import Conflict, NotFound
from kernel.identity import ROLES_OF, Actor, Permission
from kernel.policy import PolicyBook
from market.listings.model import ImportBatch, ImportRow, Listing
from market.policy import MarketPolicy
from market.venues.rules import PUBLIC_INTEREST_CHANNEL, fits, venue_rule
from pricing.price_gates.queries import has_price, price_gate
from registry.gates import queries as gates
from registry.gates.rules import Gate
from registry.parties.model import PartyCapacity
from registry.products.model import Product

CHUNK = 500
ESCAPE = "\\"


class NoSuchListing(NotFound):
    """There is no such listing, or none that the actor may know of."""

    code = "listing.not_found"


class NoSuchBatch(NotFound):
    """There is no such import, or none that the actor may know of."""

    code = "import.not_found"


class NotListed(Conflict):
    """A gate to the sale of the product is closed."""

    code = "listing.not_listed"
    title = "产品当前不能交易"
    title_en = "Not for sale now"


def get(session: Session, listing_id: UUID, *, lock: bool = False) -> Listing:
    """Return the listing; locked and read afresh on demand.

    Raises:
        NoSuchListing: there is none.
    """
    query = sa.select(Listing).where(Listing.id == listing_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NoSuchListing(f"没有编号为 {listing_id} 的挂牌", detail_en="No such listing")
    return found


def of_product(session: Session, product_id: UUID) -> Listing | None:
    """Return the listing of a product, withdrawn or not, or None."""
    return session.scalar(sa.select(Listing).where(Listing.product_id == product_id))


def may_sell(session: Session, party_id: UUID, place: str, capacities: Iterable[str]) -> bool:
    """Say whether the organisation holds one of the capacities that may sell at the place (SEP-01)."""
    query = sa.select(sa.literal(1)).where(
        PartyCapacity.party_id == party_id, PartyCapacity.place == place, PartyCapacity.capacity.in_(list(capacities))
    )
    return session.scalar(query.limit(1)) is not None


def listed(actor: Actor, *, place: str | None = None, is_imported: bool | None = None) -> sa.Select[Listing]:
    """Return the query of the listings and drafts that the actor keeps or watches over; one kind or both."""
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role in ROLES_OF[Permission.PRODUCT_READ]:
            at_place = sa.true() if grant.place is None else Listing.place == grant.place
            own = sa.true() if grant.org_id is None else _kept_by(grant.org_id)
            reached.append(at_place & own)
    query = sa.select(Listing).where(sa.or_(sa.false(), *reached))
    if is_imported is not None:
        query = query.where(Listing.product_id.is_(None) if is_imported else Listing.product_id.is_not(None))
    return query if place is None else query.where(Listing.place == place)


def visible(session: Session, actor: Actor, listing_id: UUID) -> Listing:
    """Return one listing or draft.

    Raises:
        NoSuchListing: there is none that the actor keeps or watches over.
    """
    found = session.scalar(listed(actor).where(Listing.id == listing_id))
    if found is None:
        raise NoSuchListing(f"没有编号为 {listing_id} 的挂牌，或不属于本单位", detail_en="No such listing")
    return found


def _kept_by(org_id: UUID) -> sa.ColumnElement[bool]:
    imported = sa.select(ImportBatch.id).where(ImportBatch.org_id == org_id)
    return sa.or_(Listing.seller_id == org_id, Listing.batch_id.in_(imported))


def batches(actor: Actor) -> sa.Select[ImportBatch]:
    """Return the query of the imports that the actor made or watches over."""
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role in ROLES_OF[Permission.LISTING_IMPORT]:
            at_place = sa.true() if grant.place is None else ImportBatch.place == grant.place
            own = sa.true() if grant.org_id is None else ImportBatch.org_id == grant.org_id
            reached.append(at_place & own)
    return sa.select(ImportBatch).where(sa.or_(sa.false(), *reached))


def batch(session: Session, actor: Actor, number: str) -> ImportBatch:
    """Return one import by its number.

    Raises:
        NoSuchBatch: there is none that the actor may know of.
    """
    found = session.scalar(batches(actor).where(ImportBatch.number == number))
    if found is None:
        raise NoSuchBatch(f"没有编号为 {number} 的导入，或不在您的职责范围内", detail_en=f"No import {number}")
    return found


def import_rows(batch_id: UUID, *, accepted: bool | None = None) -> sa.Select[ImportRow]:
    """Return the query of the rows of an import; their ids are in the order of the file."""
    query = sa.select(ImportRow).where(ImportRow.batch_id == batch_id)
    return query if accepted is None else query.where(ImportRow.accepted == accepted)


def remarks(session: Session, batch_id: UUID) -> list[dict[str, str | int]]:
    """Return how often each remark was made in an import, the most frequent first: field, code, level, count."""
    counted: dict[tuple[str, str, str], int] = {}
    for reasons in session.scalars(sa.select(ImportRow.reasons).where(ImportRow.batch_id == batch_id)):
        for reason in reasons:
            key = (reason["field"], reason["code"], reason["level"])
            counted[key] = counted.get(key, 0) + 1
    ranked = sorted(counted.items(), key=lambda item: (item[0][2] != "refusal", -item[1], item[0]))
    return [{"field": field, "code": code, "level": level, "count": count} for (field, code, level), count in ranked]


def imported_addresses(session: Session, place: str, addresses: Sequence[str]) -> dict[str, str]:
    """Return address → number of the draft, for addresses that were imported at the place before."""
    found: dict[str, str] = {}
    for start in range(0, len(addresses), CHUNK):
        part = addresses[start : start + CHUNK]
        query = sa.select(Listing.external_address, Listing.number).where(
            Listing.place == place, Listing.external_address.in_(part)
        )
        found.update({address: number for address, number in session.execute(query) if address is not None})
    return found


# ---- what is offered: derived at every moment from registry, prices and venue rules ----


def listing_gates(session: Session, product: Product, *, now: datetime, book: PolicyBook) -> list[Gate]:
    """Return every condition for the sale of a product: those of the registry, then price, offer and venue."""
    on = business_date(now)
    listing = of_product(session, product.id)
    return [
        *gates.gates(session, product, now=now, book=book),
        price_gate(session, product, on),
        _offer_gate(listing),
        _venue_gate(listing, MarketPolicy.at(book, product.place, on)),
    ]


def _offer_gate(listing: Listing | None) -> Gate:
    is_open = listing is not None and listing.withdrawn_at is None
    fact = "供方尚未上架" if listing is None else f"挂牌 {listing.number}{'' if is_open else '，已由供方下架'}"
    day = business_date(listing.created_at) if listing is not None else None
    return Gate("offered", "供方已上架", is_open, fact, "MKT-01", "", day, "" if is_open else "由供方办理上架")


def _venue_gate(listing: Listing | None, policy: MarketPolicy) -> Gate:
    rule = venue_rule(policy)
    venue = listing.venue if listing is not None else None
    is_open = listing is not None and fits(venue, rule)
    fact = f"交易场所：{venue}" if venue else ("未写明交易场所" if rule.is_required else "当地不要求进场交易")
    todo = "" if is_open else f"写明数据交易场所{f'（{rule.name}）' if rule.name else ''}"
    return Gate("venue", "交易场所符合当地规定", is_open, fact, "MKT-02", rule.citation, None, todo)


def open_condition(now: datetime, book: PolicyBook) -> sa.ColumnElement[bool]:
    """Return the condition over Listing ⋈ Product that everything is open: :func:`listing_gates` as SQL."""
    return _open_on(business_date(now), book)


@lru_cache(maxsize=16)  # to put it together anew for each question takes as long as to answer it
def _open_on(on: date, book: PolicyBook) -> sa.ColumnElement[bool]:
    return sa.and_(
        Listing.withdrawn_at.is_(None),
        sa.or_(sa.false(), *(_venue_condition(place, MarketPolicy.at(book, place, on)) for place in book.places())),
        gates.open_condition(on, book),
        has_price(on),
    )


def _venue_condition(place: str, policy: MarketPolicy) -> sa.ColumnElement[bool]:
    rule = venue_rule(policy)
    here = Listing.place == place
    if not rule.is_required:
        return here
    named = Listing.venue.is_not(None) if rule.name is None else Listing.venue == rule.name
    if PUBLIC_INTEREST_CHANNEL in rule.channels:
        named = sa.or_(named, Listing.venue == PUBLIC_INTEREST_CHANNEL)
    return here & named


def count_by_place(session: Session, *, now: datetime, book: PolicyBook) -> dict[str, int]:
    """Return place → number of listings that anybody may see now."""
    query = sa.select(Listing.place, sa.func.count()).join(Product, Product.id == Listing.product_id)
    query = query.where(open_condition(now, book)).group_by(Listing.place)
    return {place: int(count) for place, count in session.execute(query)}


def is_open(session: Session, product: Product, *, now: datetime, book: PolicyBook) -> bool:
    """Say whether the product may be sold now: every gate in one query, for those who need no words."""
    query = sa.select(Product.id).join(Listing, Listing.product_id == Product.id)
    return session.scalar(query.where(Product.id == product.id, open_condition(now, book))) is not None


def must_be_listed(session: Session, product: Product, *, now: datetime, book: PolicyBook) -> Listing:
    """Return the listing of a product that anybody may buy now.

    Raises:
        NoSuchListing: the product was never offered; its existence is not public.
        NotListed: a gate is closed; ``errors`` names each with what is to be done.
    """
    listing = of_product(session, product.id)
    if listing is None:
        raise not_in_catalogue(product.code)
    if not is_open(session, product, now=now, book=book):
        closed = [gate for gate in listing_gates(session, product, now=now, book=book) if not gate.open]
        words = "；".join(f"{gate.title}：{gate.fact}" for gate in closed)
        raise NotListed(
            f"产品 {product.code} 现在不能交易：{words}",
            detail_en=f"{product.code} cannot be traded now: {', '.join(gate.code for gate in closed)}",
            rule=closed[0].rule,
            article=closed[0].article or None,
            errors=[{"pointer": f"/gates/{gate.code}", "code": NotListed.code, "message": f"{gate.fact}；{gate.todo}"}
                    for gate in closed],
        )  # fmt: skip
    return listing


def not_in_catalogue(code: str) -> NoSuchListing:
    """Return the refusal that gives away nothing about a product that is not shown."""
    return NoSuchListing(
        f"目录中没有产品 {code}：可能尚未上架，或有条件未满足而暂停展示", detail_en=f"{code} is not offered"
    )
