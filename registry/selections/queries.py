"""Reading selections, and the fact that agreements rest on: this operator was selected in a published call."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from kernel.errors import NotFound
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from registry.calls.model import Call
from registry.selections.model import Selection
from registry.selections.rules import SelectionState


class NoSuchSelection(NotFound):
    """There is no such selection, or none that the reader may know of."""

    code = "selection.not_found"


def get(session: Session, selection_id: UUID, *, lock: bool = False) -> Selection:
    """Return the selection with call and operator; locked and read afresh on demand.

    Raises:
        NoSuchSelection: there is none.
    """
    query = _whole(sa.select(Selection).where(Selection.id == selection_id))
    if lock:
        query = query.with_for_update(of=Selection).execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NoSuchSelection(f"没有选定结果 {selection_id}", detail_en="No such selection.")
    return found


def visible(session: Session, actor: Actor, selection_id: UUID) -> Selection:
    """Return the selection, read afresh, if it was published or the actor writes calls at its place.

    Raises:
        NoSuchSelection: there is none, or none that the reader may know of.
    """
    query = _whole(sa.select(Selection).where(Selection.id == selection_id))
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None or not (found.published_on or actor.may(Permission.CALL_WRITE, place=found.place)):
        raise NoSuchSelection(f"没有选定结果 {selection_id}，或尚未公布", detail_en="No such selection.")
    return found


def of_call(session: Session, call_id: UUID) -> Selection | None:
    """Return the selection after a call that was not dropped, read afresh, or ``None``."""
    query = sa.select(Selection).where(Selection.call_id == call_id, Selection.state != SelectionState.DROPPED)
    return session.scalar(_whole(query).execution_options(populate_existing=True))


def published(*, place: str | None = None) -> sa.Select[Selection]:
    """Return the query of published results, for everybody, with call and operator."""
    query = _whole(sa.select(Selection).where(Selection.state == SelectionState.PUBLISHED))
    return query if place is None else query.where(Selection.place == place)


def selected_of(
    session: Session, operator_id: UUID, place: str, on: date, *, selection_id: UUID | None = None
) -> Sequence[Selection]:
    """Return the published selections of an institution at a place that count on that day, the newest first."""
    query = sa.select(Selection).where(
        Selection.operator_id == operator_id, Selection.place == place, Selection.published_on <= on,
        Selection.state == SelectionState.PUBLISHED,
    )  # fmt: skip
    if selection_id is not None:
        query = query.where(Selection.id == selection_id)
    return session.scalars(_whole(query).order_by(Selection.published_on.desc(), Selection.id.desc())).all()


def selection_gate_fact(
    session: Session, operator_id: UUID, place: str, on: date, book: PolicyBook, *, selection_id: UUID | None = None
) -> tuple[bool, str, date | None]:
    """Say whether the institution was selected in a published call at the place, in words, since when.

    Source:
        发改数据规〔2025〕27号 第十二条; 普洱 第九条; 新昌 三（四）3 (APP-02, APP-03).
    """
    found = selected_of(session, operator_id, place, on, selection_id=selection_id)
    if not found:
        return False, f"运营机构没有在{book.place(place).title}的公告中选定并公布，请先完成公告、申请、审查和选定", None
    first = found[0]
    words = f"在公告 {first.call.number} 中选定（{first.number}），{first.published_on} 公布"
    return True, words, first.published_on


def selection_clause(
    operator_id: sa.ColumnElement[UUID],
    place: sa.ColumnElement[str],
    on: date,
    *,
    selection_id: sa.ColumnElement[UUID] | sa.ColumnElement[UUID | None] | None = None,
) -> sa.ColumnElement[bool]:
    """Return :func:`selection_gate_fact` as an SQL condition over the columns of the agreement.

    ``selection_id`` is the column with the selection that the agreement names; where it is NULL any serves.
    """
    query = sa.select(sa.literal(1)).where(
        Selection.operator_id == operator_id, Selection.place == place, Selection.published_on <= on,
        Selection.state == SelectionState.PUBLISHED,
    )  # fmt: skip
    if selection_id is not None:
        query = query.where(sa.or_(selection_id.is_(None), Selection.id == selection_id))
    return query.correlate_except(Selection).exists()


def _whole(query: sa.Select[Selection]) -> sa.Select[Selection]:
    return query.options(
        joinedload(Selection.call).joinedload(Call.plan),
        joinedload(Selection.operator),
    )
