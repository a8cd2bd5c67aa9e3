"""An index written anew equals the one that followed the facts; a wrong index never shows what may not be sold."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.errors import NotAllowed
from kernel.identity import Actor, Grant, Role
from market.catalogue import commands as catalogue
from market.catalogue import queries
from market.listings import commands as listings
from market.listings.queries import of_product
from market.search.model import FULL_TEXT, SearchEntry
from market.search.queries import Wanted, candidates
from market.search.rules import Sort
from registry.agreements import commands as agreements
from registry.parties import commands as parties
from registry.parties.model import Party
from registry.products.model import Product
from tests.make import market as make
from tests.make import pricing as prices
from tests.make import registry_base as base
from tests.make import registry_products as registry
from web import cataloguing

CLOCK = Actor(id=base.new_id(), name="定时任务", grants=(Grant(Role.SCHEDULER),), channel="job")
LATER = make.SALE + timedelta(days=40)
TYPED = ("", "台风", "taifeng", "tfyj", "颱風", "shanhai", "评分", "核验")
KEPT = [column for column in SearchEntry.__table__.columns if column.key not in ("id", "indexed_at")]


def contents(session: Session) -> set[tuple[object, ...]]:
    """Return what every entry says, whatever its number and whenever it was written."""
    return {tuple(row) for row in session.execute(sa.select(*KEPT))}


def answers(session: Session) -> list[list[str]]:
    """Return the results of many searches in every order."""
    found = []
    for q in TYPED:
        for sort in Sort:
            shown = queries.find(session, Wanted(q=q, sort=sort), now=LATER, book=make.LAW, limit=20)
            found.append([entry.listing.product.code for entry in shown.entries])
    return found


def rebuild(session: Session, uses: dict[UUID, int]) -> None:
    """Write the index anew as the program does, batch by batch."""
    after = catalogue.rebuild(session, CLOCK, now=LATER, limit=2)
    while after is not None:
        after = catalogue.rebuild(session, CLOCK, now=LATER, after=after, limit=2)
    catalogue.finish_rebuilding(session, CLOCK, uses, now=LATER)


def followed(session: Session) -> dict[UUID, int]:
    """Let much happen to five products while the timetable keeps up; return how often each was used."""
    made = [make.make_offer(session, title=title) for title in ("台风预警", "企业信用评分", "客流画像", "海况", "内涝")]
    storm, credit, flow, sea, flood = made
    catalogue.refresh(session, CLOCK, {}, now=make.SALE)
    session.get_one(Party, credit.owner_id).name = "山海数据有限公司"
    registry.add_version(session, flow, description="含台风路径")
    catalogue.refresh(session, CLOCK, {storm.id: 2}, now=make.SALE)
    listings.withdraw(session, registry.seller(sea), of_product(session, sea.id).id, now=make.SALE)
    prices.make_tariff(session, flood, {"model": "per_unit", "unit_price": "0.45"}, now=make.SALE,
                       effective_from=(make.SALE + timedelta(days=30)).date(),
                       regime=prices.Regime.MARKET_VALUE_BASED)  # fmt: skip
    uses = {storm.id: 3, credit.id: 9}
    catalogue.refresh(session, CLOCK, uses, now=LATER)
    return uses


def lose_everything(session: Session) -> None:
    """There is no entry any more."""
    session.execute(sa.delete(SearchEntry))


def confuse(session: Session) -> None:
    """Entries speak of something else, and the full text of what they do not say."""
    changed = {"words": "台风 0tabc", "text": "台风", "sounds": "", "initials": "", "facets": "{}", "stamp": "1"}
    session.execute(sa.update(SearchEntry).values(**changed, price_order=1, uses=1))


def lose_full_text(session: Session) -> None:
    """SQLite's full text is empty."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(sa.text(f"INSERT INTO {FULL_TEXT} ({FULL_TEXT}) VALUES ('delete-all')"))


