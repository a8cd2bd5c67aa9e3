"""What an organisation decided about its own orders, and its decisions about single ones."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from kernel.money import Money
from market.approvals.rules import ApprovalState, RuleState

FACTS = ("party_id", "is_on", "above", "reason", "proposed_at", "proposed_by_id")
CHANGED = " OR ".join(f"NEW.{name} <> OLD.{name}" for name in FACTS)


class ApprovalRule(Entity):
    """Above which amount orders of an organisation need a second person, or that none do; decided by two persons."""

    __tablename__ = "market_approval_rule"
    __table_args__ = (
        sa.CheckConstraint("above >= 0", name="not_negative"),
        sa.CheckConstraint("(state = 'proposed') = (decided_at IS NULL)", name="decided_when_over"),
        sa.CheckConstraint("state IN ('proposed', 'withdrawn') OR decided_by_id <> proposed_by_id", name="two_persons"),
        sa.Index("one_proposal_of_a_party", "party_id", unique=True, sqlite_where=sa.text("state = 'proposed'"),
                 postgresql_where=sa.text("state = 'proposed'")),
        {"info": {"rules": [(guards.refuse_update, (
            "market_approval_rule_final", "market_approval_rule", f"OLD.state <> 'proposed' OR {CHANGED}",
            "a rule is not changed: propose another"))]}},
    )  # fmt: skip

    party_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    is_on: Mapped[bool]
    above: Mapped[Money]  # orders of more than this wait
    reason: Mapped[str]
    state: Mapped[RuleState] = mapped_column(default=RuleState.PROPOSED)
    proposed_at: Mapped[datetime]
    proposed_by: Mapped[str]
    proposed_by_id: Mapped[UUID]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decided_by_id: Mapped[UUID | None]
    decided_reason: Mapped[str] = mapped_column(default="")


class OrderApproval(Entity):
    """What the second person decided about one order, and what the purchase cost at that moment."""

    __tablename__ = "market_order_approval"
    __table_args__ = (
        sa.CheckConstraint("state IN ('approved', 'refused')", name="a_decision"),
        sa.CheckConstraint("state <> 'refused' OR length(reason) > 0", name="refused_with_reason"),
        sa.CheckConstraint("decided_by_id <> placed_by_id", name="two_persons"),
        {"info": {"guard": "append_only"}},
    )

    order_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_order.id"), unique=True)
    rule_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_approval_rule.id"), index=True)
    place: Mapped[str] = mapped_column(index=True)
    buyer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    state: Mapped[ApprovalState]
    amount: Mapped[Money]
    reason: Mapped[str]
    placed_by_id: Mapped[UUID]
    decided_at: Mapped[datetime]
    decided_by: Mapped[str]
    decided_by_id: Mapped[UUID]
