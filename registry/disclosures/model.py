"""Yearly disclosures: put together once, checked by a second person, published for ever."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel import guards
from kernel.db import Entity
from registry.disclosures.rules import DisclosureState, Side
from registry.parties.model import Party

FIRST_PUBLISHED = sa.text("state = 'published' AND supersedes_id IS NULL")
CORRECTION_PUBLISHED = sa.text("state = 'published' AND supersedes_id IS NOT NULL")


class Disclosure(Entity):
    """What one institution discloses for one year at one place; a correction names the one that it replaces."""

    __tablename__ = "registry_disclosure"
    __table_args__ = (
        sa.CheckConstraint("length(sha256) = 64", name="sha256_hex"),
        sa.CheckConstraint("state NOT IN ('checked', 'published') OR checked_at IS NOT NULL", name="checked_first"),
        sa.CheckConstraint("(state = 'published') = (published_at IS NOT NULL)", name="published_with_moment"),
        sa.CheckConstraint("checked_by IS NULL OR checked_by <> prepared_by", name="two_persons"),
        sa.Index(
            "uq_registry_disclosure_first", "party_id", "place", "side", "year", unique=True,
            sqlite_where=FIRST_PUBLISHED, postgresql_where=FIRST_PUBLISHED,
        ),
        sa.Index(
            "uq_registry_disclosure_correction", "supersedes_id", unique=True,
            sqlite_where=CORRECTION_PUBLISHED, postgresql_where=CORRECTION_PUBLISHED,
        ),
        {
            "info": {
                "rules": [
                    (
                        guards.refuse_update,
                        (
                            "registry_disclosure_content_fixed",
                            "registry_disclosure",
                            "OLD.state IN ('published', 'discarded') OR OLD.sha256 <> NEW.sha256"
                            " OR CAST(OLD.content AS TEXT) <> CAST(NEW.content AS TEXT)",
                            "a disclosure is not changed: publish a correction",
                        ),
                    ),
                    (
                        guards.refuse_delete,
                        (
                            "registry_disclosure_published_stays",
                            "registry_disclosure",
                            "OLD.state = 'published'",
                            "a published disclosure stays",
                        ),
                    ),
                ]
            }
        },
    )  # fmt: skip

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    party_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    side: Mapped[Side]
    year: Mapped[int]
    state: Mapped[DisclosureState] = mapped_column(default=DisclosureState.PREPARED)
    content: Mapped[dict[str, Any]]
    sha256: Mapped[str]  # over the canonical JSON of the content
    sources: Mapped[list[Any]]
    prepared_at: Mapped[datetime]
    prepared_by: Mapped[UUID | None]
    prepared_by_name: Mapped[str]
    checked_at: Mapped[datetime | None]
    checked_by: Mapped[UUID | None]
    published_at: Mapped[datetime | None]
    published_on: Mapped[date | None]  # the disclosure date of the form
    published_by: Mapped[UUID | None]
    supersedes_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_disclosure.id"))
    correction_reason: Mapped[str | None]

    party: Mapped[Party] = relationship(lazy="raise")
