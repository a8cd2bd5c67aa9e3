"""Candidates of a search, in order and from a position on. Who may see them, the caller asks the facts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session, aliased

from kernel.money import UnitPrice
from market.search import COMMON, FEW, REACH, RULES_VERSION, SPREAD, rules
from market.search.model import FULL_TEXT, SearchEntry
from market.search.rules import Facet, Field, Reading, Sort, Texts, facet_token, nothing_to_compare, wanted
from pricing.costs.rules import ChargeUnit
from pricing.tariffs.model import Tariff
from registry.agreements.model import Agreement
from registry.parties.model import Party
from registry.products import queries as products
from registry.products.model import Product, ProductInput, ProductVersion
from registry.resources.model import Resource

COLUMNS = {Field.TEXT: SearchEntry.text, Field.SOUNDS: SearchEntry.sounds, Field.INITIALS: SearchEntry.initials}
# the expression of the index, to the letter
VECTOR = sa.func.array_to_tsvector(sa.func.string_to_array(SearchEntry.words, sa.text("' '")))
EXPECTED = (
    f"EXPLAIN (FORMAT JSON) SELECT id FROM {SearchEntry.__tablename__} "  # noqa: S608 — a name of ours
    "WHERE array_to_tsvector(string_to_array(words, ' ')) @@ CAST(:text AS tsquery)"
)
ENTRIES = f"SELECT reltuples FROM pg_class WHERE oid = '{SearchEntry.__tablename__}'::regclass"  # noqa: S608 — the same
ID: sa.ColumnElement[int] = SearchEntry.__table__.c.id
full_text = sa.table(FULL_TEXT, sa.column("rowid", sa.Integer), sa.column(FULL_TEXT, sa.Text))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: words, values of facets, a price in yuan per unit within bounds, free use, and the order.

    ``facets`` gives for each indexed facet the values of which one must fit.
    """

    q: str = ""
    facets: Mapping[Facet, Sequence[str]] = field(default_factory=dict)
    charge_unit: ChargeUnit | None = None
    price_above: UnitPrice | None = None
    price_up_to: UnitPrice | None = None
    is_free: bool = False  # the caller of :func:`candidates` says what that means
    sort: Sort = Sort.RELEVANCE

    @property
    def needs_prices(self) -> bool:
        """Whether a price in force has to fit."""
        return not (self.charge_unit is None and self.price_above is None and self.price_up_to is None)


@dataclass(frozen=True, slots=True)
class Position:
    """An entry and its place in the order; a list goes on after it."""

    rank: int
    id: int

    @property
    def text(self) -> str:
        """The position as it travels in a cursor."""
        return f"{self.rank}.{self.id}"


def position_of(text: str | None) -> Position | None:
    """Return the position that :attr:`Position.text` names; nothing for nothing."""
    if text is None:
        return None
    rank, _, entry_id = text.partition(".")
    return Position(int(rank), int(entry_id))


def candidates(
    session: Session, asked: Wanted, *, on: date, limit: int, after: Position | None = None,
    also: Sequence[sa.ColumnElement[bool]] = (), few: int = FEW, common: int = COMMON,
) -> list[Position]:  # fmt: skip
    """Return the next entries that fit, at most ``limit``, in the order asked for, newest first among equals.

    ``also`` holds further conditions over :class:`SearchEntry`. Beyond ``few`` hits (SQLite), or when one of ``common``
    entries is expected to be one (PostgreSQL), the entries are walked in order; what is returned depends on neither.
    """
    also = (*also, *by_prices(asked, on))
    words = wanted(asked.q)
    if words is None:
        return []
    if asked.sort is not Sort.RELEVANCE or not words:
        walked = [] if also else _tried(session, asked, words, limit, after, common)
        return walked or _fetched(session, asked, words, limit, after, also, few=few)
    found: list[Position] = []
    for tier in range(after.rank if after else 0, 2):
        since = after if after and after.rank == tier else None
        found += _fetched(session, asked, words, limit - len(found), since, also, tier=tier)
        if len(found) == limit:
            break
    return found


