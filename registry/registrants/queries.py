"""Reading who else stands behind a registration."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from registry.registrants.model import CoRegistrant, InterestedParty


def others(session: Session, registration_id: UUID) -> Sequence[CoRegistrant]:
    """Return the co-registrants of a registration with their parties, as they were listed."""
    query = sa.select(CoRegistrant).where(CoRegistrant.registration_id == registration_id)
    return session.scalars(query.order_by(CoRegistrant.id).options(joinedload(CoRegistrant.party))).all()


def interest(session: Session, registration_id: UUID) -> InterestedParty | None:
    """Return who asked for a correction in place of the registrant, or ``None``."""
    query = sa.select(InterestedParty).where(InterestedParty.registration_id == registration_id)
    return session.scalar(query.options(joinedload(InterestedParty.party)))
