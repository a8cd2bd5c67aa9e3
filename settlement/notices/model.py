"""Contribution notices with their figures; a figure is never changed, a new drawing is a new revision."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from settlement.notices.rules import NoticeState

OPENED = (
    "OLD.state <> 'draft' OR NEW.number <> OLD.number OR NEW.place <> OLD.place OR NEW.revision <> OLD.revision"
    " OR NEW.period_start <> OLD.period_start OR NEW.period_end <> OLD.period_end"
    " OR NEW.inputs_sha256 <> OLD.inputs_sha256 OR NEW.drawn_by <> OLD.drawn_by"
)


class ContributionNotice(Entity):
    """The contribution figures of a place and period (贡献公示), and until when departments can object."""

    __tablename__ = "settlement_contribution_notice"
    __table_args__ = (
        sa.UniqueConstraint("place", "period_start", "revision"),
        sa.CheckConstraint("period_end > period_start", name="period_has_days"),
        sa.CheckConstraint("(state = 'open') = (opened_at IS NOT NULL)", name="opened_at_known"),
        sa.CheckConstraint("(state = 'open') = (objection_until IS NOT NULL)", name="open_until_a_day"),
        sa.CheckConstraint("opened_by IS NULL OR opened_by <> drawn_by", name="two_people"),
        {"info": {"rules": [(guards.refuse_update, (
            "settlement_contribution_notice_shown", "settlement_contribution_notice", OPENED,
            "what was shown to the departments is not changed"))]}},
    )  # fmt: skip

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    period_start: Mapped[date]
    period_end: Mapped[date]  # the first day after it
    revision: Mapped[int]
    state: Mapped[NoticeState] = mapped_column(default=NoticeState.DRAFT)
    inputs_sha256: Mapped[str]
    drawn_by: Mapped[UUID]
    drawn_by_name: Mapped[str]
    drawn_at: Mapped[datetime]
    opened_by: Mapped[UUID | None]
    opened_by_name: Mapped[str | None]
    opened_at: Mapped[datetime | None]
    objection_until: Mapped[date | None]  # last day, as the rule of the place counts it
    rule: Mapped[dict[str, Any] | None]


class ContributionFigure(Entity):
    """What one department contributed to one product under one step of a schedule: figures and weight."""

    __tablename__ = "settlement_contribution_figure"
    __table_args__ = (
        sa.UniqueConstraint("notice_id", "product_id", "schedule_id", "step", "party_id"),
        sa.CheckConstraint("usage >= 0 AND ppm >= 0 AND step >= 1", name="not_negative"),
        {"info": {"guard": "append_only"}},
    )

    notice_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_contribution_notice.id"))
    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"), index=True)
    schedule_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_share_schedule.id"), index=True)
    step: Mapped[int]
    party_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    coefficients: Mapped[dict[str, Any]]
    usage: Mapped[int]
    quality: Mapped[str]  # an exact fraction, a/b
    input: Mapped[str]  # an exact fraction
    weight: Mapped[str]  # an exact fraction
    ppm: Mapped[int]
    parts: Mapped[dict[str, Any]]  # factor → what it adds to the weight, as an exact fraction
    quality_source: Mapped[str]  # "score" (quality tickets, RVW-08) or "declared" (with the product version)
    resources: Mapped[list[Any]]  # codes of the resources behind it, however far back