@pytest.mark.both_databases
@pytest.mark.parametrize("damage", [lose_everything, confuse, lose_full_text])
def test_an_index_written_anew_equals_the_one_that_followed_the_facts(session, damage):
    uses = followed(session)
    before, found = contents(session), answers(session)
    assert len(before) == 4
    assert ["台风" in row[KEPT.index(SearchEntry.__table__.c.text)] for row in before].count(True) == 2
    damage(session)
    session.expire_all()
    rebuild(session, uses)
    assert contents(session) == before
    assert answers(session) == found
    rebuild(session, uses)
    assert (contents(session), answers(session)) == (before, found)


@pytest.mark.both_databases
def test_many_hits_are_walked_in_the_order_in_which_few_are_sorted(session):
    followed(session)
    for sort in (Sort.PRICE, Sort.USE):
        assert page_by_page(session, sort, few=0, common=10**9) == page_by_page(session, sort, few=9, common=0)
        assert len(page_by_page(session, sort, few=0, common=10**9)) == 4


def page_by_page(session: Session, sort: Sort, **how: int) -> list[int]:
    """Return the numbers of the entries that a search finds, one at a time."""
    found: list[int] = []
    after = None
    while shown := candidates(session, Wanted(q="核验", sort=sort), on=LATER.date(), limit=1, after=after, **how):
        (after,) = shown
        found.append(after.id)
    return found


def test_only_the_timetable_and_the_terminal_write_the_index_anew(session):
    with pytest.raises(NotAllowed):
        catalogue.rebuild(session, base.supervisor(), now=make.SALE)
    with pytest.raises(NotAllowed):
        catalogue.finish_rebuilding(session, base.supervisor(), {}, now=make.SALE)


def test_the_terminal_writes_the_whole_index_anew_and_says_how_much_it_was(app: Flask):
    with app.app_context():
        with db.transaction() as session:
            make.make_offer(session, title="台风预警")
            make.make_offer(session)
            lose_everything(session)
        assert cataloguing.rebuild(CLOCK, make.SALE) == 2
        found = queries.find(db.session(), Wanted(q="tfyj"), now=make.SALE, book=make.LAW, limit=9)
        assert [entry.listing.title for entry in found.entries] == ["台风预警"]


def suspend_authorization(session: Session, product: Product) -> None:
    """The data authority closes access under the agreement."""
    agreements.suspend(session, base.supervisor(), product.agreement_id, reason="整改", now=make.SALE,
                       correction_due=date(2026, 9, 1))  # fmt: skip


def suspend_seller(session: Session, product: Product) -> None:
    """The data authority suspends the seller."""
    parties.suspend(session, base.supervisor(), product.owner_id, reason="整改", now=make.SALE)


@pytest.mark.both_databases
@pytest.mark.parametrize("suspend", [suspend_authorization, suspend_seller])
def test_what_is_suspended_is_gone_from_every_list_in_the_same_second_though_the_index_still_has_it(
    app: Flask, client: FlaskClient, suspend
):
    with clock.set_to(make.SALE):
        with app.app_context(), db.transaction() as session:
            gone = make.make_offer(session, title="台风预警")
            stays = make.make_offer(session, title="台风路径", place="puer")
        assert shown(client) == ([stays.code, gone.code], 2, {gone.code, stays.code})
        with app.app_context(), db.transaction() as session:
            suspend(session, session.get_one(Product, gone.id))
        assert shown(client) == ([stays.code], 1, {stays.code})
        assert client.get(f"/products/{gone.code}").status_code == 404
        both = {"code": [gone.code, stays.code]}
        assert client.get("/api/v1/comparisons", query_string=both).status_code == 404
        with app.app_context():
            entry = db.session().scalars(sa.select(SearchEntry).where(SearchEntry.product_id == gone.id)).one()
            assert "台风" in entry.text


def shown(client: FlaskClient) -> tuple[list[str], int, set[str]]:
    """Return the products of a search, how many are counted, and those that the feed names."""
    items = client.get("/api/v1/catalogue?q=taifeng").json["items"]
    counted = client.get("/api/v1/catalogue/facets?q=taifeng").json["count"]
    feed = client.get("/catalogue/feed.atom?q=taifeng").get_data(as_text=True)
    every = [item["code"] for item in client.get("/api/v1/catalogue").json["items"]]
    return [item["code"] for item in items], counted, {code for code in every if f"/products/{code}" in feed}
