"""Reads of objections: who may see them, which lines wait, and the weights as decided."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import Period
from kernel.errors import NotFound
from kernel.identity import FINANCE, WATCHERS, Actor
from registry.parties.model import Party
from registry.products.model import Product
from settlement.notices import queries as notices
from settlement.notices.model import ContributionFigure, ContributionNotice
from settlement.notices.queries import Shown
from settlement.notices.rules import Figures, NoticeState, Weighed, weighed
from settlement.objections.model import ContributionObjection
from settlement.objections.rules import NOTHING_SHOWN, ObjectionState, Pool, Standing, corrected
from settlement.revenue.model import RevenueLine
from settlement.splits.model import ShareLine, ShareSchedule

# settlements are a floor above what they rest on: known by their table only
RUN = sa.table(
    "settlement_run", sa.column("id", sa.Uuid()), sa.column("place", sa.Text), sa.column("period_start", sa.Date)
)


class NoSuchObjection(NotFound):
    """There is no such objection, or none that the actor may know of."""

    code = "contribution.objection_not_found"


class NoSuchFigure(NotFound):
    """The notice holds no such line of the department."""

    code = "contribution.figure_not_found"


def of_notice(session: Session, notice_id: UUID) -> Sequence[ContributionObjection]:
    """Return the objections to a notice, oldest first."""
    query = sa.select(ContributionObjection).where(ContributionObjection.notice_id == notice_id)
    return session.scalars(query.order_by(ContributionObjection.filed_at, ContributionObjection.number)).all()


def listed(actor: Actor) -> sa.Select[ContributionObjection]:
    """Return the query of the objections that the actor may read: of its places, or its own organisation's."""
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role in WATCHERS or grant.role in FINANCE:
            reached.append(sa.true() if grant.place is None else ContributionObjection.place == grant.place)
        elif grant.org_id is not None:
            reached.append(ContributionObjection.party_id == grant.org_id)
    return sa.select(ContributionObjection).where(sa.or_(sa.false(), *reached))


def visible(session: Session, actor: Actor, number: str, *, lock: bool = False) -> ContributionObjection:
    """Return an objection by its number.

    Raises:
        NoSuchObjection: there is none that the actor may know of.
    """
    query = listed(actor).where(ContributionObjection.number == number)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NoSuchObjection(f"没有贡献异议 {number}，或不在您的职责范围内", detail_en=f"No objection {number}")
    return found


def line(session: Session, notice_id: UUID, figure_id: UUID) -> ContributionFigure:
    """Return one line of a notice.

    Raises:
        NoSuchFigure: the notice has no such line.
    """
    found = session.get(ContributionFigure, figure_id)
    if found is None or found.notice_id != notice_id:
        raise NoSuchFigure(f"公示中没有编号为 {figure_id} 的贡献行", detail_en="The notice has no such line")
    return found


def open_notice_of(session: Session, place: str, period: Period) -> ContributionNotice | None:
    """Return the notice of a period that was shown to the departments."""
    query = sa.select(ContributionNotice).where(
        ContributionNotice.place == place, ContributionNotice.period_start == period.start,
        ContributionNotice.state == NoticeState.OPEN,
    )  # fmt: skip
    return session.scalar(query)


def frozen(session: Session, place: str, period: Period) -> dict[Pool, set[str]]:
    """Return, by pool, the credit codes of the departments whose share waits for the decision on their objection."""
    notice = open_notice_of(session, place, period)
    if notice is None:
        return {}
    query = sa.select(ContributionObjection.figure_id).where(
        ContributionObjection.notice_id == notice.id, ContributionObjection.state == ObjectionState.FILED
    )
    waiting = set(session.scalars(query))
    found: dict[Pool, set[str]] = {}
    for shown in notices.lines(session, notice.id):
        if shown.figure.id in waiting:
            found.setdefault(_pool(shown), set()).add(shown.party.uscc)
    return found


