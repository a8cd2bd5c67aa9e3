"""An Atom feed (RFC 4287) as text. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, tostring

ATOM = "http://www.w3.org/2005/Atom"
# characters that XML 1.0 has no way to write
FORBIDDEN = {code: None for code in range(ord(" ")) if chr(code) not in "\t\n\r"} | {
    ord("\ufffe"): None,
    ord("\uffff"): None,
}


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a feed; ``identity`` never changes, ``updated`` says when what it tells last did."""

    identity: str
    title: str
    address: str
    author: str
    summary: str
    categories: tuple[str, ...]
    published: datetime
    updated: datetime


def atom(*, identity: str, title: str, address: str, page: str, items: Sequence[Item], updated: datetime) -> bytes:
    """Return a feed as bytes; ``updated`` is that of an empty one, else the newest entry's counts."""
    feed = Element("feed", {"xmlns": ATOM, "xml:lang": "zh-CN"})
    _text(feed, "id", identity)
    _text(feed, "title", title)
    _text(feed, "updated", max((one.updated for one in items), default=updated).isoformat())
    SubElement(feed, "link", {"rel": "self", "type": "application/atom+xml", "href": address})
    SubElement(feed, "link", {"rel": "alternate", "type": "text/html", "href": page})
    for one in items:
        entry = SubElement(feed, "entry")
        _text(entry, "id", one.identity)
        _text(entry, "title", one.title)
        SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": one.address})
        _text(SubElement(entry, "author"), "name", one.author)
        _text(entry, "published", one.published.isoformat())
        _text(entry, "updated", one.updated.isoformat())
        _text(entry, "summary", one.summary)
        for term in one.categories:
            SubElement(entry, "category", {"term": term.translate(FORBIDDEN)})
    declaration = b'<?xml version="1.0" encoding="utf-8"?>\n'
    return declaration + tostring(feed, encoding="unicode").encode()


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = text.translate(FORBIDDEN)