class _Way(StrEnum):
    """How SQLite comes from its full text to its entries."""

    JOINED = "joined"
    SORTED = "sorted"  # a few hits that were read before
    WALKED = "walked"  # the entries in their order, each looked up among the hits


@dataclass(frozen=True, slots=True)
class _Shape:
    """What decides how the statement looks; everything else travels in its parameters."""

    is_postgresql: bool
    sort: Sort
    asks_index: bool
    goes_on: bool
    way: _Way
    compared: tuple[tuple[Field, ...], ...]  # for each word to compare, the texts that its readings look at


def _fetched(
    session: Session, asked: Wanted, words: list[list[Reading]], limit: int, after: Position | None,
    also: Sequence[sa.ColumnElement[bool]], *, tier: int | None = None, few: int = FEW,
) -> list[Position]:  # fmt: skip
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    text = _question(asked, words, tier, rules.tsquery if is_postgresql else rules.fts5)
    compared = [word for word in words if not nothing_to_compare(word)]
    fields = tuple(tuple(one.field for one in word) for word in compared)
    given: dict[str, Any] = {"tier": tier or 0, "most": limit}
    way = _Way.JOINED
    if text:
        given["text"] = text
    if text and not is_postgresql and asked.sort in (Sort.PRICE, Sort.USE):
        hits = session.scalars(_some_hits(), {"text": text, "most": few + 1}).all()
        if len(hits) > few and not compared and not also:
            near = _near(session, asked, words, limit, after, hits)
            if near:
                return near
        way = _Way.WALKED if len(hits) > few else _Way.SORTED
        given |= {"hits": json.dumps(hits)} if way is _Way.SORTED else {}
    query = _statement(_Shape(is_postgresql, asked.sort, bool(text), after is not None, way, fields))
    if after is not None:
        given |= {"rank": after.rank, "last": after.id}
    for turn, word in enumerate(compared):
        given |= {f"piece_{turn}_{place}": f"%{one.piece}%" for place, one in enumerate(word)}
    return [
        Position(rank, entry_id) for rank, entry_id in session.execute(query.where(*also) if also else query, given)
    ]


def _tried(
    session: Session, asked: Wanted, words: list[list[Reading]], limit: int, after: Position | None, common: int
) -> list[Position]:
    """Return a whole page from PostgreSQL's index of prices or uses, walked a little way, or nothing.

    The planner says how many hits it expects, and may be wrong; the way is short, so that this never costs much.
    """
    text = _question(asked, words, None, rules.tsquery)
    is_ordered = bool(text) and asked.sort in (Sort.PRICE, Sort.USE) and all(map(nothing_to_compare, words))
    if not is_ordered or session.get_bind().dialect.name != "postgresql":
        return []
    (plan,) = session.execute(sa.text(EXPECTED), {"text": text}).scalar_one()
    entries = session.scalar(sa.text(ENTRIES)) or 0
    if plan["Plan"]["Plan Rows"] * common < entries:
        return []
    given = {"text": text, "most": limit} | ({} if after is None else {"rank": after.rank, "last": after.id})
    found = session.execute(_walk(asked.sort, after is not None), given).all()
    return [Position(rank, entry_id) for rank, entry_id in found] if len(found) == limit else []


@lru_cache(maxsize=4)
def _walk(sort: Sort, goes_on: bool) -> sa.Select[Any]:
    entry = SearchEntry
    by: Any = entry.price_order if sort is Sort.PRICE else entry.uses
    first = sa.select(by.label("rank"), entry.id, entry.words)
    first = first.where(_after(sort, ID)) if goes_on else first
    order = by if sort is Sort.PRICE else by.desc()
    near = first.order_by(order, entry.id.desc()).limit(sa.literal_column(str(REACH))).subquery()
    tokens = sa.func.array_to_tsvector(sa.func.string_to_array(near.c.words, sa.text("' '")))
    query = sa.select(near.c.rank, near.c.id).where(tokens.bool_op("@@")(_asked_of_postgresql()))
    rank = near.c.rank if sort is Sort.PRICE else near.c.rank.desc()
    return query.order_by(rank, near.c.id.desc()).limit(sa.bindparam("most", type_=sa.Integer))


