"""Reading embedded data sets."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from market.delivery.model import DataSet, DataSetRow


def current(session: Session, version_id: UUID) -> DataSet | None:
    """Return the data set that serves a product version: the one loaded last, or None."""
    query = sa.select(DataSet).where(DataSet.version_id == version_id).order_by(DataSet.sequence.desc()).limit(1)
    return session.scalar(query)


def look_up(session: Session, version_id: UUID, key: str) -> DataSetRow | None:
    """Return the row of a product version under a key, from the data set loaded last; None when there is none."""
    newest = (
        sa.select(DataSet.id)
        .where(DataSet.version_id == version_id)
        .order_by(DataSet.sequence.desc())
        .limit(1)
        .scalar_subquery()
    )
    return session.scalar(sa.select(DataSetRow).where(DataSetRow.data_set_id == newest, DataSetRow.key == key))


def loads(session: Session, version_id: UUID) -> list[DataSet]:
    """Return every load of a product version, newest first."""
    query = sa.select(DataSet).where(DataSet.version_id == version_id).order_by(DataSet.sequence.desc())
    return list(session.scalars(query))
