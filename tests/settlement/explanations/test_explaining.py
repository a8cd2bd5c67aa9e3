"""Every amount on a statement is explained down to its events, and worked out again to the fen."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from kernel import db
from kernel.calendar import Period
from kernel.identity import Role
from settlement.explanations.queries import explain
from settlement.statements.model import Statement
from settlement.statements.queries import NoSuchStatement
from settlement.traces import commands
from settlement.traces.queries import NoSuchLine
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.make.clients import as_person, as_program
from tests.settlement.proofs.conftest import TIMETABLE

AUDITOR = base.actor(Role.AUDITOR)


def settled(session: Session, *, days: int = 1) -> make.World:
    """The worked example, used on so many days, settled."""
    world = make.make_world(session)
    for day in range(days):
        make.use(session, world.scores_bought, 200 // days, at=make.USED_AT.replace(day=5 + day))
    make.use(session, world.levels_bought, 100)
    make.settle(session)
    return world


def lines_of(session: Session) -> list[tuple[str, int]]:
    """Every line of every statement."""
    found = session.scalars(sa.select(Statement).order_by(Statement.number))
    return [(one.number, line) for one in found for line in range(1, len(one.lines) + 1)]


@pytest.mark.both_databases
def test_every_line_of_every_statement_is_worked_out_again_to_the_fen(session: Session) -> None:
    settled(session)
    lines = lines_of(session)
    assert len(lines) >= len(("operator", "bureau", "bureau", "hospital", "platform"))
    for number, line in lines:
        found = explain(session, AUDITOR, number, line)
        assert found.agrees, [check for check in found.checks if not check.agrees]
        assert found.amount == found.said["share"]
        assert found.checks


@pytest.mark.both_databases
def test_the_tree_reaches_from_the_amount_to_clause_cap_events_and_voucher(session: Session) -> None:
    world = settled(session, days=4)
    query = sa.select(Statement).where(Statement.party_id == world.operator.id)
    said = session.scalars(query).one()
    line = next(at for at, one in enumerate(said.lines, start=1) if one["product"] == world.scores.code)
    found = explain(session, AUDITOR, said.number, line)
    words = to_words(found.tree)
    for named in (world.agreement.number, "收费标准", "凭证", "结算复核人", "签署：运营公司", "2026-08-06", "第 1 步"):
        assert any(named in one for one in words), named
    assert not any("编制人" == one for one in words)  # roles, no names of persons
    assert [used.units for used in found.days.values()] == [50, 50, 50, 50]


def to_words(tree: dict[str, object]) -> list[str]:
    """Every label of a tree."""
    lines = tree["lines"]
    assert isinstance(lines, list)
    return [str(tree["label"]), *(one for line in lines for one in to_words(line))]


@pytest.mark.both_databases
def test_sums_by_day_are_those_of_the_events_and_are_made_once(session: Session) -> None:
    settled(session, days=4)
    number, line = lines_of(session)[0]
    before = explain(session, AUDITOR, number, line).to_dict()
    assert commands.sum_up(session, TIMETABLE, now=make.NOW) == 1
    assert commands.sum_up(session, TIMETABLE, now=make.NOW) == 0
    assert explain(session, AUDITOR, number, line).to_dict() == before


@pytest.mark.both_databases
def test_steps_that_count_over_the_term_and_over_products_are_worked_out_again(session: Session) -> None:
    world = make.make_world(session, has_schedule=False, quantity=300)
    steps = [
        {"kind": "recover", "party": world.operator.uscc, "value": "900.00"},
        {"kind": "fixed", "party": world.platform.uscc, "value": "50.00"},
        {"kind": "rate", "party": world.operator.uscc, "value": "0.5", "base": "left", "cap": "70.00"},
        {"kind": "rest", "party": world.platform.uscc},
    ]
    make.make_schedule(session, world.agreement, steps, signers=[world.operator, world.platform])
    make.use(session, world.scores_bought, 120)
    make.use(session, world.levels_bought, 60)
    make.settle(session)
    october = make.NOW + timedelta(days=31)
    used_at = make.USED_AT + timedelta(days=31)
    make.use(session, world.scores_bought, 180, at=used_at, now=october)
    make.use(session, world.levels_bought, 40, at=used_at, now=october)
    make.settle(session, period=Period.month("2026-09"), now=october)
    kinds = set()
    for number, line in lines_of(session):
        found = explain(session, AUDITOR, number, line)
        assert found.agrees, [check for check in found.checks if not check.agrees]
        kinds.add((found.said["rule"] or {}).get("kind"))
    assert kinds >= {"recover", "fixed", "rate", "rest"}


@pytest.mark.breaks_the_books
def test_a_fen_that_was_moved_after_the_seal_does_not_agree(session: Session) -> None:
    settled(session)
    session.execute(sa.text("DROP TRIGGER settlement_share_line_no_update"))
    session.execute(sa.text("UPDATE settlement_share_line SET amount = amount - 1 WHERE amount > 10000"))
    assert not all(explain(session, AUDITOR, number, line).agrees for number, line in lines_of(session))


def test_an_organisation_gets_its_own_explained_and_no_other(session: Session) -> None:
    world = settled(session)
    numbers = {one.party_id: one.number for one in session.scalars(sa.select(Statement))}
    person = base.actor(Role.OPERATOR, org_id=world.operator.id)
    assert explain(session, person, numbers[world.operator.id], 1).agrees
    with pytest.raises(NoSuchStatement):
        explain(session, person, numbers[world.platform.id], 1)
    with pytest.raises(NoSuchLine):
        explain(session, person, numbers[world.operator.id], 1000)


def test_pages_and_programs_show_the_same_and_the_events_page_by_page(app: Flask, september: None) -> None:
    with app.app_context(), db.transaction() as session:
        settled(session)
        number, line = lines_of(session)[0]
    client, program, headers = as_person(app, Role.AUDITOR), app.test_client(), as_program(app, Role.AUDITOR)
    told = program.get(f"/api/v1/statements/{number}/lines/{line}/explanation", headers=headers).json
    assert told["agrees"] is True
    page = client.get(f"/statements/{number}/lines/{line}").get_data(as_text=True)
    assert "重算结果与账面逐分一致" in page
    seen: set[str] = set()
    url = f"/api/v1/statements/{number}/lines/{line}/events?day=2026-08-05&limit=60"
    answer = program.get(url, headers=headers).json
    while True:
        seen |= {event["client_reference"] for event in answer["items"]}
        if answer["next_cursor"] is None:
            break
        answer = program.get(f"{url}&cursor={answer['next_cursor']}", headers=headers).json
    assert len(seen) == sum(day["calls"] for day in told["days"])
    assert client.get(f"/statements/{number}/lines/{line}/events?day=2026-08-05").status_code == 200
    assert f"/statements/{number}/lines/1" in client.get(f"/statements/{number}").get_data(as_text=True)
