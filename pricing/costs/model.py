"""Tables of the cost surveys; what was accepted is never changed."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel import guards
from kernel.db import Entity
from kernel.money import ZERO, Money
from pricing.costs.rules import CostCategory, Line, SurveyState, SurveyTotals, totals

SURVEY_IS_ACCEPTED = "(SELECT state FROM pricing_cost_survey WHERE id = {row}.survey_id) = 'accepted'"

# the longest category does not fit the common length of enum columns
CATEGORY = sa.Enum(
    CostCategory,
    native_enum=False,
    create_constraint=True,
    length=60,
    name="costcategory",
    values_callable=lambda kind: [member.value for member in kind],
)


class CostSurvey(Entity):
    """What one operating institution spent in one year, surveyed for its ceiling (成本调查)."""

    __tablename__ = "pricing_cost_survey"
    __table_args__ = (
        sa.CheckConstraint("subsidy >= 0", name="subsidy_not_negative"),
        sa.CheckConstraint("(state = 'draft') = (submitted_at IS NULL)", name="submitted_when_filed"),
        sa.CheckConstraint("(state = 'accepted') = (accepted_at IS NOT NULL)", name="accepted_when_decided"),
        sa.CheckConstraint("(accepted_at IS NULL) = (accepted_by IS NULL)", name="accepted_by_somebody"),
        {
            "info": {
                "rules": [
                    (
                        guards.refuse_update,
                        (
                            "pricing_cost_survey_closed",
                            "pricing_cost_survey",
                            "OLD.state = 'accepted'",
                            "an accepted cost survey is never changed",
                        ),
                    )
                ]
            }
        },
    )

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_agreement.id"), index=True)
    operating_institution_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    year: Mapped[int]
    state: Mapped[SurveyState] = mapped_column(default=SurveyState.DRAFT)
    subsidy: Mapped[Money] = mapped_column(default=ZERO)  # government subsidy for the industry part
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[UUID | None]
    note: Mapped[str] = mapped_column(default="")  # why it was returned, or what the decision says

    lines: Mapped[list[CostLine]] = relationship(
        back_populates="survey", order_by="CostLine.position", lazy="raise", cascade="all, delete-orphan"
    )

    def totals(self) -> SurveyTotals:
        """Return the sums of the lines (they must have been loaded)."""
        return totals([line.as_line() for line in self.lines])


class CostLine(Entity):
    """One cost of a survey, the share of industry use in it, and what was disallowed of that share."""

    __tablename__ = "pricing_cost_line"
    __table_args__ = (
        sa.UniqueConstraint("survey_id", "position"),
        sa.CheckConstraint("amount >= 0", name="amount_not_negative"),
        sa.CheckConstraint("industry_share BETWEEN 0 AND 1000000000", name="share_is_a_fraction"),
        sa.CheckConstraint("disallowed_amount BETWEEN 0 AND amount", name="disallowed_within_amount"),
        sa.CheckConstraint("(disallowed_amount = 0) = (disallowed_reason IS NULL)", name="disallowed_with_reason"),
        sa.CheckConstraint(
            "industry_share = 1000000000 OR length(allocation_key) > 0", name="shared_cost_names_its_key"
        ),
        {
            "info": {
                "rules": [
                    (
                        guards.refuse_update,
                        (
                            "pricing_cost_line_closed",
                            "pricing_cost_line",
                            SURVEY_IS_ACCEPTED.format(row="OLD"),
                            "an accepted cost survey is never changed",
                        ),
                    ),
                    (
                        guards.refuse_insert,
                        (
                            "pricing_cost_line_late",
                            "pricing_cost_line",
                            SURVEY_IS_ACCEPTED.format(row="NEW"),
                            "an accepted cost survey is never changed",
                        ),
                    ),
                ]
            }
        },
    )

    survey_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pricing_cost_survey.id"), index=True)
    position: Mapped[int]
    category: Mapped[CostCategory] = mapped_column(CATEGORY)
    text: Mapped[str]
    amount: Mapped[Money]
    industry_share: Mapped[Decimal]
    allocation_key: Mapped[str] = mapped_column(default="")
    evidence_sha256: Mapped[str | None] = mapped_column(sa.ForeignKey("evidence_file.sha256"), index=True)
    disallowed_amount: Mapped[Money] = mapped_column(default=ZERO)
    disallowed_reason: Mapped[str | None]

    survey: Mapped[CostSurvey] = relationship(back_populates="lines", lazy="raise")

    def as_line(self) -> Line:
        """Return the line as the rules know it."""
        return Line(self.text, self.amount, self.industry_share, self.allocation_key, self.disallowed_amount)
