"""Writing the index of the catalogue: with the listing, and again whenever the facts behind it have changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import business_date
from kernel.db import to_json
from kernel.identity import Actor
from market.search import queries
from market.search.model import FULL_TEXT, NO_PRICE, SearchEntry
from market.search.rules import facet_token, indexed


@dataclass(frozen=True, slots=True)
class Offered:
    """A listing as the index needs it."""

    listing_id: UUID
    product_id: UUID
    title: str
    summary: str


def write(session: Session, actor: Actor, offered: Sequence[Offered], *, now: datetime) -> int:
    """Write the entries of listings from the facts of this moment, new or anew; return how many.

    Raises:
        NoSuchProduct: a listing names no product.
    """
    for one in offered:
        _write(session, one, now)
    if offered:
        named = ("SearchEntry", str(offered[0].listing_id))
        audit.record(session, actor, "search.index", named, at=now, detail={"entries": len(offered)})
    return len(offered)


def _write(session: Session, offered: Offered, now: datetime) -> None:
    session.flush()
    texts, facets = queries.read_facts(session, offered.product_id, title=offered.title, summary=offered.summary)
    tokens = [facet_token(facet, value) for facet, values in facets.items() for value in values]
    found = indexed(texts, tokens)
    lowest = queries.lowest_price(session, offered.product_id, business_date(now))
    values = {
        "words": found.words, "text": found.text, "sounds": found.sounds, "initials": found.initials,
        "facets": to_json({str(facet): of_facet for facet, of_facet in facets.items()}),
        "stamp": queries.stamp_of(session, offered.product_id),
        "price_order": NO_PRICE if lowest is None else lowest.units, "indexed_at": now,
    }  # fmt: skip
    entry = queries.entry_of(session, offered.listing_id)
    before = None if entry is None else entry.words
    if entry is None:
        entry = SearchEntry(listing_id=offered.listing_id, product_id=offered.product_id, uses=0, **values)
        session.add(entry)
    for name, value in values.items():
        setattr(entry, name, value)
    session.flush()
    _keep_full_text(session, entry.id, before, found.words)


def _keep_full_text(session: Session, entry_id: int, before: str | None, words: str | None) -> None:
    """Tell FTS5 what an entry said and what it says; PostgreSQL keeps its own index."""
    if session.get_bind().dialect.name != "sqlite":
        return
    if before is not None:
        forget = sa.text(f"INSERT INTO {FULL_TEXT} ({FULL_TEXT}, rowid, words) VALUES ('delete', :id, :words)")  # noqa: S608
        session.execute(forget, {"id": entry_id, "words": before})
    if words is not None:
        learn = sa.text(f"INSERT INTO {FULL_TEXT} (rowid, words) VALUES (:id, :words)")  # noqa: S608
        session.execute(learn, {"id": entry_id, "words": words})


def remove(session: Session, actor: Actor, listing_id: UUID, *, now: datetime) -> None:
    """Take a withdrawn listing out of the index."""
    entry = queries.entry_of(session, listing_id)
    if entry is None:
        return
    entry_id, words = entry.id, entry.words
    session.delete(entry)
    session.flush()
    _keep_full_text(session, entry_id, words, None)
    audit.record(session, actor, "search.remove", ("SearchEntry", str(listing_id)), at=now)


def rewrite_full_text(session: Session, actor: Actor, *, now: datetime) -> None:
    """Let SQLite read its full text anew from all entries, whatever it held; PostgreSQL keeps its own right."""
    if session.get_bind().dialect.name == "sqlite":
        for step in ("rebuild", "optimize"):
            session.execute(sa.text(f"INSERT INTO {FULL_TEXT} ({FULL_TEXT}) VALUES (:step)"), {"step": step})  # noqa: S608
    audit.record(session, actor, "search.rewrite", ("SearchEntry", "*"), at=now)


def put_in_order(session: Session, actor: Actor, uses: Mapping[UUID, int], *, now: datetime) -> int:
    """Write what the orders by price and by use go by: lowest price of the day, and how often each product was used.

    ``uses`` gives product → uses, counted by who knows them; a product that is not named was not used. Returns how
    many entries changed.
    """
    lowest = queries.lowest_prices(business_date(now)).subquery()
    price = sa.func.coalesce(sa.type_coerce(lowest.c.lowest, sa.BigInteger), NO_PRICE).label("price")
    query = sa.select(SearchEntry.id, SearchEntry.product_id, SearchEntry.price_order, SearchEntry.uses, price)
    changed = []
    for row in session.execute(query.outerjoin(lowest, lowest.c.product_id == SearchEntry.product_id)):
        used = uses.get(row.product_id, 0)
        if (row.price_order, row.uses) != (row.price, used):
            changed.append({"id": row.id, "price_order": row.price, "uses": used})
    if changed:
        session.execute(sa.update(SearchEntry), changed)
        audit.record(session, actor, "search.order", ("SearchEntry", "*"), at=now, detail={"entries": len(changed)})
    return len(changed)
