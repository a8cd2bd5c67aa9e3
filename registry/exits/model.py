"""The file of an exit and the certificate of deletion."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Entity
from registry.agreements.model import Agreement
from registry.agreements.rules import AgreementEvent, ExitGround
from registry.exits.rules import ExitReason, ExitState
from registry.suspensions.model import PartialEnd


class ExitFile(Entity):
    """The exit (退出) from one authorization."""

    __tablename__ = "registry_exit"
    __table_args__ = (
        sa.UniqueConstraint("agreement_id"),
        sa.CheckConstraint("(state = 'open') = (certified_at IS NULL)", name="certified_when_past_open"),
        sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_when_closed"),
        sa.CheckConstraint("state <> 'closed' OR settlement_reference IS NOT NULL", name="settled_when_closed"),
        sa.CheckConstraint("logs_until > exit_date", name="logs_kept"),
    )

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_agreement.id"))
    reason: Mapped[ExitReason]
    exit_date: Mapped[date]  # the last day of the authorization, or the day on which it was ended
    logs_until: Mapped[date]  # network logs are kept at least until this day
    sources: Mapped[dict[str, Any]]  # what the rules said about retention on the day of opening
    state: Mapped[ExitState] = mapped_column(default=ExitState.OPEN)
    settlement_reference: Mapped[str | None]  # final settlement, handed in by finance
    opened_at: Mapped[datetime]
    certified_at: Mapped[datetime | None]
    close_asked_by: Mapped[UUID | None]
    closed_at: Mapped[datetime | None]

    agreement: Mapped[Agreement] = relationship(lazy="raise")
    certificate: Mapped[DeletionCertificate | None] = relationship(back_populates="exit_file", lazy="raise")


class DeletionCertificate(Entity):
    """That the operator's data held on the platform were deleted: what, when, by whom; never changed."""

    __tablename__ = "registry_deletion_certificate"
    __table_args__ = (
        sa.UniqueConstraint("exit_id"),
        sa.CheckConstraint("length(what) > 0 AND length(deleted_by) > 0", name="said"),
        {"info": {"guard": "append_only"}},
    )

    number: Mapped[str] = mapped_column(unique=True)
    exit_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_exit.id"))
    what: Mapped[str]
    method: Mapped[str]
    deleted_at: Mapped[datetime]
    deleted_by: Mapped[str]
    evidence_sha256: Mapped[str] = mapped_column(sa.ForeignKey("evidence_file.sha256"))
    kept_records: Mapped[list[Any]]  # codes of the records that the deletion did not touch
    issued_at: Mapped[datetime]
    issued_by: Mapped[UUID | None]
    issuer_name: Mapped[str]

    exit_file: Mapped[ExitFile] = relationship(back_populates="certificate", lazy="raise")


class PartialDeletion(Entity):
    """That the data of the ended part were deleted (ACC-01): a certificate of its own for each partial end."""

    __tablename__ = "registry_partial_deletion"
    __table_args__ = (
        sa.UniqueConstraint("part_id"),
        sa.CheckConstraint("length(what) > 0 AND length(deleted_by) > 0", name="said"),
        {"info": {"guard": "append_only"}},
    )

    number: Mapped[str] = mapped_column(unique=True)
    part_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_partial_end.id"))
    what: Mapped[str]
    method: Mapped[str]
    deleted_at: Mapped[datetime]
    deleted_by: Mapped[str]
    evidence_sha256: Mapped[str] = mapped_column(sa.ForeignKey("evidence_file.sha256"))
    kept_records: Mapped[list[Any]]  # codes of the records that the deletion did not touch
    logs_until: Mapped[date]  # network logs are kept at least until this day
    sources: Mapped[dict[str, Any]]  # what the rules said about retention on the day of the certificate
    issued_at: Mapped[datetime]
    issued_by: Mapped[UUID | None]
    issuer_name: Mapped[str]

    part: Mapped[PartialEnd] = relationship(lazy="raise")


class EndingAsk(Entity):
    """On what ground one person asked that an authorization be ended; a second one confirms the same, or asks anew."""

    __tablename__ = "registry_ending_ask"
    __table_args__ = (
        sa.CheckConstraint("length(reason) > 0", name="reasoned"),
        {"info": {"guard": "append_only"}},
    )

    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_agreement.id"), index=True)
    event: Mapped[AgreementEvent]
    ground: Mapped[ExitGround | None]  # none for a revocation: there the reason is the ground
    reason: Mapped[str]
    coordination_record: Mapped[str | None]
    asked_at: Mapped[datetime]
    asked_by: Mapped[UUID | None]
    asked_by_name: Mapped[str]