def _near(
    session: Session, asked: Wanted, words: list[list[Reading]], limit: int, after: Position | None,
    hits: Sequence[int],
) -> list[Position]:  # fmt: skip
    """Return a whole page from SQLite's index of prices or uses, or nothing, where its hits lie close enough for that.

    To list tens of thousands of hits takes longer than to read a few hundred entries in their order.
    """
    reach = SPREAD * limit * (hits[-1] - hits[0] + 1) // len(hits)
    if reach > REACH:
        return []
    column, direction, beyond = ("price_order", "ASC", ">") if asked.sort is Sort.PRICE else ("uses", "DESC", "<")
    since = "" if after is None else f"WHERE {column} {beyond} ? OR {column} = ? AND id < ?"
    held = _question(asked, words, None, rules.read_through)
    text = f"""SELECT {column}, id, {held} FROM {SearchEntry.__tablename__} {since}
        ORDER BY {column} {direction}, id DESC LIMIT {reach}"""  # noqa: S608 — own names and tokens
    given = () if after is None else (after.rank, after.rank, after.id)
    read = session.connection().exec_driver_sql(text, given)
    found = list(islice((Position(rank, entry_id) for rank, entry_id, fits in read if fits), limit))
    read.close()
    return found if len(found) == limit else []


@lru_cache(maxsize=1)
def _some_hits() -> sa.Select[int]:
    return _hits_of_sqlite().limit(sa.bindparam("most", type_=sa.Integer))


def _question(asked: Wanted, words: list[list[Reading]], tier: int | None, spell: Callable[..., str]) -> str:
    """Return what the inverted index is asked: words and facets at once, so that what few products have decides."""
    tokens = [[facet_token(facet, value) for value in values] for facet, values in asked.facets.items() if values]
    if tier is None or not words:
        return spell(words, tokens)
    titles = [[one.of_titles() for one in word] for word in words]
    return spell(titles, tokens) if tier == 0 else spell(words, tokens, titles)


@lru_cache(maxsize=256)  # to put a statement together takes longer than to answer it
def _statement(shape: _Shape) -> sa.Select[Any]:
    entry = SearchEntry
    key = sa.bindparam("tier", type_=sa.BigInteger).label("rank")
    rank: Any = {Sort.PRICE: entry.price_order, Sort.USE: entry.uses}.get(shape.sort, key)
    query, number = _matching(sa.select(rank, entry.id), shape) if shape.asks_index else (sa.select(rank, entry.id), ID)
    for turn, fields in enumerate(shape.compared):
        # pieces are letters and digits: nothing in them is a wildcard
        pieces = (COLUMNS[one].like(sa.bindparam(f"piece_{turn}_{place}")) for place, one in enumerate(fields))
        query = query.where(sa.or_(*pieces))
    if shape.goes_on:
        query = query.where(_after(shape.sort, number))
    price: Any = entry.price_order
    uses: Any = entry.uses
    if shape.asks_index and shape.is_postgresql:
        # in no order of an index: the planner may else walk one, hoping for many hits, and cut the text of every entry
        number, price, uses = (one + sa.literal_column("0") for one in (number, price, uses))
    orders: dict[Sort, list[Any]] = {Sort.PRICE: [price], Sort.USE: [uses.desc()]}
    return query.order_by(*orders.get(shape.sort, []), number.desc()).limit(sa.bindparam("most", type_=sa.Integer))


