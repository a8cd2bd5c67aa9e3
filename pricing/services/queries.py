"""Reads of the service fees; they are public."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from pricing.services.model import ServiceFee


def in_force(on: date, *, place: str | None = None) -> sa.Select[ServiceFee]:
    """Return the query of the fees in force on a day, at all places or one."""
    later = aliased(ServiceFee)
    newest = (
        sa.select(sa.func.max(later.effective_from))
        .where(
            later.agreement_id == ServiceFee.agreement_id,
            later.service == ServiceFee.service,
            later.charge_unit == ServiceFee.charge_unit,
            later.effective_from <= on,
        )
        .scalar_subquery()
    )
    query = sa.select(ServiceFee).where(ServiceFee.effective_from == newest)
    if place is not None:
        query = query.where(ServiceFee.place == place)
    return query


def listed(session: Session, on: date, *, place: str | None = None) -> Sequence[ServiceFee]:
    """Return the fees in force on a day, by place and number."""
    return session.scalars(in_force(on, place=place).order_by(ServiceFee.place, ServiceFee.number)).all()
