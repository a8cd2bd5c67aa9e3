"""A feed is well-formed whatever its entries say, and names the moment of its newest entry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from market.feeds.rules import Item, atom

ATOM = "{http://www.w3.org/2005/Atom}"
MOMENT = datetime(2026, 7, 20, 2, tzinfo=UTC)
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def item(title: str = "企业信用", summary: str = "", category: str = "金融", updated: datetime = MOMENT) -> Item:
    return Item("urn:uuid:1", title, "https://a.example/products/1", "数据商", summary, (category,), MOMENT, updated)


def feed_of(*items: Item) -> ElementTree.Element:
    made = atom(identity="https://a.example/f", title="目录", address="https://a.example/f", page="https://a.example/",
                items=items, updated=MOMENT)  # fmt: skip
    return ElementTree.fromstring(made)  # noqa: S314, our own text


@given(ANY, ANY, ANY)
def test_whatever_an_entry_says_the_feed_can_be_read(title, summary, category):
    entry = feed_of(item(title, summary, category)).find(f"{ATOM}entry")
    assert entry is not None
    said = (entry.findtext(f"{ATOM}title") or "", entry.findtext(f"{ATOM}summary") or "")
    kept = [one for one in title if one >= " " and one not in "\ufffe\uffff\r"]
    assert [one for one in said[0] if one >= " " and one != "\r"] == kept


def test_the_feed_was_updated_when_its_newest_entry_was_and_an_empty_one_when_it_was_read():
    later = MOMENT + timedelta(days=1)
    assert feed_of(item(), item(updated=later)).findtext(f"{ATOM}updated") == later.isoformat()
    assert feed_of().findtext(f"{ATOM}updated") == MOMENT.isoformat()


def test_an_entry_names_what_rfc_4287_demands():
    entry = feed_of(item()).find(f"{ATOM}entry")
    assert entry is not None
    assert entry.findtext(f"{ATOM}id") == "urn:uuid:1"
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == "数据商"
    assert entry.find(f"{ATOM}link").get("href") == "https://a.example/products/1"
    assert entry.find(f"{ATOM}category").get("term") == "金融"
