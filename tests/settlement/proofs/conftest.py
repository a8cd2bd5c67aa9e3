"""A settled month, sealed in three steps and anchored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from kernel import audit
from kernel.db import write_transaction
from kernel.identity import Actor, Grant, Role
from settlement.proofs import commands
from settlement.runs.model import SettlementRun
from tests.make import settlement as make

TIMETABLE = Actor(id=UUID(int=1), name="定时任务", grants=(Grant(Role.SCHEDULER),), channel="job")


@dataclass
class Proved:
    """The books of one month, and the copy of its anchor that an outsider kept."""

    session: Session
    world: make.World
    run: SettlementRun
    copy: dict[str, Any]


def seal_all(session: Session) -> None:
    """Seal every audit line that is there."""
    late = make.NOW + timedelta(days=2)
    with write_transaction(session):
        assert audit.seal(session, now=late, before=late) is not None


@pytest.fixture
def proved(session: Session) -> Proved:
    """Two products sold and settled; what was done is sealed in three parts, and anchored on the next day."""
    with write_transaction(session):
        world = make.make_world(session)
        make.use(session, world.scores_bought, 200)
    seal_all(session)
    with write_transaction(session):
        make.use(session, world.levels_bought, 100)
    seal_all(session)
    with write_transaction(session):
        run = make.settle(session)
    seal_all(session)
    with write_transaction(session):
        made = commands.anchor(session, TIMETABLE, now=make.NOW + timedelta(days=1))
    seal_all(session)
    return Proved(session, world, run, made.published())
