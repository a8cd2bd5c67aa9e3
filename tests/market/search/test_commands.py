"""The index follows the facts: written with the listing, rewritten when they change, emptied when it is withdrawn."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from kernel.db import to_json
from kernel.errors import NotAllowed
from kernel.identity import Actor, Grant, Role
from kernel.money import UnitPrice
from market.catalogue import commands as catalogue
from market.catalogue import queries
from market.listings import commands as listings
from market.search.model import SearchEntry
from market.search.queries import Wanted
from market.search.rules import Sort
from registry.parties.model import Party
from tests.make import market as make
from tests.make import pricing as prices
from tests.make import registry_base as base
from tests.make import registry_products as registry

CLOCK = Actor(id=base.new_id(), name="定时任务", grants=(Grant(Role.SCHEDULER),), channel="job")


def found(session, q="", sort=Sort.RELEVANCE) -> list[str]:
    shown = queries.find(session, Wanted(q=q, sort=sort), now=make.SALE, book=make.LAW, limit=20)
    return [entry.listing.product.code for entry in shown.entries]


def refresh(session, uses=None, now=make.SALE) -> int:
    return catalogue.refresh(session, CLOCK, uses or {}, now=now)


@pytest.mark.both_databases
def test_an_entry_is_written_with_the_listing_and_only_rewritten_when_a_fact_has_changed(session):
    product = make.make_offer(session, title="企业信用评分")
    assert found(session, "qyxy") == [product.code]
    assert refresh(session) == 0
    seller = session.get_one(Party, product.owner_id)
    seller.name = "山海数据有限公司"
    session.flush()
    assert found(session, "shanhai") == []
    assert refresh(session) == 1
    assert found(session, "shanhai") == found(session, "shsj") == [product.code]
    assert refresh(session) == 0


@pytest.mark.both_databases
def test_a_new_version_is_found_by_its_words_once_it_may_be_sold(session):
    product = make.make_offer(session)
    registry.add_version(session, product, description="含台风路径预报")
    assert refresh(session) == 1
    assert found(session, "台风") == []  # its review has not passed
    entry = session.scalars(sa.select(SearchEntry)).one()
    assert "台风" in entry.text


@pytest.mark.both_databases
def test_a_withdrawn_listing_leaves_the_index_and_its_words_with_it(session):
    product, other = make.make_offer(session, title="台风预警"), make.make_offer(session, title="台风路径")
    listing = queries.of_product(session, product.id)
    listings.withdraw(session, registry.seller(product), listing.id, now=make.SALE)
    assert found(session, "tfyj") == []
    assert found(session, "台风") == [other.code]
    assert session.scalar(sa.select(sa.func.count()).select_from(SearchEntry)) == 1


def test_titles_come_before_the_rest_and_newer_before_older(session):
    body = make.make_offer(session, title="区域评分", scenario="台风预警")
    title = make.make_offer(session, title="台风预警")
    newest = make.make_offer(session, title="海况", scenario="台风预警")
    assert found(session, "台风") == found(session, "taifeng") == [title.code, newest.code, body.code]
    assert found(session, "台风", Sort.NEWEST) == [newest.code, title.code, body.code]


@pytest.mark.both_databases
def test_orders_by_price_and_by_use_follow_what_the_timetable_reads(session):
    dear, cheap = make.make_offer(session), make.make_offer(session, model={"model": "per_unit", "unit_price": "0.50"})
    assert found(session, sort=Sort.PRICE) == [cheap.code, dear.code]
    refresh(session, {dear.id: 7})
    assert found(session, sort=Sort.USE) == [dear.code, cheap.code]
    later = make.SALE + timedelta(days=40)
    prices.make_tariff(session, dear, {"model": "per_unit", "unit_price": "0.45"}, effective_from=later.date(),
                       regime=prices.Regime.MARKET_VALUE_BASED, now=make.SALE)  # fmt: skip
    refresh(session, now=make.SALE)
    assert found(session, sort=Sort.PRICE) == [cheap.code, dear.code]
    refresh(session, now=later)
    entry = session.scalars(sa.select(SearchEntry).where(SearchEntry.product_id == dear.id)).one()
    assert entry.price_order == UnitPrice.yuan("0.45").units
    assert entry.uses == 0


def test_only_the_timetable_keeps_the_index(session):
    with pytest.raises(NotAllowed):
        catalogue.refresh(session, base.supervisor(), {}, now=make.SALE)


def test_counting_stops_at_its_limit_and_says_so(session):
    for _ in range(3):
        make.make_offer(session)
    counted = queries.facets(session, Wanted(), now=make.SALE, book=make.LAW, most=2)
    assert (counted.total, counted.is_partial) == (2, True)


def test_facets_are_kept_as_canonical_text(session):
    make.make_offer(session, domain="金融")
    entry = session.scalars(sa.select(SearchEntry)).one()
    assert '"domain":["金融"]' in entry.facets
    assert entry.facets == to_json(json.loads(entry.facets))
