"""What is left of the Chinese on a page that was asked for in English: what the program says, not what people wrote.

People's words are marked in the template by ``lang="zh-Hans"``, or stand in the database as one whole text.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from tests.pages.hostile import WORDS, columns

SAID_BY_ATTRIBUTES = ("title", "aria-label", "placeholder", "alt", "data-copied", "data-confirm")
EMPTY = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)
UNREAD = frozenset(("script", "style"))
HEAD = 2  # characters by which texts are looked up


class Stored:
    """The texts of a database in which there is a Chinese word, each as a whole."""

    def __init__(self, file: Path) -> None:
        self.by_head: dict[str, list[str]] = {}
        connection = sqlite3.connect(file)
        for text in sorted(set(_texts(connection)), key=len, reverse=True):
            self.by_head.setdefault(text[:HEAD], []).append(text)
        connection.close()

    def left_of(self, text: str) -> str:
        """Return a text without what stands in the database, the longest first."""
        left, at = "", 0
        while at < len(text):
            whole = next((one for one in self.by_head.get(text[at : at + HEAD], ()) if text.startswith(one, at)), "")
            left += "" if whole else text[at]
            at += len(whole) or 1
        return left


def _texts(connection: sqlite3.Connection) -> Iterator[str]:
    for table, column, _kind in columns(connection):
        for (value,) in connection.execute(f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL"):
            if isinstance(value, str) and value.startswith(("[", "{", '"')):
                yield from _leaves(json.loads(value))
            elif isinstance(value, str):
                yield from _leaves(value)


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        lines = [" ".join(line.split()) for line in (value, *value.splitlines())]
        yield from (line for line in lines if WORDS.search(line) and len(line) >= HEAD)
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _leaves(one)


class _Reader(HTMLParser):
    """Collects what stands outside every element marked as Chinese."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.within: list[tuple[str, bool]] = []  # open elements, and whether their words are to be read

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        read = self.reading and tag not in UNREAD and not (named.get("lang") or "").startswith("zh")
        if read:
            self.said += [named[name] or "" for name in SAID_BY_ATTRIBUTES if name in named]
        if tag not in EMPTY:
            self.within.append((tag, read))

    def handle_endtag(self, tag: str) -> None:
        while any(one == tag for one, _ in self.within) and self.within.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self.reading:
            self.said.append(data)

    @property
    def reading(self) -> bool:
        return not self.within or self.within[-1][1]


def chinese_left(page: str, stored: Stored) -> Iterable[str]:
    """Return the Chinese that an English page says in the program's own words, each once."""
    reader = _Reader()
    reader.feed(page)
    said = dict.fromkeys(" ".join(text.split()) for text in reader.said if WORDS.search(text))
    return [text for text in said if WORDS.search(stored.left_of(text))]
