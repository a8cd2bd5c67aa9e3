"""S9 of the registry: the worklists and the public search at 100,000 products, against an indexed single-row read.

All are measured in turns, on one server and through the same session, as the pages ask for them: with product and
registrant. A search looks for words that many, some, few and no entries have, and with each filter.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bench import pg
from bench.harness import Result, at_most, percentile
from kernel.db import Database, new_id
from kernel.identity import Role
from registry.desk import queries as desk
from registry.parties.model import Party
from registry.products.model import Product, ProductVersion
from registry.public_register import queries as public
from registry.public_register.queries import Wanted
from registry.public_register.rules import EntryState
from registry.register_desk import queries as register_desk
from registry.register_words.rules import search_text
from registry.registrations.model import Registration
from registry.registrations.rules import RegistrationKind
from registry.reviews.model import Review
from tests.make import registry_base as make
from tests.make.registry_products import make_product, make_registration, make_review
from tests.rig.databases import build_schema

PRODUCTS = 100_000
CHUNK = 5_000
ROUNDS = 160  # ten of each search
PAGE = 50
LIMIT = 20.0
TODAY = date(2026, 7, 10)
PLACES = ("quzhou", "futian", "puer", "xinchang", "guangzhou")
SUBJECTS = ("气象", "信用", "交通", "医保", "不动产", "企业", "水文", "电力", "农产品", "文旅")
FORMS = ("服务指数", "核验", "画像", "风险评分", "预警", "统计报告")
STATES = ("submitted", "accepted", "returned", "public_notice", "objected", *("coded",) * 15)  # a quarter is under way


def row_of(one: Any) -> dict[str, Any]:
    """Return the values of an entity."""
    return {column.key: getattr(one, column.key) for column in sa.inspect(type(one)).mapper.column_attrs}


def fill(session: Session) -> None:
    """Make one product by the commands, and a hundred thousand like it in bulk."""
    made = make_product(session)
    review = make_review(session, made)
    registration = make_registration(session, made)
    party = session.get_one(Party, made.owner_id)
    version = session.get_one(ProductVersion, registration.version_id)
    patterns = {one.__class__: row_of(one) for one in (party, made, version, review, registration)}
    session.commit()
    rng = random.Random(1)
    owners = [patterns[Party] | {"id": new_id(), "uscc": make.uscc(), "name": f"数据商{turn}"} for turn in range(2_000)]
    session.execute(sa.insert(Party), owners)
    for start in range(0, PRODUCTS, CHUNK):
        rows = [made_up(turn, patterns, owners, rng) for turn in range(start, start + CHUNK)]
        for kind in (Product, ProductVersion, Review, Registration):
            session.execute(sa.insert(kind), [row[kind] for row in rows])
        session.commit()


def made_up(
    turn: int, patterns: dict[type, dict[str, Any]], owners: list[dict[str, Any]], rng: random.Random
) -> dict[type, dict[str, Any]]:
    """Return one product with version, review and registration; every fourth is under way somewhere."""
    owner, place = rng.choice(owners), rng.choice(PLACES)
    title = f"{rng.choice(SUBJECTS)}{rng.choice(FORMS)}{turn}号"
    product = patterns[Product] | {
        "id": new_id(), "code": f"BENCH-{turn}", "place": place, "owner_id": owner["id"], "title": title,
        "domain": rng.choice(SUBJECTS),
    }  # fmt: skip
    version = patterns[ProductVersion] | {"id": new_id(), "product_id": product["id"]}
    day = TODAY + timedelta(days=rng.randrange(-5, 25))
    is_open = turn % 4 == 0
    review = patterns[Review] | {
        "id": new_id(), "number": f"BREV-{turn}", "place": place, "applicant_id": owner["id"],
        "subject_id": version["id"], "subject_title": title, "worklist_date": day, "due_date": day if is_open else None,
        "state": "in_stage" if is_open else "passed",
    }  # fmt: skip
    if is_open:
        review["decided_at"] = None
    return {Product: product, ProductVersion: version, Review: review,
            Registration: registered(turn, patterns[Registration], product, version, owner, day, rng)}  # fmt: skip


def registered(
    turn: int, pattern: dict[str, Any], product: dict[str, Any], version: dict[str, Any], owner: dict[str, Any],
    day: date, rng: random.Random,
) -> dict[str, Any]:  # fmt: skip
    """Return one registration, coded or on some step."""
    number, state = f"BREG-{turn}", rng.choice(STATES)
    code = f"B-{turn:06d}" if state == "coded" else None
    valid_from = TODAY - timedelta(days=rng.randrange(1_200)) if code else None
    return pattern | {
        "id": new_id(), "number": number, "place": product["place"], "product_id": product["id"],
        "version_id": version["id"], "registrant_id": owner["id"], "state": state, "code": code,
        "coded_at": pattern["coded_at"] if code else None, "accept_due": day, "review_due": day,
        "notice_start": day - timedelta(days=14), "notice_end": day, "valid_from": valid_from,
        "valid_until": valid_from + timedelta(days=1_095) if valid_from else None,
        "kind": rng.choice(("first", "first", "first", "change")),
        "search_text": search_text([product["title"], product["code"], number, owner["name"], owner["uscc"],
                                    product["scenario"], code or ""]),
    }  # fmt: skip


def searches() -> Iterator[Wanted]:
    """Yield what people look for: words of every frequency, alone and with filters, and what nobody has."""
    yield from itertools.cycle([
        Wanted(), Wanted(q="气象"), Wanted(q="信用 风险"), Wanted(q="数据商777"), Wanted(q="B-012345"),
        Wanted(q="农产品预警88"), Wanted(q="查无此物"), Wanted(q="气"), Wanted(q="服务", place="puer"),
        Wanted(domain="水文", place="quzhou"), Wanted(domain="没有的领域"), Wanted(registrant="数据商1234"),
        Wanted(state=EntryState.EFFECTIVE, q="交通"), Wanted(state=EntryState.EXPIRED),
        Wanted(state=EntryState.REVOKED), Wanted(kind=RegistrationKind.CHANGE, q="医保"),
    ])  # fmt: skip


def measured(database: Database, works: dict[str, Callable[[Session], object]]) -> dict[str, list[float]]:
    """Run the works in turns, each in a session of its own; return the seconds of each."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(ROUNDS):
        for name, work in list(works.items())[:: 1 if turn % 2 else -1]:
            with database.new_session() as session:
                session.connection()
                began = time.perf_counter()
                work(session)
                taken[name].append(time.perf_counter() - began)
    return taken


