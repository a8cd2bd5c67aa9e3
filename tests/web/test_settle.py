"""Settling at the terminal: who gets what, without a trace until asked, and never a sealed month again."""

from __future__ import annotations

import io

import pytest
import sqlalchemy as sa
from flask import Flask
from rich.console import Console

from kernel import clock, db
from settlement.runs.model import SettlementRun
from settlement.runs.rules import WrongState
from tests.make import settlement as make
from web.cli import TERMINAL
from web.settle import settle


def said(place: str, dry_run: bool) -> str:
    """Settle the month of the tests; return what was printed."""
    printed = io.StringIO()
    settle(TERMINAL, place, make.PERIOD, dry_run, Console(file=printed, width=200))
    return printed.getvalue()


@pytest.mark.both_databases
def test_a_month_is_shown_prepared_and_once_sealed_not_settled_again(app: Flask) -> None:
    with app.test_request_context(), clock.set_to(make.NOW):
        with db.transaction() as session:
            world = make.make_world(session)
            make.use(session, world.scores_bought, 200)
        shown = said("xinchang", True)
        assert "收入 1060.00 元（含税 60.00 元），净额 1000.00 元" in shown
        assert "600.00" in shown
        assert db.session().scalar(sa.select(sa.func.count()).select_from(SettlementRun)) == 0
        assert "已编制" in said("xinchang", False)
        with db.transaction() as session:
            make.settle(session)
        for dry_run in (True, False):
            with pytest.raises(WrongState):
                said("xinchang", dry_run)
