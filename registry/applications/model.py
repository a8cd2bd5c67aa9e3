"""Applications to operate, their proofs, and the scores of experts."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Entity
from registry.applications.rules import ApplicationState, EnterpriseNature, Incident, ProofKind
from registry.calls.model import Call
from registry.parties.model import Party

STANDING = sa.text("state <> 'withdrawn'")


class Application(Entity):
    """One application of an organisation to a call: the form as it was filled in."""

    __tablename__ = "registry_application"
    __table_args__ = (
        # one organisation applies once to one call; after withdrawing it may apply again
        sa.Index(
            "uq_registry_application_applicant", "call_id", "applicant_id", unique=True, sqlite_where=STANDING,
            postgresql_where=STANDING,
        ),
        sa.CheckConstraint("staff_count IS NULL OR staff_count >= 0", name="staff_counted"),
        sa.CheckConstraint("registered_capital IS NULL OR registered_capital >= 0", name="capital_not_negative"),
    )  # fmt: skip

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    call_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_call.id"), index=True)
    applicant_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    state: Mapped[ApplicationState] = mapped_column(default=ApplicationState.DRAFT)
    address: Mapped[str]
    nature: Mapped[EnterpriseNature | None]
    registered_capital: Mapped[Decimal | None]  # 万元
    staff_count: Mapped[int | None]
    contact: Mapped[str]
    phone: Mapped[str]
    requested_scope: Mapped[str]
    profile: Mapped[str]  # 企业简介
    incidents_declared: Mapped[bool] = mapped_column(default=False)
    incidents: Mapped[list[Any]] = mapped_column(default=list)  # {"on": date, "fact": words}
    signed_by: Mapped[str]  # who signs the commitment (主体承诺)
    drafted_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    review_id: Mapped[UUID | None]
    sources: Mapped[list[Any]] = mapped_column(default=list)

    call: Mapped[Call] = relationship(lazy="raise")
    applicant: Mapped[Party] = relationship(lazy="raise")
    proofs: Mapped[list[ApplicationProof]] = relationship(
        back_populates="application", order_by="ApplicationProof.id", lazy="raise"
    )
    scores: Mapped[list[ApplicationScore]] = relationship(
        back_populates="application", order_by="ApplicationScore.id", lazy="raise"
    )

    @property
    def declared(self) -> list[Incident]:
        """The incidents as the rules see them."""
        return [Incident(date.fromisoformat(str(one["on"])), str(one["fact"])) for one in self.incidents]


class ApplicationProof(Entity):
    """One document that goes with an application; a newer one of its kind takes its place, none is removed."""

    __tablename__ = "registry_application_proof"
    __table_args__ = ({"info": {"guard": "append_only"}},)

    application_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_application.id"), index=True)
    kind: Mapped[ProofKind]
    name: Mapped[str]
    sha256: Mapped[str]
    added_at: Mapped[datetime]

    application: Mapped[Application] = relationship(back_populates="proofs", lazy="raise")


class ApplicationScore(Entity):
    """What one expert gives an application; a help for the choice, never the choice itself."""

    __tablename__ = "registry_application_score"
    __table_args__ = (
        sa.UniqueConstraint("application_id", "expert_id"),
        sa.CheckConstraint("length(reason) > 0", name="reasoned"),
        {"info": {"guard": "append_only"}},
    )

    application_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_application.id"), index=True)
    expert_id: Mapped[UUID]
    expert_name: Mapped[str]
    score: Mapped[Decimal]
    reason: Mapped[str]
    given_at: Mapped[datetime]

    application: Mapped[Application] = relationship(back_populates="scores", lazy="raise")
