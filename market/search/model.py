"""The index of the catalogue: what a listing is found by. Nothing here says whether anybody may see it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base

# fits every price there can be; a product without one comes last
NO_PRICE = 2**62
WORDS = sa.text("array_to_tsvector(string_to_array(words, ' '))")
FULL_TEXT = "market_search_fts"
# no triggers keep it: SQLite refuses virtual tables in them while it does not trust the schema
FULL_TEXT_SQL = (
    f"CREATE VIRTUAL TABLE {FULL_TEXT} USING fts5(words, content='market_search_entry', content_rowid='id', "
    "detail=none, tokenize='unicode61 remove_diacritics 0')"
)


class SearchEntry(Base):
    """What one listing is found by; written from the facts and rewritten when they change, see ``stamp``.

    ``id`` grows with the listings, so its order is theirs. ``price_order`` and ``uses`` put results in order and
    nothing else; prices and conditions are read from the facts at every search.
    """

    __tablename__ = "market_search_entry"
    __table_args__ = (
        sa.CheckConstraint("uses >= 0", name="uses_not_negative"),
        sa.Index("ix_market_search_entry_by_use", "uses", "id"),
        sa.Index("ix_market_search_entry_words", WORDS, postgresql_using="gin").ddl_if(dialect="postgresql"),
        {"sqlite_autoincrement": True},  # a number is never given twice
    )

    id: Mapped[int] = mapped_column(sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True)
    listing_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_listing.id"), unique=True)
    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"), unique=True)
    # the short columns come first: SQLite reads a row from its beginning, and whoever sorts wants no more
    price_order: Mapped[int] = mapped_column(default=NO_PRICE)
    uses: Mapped[int] = mapped_column(default=0)
    stamp: Mapped[str]  # which facts it was written from
    indexed_at: Mapped[datetime]
    words: Mapped[str]  # tokens of market/search/rules.py, separated by spaces
    text: Mapped[str]
    sounds: Mapped[str]
    initials: Mapped[str]
    facets: Mapped[str]  # JSON, facet → list of values; as text, because equal ones are counted together


sa.Index("ix_market_search_entry_by_price", SearchEntry.price_order, SearchEntry.id.desc())
event.listen(SearchEntry.__table__, "after_create", sa.DDL(FULL_TEXT_SQL).execute_if(dialect="sqlite"))  # type: ignore[no-untyped-call]
