"""Tables of data-use requests."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel import guards
from kernel.db import Entity
from registry.agreements.model import Agreement
from registry.parties.model import Party
from registry.parties.rules import Capacity
from registry.requests.rules import Basis, Decision, RequestState
from registry.resources.model import Resource

NOT_REJECTED = sa.text("state <> 'rejected'")


class DataRequest(Entity):
    """One request to use listed resources for one scenario under one agreement."""

    __tablename__ = "registry_data_request"
    __table_args__ = (
        sa.CheckConstraint("(state = 'draft') = (submitted_at IS NULL)", name="submitted_when_out_of_draft"),
        sa.CheckConstraint(
            "(state IN ('approved', 'rejected')) = (decided_at IS NOT NULL)", name="decided_when_closed"
        ),
        sa.CheckConstraint("(state = 'approved') = (basis IS NOT NULL)", name="basis_when_approved"),
        sa.CheckConstraint("NOT silence_consents OR due_date IS NOT NULL", name="silence_needs_a_due_date"),
        sa.CheckConstraint("basis IS NULL OR basis <> 'deemed' OR silence_consents", name="deemed_where_allowed"),
        # one scenario, one list, one review (RVW-02): a second request for the same scenario waits for a refusal
        sa.Index(
            "uq_registry_data_request_scenario", "applicant_id", "agreement_id", "scenario", unique=True,
            sqlite_where=NOT_REJECTED, postgresql_where=NOT_REJECTED,
        ),
        sa.Index("ix_registry_data_request_open", "state", "due_date"),
    )  # fmt: skip

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    applicant_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_agreement.id"), index=True)
    scenario: Mapped[str]
    necessity: Mapped[str]
    state: Mapped[RequestState] = mapped_column(default=RequestState.DRAFT)
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    submitted_by: Mapped[UUID | None]
    check_due: Mapped[date | None]
    checked_at: Mapped[datetime | None]
    checked_by: Mapped[UUID | None]
    check_reason: Mapped[str] = mapped_column(default="")
    due_date: Mapped[date | None]
    silence_consents: Mapped[bool] = mapped_column(default=False)
    decided_at: Mapped[datetime | None]
    basis: Mapped[Basis | None]
    sources: Mapped[list[Any]] = mapped_column(default=list)

    applicant: Mapped[Party] = relationship(lazy="raise")
    agreement: Mapped[Agreement] = relationship(lazy="raise")
    listing: Mapped[list[RequestResource]] = relationship(lazy="raise", viewonly=True)
    opinions: Mapped[list[RequestOpinion]] = relationship(
        lazy="raise", viewonly=True, order_by="RequestOpinion.capacity, RequestOpinion.id"
    )

    @property
    def resources(self) -> list[Resource]:
        """The resources on the list, which must be loaded, in order of code."""
        return sorted((line.resource for line in self.listing), key=lambda resource: resource.code)

    def is_overdue(self, today: date) -> bool:
        """Say whether reviewers are late."""
        return self.state is RequestState.UNDER_REVIEW and self.due_date is not None and today > self.due_date


class RequestResource(Entity):
    """One resource on the list of a request."""

    __tablename__ = "registry_request_resource"
    __table_args__ = (sa.UniqueConstraint("request_id", "resource_id"), {"info": {"guard": "append_only"}})

    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_data_request.id"), index=True)
    resource_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_resource.id"), index=True)

    resource: Mapped[Resource] = relationship(lazy="raise")


class RequestOpinion(Entity):
    """The seat of one required reviewer, and what was said on it; said once, never changed."""

    __tablename__ = "registry_request_opinion"
    __table_args__ = (
        sa.UniqueConstraint("request_id", "capacity", "party_id"),
        sa.CheckConstraint("(decision IS NULL) = (given_at IS NULL)", name="given_when_decided"),
        sa.CheckConstraint("NOT deemed OR decision = 'agree'", name="silence_only_consents"),
        {
            "info": {
                "rules": [
                    (
                        guards.refuse_update,
                        (
                            "registry_request_opinion_final",
                            "registry_request_opinion",
                            "OLD.decision IS NOT NULL",
                            "an opinion on a data request is final",
                        ),
                    )
                ]
            }
        },
    )

    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_data_request.id"), index=True)
    capacity: Mapped[Capacity]
    party_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    decision: Mapped[Decision | None]
    reason: Mapped[str] = mapped_column(default="")
    due_date: Mapped[date | None]
    given_at: Mapped[datetime | None]
    given_by: Mapped[UUID | None]
    given_by_name: Mapped[str] = mapped_column(default="")
    deemed: Mapped[bool] = mapped_column(default=False)

    party: Mapped[Party] = relationship(lazy="raise")
