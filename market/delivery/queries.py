"""Reading what versions are served from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from market.delivery.model import DataSet, DataSetRow, ProductFile


class NoSuchProductFile(NotFound):
    """There is no such file of that version."""

    code = "product_file.not_found"


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


def files_of(session: Session, version_id: UUID) -> Sequence[ProductFile]:
    """Return the files and reports of a version, the newest first."""
    query = sa.select(ProductFile).where(ProductFile.version_id == version_id).order_by(ProductFile.id.desc())
    return session.scalars(query).all()


def files_within(session: Session, version_id: UUID, start: date, end: date) -> Sequence[ProductFile]:
    """Return what somebody gets who bought a version from ``start`` to ``end`` (last day): every file, and the
    reports whose period falls into that time or overlaps it.
    """
    query = sa.select(ProductFile).where(
        ProductFile.version_id == version_id,
        sa.or_(
            ProductFile.period_start.is_(None),
            sa.and_(ProductFile.period_start <= end, ProductFile.period_end >= start),
        ),
    )
    return session.scalars(query.order_by(ProductFile.period_start, ProductFile.id)).all()


def file_within(session: Session, version_id: UUID, file_id: UUID, start: date, end: date) -> ProductFile:
    """Return one of them.

    Raises:
        NoSuchProductFile: the file is of another version, of a period that was not bought, or there is none.
    """
    found = next((one for one in files_within(session, version_id, start, end) if one.id == file_id), None)
    if found is None:
        raise NoSuchProductFile("没有这个文件，或不属于所购版本和期限", detail_en="No such file of what was bought")
    return found
