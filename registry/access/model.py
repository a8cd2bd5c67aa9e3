"""The log of access decisions: only added to."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Entity
from registry.access.rules import Outcome


class AccessDecision(Entity):
    """Who wanted to use which resources under which agreement, what was decided, and why."""

    __tablename__ = "registry_access_decision"
    __table_args__ = (
        sa.CheckConstraint("(outcome = 'granted') = (code = '')", name="code_when_denied"),
        sa.Index(None, "operating_institution_id", "decided_at"),
        {"info": {"guard": "append_only"}},
    )

    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_account.id"), index=True)
    account_name: Mapped[str]
    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_agreement.id"), index=True)
    agreement_number: Mapped[str]
    operating_institution_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"))
    place: Mapped[str] = mapped_column(index=True)
    resource_codes: Mapped[list[Any]]
    outcome: Mapped[Outcome]
    code: Mapped[str]  # of the first condition that failed
    looked: Mapped[list[Any]]  # every condition with its fact, as it was then
    asked_by: Mapped[UUID | None]
    asked_by_name: Mapped[str]
    decided_at: Mapped[datetime]