def weights(session: Session, place: str, period: Period) -> dict[Pool, dict[str, Fraction]]:
    """Return, by pool, the exact weights that settle a period: as shown, with what upheld objections corrected.

    Empty while no notice was shown; then a settlement works with its own figures.
    """
    notice = open_notice_of(session, place, period)
    if notice is None:
        return {}
    decided = as_decided(session, notice.id)
    return {pool: {uscc: one.weight for uscc, one in by.items()} for pool, by in decided.items()}


def standing(session: Session, place: str, period: Period) -> Standing:
    """Return what was shown of a period to the departments, as it stands now."""
    notice = open_notice_of(session, place, period)
    if notice is None:
        return NOTHING_SHOWN
    return Standing(notice.number, weights(session, place, period), frozen(session, place, period))


def waiting(session: Session, place: str) -> dict[tuple[UUID, UUID, UUID], str]:
    """Return, by run, party and order, the number of the objection that its shares wait for: its own lines only."""
    query = (
        sa.select(ShareLine.run_id, ShareLine.party_id, RevenueLine.order_id, ContributionObjection.number)
        .join(RevenueLine, RevenueLine.id == ShareLine.revenue_line_id)
        .join(
            ContributionFigure,
            sa.and_(
                ContributionFigure.product_id == RevenueLine.product_id,
                ContributionFigure.schedule_id == ShareLine.schedule_id,
                ContributionFigure.step == ShareLine.step,
                ContributionFigure.party_id == ShareLine.party_id,
            ),
        )
        .join(ContributionNotice, ContributionNotice.id == ContributionFigure.notice_id)
        .join(ContributionObjection, ContributionObjection.figure_id == ContributionFigure.id)
        .where(
            ContributionObjection.place == place, ContributionObjection.state == ObjectionState.FILED,
            RevenueLine.run_id == RUN.c.id, RUN.c.place == place,
            RUN.c.period_start == ContributionNotice.period_start,
        )
        .order_by(ContributionObjection.number.desc())
    )  # fmt: skip
    return {(run_id, party_id, order_id): number for run_id, party_id, order_id, number in session.execute(query)}


def pool_of(session: Session, figure_id: UUID) -> Pool:
    """Return the pool that a line of a notice belongs to."""
    query = (
        sa.select(Product.code, ShareSchedule.number, ContributionFigure.step)
        .join(Product, Product.id == ContributionFigure.product_id)
        .join(ShareSchedule, ShareSchedule.id == ContributionFigure.schedule_id)
        .where(ContributionFigure.id == figure_id)
    )
    code, number, step = session.execute(query).one()
    return code, number, step


def as_decided(session: Session, notice_id: UUID) -> dict[Pool, dict[str, Weighed]]:
    """Return the figures and weights of a notice, by pool and department, after upheld objections."""
    upheld: dict[UUID, list[ContributionObjection]] = {}
    for one in of_notice(session, notice_id):
        if one.state is ObjectionState.UPHELD:
            upheld.setdefault(one.figure_id, []).append(one)
    pools: dict[Pool, dict[str, Figures]] = {}
    coefficients: dict[Pool, dict[str, Fraction]] = {}
    for shown in notices.lines(session, notice_id):
        row = shown.figure
        figures = Figures(row.usage, Fraction(row.quality), Fraction(row.input))
        for objection in upheld.get(row.id, []):
            figures = corrected(figures, objection.factor, Fraction(objection.corrected or 0))
        pools.setdefault(_pool(shown), {})[shown.party.uscc] = figures
        coefficients[_pool(shown)] = {factor: Fraction(text) for factor, text in row.coefficients.items()}
    return {pool: weighed(coefficients[pool], by_department) for pool, by_department in pools.items()}


def _pool(shown: Shown) -> Pool:
    return shown.product.code, shown.schedule.number, shown.figure.step


def names(session: Session, found: Sequence[ContributionObjection]) -> dict[UUID, str]:
    """Return the names of the departments that object."""
    query = sa.select(Party.id, Party.name).where(Party.id.in_({one.party_id for one in found}))
    return {row.id: row.name for row in session.execute(query)}