def _matching(query: sa.Select[Any], shape: _Shape) -> tuple[sa.Select[Any], sa.ColumnElement[int]]:
    """Return the statement with what the inverted index is asked, and the number to order by."""
    if shape.is_postgresql:
        return query.where(VECTOR.bool_op("@@")(_asked_of_postgresql())), ID
    if shape.way is _Way.SORTED:
        hits = sa.func.json_each(sa.bindparam("hits", type_=sa.Text)).table_valued("value")
        return query.where(ID.in_(sa.select(hits.c.value))), ID
    if shape.way is _Way.WALKED:
        # the sign keeps SQLite from looking up all hits first
        return query.where(sa.literal_column(f"+{SearchEntry.__tablename__}.id").in_(_hits_of_sqlite())), ID
    # SQLite walks its full text backwards when asked by its own number, and sorts whatever it finds when not
    joined = query.join(full_text, full_text.c.rowid == SearchEntry.id).where(_asked_of_sqlite())
    return joined, full_text.c.rowid


def _after(sort: Sort, number: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    rank, older = sa.bindparam("rank", type_=sa.BigInteger), number < sa.bindparam("last")
    if sort is Sort.PRICE:
        return sa.or_(SearchEntry.price_order > rank, sa.and_(SearchEntry.price_order == rank, older))
    if sort is Sort.USE:
        return sa.or_(SearchEntry.uses < rank, sa.and_(SearchEntry.uses == rank, older))
    return older


def _asked_of_postgresql() -> sa.ColumnElement[Any]:
    return sa.cast(sa.bindparam("text", type_=sa.Text), TSQUERY)


def _asked_of_sqlite() -> sa.ColumnElement[bool]:
    return full_text.c[FULL_TEXT].match(sa.bindparam("text", type_=sa.Text))


def _hits_of_sqlite() -> sa.Select[int]:
    return sa.select(full_text.c.rowid).where(_asked_of_sqlite())


def by_prices(asked: Wanted, on: date) -> list[sa.ColumnElement[bool]]:
    """Return the condition over :class:`SearchEntry` that a price in force that day fits; nothing where none must."""
    if not asked.needs_prices:
        return []
    fits = _in_force(on)
    if asked.charge_unit is not None:
        fits.append(Tariff.charge_unit == asked.charge_unit)
    if asked.price_above is not None:
        fits.append(Tariff.unit_price_max > asked.price_above)
    if asked.price_up_to is not None:
        fits.append(Tariff.unit_price_max <= asked.price_up_to)
    return [sa.exists().where(Tariff.product_id == SearchEntry.product_id, *fits)]


def _in_force(on: date) -> list[sa.ColumnElement[bool]]:
    later = aliased(Tariff)
    superseded = sa.exists().where(
        later.product_id == Tariff.product_id, later.scope == Tariff.scope,
        later.effective_from <= on, later.effective_from > Tariff.effective_from,
    )  # fmt: skip
    return [Tariff.effective_from <= on, ~superseded.correlate(Tariff)]


def lowest_prices(on: date) -> sa.Select[UUID, UnitPrice]:
    """Return the query of (product, lowest price in force that day) of all products that have one."""
    lowest = sa.func.min(Tariff.unit_price_max)
    return sa.select(Tariff.product_id, lowest.label("lowest")).where(*_in_force(on)).group_by(Tariff.product_id)


def lowest_price(session: Session, product_id: UUID, on: date) -> UnitPrice | None:
    """Return the lowest price in force of a product that day, in yuan per unit, or ``None``."""
    found = session.execute(lowest_prices(on).where(Tariff.product_id == product_id)).one_or_none()
    return None if found is None else found.lowest


def prices_in_force(session: Session, entry_ids: Sequence[int], on: date) -> list[tuple[int, ChargeUnit, UnitPrice]]:
    """Return (entry, charge unit, highest price per unit) of every price in force that day of the entries' products."""
    found = session.execute(_prices_among(on), {"ids": list(entry_ids)})
    return [(entry_id, unit, price) for entry_id, unit, price in found]


@lru_cache(maxsize=8)
def _prices_among(on: date) -> sa.Select[int, ChargeUnit, UnitPrice]:
    query = sa.select(SearchEntry.id, Tariff.charge_unit, Tariff.unit_price_max).distinct()
    query = query.join(Tariff, Tariff.product_id == SearchEntry.product_id)
    return query.where(SearchEntry.id.in_(sa.bindparam("ids", expanding=True)), *_in_force(on))


def stamps() -> sa.Select[UUID, str]:
    """Return the query of (product, stamp): which facts of the registry a product is found by, as a text.

    It is made of the numbers and versions of all rows that :func:`texts_of` and :func:`facets_of` read, so that
    whoever changes one of them changes it.
    """
    owner, operator, department = aliased(Party), aliased(Party), aliased(Party)
    other = aliased(ProductVersion)
    newest = sa.select(sa.func.max(other.number)).where(other.product_id == Product.id).scalar_subquery()
    parts = (
        Product.version, owner.version, operator.version, ProductVersion.number,
        sa.func.coalesce(sa.func.sum(Resource.version), 0), sa.func.coalesce(sa.func.sum(department.version), 0),
    )  # fmt: skip
    stamp: sa.ColumnElement[str] = sa.literal(str(RULES_VERSION))
    for part in parts:
        stamp = stamp.concat(sa.literal(".")).concat(sa.cast(part, sa.Text))
    return (
        sa.select(Product.id.label("product_id"), stamp.label("stamp"))
        .join(owner, owner.id == Product.owner_id)
        .join(Agreement, Agreement.id == Product.agreement_id)
        .join(operator, operator.id == Agreement.operating_institution_id)
        .join(ProductVersion, sa.and_(ProductVersion.product_id == Product.id, ProductVersion.number == newest))
        .outerjoin(ProductInput, ProductInput.version_id == ProductVersion.id)
        .outerjoin(Resource, Resource.id == ProductInput.resource_id)
        .outerjoin(department, department.id == Resource.source_department_id)
        .group_by(Product.id, Product.version, owner.version, operator.version, ProductVersion.number)
    )


def stamp_of(session: Session, product_id: UUID) -> str:
    """Return the stamp of one product."""
    return str(session.execute(stamps().where(Product.id == product_id)).one().stamp)


def entry_of(session: Session, listing_id: UUID) -> SearchEntry | None:
    """Return the entry of a listing."""
    return session.scalar(sa.select(SearchEntry).where(SearchEntry.listing_id == listing_id))


def read_facts(session: Session, product_id: UUID, *, title: str, summary: str) -> tuple[Texts, dict[Facet, list[str]]]:
    """Return what a product is found by: its texts, and its values of each indexed facet.

    Raises:
        NoSuchProduct: there is none.
    """
    product = products.get(session, product_id)
    version = products.latest_version(session, product_id)
    operator = session.get_one(Party, product.agreement.operating_institution_id)
    departments = {used.resource.source_department.id: used.resource.source_department for used in version.inputs}
    names = [product.domain, product.scenario, product.code, product.owner.name, operator.name]
    names += sorted(one.name for one in departments.values())
    fields = [str(one.get("title") or one.get("name") or "") for one in version.fields]
    resources = sorted(used.resource.title for used in version.inputs)
    texts = Texts(title, tuple(names), (product.title, summary, version.description, *fields, *resources))
    facets = {
        Facet.PLACE: [product.place],
        Facet.DOMAIN: [product.domain],
        Facet.OPERATOR: [str(operator.id)],
        Facet.MERCHANT: [str(product.owner_id)],
        Facet.DEPARTMENT: sorted(str(found) for found in departments),
        Facet.DELIVERY_FORM: [product.delivery_form.value],
        Facet.UPDATE_FREQUENCY: sorted({used.resource.update_frequency for used in version.inputs}),
    }
    return texts, facets
