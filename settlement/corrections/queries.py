"""What sealed settlements still have to put right after objections that were upheld later; nothing here writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.money import Money
from settlement.corrections.rules import owed, together
from settlement.notices.model import ContributionFigure, ContributionNotice
from settlement.notices.rules import NoticeState
from settlement.objections import queries as objections
from settlement.objections.model import ContributionObjection
from settlement.objections.rules import ObjectionState, Pool

# settlements are a floor above what they rest on: known by their table only
RUN = sa.table(
    "settlement_run", sa.column("place", sa.Text), sa.column("period_start", sa.Date), sa.column("state", sa.Text),
    sa.column("report", sa.JSON),
)  # fmt: skip


def due(session: Session, place: str, *, before: date) -> dict[Pool, dict[str, Money]]:
    """Return, by pool, what each party is owed of sealed periods (above zero) or had too much of them (below).

    What earlier settlements moved already is taken off. Empty while no objection was upheld after its period was
    sealed: then the report of no settlement is read.

    Args:
        session: the session to read with.
        place: whose settlements.
        before: first day of the period that is settled now.

    Source:
        field 11.5; REV-04; H4: 已封存期间不变，差额在下一期以增减额处理并与原期间关联.
    """
    upheld = _upheld(session, place, before)
    if not upheld:
        return {}
    first = min(start for start, _ in upheld.values())
    pools = {pool for _, contested in upheld.values() for pool in contested}
    query = sa.select(RUN.c.period_start, RUN.c.report).where(
        RUN.c.place == place, RUN.c.state == "sealed", RUN.c.period_start >= first, RUN.c.period_start < before
    )
    found: dict[Pool, dict[str, Money]] = {}
    decided = {start: objections.as_decided(session, notice_id) for notice_id, (start, _) in upheld.items()}
    contested = {(start, pool) for start, pools_of in upheld.values() for pool in pools_of}
    for start, report in session.execute(query.order_by(RUN.c.period_start)):
        for pool, out, moved in _poured(report):
            if pool not in pools:
                continue
            found[pool] = together(found.get(pool, {}), {party: -amount for party, amount in moved.items()})
            if (start, pool) in contested:
                weights = {uscc: one.weight for uscc, one in decided[start][pool].items()}
                found[pool] = together(found[pool], owed(out, moved, weights))
    return {pool: amounts for pool, amounts in found.items() if any(amount.fen for amount in amounts.values())}


def _upheld(session: Session, place: str, before: date) -> dict[UUID, tuple[date, set[Pool]]]:
    """Return the notices with upheld objections, the first day of each, and the pools that are concerned."""
    query = (
        sa.select(ContributionNotice.id, ContributionNotice.period_start, ContributionFigure.id)
        .join(ContributionFigure, ContributionFigure.notice_id == ContributionNotice.id)
        .join(ContributionObjection, ContributionObjection.figure_id == ContributionFigure.id)
        .where(
            ContributionNotice.place == place, ContributionNotice.state == NoticeState.OPEN,
            ContributionNotice.period_start < before, ContributionObjection.state == ObjectionState.UPHELD,
        )
    )  # fmt: skip
    found: dict[UUID, tuple[date, set[Pool]]] = {}
    for notice_id, start, figure_id in session.execute(query):
        pool = objections.pool_of(session, figure_id)
        found.setdefault(notice_id, (start, set()))[1].add(pool)
    return found


def _poured(report: Mapping[str, Any]) -> Iterator[tuple[Pool, dict[str, Money], dict[str, Money]]]:
    """Yield every step of a report: its pool, what it gave out, and what of that was a correction."""
    for group in report["groups"]:
        for step in group["steps"]:
            out = {uscc: Money.yuan(text) for uscc, text in step["out"].items()}
            moved = {uscc: Money.signed_yuan(text) for uscc, text in step.get("corrected", {}).items()}
            yield (group["product"], group["schedule"], step["step"]), out, moved
