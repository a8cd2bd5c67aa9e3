"""Caps are planned together, must fit, and exist only when their written report is recorded."""

from __future__ import annotations

from datetime import timedelta
from itertools import product as pairs

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel.errors import NotAllowed
from pricing.cap_plans import commands, queries
from pricing.cap_plans.model import CapPlan, CapPlanRow
from pricing.cap_plans.rules import (
    TRANSITIONS,
    CapPlanEvent,
    CapPlanState,
    DayUnusable,
    ReportIncomplete,
    RowUnusable,
    WrongState,
    after,
)
from pricing.ceilings import queries as ceilings
from pricing.ceilings.rules import CapsAboveRevenue
from pricing.costs.rules import ChargeUnit
from pricing.determinations import queries as determined
from pricing.determinations.rules import DeterminationState as State
from tests.make import determinations as walk
from tests.make import pricing as make
from tests.make import registry_base as base


@pytest.fixture
def offices(session: Session) -> walk.Offices:
    return walk.Offices(base.make_agreement(session))


@pytest.fixture
def found(session, offices):
    return walk.determine(session, offices)


@pytest.fixture
def rows(session, offices):
    calls, reports, subscriptions = (make.make_product(session, agreement=offices.agreement) for _ in range(3))

    def of(first: str):
        return [
            make.cap(calls, first, "5000000"),
            make.cap(reports, "300", "10000", ChargeUnit.PER_ITEM),
            make.cap(subscriptions, "20000", "60", ChargeUnit.PER_PERIOD),
        ]

    return of


@pytest.mark.parametrize(("state", "event"), list(pairs(CapPlanState, CapPlanEvent)))
def test_only_a_draft_is_changed_reported_or_dropped(state, event):
    if (state, event) in TRANSITIONS:
        assert state is CapPlanState.DRAFT
        assert after(state, event, "CAPP-1") is TRANSITIONS[state, event]
    else:
        with pytest.raises(WrongState):
            after(state, event, "CAPP-1")


@pytest.mark.both_databases
def test_a_plan_of_8_200_000_fits_one_of_8_300_000_does_not_and_only_the_report_makes_caps(
    session, offices, found, rows
):
    with pytest.raises(CapsAboveRevenue) as refused:
        walk.draft_caps(session, offices, found, rows("0.82"))
    assert "8300000" in refused.value.detail
    planned = rows("0.80")
    plan = walk.draft_caps(session, offices, found, planned)
    calls = planned[0]["product_id"]
    assert determined.locked(session, found.id).state is State.CAPS_SET
    assert ceilings.cap_at(session, calls, ChargeUnit.PER_USE, make.TODAY) is None
    (load,) = queries.headroom_of(session, plan)
    assert (load.fit.expected, load.fit.headroom) == (8_200_000, 57_824)
    walk.report_caps(session, offices, plan)
    cap = ceilings.cap_at(session, calls, ChargeUnit.PER_USE, make.TODAY)
    assert (cap.amount.text(), cap.report_number) == ("0.8", plan.report_number)
    moved = determined.locked(session, found.id)
    assert moved.state is State.CAPS_REPORTED
    assert determined.phases(session, [moved], make.TODAY)[found.id] is State.ACTIVE
    for statement in (
        sa.update(CapPlan).values(note="改写"), sa.delete(CapPlanRow), sa.update(CapPlanRow).values(position=9),
    ):  # fmt: skip
        with pytest.raises(DBAPIError, match="reported cap plan"), session.begin_nested():
            session.execute(statement)


def test_a_report_goes_to_both_departments_before_the_planned_day_is_over(session, offices, found, rows):
    tomorrow = make.TODAY + timedelta(days=1)
    plan = walk.draft_caps(session, offices, found, rows("0.80"), effective_from=tomorrow)
    for changed in (
        {"reported_to": ["price_authority"]}, {"reported_to": ["data_authority"]},
        {"report_date": tomorrow},
    ):  # fmt: skip
        with pytest.raises(ReportIncomplete):
            commands.record_report(
                session, offices.entity, plan.id, now=make.NOW, book=base.book(),
                **{"report_number": "1号", "report_date": make.TODAY, "reported_to": walk.BOTH, **changed},
            )  # fmt: skip
    with pytest.raises(DayUnusable):
        walk.report_caps(session, offices, plan, now=make.NOW + timedelta(days=2))
    assert ceilings.caps_of_agreement(session, offices.agreement.id) == []


def test_the_operator_and_the_price_officer_set_no_caps(session, offices, found, rows):
    entity = offices.entity
    for person in (offices.operator, offices.officer, base.supervisor("puer")):
        offices.entity = person
        with pytest.raises(NotAllowed):
            walk.draft_caps(session, offices, found, rows("0.80"))
    offices.entity = entity


def test_rows_name_own_products_listed_units_and_each_scope_once(session, offices, found, rows):
    elsewhere = make.make_product(session)
    (first, *_) = rows("0.80")
    for wrong in ([make.cap(elsewhere, "1")], [{**first, "amount": type(first["amount"])(0)}], [first, first]):
        with pytest.raises(RowUnusable):
            walk.draft_caps(session, offices, found, wrong)
    with pytest.raises(DayUnusable):
        walk.draft_caps(session, offices, found, [first], effective_from=make.TODAY - timedelta(days=1))


def test_a_plan_is_changed_dropped_and_followed_by_others_while_reported_caps_stay(session, offices, found, rows):
    planned = rows("0.80")
    plan = walk.draft_caps(session, offices, found, planned)
    with pytest.raises(commands.PlanUnderWay), session.begin_nested():
        walk.draft_caps(session, offices, found, planned)
    changed = commands.amend(
        session, offices.entity, plan.id, effective_from=make.TODAY, caps=planned[:1], now=make.NOW, book=base.book()
    )
    assert len(changed.rows) == 1
    commands.drop(session, offices.entity, plan.id, note="重拟", now=make.NOW)
    assert determined.locked(session, found.id).state is State.MPR_DETERMINED
    walk.report_caps(session, offices, walk.draft_caps(session, offices, found, planned))
    lower, later = [{**planned[0], "amount": type(planned[0]["amount"]).yuan("0.70")}], make.NOW + timedelta(days=3)
    day = make.TODAY + timedelta(days=3)
    second = walk.draft_caps(session, offices, found, lower, effective_from=day, now=later)
    walk.report_caps(session, offices, second, now=later)
    in_force = ceilings.cap_at(session, planned[0]["product_id"], planned[0]["charge_unit"], day)
    assert in_force
    assert in_force.amount.text() == "0.7"
