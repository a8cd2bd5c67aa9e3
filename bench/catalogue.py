"""S9 of the market: the catalogue at 100,000 products, a Chinese query with two facets, against a single-row read.

Measured in turns on one server and through one session each: the page of results with prices and certificates, and the
counts of all facets, on SQLite and on PostgreSQL. Every product passes all gates but one in twenty, which are asked
of registry and pricing at every search, as the pages do. Each search was asked before, as in a process that has served
for a minute: dictionaries are read and statements put together. The promise S9 speaks of the page; the counts, which
look at ten times as many products and stand beside it, have a limit of their own.
"""

from __future__ import annotations

import itertools
import json
import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bench import pg
from bench.harness import Result, at_most, percentile
from bench.registry import measured, row_of
from kernel.db import Database, new_id, to_json
from market.catalogue import queries
from market.listings.model import Listing
from market.search.model import FULL_TEXT, SearchEntry
from market.search.queries import Wanted
from market.search.rules import Facet, Sort, Texts, facet_token, indexed
from pricing.tariffs.model import Tariff
from registry.parties.model import Party
from registry.parties.rules import Capacity
from registry.products.model import Product, ProductInput, ProductVersion
from registry.registrations.model import Registration
from registry.reviews.model import Review
from tests.make import market as make
from tests.make import registry_base as base
from tests.make.market import make_offer
from tests.rig.databases import build_schema

PRODUCTS = 100_000
CHUNK = 5_000
WARM_UP = 36  # every search twice
PAGE = 20
LIMITS = {"search": 20.0, "counts": 80.0}
SUBJECTS = ("气象", "信用", "交通", "医保", "不动产", "企业", "水文", "电力", "农产品", "文旅")
FORMS = ("服务指数", "核验", "画像", "风险评分", "预警", "统计报告")
USES = ("贷前核验", "农业保险", "普惠金融", "城市治理", "应急管理", "招商选址")
FREQUENCIES = ("实时", "每日", "每周", "每月", "每年")
PLACES = ("quzhou", "puer")
PATTERNS_EACH = 6  # sellers of their own, with their own agreements, per place
CLOSED_EACH = 20  # of so many products one has lost its review


def fill(session: Session) -> None:
    """Offer some products by the commands, and a hundred thousand like them in bulk."""
    base.make_party(session, Capacity.BUYER, place=PLACES[0])
    patterns = [
        pattern_of(session, make_offer(session, place=place, scenario=scenario, domain=SUBJECTS[0]))
        for place in PLACES for scenario in USES[:PATTERNS_EACH]
    ]  # fmt: skip
    session.commit()
    rng = random.Random(1)
    for start in range(0, PRODUCTS, CHUNK):
        rows = [made_up(turn, rng.choice(patterns), rng) for turn in range(start, start + CHUNK)]
        for kind in KINDS:
            session.execute(sa.insert(kind), [one for row in rows for one in row[kind]])
        session.commit()
    if session.get_bind().dialect.name == "sqlite":
        for step in ("rebuild", "optimize"):  # as `huiyi search rebuild` does
            session.connection().exec_driver_sql(f"INSERT INTO {FULL_TEXT} ({FULL_TEXT}) VALUES ('{step}')")
        session.connection().exec_driver_sql("ANALYZE")
        session.commit()


KINDS = (Product, ProductVersion, ProductInput, Review, Registration, Tariff, Listing, SearchEntry)


def pattern_of(session: Session, product: Product) -> dict[Any, Any]:
    """Return the rows of one product by table, and the names around it."""
    version = session.scalars(sa.select(ProductVersion).where(ProductVersion.product_id == product.id)).one()
    entry = session.scalars(sa.select(SearchEntry).where(SearchEntry.product_id == product.id)).one()
    of_product = (Registration, Tariff, Listing)
    found: dict[Any, Any] = {Product: row_of(product), ProductVersion: row_of(version), SearchEntry: row_of(entry)}
    for kind in of_product:
        found[kind] = row_of(session.scalars(sa.select(kind).where(kind.product_id == product.id)).one())
    found[Review] = row_of(session.scalars(sa.select(Review).where(Review.subject_id == version.id)).one())
    inputs = session.scalars(sa.select(ProductInput).where(ProductInput.version_id == version.id))
    found[ProductInput] = [row_of(one) for one in inputs]
    found["names"] = (product.scenario, session.get_one(Party, product.owner_id).name)
    return found


def made_up(turn: int, pattern: dict[Any, Any], rng: random.Random) -> dict[Any, list[dict[str, Any]]]:
    """Return one product with everything that its gates ask for; its words, domain and frequency are its own."""
    domain, number = rng.choice(SUBJECTS), f"{turn:06d}"
    title = f"{rng.choice(SUBJECTS)}{rng.choice(FORMS)}{turn}号"
    product = pattern[Product] | {"id": new_id(), "code": f"BENCH-{number}", "title": title, "domain": domain}
    version = pattern[ProductVersion] | {"id": new_id(), "product_id": product["id"]}
    listing = pattern[Listing] | {
        "id": new_id(), "number": f"BLST-{number}", "product_id": product["id"], "title": title, "search_text": "",
    }  # fmt: skip
    review = pattern[Review] | {"id": new_id(), "number": f"BREV-{number}", "subject_id": version["id"]}
    if turn % CLOSED_EACH == 0:
        review |= {"state": "in_stage", "decided_at": None}
    common = {"id": new_id(), "product_id": product["id"]}
    registration = pattern[Registration] | common | {
        "version_id": version["id"], "number": f"BREG-{number}", "code": f"B-{number}", "search_text": None,
    }  # fmt: skip
    tariff = pattern[Tariff] | common | {"id": new_id(), "number": f"BTAR-{number}"}
    inputs = [one | {"id": new_id(), "version_id": version["id"]} for one in pattern[ProductInput]]
    return {
        Product: [product], ProductVersion: [version], ProductInput: inputs, Review: [review], Tariff: [tariff],
        Registration: [registration], Listing: [listing],
        SearchEntry: [found_by(pattern, product, listing, rng.choice(FREQUENCIES))],
    }  # fmt: skip


