"""The independent checker notices an index of the catalogue that does not follow the listings."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from market.search.model import FULL_TEXT
from tests.make import market as make
from web.checker import verify

BREACHES = {
    "全文索引有多余条目": ["DELETE FROM market_search_entry"],
    "在架产品不在目录索引中": ["DELETE FROM market_search_entry"],
    "目录索引指向其他产品或其他地区": ["UPDATE market_search_entry SET facets = '{}'"],
    "全文索引缺少挂牌": [f"INSERT INTO {FULL_TEXT} ({FULL_TEXT}) VALUES ('delete-all')"],
}


@pytest.mark.parametrize("words", BREACHES)
def test_an_index_that_does_not_follow_the_listings_is_found(session, words):
    make.make_offer(session)
    assert verify(session.connection()) == []
    savepoint = session.begin_nested()
    for statement in BREACHES[words]:
        session.execute(sa.text(statement))
    assert any(words in found for found in verify(session.connection()))
    savepoint.rollback()
