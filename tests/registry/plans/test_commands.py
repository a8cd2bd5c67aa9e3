"""Implementation plans on a real database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import business_date
from kernel.errors import DomainError, NotAllowed
from kernel.identity import Role
from registry.plans import commands, queries
from registry.plans.model import Plan, PlanVersion
from registry.plans.rules import (
    TRANSITIONS,
    EffectTooEarly,
    NotEditable,
    NothingToChange,
    PlanEvent,
    PlanFilingMissing,
    PlanIncomplete,
    PlanState,
    VersionRunning,
    WrongState,
)
from registry.resources.model import Resource
from registry.reviews.rules import Decision
from tests.make import authorization as auth
from tests.make import registry_base as make

TODAY = business_date(make.NOW)
BOOK = make.book()


@pytest.mark.both_databases
@pytest.mark.parametrize("place", ["puer", "xinchang", "guangzhou"])
def test_a_plan_passes_the_stages_of_its_place_is_filed_and_takes_effect(session: Session, place: str) -> None:
    version = auth.carry_plan(session, auth.draft_plan(session, place=place), PlanState.UNDER_REVIEW)
    assert version.review_id is not None
    assert auth.agree(session, version.review_id) == (3 if place == "puer" else 1)
    assert (version.state, version.approved_at) == (PlanState.APPROVED, make.NOW)
    with pytest.raises(PlanFilingMissing):
        commands.put_in_effect(
            session, make.supervisor(place), version.id, effective_from=TODAY, book=BOOK, now=make.NOW
        )
    commands.file(
        session, make.supervisor(place), version.id, government_document="政复1号", reference="备1号", now=make.NOW
    )
    commands.put_in_effect(session, make.supervisor(place), version.id, effective_from=TODAY, book=BOOK, now=make.NOW)
    assert version.in_effect(TODAY)
    assert [source["name"] for source in version.sources][-1] == "plan.stages"


def test_an_incomplete_plan_is_refused_with_everything_that_is_missing_and_stays_a_draft(session: Session) -> None:
    version = auth.draft_plan(session)
    blank = {"necessity_and_feasibility": "", "other": " "}
    commands.save(session, make.supervisor("puer"), version.id, items=blank, scope_text="", now=make.NOW, book=BOOK)
    with pytest.raises(PlanIncomplete) as refused:
        commands.submit(session, make.supervisor("puer"), version.id, book=BOOK, calendar=auth.CALENDAR, now=make.NOW)
    pointers = [error["pointer"] for error in refused.value.errors]
    assert pointers == ["/items/necessity_and_feasibility", "/items/other", "/resource_ids"]
    assert (version.state, version.review_id) == (PlanState.DRAFT, None)


@pytest.mark.both_databases
def test_a_major_change_repeats_the_procedure_and_the_old_version_counts_until_the_new_one(session: Session) -> None:
    old = auth.make_plan(session)
    person = make.supervisor("puer")
    new = commands.start_major_change(session, person, old.plan_id, reason="增加领域", now=make.NOW)
    assert (new.number, new.items, new.mode) == (2, old.items, old.mode)
    commands.save(session, person, new.id, items={"term_and_schedule": "五年"}, now=make.NOW, book=BOOK)
    with pytest.raises(PlanIncomplete):  # a decision of its own
        commands.submit(session, person, new.id, book=BOOK, calendar=auth.CALENDAR, now=make.NOW)
    commands.record_decision(session, person, new.id, number="纪要9号", now=make.NOW, **auth.FILE)
    later = TODAY + timedelta(days=10)
    auth.carry_plan(session, new, PlanState.IN_EFFECT, effective_from=later)
    days = [TODAY - timedelta(days=1), TODAY, later - timedelta(days=1), later]
    found = [queries.in_effect_of(session, old.plan_id, day) for day in days]
    assert [one.number if one else None for one in found] == [None, 1, 1, 2]
    changed = {change.code for change in queries.changes(session, old, new)}
    assert changed == {"term_and_schedule", "decision_number"}


@pytest.mark.both_databases
def test_one_version_at_a_time_and_only_of_a_plan_in_effect(session: Session) -> None:
    fresh = auth.draft_plan(session)
    with pytest.raises(NothingToChange):
        commands.start_major_change(session, make.supervisor("puer"), fresh.plan_id, reason="变更", now=make.NOW)
    version = auth.make_plan(session)
    commands.start_major_change(session, make.supervisor("puer"), version.plan_id, reason="变更", now=make.NOW)
    session.commit()
    with pytest.raises(VersionRunning):
        commands.start_major_change(session, make.supervisor("puer"), version.plan_id, reason="再变更", now=make.NOW)
    session.rollback()


def test_a_returned_plan_is_put_right_and_goes_the_whole_way_again(session: Session) -> None:
    version = auth.carry_plan(session, auth.draft_plan(session), PlanState.UNDER_REVIEW)
    assert version.review_id is not None
    auth.decide(session, version.review_id)
    auth.decide(session, version.review_id, Decision.RETURN_ONCE)
    assert version.state is PlanState.RETURNED
    commands.save(session, make.supervisor("puer"), version.id, items={"other": "已补充"}, now=make.NOW, book=BOOK)
    commands.submit(session, make.supervisor("puer"), version.id, book=BOOK, calendar=auth.CALENDAR, now=make.NOW)
    assert auth.agree(session, version.review_id) == 3
    assert version.state is PlanState.APPROVED


def test_a_refused_version_stays_refused_and_a_withdrawn_one_is_gone(session: Session) -> None:
    version = auth.carry_plan(session, auth.draft_plan(session), PlanState.UNDER_REVIEW)
    assert version.review_id is not None
    auth.decide(session, version.review_id, Decision.REFUSE)
    assert version.state is PlanState.REFUSED
    other = auth.carry_plan(session, auth.draft_plan(session), PlanState.UNDER_REVIEW)
    commands.withdraw(session, make.supervisor("puer"), other.id, reason="重新研究", now=make.NOW)
    assert other.state is PlanState.WITHDRAWN


def in_state(session: Session, state: PlanState) -> PlanVersion:
    """A version in the wanted state, by the real commands."""
    version = auth.draft_plan(session)
    if state is PlanState.DRAFT:
        return version
    if state is PlanState.WITHDRAWN:
        return commands.withdraw(session, make.supervisor("puer"), version.id, reason="撤回", now=make.NOW)
    if state in (PlanState.REFUSED, PlanState.RETURNED):
        auth.carry_plan(session, version, PlanState.UNDER_REVIEW)
        assert version.review_id is not None
        how = Decision.REFUSE if state is PlanState.REFUSED else Decision.RETURN_ONCE
        auth.decide(session, version.review_id, how)
        return version
    if state is PlanState.SUPERSEDED:
        auth.carry_plan(session, version, PlanState.IN_EFFECT)
        person = make.supervisor("puer")
        new = commands.start_major_change(session, person, version.plan_id, reason="变更", now=make.NOW)
        commands.record_decision(session, person, new.id, number="纪要9号", now=make.NOW, **auth.FILE)
        auth.carry_plan(session, new, PlanState.IN_EFFECT)
        return version
    return auth.carry_plan(session, version, state)


STEPS: dict[PlanEvent, Callable[[Session, PlanVersion], object]] = {
    PlanEvent.SUBMIT: lambda session, one: commands.submit(
        session, make.supervisor("puer"), one.id, book=BOOK, calendar=auth.CALENDAR, now=make.NOW
    ),
    PlanEvent.WITHDRAW: lambda session, one: commands.withdraw(
        session, make.supervisor("puer"), one.id, reason="撤回", now=make.NOW
    ),
    PlanEvent.FILE: lambda session, one: commands.file(
        session, make.supervisor("puer"), one.id, government_document="1号", reference="2号", now=make.NOW
    ),
    PlanEvent.PUT_IN_EFFECT: lambda session, one: commands.put_in_effect(
        session, make.supervisor("puer"), one.id, effective_from=TODAY, book=BOOK, now=make.NOW
    ),
}


@pytest.mark.parametrize("state", list(PlanState))
def test_each_command_works_in_its_states_and_leaves_no_trace_in_the_others(session: Session, state: PlanState) -> None:
    version = in_state(session, state)
    session.commit()
    lines = sa.select(sa.func.count()).select_from(audit.AuditLine)
    for event, step in STEPS.items():
        before, kept = session.scalar(lines), (version.state, version.version)
        if (state, event) in TRANSITIONS and (state, event) != (PlanState.APPROVED, PlanEvent.PUT_IN_EFFECT):
            step(session, version)
            session.flush()
            assert version.state is TRANSITIONS[state, event]
        else:
            with pytest.raises((WrongState, PlanFilingMissing)):
                step(session, version)
            session.flush()
            assert (session.scalar(lines), (version.state, version.version)) == (before, kept)
        session.rollback()
        session.refresh(version)


def test_what_is_under_review_is_changed_neither_by_commands_nor_by_hand(session: Session) -> None:
    version = auth.carry_plan(session, auth.draft_plan(session), PlanState.UNDER_REVIEW)
    with pytest.raises(NotEditable):
        commands.save(session, make.supervisor("puer"), version.id, items={"name": "另一名"}, now=make.NOW, book=BOOK)
    with pytest.raises((IntegrityError, OperationalError)):
        session.execute(sa.update(PlanVersion).values(scope_text="另一范围"))
    session.rollback()


def test_a_plan_takes_effect_neither_in_the_past_nor_before_its_forerunner(session: Session) -> None:
    version = auth.carry_plan(session, auth.draft_plan(session), PlanState.FILED)
    yesterday = TODAY - timedelta(days=1)
    with pytest.raises(EffectTooEarly):
        commands.put_in_effect(
            session, make.supervisor("puer"), version.id, effective_from=yesterday, book=BOOK, now=make.NOW
        )


def test_only_the_authority_of_the_place_writes_plans_and_drafts_are_not_for_everybody(session: Session) -> None:
    version = auth.draft_plan(session)
    for stranger in (make.supervisor("quzhou"), make.actor(Role.OPERATOR, place="puer"), make.actor(Role.AUDITOR)):
        with pytest.raises(NotAllowed):
            commands.save(session, stranger, version.id, items={}, now=make.NOW, book=BOOK)
    operator = make.actor(Role.OPERATOR, place="puer")
    with pytest.raises(queries.NoSuchPlan):
        queries.visible(session, operator, version.plan_id)
    auth.carry_plan(session, version, PlanState.IN_EFFECT)
    assert queries.visible(session, operator, version.plan_id).number == "PLN-2026-000001"


def gate(session: Session, place: str, wanted: list[Resource], on: date) -> tuple[bool, bool]:
    """The gate as a fact, and as an SQL condition over a table of agreements made up here."""
    told, words, since = queries.plan_gate_fact(session, place, [one.id for one in wanted], on, BOOK)
    assert words
    assert (since is not None) is told
    scope = sa.select(Resource.id).where(Resource.id.in_([one.id for one in wanted]))
    clause = queries.plan_clause(sa.literal(place), scope, on)
    return told, bool(session.scalar(sa.select(clause)))


@pytest.mark.both_databases
def test_a_plan_covers_the_resources_that_it_lists_at_its_place_while_it_is_in_effect(session: Session) -> None:
    covered, other = make.make_resource(session, place="puer"), make.make_resource(session, place="puer")
    session.flush()
    auth.make_plan(session, resource_ids=(covered.id,))
    assert gate(session, "puer", [covered], TODAY) == (True, True)
    assert gate(session, "puer", [covered, other], TODAY) == (False, False)
    assert gate(session, "quzhou", [covered], TODAY) == (False, False)
    assert gate(session, "puer", [covered], TODAY - timedelta(days=1)) == (False, False)
    auth.make_plan(session)  # described in words: covers what the authority puts in
    assert gate(session, "puer", [covered, other], TODAY) == (True, True)


def test_a_resource_of_another_place_or_barred_is_no_scope(session: Session) -> None:
    version = auth.draft_plan(session)
    for wrong in (make.make_resource(session, place="quzhou"), make.make_resource(session, place="puer", barred=True)):
        session.flush()
        with pytest.raises(commands.ScopeNotThere):
            commands.save(
                session, make.supervisor("puer"), version.id, resource_ids=[wrong.id], now=make.NOW, book=BOOK
            )


def test_a_second_plan_has_its_own_number(session: Session) -> None:
    auth.draft_plan(session)
    auth.draft_plan(session)
    assert session.scalars(sa.select(Plan.number).order_by(Plan.number)).all() == ["PLN-2026-000001", "PLN-2026-000002"]


def test_refusals_carry_their_rule(session: Session) -> None:
    version = auth.draft_plan(session)
    with pytest.raises(DomainError) as refused:
        commands.file(
            session, make.supervisor("puer"), version.id, government_document="1", reference="2", now=make.NOW
        )
    assert (refused.value.code, refused.value.rule) == ("plan.wrong_state", "APP-01")
