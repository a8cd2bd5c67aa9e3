"""The root is booked with the seal: once, over everything, and only together with its audit line (M1)."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel.audit import AuditLine
from kernel.calendar import Period
from kernel.db import write_transaction
from settlement.ledger.model import JournalEntry
from settlement.roots import queries
from settlement.roots.commands import bind
from settlement.roots.model import PeriodRoot
from settlement.runs.model import SettlementRun
from settlement.runs.queries import sealed
from tests.make import settlement as make

ACTS = ("settlement.prepare", "settlement.check", "settlement.seal", "settlement.root", "statement.issue")
REFUSING = {
    "sqlite": "CREATE TRIGGER no_audit BEFORE INSERT ON audit_line WHEN NEW.action = 'settlement.root' "
    "BEGIN SELECT RAISE(ABORT, 'no audit'); END",
    "postgresql": "ALTER TABLE audit_line ADD CONSTRAINT no_audit CHECK (action <> 'settlement.root') NOT VALID",
}


def settled(session: Session) -> SettlementRun:
    """The worked example, settled."""
    world = make.make_world(session)
    make.use(session, world.scores_bought, 200)
    return make.settle(session)


@pytest.mark.both_databases
def test_a_settlement_leaves_one_audit_line_for_each_act_and_one_root(session: Session) -> None:
    run = settled(session)
    session.flush()
    found = Counter(session.scalars(sa.select(AuditLine.action).where(AuditLine.object_id == str(run.id))))
    assert {act: found[act] for act in ACTS} == dict.fromkeys(ACTS, 1)
    root = session.scalars(sa.select(PeriodRoot)).one()
    assert bind(session, make.checker(), sealed(run), now=make.NOW) is root
    tree = queries.tree_of(session, root)
    assert (tree.size, tree.root("sha256"), tree.root("sm3")) == (root.leaf_count, root.sha256, root.sm3)


@pytest.mark.both_databases
def test_the_roots_of_a_place_cover_every_voucher_once(session: Session) -> None:
    run = settled(session)
    later = make.NOW + timedelta(days=31)
    make.settle(session, period=Period.month("2026-09"), now=later)
    ranges = [root.journal["2026"] for root in session.scalars(sa.select(PeriodRoot).order_by(PeriodRoot.id))]
    last = session.scalar(sa.select(sa.func.max(JournalEntry.number)).where(JournalEntry.place == run.place))
    assert ranges == [[0, last], [last, last]]
    leaves = list(queries.leaves(session, sealed(run), {"2026": [0, last]}))
    assert sum(leaf["kind"] == "entry" for leaf in leaves) == last


@pytest.mark.both_databases
@pytest.mark.breaks_the_books
def test_a_seal_whose_root_cannot_be_recorded_does_not_happen(session: Session) -> None:
    with write_transaction(session):
        world = make.make_world(session)
        make.use(session, world.scores_bought, 200)
        session.execute(sa.text(REFUSING[session.get_bind().dialect.name]))
    with pytest.raises(DBAPIError), write_transaction(session):
        make.settle(session)
    assert session.scalar(sa.select(sa.func.count()).select_from(PeriodRoot)) == 0
    assert session.scalar(sa.select(sa.func.count()).select_from(SettlementRun)) == 0
