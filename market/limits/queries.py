"""Which limit is in force."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from market.entitlements.model import Entitlement
from market.limits.model import CallLimit
from market.limits.rules import Limit


def of_product(session: Session, product_id: UUID) -> Sequence[CallLimit]:
    """Return every limit that was ever set for a product and its entitlements, newest first."""
    query = sa.select(CallLimit).where(CallLimit.product_id == product_id).order_by(CallLimit.id.desc())
    return session.scalars(query).all()


def in_force(session: Session, entitlement: Entitlement) -> Limit | None:
    """Return the limit of an entitlement: its own newest one, else the newest one of its product, else none."""
    found: Any = session.execute(
        sa.select(newest(CallLimit.calls, entitlement.id, entitlement.product_id),
                  newest(CallLimit.seconds, entitlement.id, entitlement.product_id))
    ).one()  # fmt: skip
    return None if found[0] is None else Limit(found[0], found[1])


def newest(column: Any, entitlement_id: Any, product_id: Any) -> sa.ScalarSelect[int]:
    """Return one column of the limit in force as a part of another statement; both names may be columns of it."""
    own = sa.or_(CallLimit.entitlement_id == entitlement_id, CallLimit.entitlement_id.is_(None))
    query = (
        sa.select(column)
        .where(CallLimit.product_id == product_id, own)
        .order_by(CallLimit.entitlement_id.is_(None), CallLimit.sequence.desc())
        .limit(1)
    )
    return query.correlate_except(CallLimit).scalar_subquery()
