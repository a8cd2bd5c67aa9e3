"""What the sharing catalogue shows besides the resource itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from registry.agreements.model import Agreement, AgreementResource
from registry.agreements.queries import in_force_clause


def agreements_covering(session: Session, resource_id: UUID, on: date) -> Sequence[Agreement]:
    """Return the agreements in force on that day under which the resource may be asked for, by number."""
    covering = sa.select(AgreementResource.agreement_id).where(AgreementResource.resource_id == resource_id)
    query = sa.select(Agreement).where(Agreement.id.in_(covering), in_force_clause(on))
    return session.scalars(query.order_by(Agreement.number)).all()
