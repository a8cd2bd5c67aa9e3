"""Tables of the classes of buyers; all of them are only ever added to."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Entity
from pricing.classes.rules import Change, MembershipAct


class BuyerClassMember(Entity):
    """Who belongs to a class of buyers with a price of its own, by which published rule; declared by the seller."""

    __tablename__ = "pricing_buyer_class_member"
    __table_args__ = (
        sa.UniqueConstraint("product_id", "buyer_class", "party_id"),
        {"info": {"guard": "append_only"}},
    )

    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"), index=True)
    buyer_class: Mapped[str]
    party_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    rule: Mapped[str]  # the published rule by which the buyer belongs to it
    since: Mapped[date]
    set_by: Mapped[UUID]
    set_at: Mapped[datetime]


class BuyerClassChange(Entity):
    """The end of a membership, or its new beginning, from a day on."""

    __tablename__ = "pricing_buyer_class_change"
    __table_args__ = (sa.UniqueConstraint("member_id", "since"), {"info": {"guard": "append_only"}})

    member_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pricing_buyer_class_member.id"), index=True)
    act: Mapped[MembershipAct]
    since: Mapped[date]  # first day on which it counts
    reason: Mapped[str]  # why it ended, or the published rule of the readmission
    set_by: Mapped[UUID]
    set_at: Mapped[datetime]

    def change(self) -> Change:
        """Return it as the rules know it."""
        return Change(self.since, self.act)


class BuyerClassRule(Entity):
    """The published rule of a class of buyers (SEP-03): who belongs to it; a newer rule is a new row."""

    __tablename__ = "pricing_buyer_class_rule"
    __table_args__ = (
        sa.UniqueConstraint("product_id", "buyer_class", "since"),
        sa.CheckConstraint("length(rule) > 0", name="rule_is_written"),
        {"info": {"guard": "append_only"}},
    )

    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"), index=True)
    buyer_class: Mapped[str]
    rule: Mapped[str]  # the condition in words, with act or notice where there is one
    since: Mapped[date]
    set_by: Mapped[UUID]
    set_at: Mapped[datetime]
