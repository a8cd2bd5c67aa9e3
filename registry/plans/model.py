"""Plans, their versions, and the resources that a version lists."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel import guards
from kernel.db import Entity
from registry.parties.model import Party
from registry.plans.rules import RUNNING, Contents, PlanMode, PlanState, is_in_effect

RUNNING_STATES = sa.text(f"state IN ({', '.join(repr(state.value) for state in RUNNING)})")
SUBMITTED_TEXT = (
    "OLD.state NOT IN ('draft', 'returned') AND (CAST(OLD.items AS TEXT) <> CAST(NEW.items AS TEXT) "
    "OR OLD.scope_text <> NEW.scope_text OR COALESCE(OLD.mode, '') <> COALESCE(NEW.mode, '') "
    "OR COALESCE(OLD.decision_sha256, '') <> COALESCE(NEW.decision_sha256, ''))"
)


class Plan(Entity):
    """One implementation plan (实施方案) of a place; what it says stands in its versions."""

    __tablename__ = "registry_plan"

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    title: Mapped[str]
    implementing_institution_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    drafted_at: Mapped[datetime]

    implementing_institution: Mapped[Party] = relationship(lazy="raise")
    versions: Mapped[list[PlanVersion]] = relationship(
        back_populates="plan", order_by="PlanVersion.number.desc()", lazy="raise"
    )


class PlanVersion(Entity):
    """One version of a plan; a major change makes the next one and passes the whole procedure again."""

    __tablename__ = "registry_plan_version"
    __table_args__ = (
        sa.UniqueConstraint("plan_id", "number"),
        # one version at a time is drafted or decided
        sa.Index(
            "uq_registry_plan_version_running", "plan_id", unique=True, sqlite_where=RUNNING_STATES,
            postgresql_where=RUNNING_STATES,
        ),
        sa.CheckConstraint(
            "(state IN ('in_effect', 'superseded')) = (effective_from IS NOT NULL)", name="effect_dated"
        ),
        sa.CheckConstraint("(state = 'superseded') = (effective_until IS NOT NULL)", name="superseded_dated"),
        sa.CheckConstraint("number = 1 OR change_reason IS NOT NULL", name="change_reasoned"),
        {
            "info": {
                "rules": [
                    (
                        guards.refuse_update,
                        (
                            "registry_plan_submitted_is_fixed",
                            "registry_plan_version",
                            SUBMITTED_TEXT,
                            "a submitted plan is not changed: start a major change",
                        ),
                    )
                ]
            }
        },
    )  # fmt: skip

    plan_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_plan.id"), index=True)
    number: Mapped[int]
    state: Mapped[PlanState] = mapped_column(default=PlanState.DRAFT)
    change_reason: Mapped[str | None]  # why the plan was changed in a major way; none for the first version
    mode: Mapped[PlanMode | None]
    items: Mapped[dict[str, Any]]  # code of the item -> its text
    scope_text: Mapped[str]  # where the scope is not, or not only, a list of catalogued resources
    decision_number: Mapped[str | None]  # collective decision (三重一大)
    decision_sha256: Mapped[str | None]
    government_document: Mapped[str | None]  # number of the government's approval
    filing_reference: Mapped[str | None]
    drafted_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    approved_at: Mapped[datetime | None]
    filed_at: Mapped[datetime | None]
    effective_from: Mapped[date | None]
    effective_until: Mapped[date | None]  # first day of the version that took its place
    review_id: Mapped[UUID | None]
    sources: Mapped[list[Any]] = mapped_column(default=list)  # what the rules said when it was submitted

    plan: Mapped[Plan] = relationship(back_populates="versions", lazy="raise")
    scope: Mapped[list[PlanResource]] = relationship(
        back_populates="plan_version", order_by="PlanResource.resource_id", lazy="raise"
    )

    @property
    def contents(self) -> Contents:
        """What the version says, as the rules see it; its scope must be loaded."""
        listed = tuple(str(entry.resource_id) for entry in self.scope)
        return Contents(self.items, self.mode, self.scope_text, listed, self.decision_number, self.decision_sha256)

    def in_effect(self, on: date) -> bool:
        """Say whether the version is in effect on that day."""
        return is_in_effect(self.state, self.effective_from, self.effective_until, on)


class PlanResource(Entity):
    """One catalogued resource in the scope of a version."""

    __tablename__ = "registry_plan_resource"
    __table_args__ = (
        sa.UniqueConstraint("plan_version_id", "resource_id"),
        {
            "info": {
                "rules": [
                    (
                        guards.refuse_insert,
                        (
                            "registry_plan_scope_is_fixed",
                            "registry_plan_resource",
                            "EXISTS (SELECT 1 FROM registry_plan_version v WHERE v.id = NEW.plan_version_id "
                            "AND v.state NOT IN ('draft', 'returned'))",
                            "the scope of a submitted plan is not widened: start a major change",
                        ),
                    )
                ]
            }
        },
    )

    plan_version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_plan_version.id"), index=True)
    # the catalogue stands above the plans: only its key is known here
    resource_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_resource.id"), index=True)

    plan_version: Mapped[PlanVersion] = relationship(back_populates="scope", lazy="raise")
