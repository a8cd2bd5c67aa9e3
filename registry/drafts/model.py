"""Tables of product drafts and of other forms that somebody is still filling in."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Entity
from registry.drafts.rules import DraftState
from registry.parties.model import Party


class ProductDraft(Entity):
    """A product that somebody is still filling in; ``steps`` holds one JSON object per step, complete or not."""

    __tablename__ = "registry_product_draft"
    __table_args__ = (
        sa.CheckConstraint("(state = 'finished') = (product_id IS NOT NULL)", name="finished_is_a_product"),
    )

    owner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    state: Mapped[DraftState] = mapped_column(default=DraftState.OPEN)
    steps: Mapped[dict[str, Any]] = mapped_column(default=dict)
    product_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_product.id"))
    started_at: Mapped[datetime]
    started_by_name: Mapped[str]
    saved_at: Mapped[datetime]

    owner: Mapped[Party] = relationship(lazy="raise")

    @property
    def title(self) -> str:
        """What the product is to be called; empty until somebody says."""
        return str(self.steps.get("delivery", {}).get("title") or "")


class FormDraft(Entity):
    """What one person typed into one form and has not sent yet; nobody else ever sees it."""

    __tablename__ = "registry_form_draft"
    __table_args__ = (sa.UniqueConstraint("account_id", "page"),)

    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_account.id"))
    page: Mapped[str]  # the address of the form, within this site
    typed: Mapped[dict[str, Any]]
    saved_at: Mapped[datetime]
