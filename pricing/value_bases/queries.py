"""Reads of the value bases; they are public."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from pricing.value_bases.model import ValueBasis


def of_tariffs(session: Session, tariff_ids: Sequence[UUID]) -> dict[UUID, ValueBasis]:
    """Return the stated value behind each of these prices that has one."""
    query = sa.select(ValueBasis).where(ValueBasis.tariff_id.in_(tariff_ids))
    return {basis.tariff_id: basis for basis in session.scalars(query)}
