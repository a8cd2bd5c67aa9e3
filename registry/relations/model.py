"""Tables of related-party edges: stated once, ended by a second row, never changed."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Entity
from registry.parties.model import Party
from registry.relations.rules import Edge, Origin, RelationKind


class Relation(Entity):
    """One related-party edge: ``from`` controls or holds ``to``, or both are under common control."""

    __tablename__ = "registry_relation"
    __table_args__ = (
        sa.CheckConstraint("from_id <> to_id", name="two_parties"),
        sa.CheckConstraint("(kind = 'share') = (share IS NOT NULL)", name="share_of_shares"),
        sa.CheckConstraint("share IS NULL OR (share > 0 AND share <= 1000000000)", name="share_is_a_fraction"),
        sa.CheckConstraint("until IS NULL OR from_date < until", name="days_ordered"),
        sa.CheckConstraint("length(source) > 0", name="sourced"),
        {"info": {"guard": "append_only"}},
    )

    from_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    to_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    kind: Mapped[RelationKind]
    share: Mapped[Decimal | None]  # fraction of the equity, exact
    from_date: Mapped[date]
    until: Mapped[date | None]  # first day on which it does not hold any more, where that was known at once
    source: Mapped[str]  # what it rests on: 企业信用信息公示, 股东名册 …
    evidence_sha256: Mapped[str | None] = mapped_column(sa.ForeignKey("evidence_file.sha256"))
    origin: Mapped[Origin]
    stated_by: Mapped[UUID | None]
    stated_by_name: Mapped[str]
    stated_at: Mapped[datetime]

    from_party: Mapped[Party] = relationship(foreign_keys=[from_id], lazy="raise")
    to_party: Mapped[Party] = relationship(foreign_keys=[to_id], lazy="raise")
    end: Mapped[RelationEnd | None] = relationship(back_populates="relation", lazy="raise")

    def as_edge(self) -> Edge:
        """Return the edge as the rules see it."""
        return Edge(self.id, self.from_id, self.to_id, self.kind, self.share)


class RelationEnd(Entity):
    """The end of one edge, stated when it became known."""

    __tablename__ = "registry_relation_end"
    __table_args__ = (
        sa.UniqueConstraint("relation_id"),
        sa.CheckConstraint("length(reason) > 0", name="reasoned"),
        {"info": {"guard": "append_only"}},
    )

    relation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_relation.id"))
    ended_on: Mapped[date]  # first day on which the edge does not hold any more
    reason: Mapped[str]
    stated_by: Mapped[UUID | None]
    stated_by_name: Mapped[str]
    stated_at: Mapped[datetime]

    relation: Mapped[Relation] = relationship(back_populates="end", lazy="raise")
