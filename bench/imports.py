"""Time and peak memory of a catalogue import: 1,102 rows, as many as four exchanges publish, and 20,000."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from uuid import UUID

from bench.harness import MIB, Result, at_most, peak_memory
from kernel import clock, db
from kernel.identity import Actor, Grant, Role
from kernel.policy import PolicyBook
from market.listings.commands import import_listings
from tests.rig.databases import build_schema

ROOT = Path(__file__).resolve().parent.parent
PUBLISHED_ROWS = 1_102
MANY_ROWS = 20_000
PRICES = ("0.5元/次", "10元/100次", "面议", "", "754300.0000000001元/次", "88.00元/月", "0元/次", "不限")
HEADINGS = "exchange,title,company,price_text_as_listed,price_mode,amount_dadada,settlement_interval,delivery,url"
IMPORTER = Actor(UUID(int=0), "bench", grants=(Grant(Role.SUPERVISOR),), channel="cli")


def catalogue(rows: int) -> bytes:
    """Return a catalogue with the faults of real ones: float errors, blank prices, prices that say nothing."""
    lines = [
        f"zhejiang,企业信用数据产品{row},示例数据有限公司{row % 97},{PRICES[row % len(PRICES)]},,,,平台内交付,"
        f"https://example.com/{row}"
        for row in range(rows)
    ]
    return "\n".join([HEADINGS, *lines]).encode()


def import_rows(url: str, rows: int) -> float:
    """Import a catalogue into the database at ``url``; return the seconds that the command took."""
    database = db.Database(url)
    book = PolicyBook.load(ROOT / "policies")
    content = catalogue(rows)
    with database.new_session() as session:
        began = time.perf_counter()
        with db.write_transaction(session):
            result = import_listings(session, IMPORTER, place="futian", file_name=f"{rows}.csv", content=content,
                                     now=clock.now(), book=book)  # fmt: skip
            assert result.accepted + result.refused == rows
        return time.perf_counter() - began


def run() -> list[Result]:
    """Import both sizes on SQLite, each in a fresh database, and compare time per row and memory."""
    with tempfile.TemporaryDirectory() as folder:
        urls = [f"sqlite:///{folder}/{name}.sqlite" for name in ("few", "many", "peak")]
        for url in urls:
            build_schema(url)
        few, many = import_rows(urls[0], PUBLISHED_ROWS), import_rows(urls[1], MANY_ROWS)
        peak = peak_memory(import_rows, urls[2], PUBLISHED_ROWS)
    growth = (many / MANY_ROWS) / (few / PUBLISHED_ROWS)
    return [
        at_most(f"import of {PUBLISHED_ROWS:,} rows ÷ 10 s", f"{few:.2f} s, {peak / MIB:.0f} MiB", few / 10, 1),
        at_most("import: time per row, 20,000 ÷ 1,102 rows", f"{many:.2f} s for 20,000", growth, 1.5),
    ]
