"""The public catalogue: what is offered now, searched and filtered, and one product with all its facts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import count, pairwise
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Load, Session, aliased, contains_eager, joinedload, load_only

from kernel.calendar import business_date, start_of_day
from kernel.identity import Actor
from kernel.policy import Cited, PolicyBook
from market.listings.model import Listing
from market.listings.queries import is_open, listing_gates, not_in_catalogue, of_product, open_condition
from market.policy import MarketPolicy
from market.search import COUNTED_MAX
from market.search.model import SearchEntry
from market.search.queries import Position, Wanted, candidates, prices_in_force, stamps
from market.search.rules import Count, Facet, Range, counted, price_ranges
from market.venues.rules import PUBLIC_INTEREST_CHANNEL
from pricing.ceilings.model import FeeCap
from pricing.exemptions.model import Exemption
from pricing.exemptions.rules import ExemptionState
from pricing.tariffs.model import Tariff
from pricing.tariffs.queries import cap_of, in_force
from registry.gates.rules import Gate
from registry.parties.model import Party
from registry.product_reviews import queries as reviews
from registry.products import queries as products
from registry.products.model import Product, ProductVersion
from registry.products.rules import Change, Section, difference
from registry.quality.queries import Figures, scores
from registry.registrations import queries as registrations
from registry.registrations.model import Registration
from registry.resources.model import Resource
from registry.resources.rules import simulated_rows

SPARE = 4  # candidates asked about beyond those wanted: most of what is listed may be seen
CHUNK_MAX = 1024
SAMPLE_ROWS = 5

IDS = "huiyi_ids"  # stands for the identities until the statement is written out
# what an entry shows of each row; the rest stays where it is
CERTIFICATE = (Registration.product_id, Registration.code, Registration.valid_from, Registration.valid_until)
PRICE = (
    Tariff.product_id, Tariff.number, Tariff.regime, Tariff.charge_unit, Tariff.model, Tariff.unit_price_max,
    Tariff.subject_kind, Tariff.buyer_class, Tariff.scope, Tariff.effective_from,
)  # fmt: skip
LISTED = (Listing.number, Listing.place, Listing.title, Listing.summary, Listing.venue, Listing.created_at)
PRODUCT = (Product.code, Product.place, Product.title, Product.scenario, Product.domain, Product.delivery_form)
SELLER = (Party.name, Party.uscc)
ORGANISATIONS = (Facet.OPERATOR, Facet.MERCHANT, Facet.DEPARTMENT)


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
class Found:
    """One page of results, and the position after which there is more."""

    entries: list[Entry]
    more: Position | None


@dataclass(frozen=True, slots=True)
class Facets:
    """How many results there are (at least, where ``is_partial``), with which values; names of organisations by id."""

    total: int
    is_partial: bool
    counts: list[Count]
    names: dict[str, str]

    def by_facet(self) -> dict[Facet, list[dict[str, Any]]]:
        """Return facet → its values with name and count, the most frequent first; none for facets without values."""
        found: dict[Facet, list[dict[str, Any]]] = {}
        for one in self.counts:
            value = {"value": one.value, "name": self.names.get(one.value, one.value), "count": one.count}
            found.setdefault(one.facet, []).append(value)
        return found


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


@dataclass(frozen=True, slots=True)
class Inside:
    """What is behind an offer: score of each resource, rows to look at, the rules that limit the use, and how often
    it was used when the index was last put in order.
    """

    quality: list[tuple[Resource, Figures]]
    sample: list[dict[str, Any]]
    is_simulated: bool
    limits: list[Cited]
    uses: int


@dataclass(frozen=True, slots=True)
class VersionCourse:
    """One version, and what it changed against the one before."""

    version: ProductVersion
    changes: list[Change]


def search(*, now: datetime, book: PolicyBook) -> sa.Select[Listing]:
    """Return the query of all listings that anybody may see now, with product and seller; :func:`find` narrows it."""
    seller = aliased(Party)  # the conditions of the registry look at parties of their own
    return (
        sa.select(Listing)
        .join(Product, Product.id == Listing.product_id)
        .join(seller, seller.id == Listing.seller_id)
        .where(open_condition(now, book))
        .options(contains_eager(Listing.product), contains_eager(Listing.seller.of_type(seller)))
    )


def find(
    session: Session, asked: Wanted, *, now: datetime, book: PolicyBook, limit: int, after: Position | None = None
) -> Found:
    """Return the entries that anybody may see now and that fit, at most ``limit``, in the order asked for.

    The index names candidates; whether a candidate may be seen is asked of registry and pricing in this moment.
    """
    shown = seen(session, asked, now=now, book=book, limit=limit + 1, after=after)
    more = shown[limit - 1] if len(shown) > limit else None
    return Found(_entries(session, [one.id for one in shown[:limit]], business_date(now)), more)


def seen(
    session: Session, asked: Wanted, *, now: datetime, book: PolicyBook, limit: int, after: Position | None = None
) -> list[Position]:
    """Return the entries of a search that anybody may see now, at most ``limit``, in order."""
    on, found = business_date(now), list[Position]()
    also = [_served_free(on)] if asked.is_free else []
    for turn in count():
        size = min((limit - len(found) + SPARE) << turn, CHUNK_MAX)
        chunk = candidates(session, asked, on=on, limit=size, after=after, also=also)
        visible = _visible(session, [one.id for one in chunk], on, book)
        found += [one for one in chunk if one.id in visible]
        if len(found) >= limit or len(chunk) < size:
            break
        after = chunk[-1]
    return found[:limit]


def _visible(session: Session, entry_ids: Sequence[int], on: date, book: PolicyBook) -> set[int]:
    if not entry_ids:
        return set()
    connection = session.connection()
    is_postgresql = connection.dialect.name == "postgresql"
    given: Any = {"ids": list(entry_ids)} if is_postgresql else (json.dumps(entry_ids),)
    return set(connection.exec_driver_sql(_visible_among(on, book, connection.dialect), given).scalars())


@lru_cache(maxsize=8)  # to put all the conditions together takes longer than to ask them; a book never changes
def _visible_among(on: date, book: PolicyBook, dialect: sa.Dialect) -> str:
    """Return the question which of some entries may be seen that day, written out with the identities left open.

    It is the same condition as ever, but SQLAlchemy would spend twice the time of the answer on its parameters.
    """
    query = sa.select(SearchEntry.id).join(Product, Product.id == SearchEntry.product_id)
    query = query.join(Listing, Listing.id == SearchEntry.listing_id)
    given: sa.ColumnElement[Any] = sa.literal_column(IDS)
    marker = "?"
    if dialect.name == "postgresql":
        among, marker = SearchEntry.id == sa.any_(sa.cast(given, postgresql.ARRAY(sa.BigInteger))), "%(ids)s"
    else:
        among = SearchEntry.id.in_(sa.select(sa.func.json_each(given).table_valued("value").c.value))
    query = query.where(among, open_condition(start_of_day(on), book))
    text = str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    return text.replace(IDS, marker)


def _served_free(on: date) -> sa.ColumnElement[bool]:
    """Return the condition over the index that a product is served free to somebody, or offered for that only."""
    granted = sa.exists().where(
        Exemption.product_id == SearchEntry.product_id,
        Exemption.state == ExemptionState.APPROVED,
        Exemption.valid_from <= on,
        Exemption.valid_until >= on,
    )
    offered = sa.exists().where(Listing.id == SearchEntry.listing_id, Listing.venue == PUBLIC_INTEREST_CHANNEL)
    return sa.or_(granted, offered)


def facets(session: Session, asked: Wanted, *, now: datetime, book: PolicyBook, most: int = COUNTED_MAX) -> Facets:
    """Return how many of the entries that fit have which value of each facet, and how many there are at all.

    Only ``most`` entries are counted; beyond that every number is a lower bound.
    """
    on = business_date(now)
    ids = [one.id for one in seen(session, asked, now=now, book=book, limit=most + 1)]
    is_partial, ids = len(ids) > most, ids[:most]
    given = {"ids": ids}
    alike = Counter(session.scalars(_facets_of(), given))
    rows: list[tuple[Mapping[Any, list[str]], int]] = [(json.loads(text), times) for text, times in alike.items()]
    ranges, priced = _keyed_ranges(), dict[int, dict[str, list[str]]]()
    for entry_id, unit, price in prices_in_force(session, ids, on):
        row = priced.setdefault(entry_id, {Facet.CHARGE_UNIT: [], Facet.PRICE_RANGE: []})
        row[Facet.CHARGE_UNIT].append(unit.value)
        row[Facet.PRICE_RANGE].append(next(key for one, key in ranges if one.holds(price)))
    free = session.scalar(_free_among(on), given) or 0
    rows += [*((row, 1) for row in priced.values()), *([({Facet.FREE: ["true"]}, free)] if free else [])]
    counts = counted(rows)
    return Facets(len(ids), is_partial, counts, _names(session, counts))


@lru_cache(maxsize=1)
def _facets_of() -> sa.Select[str]:
    return sa.select(SearchEntry.facets).where(SearchEntry.id.in_(_given_ids()))


@lru_cache(maxsize=8)
def _free_among(on: date) -> sa.Select[int]:
    query = sa.select(sa.func.count()).select_from(SearchEntry)
    return query.where(SearchEntry.id.in_(_given_ids()), _served_free(on))


@lru_cache(maxsize=1)
def _keyed_ranges() -> list[tuple[Range, str]]:
    return [(one, one.key) for one in price_ranges()]


def _names(session: Session, counts: Sequence[Count]) -> dict[str, str]:
    """Return identity → name of the organisations that are counted."""
    ids = [UUID(one.value) for one in counts if one.facet in ORGANISATIONS]
    query = sa.select(Party.id, Party.name).where(Party.id.in_(ids))
    return {str(party_id): name for party_id, name in session.execute(query)}


def stale(session: Session, *, limit: int) -> Sequence[Listing]:
    """Return listings whose entry is missing or was written from other facts than those of now, the oldest first."""
    facts = stamps().subquery()
    query = (
        sa.select(Listing)
        .join(facts, facts.c.product_id == Listing.product_id)
        .outerjoin(SearchEntry, SearchEntry.listing_id == Listing.id)
        .where(Listing.withdrawn_at.is_(None), sa.or_(SearchEntry.id.is_(None), SearchEntry.stamp != facts.c.stamp))
    )
    return session.scalars(query.order_by(Listing.id).limit(limit)).all()


def offered(session: Session, *, after: UUID | None, limit: int) -> Sequence[Listing]:
    """Return listings that are not withdrawn, the oldest first, from after one of them on."""
    query = sa.select(Listing).where(Listing.product_id.is_not(None), Listing.withdrawn_at.is_(None))
    if after is not None:
        query = query.where(Listing.id > after)
    return session.scalars(query.order_by(Listing.id).limit(limit)).all()


def withdrawn_entries(session: Session, *, limit: int) -> Sequence[UUID]:
    """Return the listings that are withdrawn and still have an entry."""
    query = sa.select(Listing.id).join(SearchEntry, SearchEntry.listing_id == Listing.id)
    return session.scalars(query.where(Listing.withdrawn_at.is_not(None)).limit(limit)).all()


def entry_of(session: Session, listing: Listing, on: date) -> Entry:
    """Return a listing with its prices and certificate, whether the index has it or not."""
    return _entries(session, [listing.id], on, Listing.id)[0]


def _entries(session: Session, keys: Sequence[Any], on: date, key: Any = SearchEntry.id) -> list[Entry]:
    """Return the listings of one page with their prices and certificates, all of them in one statement."""
    found: dict[Any, Entry] = {}
    newest: dict[Any, dict[str, Tariff]] = {}
    for number, listing, tariff, registration in session.execute(_of_entries(on, key), {"ids": keys}):
        found[number] = Entry(listing, [], registration)  # of several the last one counts
        if tariff is not None:
            newest.setdefault(number, {})[tariff.scope] = tariff
    for number, by_scope in newest.items():
        found[number].prices.extend(sorted(by_scope.values(), key=lambda tariff: tariff.unit_price_max))
    return [found[one] for one in keys if one in found]


@lru_cache(maxsize=8)  # to put a statement together takes as long as to answer it
def _of_entries(on: date, key: Any) -> sa.Select[*tuple[Any, ...]]:
    query = sa.select(key, Listing, Tariff, Registration).select_from(Listing)
    certified = sa.and_(Registration.product_id == Listing.product_id, registrations.effective_clause(on))
    shown = (
        load_only(*LISTED, Listing.product_id),
        joinedload(Listing.product, innerjoin=True).load_only(*PRODUCT),
        joinedload(Listing.seller, innerjoin=True).load_only(*SELLER),
        Load(Tariff).load_only(*PRICE), Load(Registration).load_only(*CERTIFICATE),
    )  # fmt: skip
    return (
        (query if key is Listing.id else query.join(SearchEntry, SearchEntry.listing_id == Listing.id))
        .outerjoin(Tariff, sa.and_(Tariff.product_id == Listing.product_id, Tariff.effective_from <= on))
        .outerjoin(Registration, certified)
        .where(key.in_(_given_ids()))
        .order_by(Tariff.effective_from, Registration.valid_from)
        .options(*shown)
    )


def _given_ids() -> sa.BindParameter[Any]:
    return sa.bindparam("ids", expanding=True)


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


def inside(session: Session, offer: Offer, *, on: date, book: PolicyBook) -> Inside:
    """Return what a buyer wants to look at of a product: quality of its data, sample, and limits of its use."""
    resources = sorted((used.resource for used in offer.version.inputs), key=lambda one: one.code)
    found = scores(session, resources, on, book)
    policy = MarketPolicy.at(book, offer.product.place, on)
    limits = (policy.egress_raw_data_forbidden, policy.egress_restorable_forbidden, policy.exemption_purposes_free)
    shown = offer.version.sample
    made_up = simulated_rows(offer.product.code, offer.version.fields, rows=SAMPLE_ROWS) if not shown else []
    return Inside(
        quality=[(one, found[one.id]) for one in resources], sample=shown or made_up, is_simulated=not shown,
        limits=[one for one in limits if one is not None],
        uses=session.scalar(sa.select(SearchEntry.uses).where(SearchEntry.product_id == offer.product.id)) or 0,
    )  # fmt: skip


def versions(session: Session, product: Product) -> list[VersionCourse]:
    """Return the versions of a product that passed their review, newest first, each with what it changed.

    Names of evidence files stay inside.
    """
    passed = [one for one in products.versions(session, product.id) if reviews.passed(session, one.id) is not None]
    facts = [products.facts_of(one) for one in passed]
    changes = [difference(before, after) for after, before in pairwise(facts)]
    shown = [[one for one in changed if one.section is not Section.EVIDENCE] for changed in changes]
    return [VersionCourse(version, changed) for version, changed in zip(passed, [*shown, []], strict=False)]


def _may_read(session: Session, actor: Actor, product: Product) -> bool:
    query = sa.select(sa.literal(1)).where(Product.id == product.id, products.in_scope(actor))
    return session.scalar(query) is not None