def works_of(codes: list[str]) -> dict[str, Callable[[Session], object]]:
    """Return what is measured, by name."""
    rng, wanted, person = random.Random(2), searches(), make.actor(Role.REVIEWER, place="puer")
    anywhere = make.actor(Role.AUDITOR)

    def read(session: Session) -> object:
        return session.scalar(sa.select(Registration).where(Registration.code == rng.choice(codes)))

    def search(session: Session) -> object:
        query = public.search(session, next(wanted), on=TODAY)
        return session.scalars(query.order_by(Registration.id.desc()).limit(PAGE + 1)).all()

    def notices(session: Session) -> object:
        query = public.notices(TODAY, place="futian")
        return session.scalars(query.order_by(Registration.id).limit(PAGE + 1)).all()

    def registrar(session: Session) -> object:
        after = (TODAY + timedelta(days=rng.randrange(20)), new_id()) if rng.random() < 0.5 else None
        return register_desk.worklist(session, person if rng.random() < 0.5 else anywhere, limit=PAGE + 1, after=after)

    def reviewer(session: Session) -> object:
        return desk.worklist(session, person, today=TODAY, limit=PAGE + 1)

    return {"read": read, "search": search, "notices": notices, "registrar": registrar, "reviewer": reviewer}


def run() -> list[Result]:
    """Measure the reads of 100,000 products in one run and compare."""
    with pg.running() as bench:
        build_schema(bench.url)
        database = Database(bench.url)
        with database.new_session() as session:
            session.connection(execution_options={"huiyi_writes": True})
            fill(session)
        bench.execute("VACUUM ANALYZE")
        taken = measured(database, works_of([f"B-{turn:06d}" for turn in range(0, PRODUCTS, 7)]))
        database.engine.dispose()
    base = percentile(taken["read"], 0.95)
    titles = {
        "search": "public register: search", "notices": "public register: notices",
        "registrar": "registrar's worklist by due date", "reviewer": "reviewer's worklist by due date",
    }  # fmt: skip
    return [
        at_most(
            f"S9 {title}, {PRODUCTS:,} products ÷ single-row read (p95)",
            f"{percentile(taken[name], 0.95) * 1000:.1f} against {base * 1000:.2f} ms, "
            f"median {percentile(taken[name], 0.5) * 1000:.1f}",
            percentile(taken[name], 0.95) / base, LIMIT,
        )
        for name, title in titles.items()
    ]  # fmt: skip
