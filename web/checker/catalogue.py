"""The index of the catalogue against the listings, with SQL of its own; what it is found by follows the facts."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from web.checker.statements import Check

CATALOGUE_CHECKS = (
    Check("MKT-01", "在架产品不在目录索引中", """SELECT l.number FROM market_listing l
        WHERE l.product_id IS NOT NULL AND l.withdrawn_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM market_search_entry e WHERE e.listing_id = l.id)"""),
    Check("MKT-01", "目录索引指向其他产品或其他地区", """SELECT l.number, p.code FROM market_search_entry e
        JOIN market_listing l ON l.id = e.listing_id JOIN registry_product p ON p.id = e.product_id
        WHERE l.product_id IS NULL OR l.product_id <> e.product_id
            OR e.facets NOT LIKE '%"place":["' || p.place || '"]%'"""),
)  # fmt: skip
FULL_TEXT = "SELECT count(*) FROM sqlite_master WHERE name = 'market_search_fts_docsize'"
# FTS5 keeps the length of everything it has learned by its number
FORGOTTEN = """SELECT l.number FROM market_search_entry e JOIN market_listing l ON l.id = e.listing_id
    WHERE NOT EXISTS (SELECT 1 FROM market_search_fts_docsize d WHERE d.id = e.id)"""
LEFT_OVER = """SELECT d.id FROM market_search_fts_docsize d
    WHERE NOT EXISTS (SELECT 1 FROM market_search_entry e WHERE e.id = d.id)"""


def full_text(connection: sa.Connection) -> Iterator[str]:
    """Yield the entries that SQLite's full text does not know, and what it knows of entries that are gone."""
    if connection.dialect.name != "sqlite" or not connection.scalar(sa.text(FULL_TEXT)):
        return
    for row in connection.execute(sa.text(FORGOTTEN)):
        yield f"MKT-01 全文索引缺少挂牌：{row[0]}"
    for row in connection.execute(sa.text(LEFT_OVER)):
        yield f"MKT-01 全文索引有多余条目：{row[0]}"
