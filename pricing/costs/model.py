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
from pricing.charges.model import Charge
from pricing.costs.rules import AccountRow, CostCategory, Key, Line, SurveyState, SurveyTotals, accounts, totals

IS_CLOSED = "an accepted cost survey is never changed"
COUNTED_ALREADY = """NEW.state = 'accepted' AND EXISTS (SELECT 1 FROM pricing_cost_line AS mine
 JOIN pricing_cost_line AS other ON other.charge_id = mine.charge_id AND other.survey_id <> mine.survey_id
 JOIN pricing_cost_survey AS earlier ON earlier.id = other.survey_id
 WHERE mine.survey_id = NEW.id AND earlier.state = 'accepted')""".replace("\n", "")
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
                            IS_CLOSED,
                        ),
                    ),
                    (
                        guards.refuse_update,
                        (
                            "pricing_cost_survey_charges_once",
                            "pricing_cost_survey",
                            COUNTED_ALREADY,
                            "a charge counts in one accepted cost survey only",
                        ),
                    ),
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

    keys: Mapped[list[AllocationKey]] = relationship(
        back_populates="survey", order_by="AllocationKey.position", lazy="raise", cascade="all, delete-orphan"
    )

    def totals(self) -> SurveyTotals:
        """Return the sums of the lines (they must have been loaded)."""
        return totals([line.as_line() for line in self.lines])

    def accounts(self) -> list[AccountRow]:
        """Return the separate account of the lines: category by use class."""
        return accounts([(line.category, line.as_line(), bool(line.subsidised)) for line in self.lines])

    @property
    def lines_without_evidence(self) -> list[int]:
        """The positions of the lines that carry no evidence."""
        return [line.position for line in self.lines if line.evidence_sha256 is None]


class AllocationKey(Entity):
    """By what the shared costs of one survey are divided between industry and public-interest use (分摊依据)."""

    __tablename__ = "pricing_allocation_key"
    __table_args__ = (
        sa.UniqueConstraint("survey_id", "name"),
        sa.CheckConstraint("length(name) > 0", name="named"),
        sa.CheckConstraint("(industry_units IS NULL) = (public_units IS NULL)", name="both_uses_measured"),
        sa.CheckConstraint("(industry_units IS NULL) = (direct_share IS NOT NULL)", name="measured_or_stated"),
        sa.CheckConstraint(
            "industry_units IS NULL OR "
            "(industry_units >= 0 AND public_units >= 0 AND industry_units + public_units > 0)",
            name="something_measured",
        ),
        sa.CheckConstraint("direct_share IS NULL OR direct_share BETWEEN 0 AND 1000000000", name="share_is_a_fraction"),
        {
            "info": {
                "rules": [
                    (
                        build,
                        (
                            f"pricing_allocation_key_{name}",
                            "pricing_allocation_key",
                            SURVEY_IS_ACCEPTED.format(row=row),
                            IS_CLOSED,
                        ),
                    )
                    for build, name, row in (
                        (guards.refuse_update, "closed", "OLD"),
                        (guards.refuse_insert, "late", "NEW"),
                        (guards.refuse_delete, "kept", "OLD"),
                    )
                ]
            }
        },
    )

    survey_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pricing_cost_survey.id"), index=True)
    position: Mapped[int]
    name: Mapped[str]
    driver: Mapped[str]  # in words: 调用量, 工时, 存储量
    industry_units: Mapped[Decimal | None]
    public_units: Mapped[Decimal | None]
    direct_share: Mapped[Decimal | None]
    evidence_sha256: Mapped[str | None] = mapped_column(sa.ForeignKey("evidence_file.sha256"), index=True)

    survey: Mapped[CostSurvey] = relationship(back_populates="keys", lazy="raise")

    def as_key(self) -> Key:
        """Return the key as the rules know it."""
        return Key(self.name, self.driver, self.industry_units, self.public_units, self.direct_share)


class CostLine(Entity):
    """One cost of a survey, the share of industry use in it, and what was disallowed of that share."""

    __tablename__ = "pricing_cost_line"
    __table_args__ = (
        sa.UniqueConstraint("survey_id", "position"),
        sa.Index(None, "survey_id", "charge_id", unique=True),
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
                            IS_CLOSED,
                        ),
                    ),
                    (
                        guards.refuse_insert,
                        (
                            "pricing_cost_line_late",
                            "pricing_cost_line",
                            SURVEY_IS_ACCEPTED.format(row="NEW"),
                            IS_CLOSED,
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
    industry_share: Mapped[Decimal]  # of a line with a key: the share of the key to nine decimals, for reading only
    allocation_key: Mapped[str] = mapped_column(default="")
    evidence_sha256: Mapped[str | None] = mapped_column(sa.ForeignKey("evidence_file.sha256"), index=True)
    disallowed_amount: Mapped[Money] = mapped_column(default=ZERO)
    disallowed_reason: Mapped[str | None]
    key_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("pricing_allocation_key.id"), index=True)
    charge_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("pricing_charge.id"), index=True)
    subsidised: Mapped[bool | None]  # whether government money went into it (PRC-09)

    key: Mapped[AllocationKey | None] = relationship(lazy="raise")
    charge: Mapped[Charge | None] = relationship(lazy="raise")
    survey: Mapped[CostSurvey] = relationship(back_populates="lines", lazy="raise")

    def as_line(self) -> Line:
        """Return the line as the rules know it."""
        key = self.key.as_key() if self.key is not None else None
        share = key.share if key is not None else self.industry_share
        name = key.name if key is not None else ""
        return Line(self.text, self.amount, share, self.allocation_key, self.disallowed_amount, name)
