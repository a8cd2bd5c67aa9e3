"""Tables of data-use requests. Who decides, until when, and what was said stands in their reviews."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from kernel.db import Entity
from registry.agreements.model import Agreement
from registry.parties.model import Party
from registry.parties.rules import Capacity
from registry.procedures.rules import Procedure
from registry.requests.rules import CHECKS, Basis, ClearanceKind, Decision, RequestState
from registry.resources.model import Resource
from registry.reviews.model import Opinion, Review, ReviewStage

NOT_REJECTED = sa.text("state <> 'rejected'")


@dataclass(frozen=True, slots=True)
class RequestOpinion:
    """The seat of one required reviewer, and what was said on it."""

    stage_id: UUID
    kind: str
    capacity: Capacity
    party: Party | None
    party_id: UUID | None
    due_date: date | None
    is_open: bool
    opinion: Opinion | None

    @property
    def decision(self) -> Decision | None:
        """What was decided, if anything."""
        return self.opinion.decision if self.opinion else None

    @property
    def reason(self) -> str:
        """Why."""
        return self.opinion.reason if self.opinion else ""

    @property
    def given_at(self) -> datetime | None:
        """When."""
        return self.opinion.given_at if self.opinion else None

    @property
    def given_by_name(self) -> str:
        """Who spoke; nobody where silence consented."""
        return self.opinion.reviewer_name if self.opinion else ""

    @property
    def deemed(self) -> bool:
        """Whether silence consented."""
        return self.opinion is not None and self.opinion.deemed


class DataRequest(Entity):
    """One request to use listed resources for one scenario under one agreement."""

    __tablename__ = "registry_data_request"
    __table_args__ = (
        sa.CheckConstraint("(state = 'draft') = (submitted_at IS NULL)", name="submitted_when_out_of_draft"),
        sa.CheckConstraint(
            "(state IN ('approved', 'rejected', 'provisioned')) = (decided_at IS NOT NULL)", name="decided_when_closed"
        ),
        sa.CheckConstraint("(state IN ('approved', 'provisioned')) = (basis IS NOT NULL)", name="basis_when_approved"),
        sa.CheckConstraint("(state = 'provisioned') = (provisioned_at IS NOT NULL)", name="provisioned_when_noted"),
        # one scenario, one list, one review (RVW-02): a second request for the same scenario waits for a refusal
        sa.Index(
            "uq_registry_data_request_scenario", "applicant_id", "agreement_id", "scenario", unique=True,
            sqlite_where=NOT_REJECTED, postgresql_where=NOT_REJECTED,
        ),
    )  # fmt: skip

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    applicant_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_agreement.id"), index=True)
    scenario: Mapped[str]
    necessity: Mapped[str]
    state: Mapped[RequestState] = mapped_column(default=RequestState.DRAFT, index=True)
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    submitted_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    basis: Mapped[Basis | None]
    provisioned_at: Mapped[datetime | None]
    provision_note: Mapped[str] = mapped_column(default="")
    sources: Mapped[list[Any]] = mapped_column(default=list)

    applicant: Mapped[Party] = relationship(lazy="raise")
    agreement: Mapped[Agreement] = relationship(lazy="raise")
    listing: Mapped[list[RequestResource]] = relationship(lazy="raise", viewonly=True)
    clearances: Mapped[list[RequestClearance]] = relationship(
        lazy="raise", viewonly=True, order_by="RequestClearance.id"
    )
    reviews: Mapped[list[Review]] = relationship(
        lazy="raise", viewonly=True, uselist=True, order_by=Review.id,
        primaryjoin=lambda: (DataRequest.id == foreign(Review.subject_id))
        & (Review.procedure == Procedure.DATA_REQUEST),
    )  # fmt: skip

    @property
    def resources(self) -> list[Resource]:
        """The resources on the list, which must be loaded, in order of code."""
        return sorted((line.resource for line in self.listing), key=lambda resource: resource.code)

    @property
    def review(self) -> Review | None:
        """The newest review, which must be loaded with its seats; the last one is an appeal where there was one."""
        return self.reviews[-1] if self.reviews else None

    @property
    def review_ids(self) -> list[UUID]:
        """The reviews, which must be loaded, oldest first."""
        return [review.id for review in self.reviews]

    @property
    def check(self) -> ReviewStage | None:
        """The newest seat of the check, or ``None`` where the place has no check."""
        checks = [one for review in self.reviews for one in review.stages if one.kind in CHECKS]
        return checks[-1] if checks else None

    @property
    def opinions(self) -> list[RequestOpinion]:
        """The seats of the reviewers since they were opened, of the first review and of an appeal."""
        return [
            RequestOpinion(
                stage_id=one.id, kind=one.kind, capacity=one.capacity, party=one.party, party_id=one.party_id,
                due_date=one.due_date, is_open=one.decided_at is None and review.is_open, opinion=one.opinion,
            )
            for review in self.reviews for one in review.stages
            if one.kind not in CHECKS and one.opened_on is not None and (one.opinion or review is self.reviews[-1])
        ]  # fmt: skip

    @property
    def check_due(self) -> date | None:
        """The last day of the check."""
        return self.check.due_date if self.check else None

    @property
    def checked_at(self) -> datetime | None:
        """When it was checked."""
        return self.check.decided_at if self.check else None

    @property
    def check_reason(self) -> str:
        """What the checker wrote."""
        return self.check.opinion.reason if self.check and self.check.opinion else ""

    @property
    def due_date(self) -> date | None:
        """The earliest last day of the reviewers in the newest review."""
        return min((one.due_date for one in self._seats() if one.due_date is not None), default=None)

    @property
    def silence_consents(self) -> bool:
        """Whether the silence of a reviewer counts as consent in the newest review."""
        return any(one.silence_consents for one in self._seats())

    def is_overdue(self, today: date) -> bool:
        """Say whether reviewers are late."""
        is_reviewed = self.state is RequestState.UNDER_REVIEW and self.review is not None
        return is_reviewed and self.review is not None and self.review.is_overdue(today)

    def _seats(self) -> Iterator[ReviewStage]:
        stages = self.review.stages if self.review else []
        return (one for one in stages if one.kind not in CHECKS and one.opened_on is not None)


class RequestResource(Entity):
    """One resource on the list of a request."""

    __tablename__ = "registry_request_resource"
    __table_args__ = (sa.UniqueConstraint("request_id", "resource_id"), {"info": {"guard": "append_only"}})

    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_data_request.id"), index=True)
    resource_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_resource.id"), index=True)

    resource: Mapped[Resource] = relationship(lazy="raise")


class RequestClearance(Entity):
    """A review outside the system that the scenario of a request has passed, with its document (RVW-02)."""

    __tablename__ = "registry_request_clearance"
    __table_args__ = (sa.UniqueConstraint("request_id", "kind"), {"info": {"guard": "append_only"}})

    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_data_request.id"), index=True)
    kind: Mapped[ClearanceKind]
    reference: Mapped[str]
    evidence_sha256: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[UUID | None]
    recorded_by_name: Mapped[str]
