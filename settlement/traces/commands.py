"""Summing up the use of sealed settlements by day, so that an explanation reads no more than a month of rows."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit
from kernel.identity import Actor, Permission
from settlement.traces import queries
from settlement.traces.model import UsageDay

COLUMNS = ("run_id", "entitlement_id", "day_number", "calls", "hits", "units")


def sum_up(session: Session, actor: Actor, *, now: datetime) -> int:
    """Sum up the use of sealed settlements that are not summed up yet, one statement each; return how many.

    Safe to run again at any time: a settlement is summed up once.

    Raises:
        NotAllowed: the actor takes in nothing.
    """
    actor.must(Permission.INTAKE)
    done = 0
    for run in queries.without_sums(session):
        summed = queries.summing(session, run).subquery()
        rows = sa.select(sa.literal(run.id, sa.Uuid()), *summed.c)
        session.execute(sa.insert(UsageDay).from_select(COLUMNS, rows))
        audit.record(session, actor, "settlement.sum_up", run, at=now, note=run.number)
        done += 1
    return done