def found_by(
    pattern: dict[Any, Any], product: dict[str, Any], listing: dict[str, Any], frequency: str
) -> dict[str, Any]:
    """Return the entry of one listing, as the command would write it."""
    facets = json.loads(pattern[SearchEntry]["facets"]) | {
        "domain": [product["domain"]],
        "update_frequency": [frequency],
    }
    tokens = [facet_token(Facet(facet), value) for facet, values in facets.items() for value in values]
    names = (product["domain"], product["code"], *pattern["names"])
    found = indexed(Texts(product["title"], names, (listing["summary"],)), tokens)
    entry = {name: value for name, value in pattern[SearchEntry].items() if name != "id"}
    return entry | {
        "listing_id": listing["id"], "product_id": product["id"], "words": found.words, "text": found.text,
        "sounds": found.sounds, "initials": found.initials, "facets": to_json(facets),
    }  # fmt: skip


def searches() -> Iterator[Wanted]:
    """Yield what people look for, each with two facets: words of every frequency in every spelling."""
    spellings = (
        "信用",
        "企業核验",
        "气象 预警",
        "qixiang",
        "fxpf",
        "nongchanpin yujing",
        "医保画像",
        "统计报告88",
        "电力",
    )
    facets: list[dict[Facet, list[str]]] = [
        {Facet.PLACE: ["quzhou"], Facet.DOMAIN: ["气象"]}, {Facet.DOMAIN: ["信用"], Facet.DELIVERY_FORM: ["api"]},
        {Facet.PLACE: ["puer"], Facet.UPDATE_FREQUENCY: ["每日"]},
        {Facet.UPDATE_FREQUENCY: ["每月"], Facet.DOMAIN: ["企业"]},
    ]  # fmt: skip
    return itertools.cycle([
        Wanted(q=q, facets=facets[turn % len(facets)], sort=sort)
        for turn, (q, sort) in enumerate(itertools.product(spellings, (Sort.RELEVANCE, Sort.PRICE)))
    ])  # fmt: skip


def works_of() -> dict[str, Callable[[Session], object]]:
    """Return what is measured, by name."""
    rng, wanted, browsed = random.Random(2), searches(), searches()
    law: dict[str, Any] = {"now": make.SALE, "book": make.LAW}

    def read(session: Session) -> object:
        code = f"BENCH-{rng.randrange(PRODUCTS):06d}"
        return session.scalar(sa.select(Product).where(Product.code == code))

    def search(session: Session) -> object:
        return queries.find(session, next(wanted), limit=PAGE, **law)

    def counts(session: Session) -> object:
        return queries.facets(session, next(browsed), **law)

    return {"read": read, "search": search, "counts": counts}


def results_of(kind: str, database: Database) -> list[Result]:
    """Fill one database, measure the reads in turns and compare."""
    with database.new_session() as session:
        session.connection(execution_options={"huiyi_writes": True})
        fill(session)
    database.engine.dispose()  # a site serves through connections that loaded nothing: they are faster
    return compared(kind, database)


def compared(kind: str, database: Database) -> list[Result]:
    """Return the lines of the table for one filled database."""
    works = works_of()
    for work in works.values():
        for _ in range(WARM_UP):
            with database.new_session() as session:
                work(session)
    taken = measured(database, works)
    base_read = percentile(taken["read"], 0.95)
    titles = {"search": "a page of results", "counts": "counts of every facet"}
    return [
        at_most(
            f"S9 catalogue, {kind}: {title}, words and 2 facets, {PRODUCTS:,} products ÷ single-row read (p95)",
            f"{percentile(taken[name], 0.95) * 1000:.1f} against {base_read * 1000:.2f} ms, "
            f"median {percentile(taken[name], 0.5) * 1000:.1f}",
            percentile(taken[name], 0.95) / base_read, LIMITS[name],
        )
        for name, title in titles.items()
    ]  # fmt: skip


def run() -> list[Result]:
    """Measure the catalogue on both databases."""
    with tempfile.TemporaryDirectory(prefix="huiyi-bench-") as folder:
        url = f"sqlite:///{Path(folder) / 'catalogue.sqlite'}"
        build_schema(url)
        database = Database(url)
        found = results_of("SQLite", database)
        database.engine.dispose()
    with pg.running() as bench:
        build_schema(bench.url)
        database = Database(bench.url)
        with database.new_session() as session:
            fill(session)
        database.engine.dispose()
        bench.execute("VACUUM ANALYZE")
        found += compared("PostgreSQL", database)
        database.engine.dispose()
    return found
