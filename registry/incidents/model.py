"""Incidents, and whom they were reported to."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel import guards
from kernel.db import Entity
from registry.agreements.model import Agreement
from registry.incidents.rules import IncidentState, is_halted
from registry.parties.model import Party
from registry.products.model import Product


class Incident(Entity):
    """One risk found while operating under an agreement; with a product it concerns that product alone."""

    __tablename__ = "registry_incident"
    __table_args__ = (
        sa.CheckConstraint("state = 'detected' OR stopped_at IS NOT NULL", name="stopped_first"),
        sa.CheckConstraint("state IN ('detected', 'stopped') OR reported_at IS NOT NULL", name="reported_before_more"),
        sa.CheckConstraint("(state IN ('resumed', 'terminated')) = (closed_at IS NOT NULL)", name="closed_when_ended"),
        sa.CheckConstraint("closed_at IS NULL OR assessed_at IS NOT NULL", name="assessed_before_closed"),
        sa.Index(None, "agreement_id", "state"),
        {
            "info": {
                "rules": [
                    (
                        guards.refuse_update,
                        (
                            "registry_incident_facts_fixed",
                            "registry_incident",
                            "OLD.state IN ('resumed', 'terminated') OR OLD.agreement_id <> NEW.agreement_id"
                            " OR OLD.description <> NEW.description OR OLD.detected_at <> NEW.detected_at"
                            " OR OLD.stops_at_once <> NEW.stops_at_once",
                            "what was found is not changed, and a closed incident is final",
                        ),
                    )
                ]
            }
        },
    )

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_agreement.id"))
    product_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_product.id"), index=True)
    finder_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    state: Mapped[IncidentState] = mapped_column(default=IncidentState.DETECTED)
    title: Mapped[str]
    description: Mapped[str]
    risks: Mapped[list[Any]]
    stops_at_once: Mapped[bool]  # what the rules said on the day of the finding
    recipients: Mapped[list[Any]]  # who must be told, by the rules of that day
    sources: Mapped[list[Any]]
    detected_at: Mapped[datetime]
    detected_by: Mapped[UUID | None]
    stopped_at: Mapped[datetime | None]
    measures: Mapped[str | None]  # what was stopped, and how
    reported_at: Mapped[datetime | None]  # when the last office was told and the report closed
    assessed_at: Mapped[datetime | None]
    assessed_by: Mapped[UUID | None]
    assessment: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[UUID | None]
    outcome: Mapped[str | None]

    agreement: Mapped[Agreement] = relationship(lazy="raise")
    product: Mapped[Product | None] = relationship(lazy="raise")
    finder: Mapped[Party | None] = relationship(lazy="raise")
    reports: Mapped[list[IncidentReport]] = relationship(
        back_populates="incident", order_by="IncidentReport.reported_at", lazy="raise"
    )

    @property
    def is_halted(self) -> bool:
        """Say whether the data concerned may not be processed."""
        return is_halted(self.state, stops_at_once=self.stops_at_once)


class IncidentReport(Entity):
    """That one office was told, by whom and under which reference; it stays."""

    __tablename__ = "registry_incident_report"
    __table_args__ = (
        sa.UniqueConstraint("incident_id", "recipient"),
        sa.CheckConstraint("length(reference) > 0", name="with_reference"),
        {"info": {"guard": "append_only"}},
    )

    incident_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_incident.id"), index=True)
    recipient: Mapped[str]
    reference: Mapped[str]
    reported_at: Mapped[datetime]
    reported_by: Mapped[UUID | None]
    reported_by_name: Mapped[str]

    incident: Mapped[Incident] = relationship(back_populates="reports", lazy="raise")
