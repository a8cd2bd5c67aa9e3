"""Settlements end to end: prepared, checked by another person, sealed, and then closed for good."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from kernel.money import Money
from settlement.ledger.queries import balance, trial_balance
from settlement.runs.rules import RunState
from tests.make import settlement as make


@pytest.mark.both_databases
def test_the_worked_example_of_the_rules_is_settled_to_the_fen(session: Session) -> None:
    world = make.make_world(session)
    make.use(session, world.scores_bought, 200)
    make.use(session, world.levels_bought, 100)
    run = make.settle(session)
    assert run.state is RunState.SEALED
    assert run.parked == []
    group = next(group for group in run.report["groups"] if group["product"] == world.scores.code)
    assert [step["out"] for step in group["steps"]] == [
        {world.operator.uscc: "600.00"},
        {world.bureau.uscc: "164.63", world.hospital.uscc: "135.37"},
        {world.platform.uscc: "100.00"},
    ]
    assert balance(session, f"liability:treasury:{world.bureau.uscc}") == -Money.yuan("314.63")  # 164.63 and 150.00
    assert balance(session, f"liability:held:{world.hospital.uscc}") == -Money.yuan("135.37")
    assert sum(amount.fen for _, amount in trial_balance(session, place=run.place)) == 0
