"""Evaluations: what the evaluated organisation says of itself, and what the authority found."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel import guards
from kernel.db import Entity
from registry.agreements.model import Agreement
from registry.evaluations.rules import EvaluationKind, EvaluationState
from registry.parties.model import Party


class Evaluation(Entity):
    """One evaluation of one organisation for one period; of an operator under one agreement."""

    __tablename__ = "registry_evaluation"
    __table_args__ = (
        sa.UniqueConstraint("party_id", "place", "kind", "agreement_id", "period_start"),
        sa.CheckConstraint("period_start < period_end", name="period_ordered"),
        sa.CheckConstraint("kind <> 'operator' OR agreement_id IS NOT NULL", name="operator_under_an_agreement"),
        sa.CheckConstraint("state <> 'self_assessed' OR self_assessed_at IS NOT NULL", name="own_words_with_moment"),
        sa.CheckConstraint(
            "(state IN ('assessed', 'published', 'closed')) = (assessed_at IS NOT NULL)", name="assessed_with_moment"
        ),
        sa.CheckConstraint("(state IN ('published', 'closed')) = (closed_at IS NOT NULL)", name="closed_when_ended"),
        {
            "info": {
                "rules": [
                    (
                        guards.refuse_update,
                        (
                            "registry_evaluation_final",
                            "registry_evaluation",
                            "OLD.state IN ('published', 'closed')"
                            " OR (OLD.self_assessed_at IS NOT NULL AND (OLD.self_text <> NEW.self_text"
                            " OR CAST(OLD.self_figures AS TEXT) <> CAST(NEW.self_figures AS TEXT)))"
                            " OR (OLD.assessed_at IS NOT NULL AND (OLD.grade <> NEW.grade"
                            " OR CAST(OLD.scores AS TEXT) <> CAST(NEW.scores AS TEXT)))",
                            "what was assessed is not changed",
                        ),
                    )
                ]
            }
        },
    )

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    kind: Mapped[EvaluationKind]
    party_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    agreement_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_agreement.id"), index=True)
    period_start: Mapped[date]
    period_end: Mapped[date]  # first day that does not belong to it
    state: Mapped[EvaluationState] = mapped_column(default=EvaluationState.OPENED)
    indices: Mapped[list[Any]]  # what the rules of the day of opening name
    sources: Mapped[list[Any]]
    figures: Mapped[dict[str, Any]]  # whole numbers handed in when it was opened; money in fen
    self_due: Mapped[date]  # last day for the own assessment
    opened_at: Mapped[datetime]
    opened_by: Mapped[UUID | None]
    self_assessed_at: Mapped[datetime | None]
    self_assessed_by: Mapped[UUID | None]
    self_text: Mapped[str | None]
    self_figures: Mapped[dict[str, Any]] = mapped_column(default=dict)
    self_evidence_sha256: Mapped[str | None] = mapped_column(sa.ForeignKey("evidence_file.sha256"))
    assessed_at: Mapped[datetime | None]
    assessed_by: Mapped[UUID | None]
    participants: Mapped[list[Any]] = mapped_column(default=list)  # [{"name": …, "participation": …}]
    scores: Mapped[dict[str, Any]] = mapped_column(default=dict)  # index -> exact decimal as text
    grade: Mapped[str | None]
    opinion: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[UUID | None]
    closing_reason: Mapped[str | None]

    party: Mapped[Party] = relationship(lazy="raise")
    agreement: Mapped[Agreement | None] = relationship(lazy="raise")
