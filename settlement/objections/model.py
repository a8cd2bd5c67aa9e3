"""Objections to contribution figures."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from settlement.objections.rules import Factor, ObjectionState

CLOSED = (
    "OLD.state <> 'filed' OR NEW.figure_id <> OLD.figure_id OR NEW.factor <> OLD.factor OR NEW.claimed <> OLD.claimed"
    " OR NEW.grounds <> OLD.grounds OR NEW.filed_by <> OLD.filed_by"
)


class ContributionObjection(Entity):
    """The objection of a department to one of its figures (贡献异议); while it is filed, the line waits."""

    __tablename__ = "settlement_contribution_objection"
    __table_args__ = (
        sa.Index(
            "uq_settlement_contribution_objection_filed", "figure_id", "factor", unique=True,
            sqlite_where=sa.text("state = 'filed'"), postgresql_where=sa.text("state = 'filed'"),
        ),
        sa.CheckConstraint("(state IN ('upheld', 'dismissed')) = (decided_by IS NOT NULL)", name="decided_by_known"),
        sa.CheckConstraint("(state = 'upheld') = (corrected IS NOT NULL)", name="upheld_says_what"),
        sa.CheckConstraint("decided_by IS NULL OR decided_by <> filed_by", name="two_people"),
        {"info": {"rules": [(guards.refuse_update, (
            "settlement_contribution_objection_closed", "settlement_contribution_objection", CLOSED,
            "an objection is decided once"))]}},
    )  # fmt: skip

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    notice_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_contribution_notice.id"), index=True)
    figure_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_contribution_figure.id"), index=True)
    party_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    factor: Mapped[Factor]
    claimed: Mapped[str]  # what the department says it should be, a plain number
    grounds: Mapped[str]
    state: Mapped[ObjectionState] = mapped_column(default=ObjectionState.FILED)
    filed_by: Mapped[UUID]
    filed_by_name: Mapped[str]
    filed_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decided_by_name: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    corrected: Mapped[str | None]  # what it is instead, where it was upheld: an exact fraction
