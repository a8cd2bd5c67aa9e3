"""Finding the registrations that time has overtaken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from kernel.audit import AuditLine
from registry.registrations.model import Registration
from registry.registrations.rules import RUNNING, RegistrationState

TIMED = (
    RegistrationState.SUBMITTED, RegistrationState.ACCEPTED, RegistrationState.PUBLIC_NOTICE,
    RegistrationState.OBJECTED,
)  # fmt: skip


def timed(session: Session) -> Sequence[Registration]:
    """Return the registrations whose next step has a last day, oldest first."""
    query = sa.select(Registration).where(Registration.state.in_(TIMED)).order_by(Registration.id)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def expired(session: Session, on: date, *, limit: int) -> Sequence[Registration]:
    """Return coded registrations that ended before that day without renewal, the longest over first.

    One whose renewal is still decided, or has begun already, is not among them.
    """
    other = aliased(Registration)
    follows = (
        sa.select(sa.literal(1))
        .where(
            other.product_id == Registration.product_id,
            sa.or_(
                other.state.in_(RUNNING),
                sa.and_(other.state == RegistrationState.CODED, other.valid_until >= on),
            ),
        )
        .correlate(Registration)
        .exists()
    )
    query = (
        sa.select(Registration)
        .where(Registration.state == RegistrationState.CODED, Registration.valid_until < on, ~follows)
        .order_by(Registration.valid_until, Registration.id)
        .limit(limit)
    )
    return session.scalars(query).all()


def moved_deadlines(session: Session, registration: Registration) -> Sequence[AuditLine]:
    """Return the audit lines that say when and why a deadline of the registration moved, oldest first."""
    query = sa.select(AuditLine).where(
        AuditLine.object_type == Registration.__tablename__,
        AuditLine.object_id == str(registration.id),
        AuditLine.action == "registration.move_deadline",
    )
    return session.scalars(query.order_by(AuditLine.id)).all()
