"""Breakpoints, agreed amounts and dated steps go on from product to product and from one sealed period to the next."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from kernel.calendar import Period
from kernel.db import Database, write_transaction
from settlement.runs.model import SettlementRun
from tests.make import settlement as make
from tests.rig.databases import KINDS, Databases

SEPTEMBER = Period.month("2026-09")
OCTOBER = datetime(2026, 10, 2, 2, 0, tzinfo=UTC)
BANDS = [{"up_to": "600.00", "value": "0.5"}, {"value": "0.1"}]


def two_months(session: Session, step: dict[str, Any]) -> tuple[make.World, SettlementRun, SettlementRun]:
    """Net 500.00 of each of two products in August, 500.00 of one in September; one step before the rest."""
    world = make.make_world(session, has_schedule=False)
    steps = [{"party": world.operator.uscc, **step}, {"kind": "rest", "party": world.platform.uscc}]
    make.make_schedule(session, world.agreement, steps, signers=[world.operator, world.platform])
    make.use(session, world.scores_bought, 100)
    make.use(session, world.levels_bought, 100)
    first = make.settle(session)
    make.use(session, world.scores_bought, 100, prefix="more", at=datetime(2026, 9, 9, tzinfo=UTC), now=OCTOBER)
    return world, first, make.settle(session, period=SEPTEMBER, now=OCTOBER)


def given(run: SettlementRun, uscc: str) -> list[str]:
    """What the first step gave a party, product by product."""
    assert run.parked == []
    return [group["steps"][0]["out"][uscc] for group in run.report["groups"]]


@pytest.mark.both_databases
def test_breakpoints_over_the_term_go_on_between_products_and_periods(session: Session) -> None:
    world, first, second = two_months(
        session, {"kind": "rate", "bands": BANDS, "base": "net_of_tax", "over": "term"}
    )  # fmt: skip
    assert given(first, world.operator.uscc) == ["250.00", "90.00"]  # 100 more at a half, then 400 at a tenth
    assert given(second, world.operator.uscc) == ["50.00"]
    trace = second.report["groups"][0]["steps"][0]["trace"]
    assert (trace["rates"], trace["before"]) == ([["1/10", "500.00"]], "340.00")


def test_breakpoints_of_a_period_begin_anew(session: Session) -> None:
    world, first, second = two_months(session, {"kind": "rate", "bands": BANDS, "base": "net_of_tax"})
    assert given(first, world.operator.uscc) == ["250.00", "250.00"]
    assert given(second, world.operator.uscc) == ["250.00"]


@pytest.mark.both_databases
def test_costs_are_recovered_up_to_the_cap_of_a_settlement_and_once_over_all_of_them(session: Session) -> None:
    world, first, second = two_months(session, {"kind": "recover", "value": "700.00", "cap": "600.00"})
    assert given(first, world.operator.uscc) == ["500.00", "100.00"]
    assert given(second, world.operator.uscc) == ["100.00"]


def test_an_agreed_amount_of_each_period_is_taken_once_in_each(session: Session) -> None:
    world, first, second = two_months(session, {"kind": "fixed", "value": "120.00", "over": "period"})
    assert given(first, world.operator.uscc) == ["120.00", "0.00"]
    assert given(second, world.operator.uscc) == ["120.00"]


def test_an_agreed_amount_is_taken_once_for_all(session: Session) -> None:
    world, first, second = two_months(session, {"kind": "fixed", "value": "520.00"})
    assert given(first, world.operator.uscc) == ["500.00", "20.00"]
    assert given(second, world.operator.uscc) == ["0.00"]


def test_a_step_counts_until_its_last_day(session: Session) -> None:
    world, first, second = two_months(
        session, {"kind": "rate", "value": "0.5", "base": "net_of_tax", "until": "2026-08-31"}
    )  # fmt: skip
    assert given(first, world.operator.uscc) == ["250.00", "250.00"]
    assert given(second, world.operator.uscc) == ["0.00"]
    assert second.report["groups"][0]["steps"][0]["trace"]["bound"] == "not_in_force"


def test_what_is_carried_and_traced_is_the_same_to_the_byte_on_both_databases(databases: Databases) -> None:
    digests = set()
    for kind in KINDS:
        url = databases.fresh(kind)
        database = Database(url)
        with database.new_session() as session, write_transaction(session):
            bands = {"kind": "rate", "bands": BANDS, "base": "gross", "over": "term", "cap": "400.00"}
            digests.add(two_months(session, bands)[2].report_sha256)
        database.engine.dispose()
        databases.discard(url)
    assert len(digests) == 1
