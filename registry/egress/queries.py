"""Reading egress checks and exports; whether a version may leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload

from kernel.calendar import DAY, Period, business_date, start_of_day
from kernel.errors import NotFound
from kernel.identity import Actor
from kernel.policy import PolicyBook
from registry.egress.model import EgressCheck, Export
from registry.egress.rules import OPEN, STANDING, STATE_TITLES, EgressState
from registry.policy import RegistryPolicy
from registry.products.model import Product
from registry.products.queries import in_scope


class NoSuchCheck(NotFound):
    """There is no such egress check, or none that the actor may know of."""

    code = "egress.not_found"


def get(session: Session, check_id: UUID, *, lock: bool = False) -> EgressCheck:
    """Return the check; locked and read afresh on demand.

    Raises:
        NoSuchCheck: there is none.
    """
    query = sa.select(EgressCheck).where(EgressCheck.id == check_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise _none(check_id)
    return found


def detail(session: Session, actor: Actor, check_id: UUID) -> EgressCheck:
    """Return a check within the actor's scope with its exports.

    Raises:
        NoSuchCheck: there is none, or none that the actor may know of.
    """
    query = listed(actor).where(EgressCheck.id == check_id).options(selectinload(EgressCheck.exports))
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise _none(check_id)
    return found


def listed(actor: Actor, *, place: str | None = None, state: EgressState | None = None) -> sa.Select[EgressCheck]:
    """Return the query of checks within the actor's scope (that of the products)."""
    query = (
        sa.select(EgressCheck)
        .join(Product, Product.id == EgressCheck.product_id)
        .where(in_scope(actor))
        .options(
            joinedload(EgressCheck.product), joinedload(EgressCheck.product_version), joinedload(EgressCheck.applicant)
        )
    )
    if place is not None:
        query = query.where(EgressCheck.place == place)
    return query if state is None else query.where(EgressCheck.state == state)


def of_version(session: Session, version_id: UUID) -> EgressCheck | None:
    """Return the check of a version that runs, was returned or passed; ``None`` when there is none."""
    query = sa.select(EgressCheck).where(EgressCheck.version_id == version_id, EgressCheck.state.in_(STANDING))
    return session.scalar(query)


def egress_clause(
    version_id: sa.ColumnElement[UUID] | sa.ScalarSelect[UUID] | UUID, on: date
) -> sa.ColumnElement[bool]:
    """Return the SQL condition that a version passed its egress check by the end of that day (EGR-01).

    Whether a check is demanded there (``egress.check_required``) is the caller's question.
    """
    query = sa.exists().where(
        EgressCheck.version_id == version_id,
        EgressCheck.state.in_(OPEN),
        EgressCheck.decided_at < start_of_day(on + DAY),
    )
    return query.correlate_except(EgressCheck)


def egress_gate_fact(
    session: Session, version_id: UUID, *, place: str, on: date, book: PolicyBook
) -> tuple[bool, str, date | None]:
    """Return whether a version may leave as far as the egress check goes, the fact in words, and since when."""
    if not RegistryPolicy.at(book, place, on).says("egress_check_required"):
        return True, "当地未要求出域合规核查", None
    found = session.scalar(
        sa.select(EgressCheck).where(EgressCheck.version_id == version_id, egress_clause(version_id, on))
    )
    if found is not None and found.decided_at is not None:
        return True, f"出域合规核查 {found.number} 已通过", business_date(found.decided_at)
    running = of_version(session, version_id)
    if running is not None:
        return False, f"出域合规核查 {running.number}：{STATE_TITLES[running.state]}", None
    return False, "该版本尚未申请出域合规核查；每一新版本须重新核查", None


@dataclass(frozen=True, slots=True)
class ExportFigure:
    """What one operator let leave in a period: the figure behind the cost of exports (CST-01)."""

    operator_id: UUID
    exports: int
    units: int
    size_bytes: int


def export_figures(session: Session, place: str, period: Period) -> list[ExportFigure]:
    """Return per operator how many deliveries, units and bytes left the domain in a period (CST-01)."""
    query = (
        sa.select(Export.operator_id, sa.func.count(), sa.func.sum(Export.units), sa.func.sum(Export.size_bytes))
        .where(
            Export.place == place,
            Export.exported_at >= start_of_day(period.start),
            Export.exported_at < start_of_day(period.end),
        )
        .group_by(Export.operator_id)
        .order_by(Export.operator_id)
    )
    return [
        ExportFigure(operator, count, int(units), int(size)) for operator, count, units, size in session.execute(query)
    ]


def exports_of(session: Session, version_id: UUID) -> Sequence[Export]:
    """Return every delivery of a version, oldest first."""
    return session.scalars(sa.select(Export).where(Export.version_id == version_id).order_by(Export.id)).all()


def export_with(session: Session, check_id: UUID, reference: str) -> Export | None:
    """Return the delivery that was recorded under that reference, or ``None``."""
    return session.scalar(sa.select(Export).where(Export.check_id == check_id, Export.reference == reference))


def _none(check_id: UUID) -> NoSuchCheck:
    return NoSuchCheck(f"没有编号为 {check_id} 的出域合规核查，或不在您的职责范围内", detail_en="No such egress check")
