"""A department sees what it contributed, objects within the days of the notice, and another person decides."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel.calendar import WorkingCalendar
from kernel.errors import NotAllowed
from kernel.identity import Actor, Role
from kernel.policy import PolicyGap
from registry.parties.model import Party
from settlement.notices import commands as drawing
from settlement.notices import queries as notices
from settlement.notices.commands import NothingContributed, PeriodNotOver
from settlement.notices.model import ContributionNotice
from settlement.notices.rules import NoticeState, WrongState
from settlement.objections import commands, queries
from settlement.objections.rules import Factor, ObjectionState
from tests.make import registry_base as base
from tests.make import settlement as make

CALENDAR = WorkingCalendar()
LAST_DAY = date(2026, 9, 16)  # ten working days after 2 September


def of(party: Party) -> Actor:
    """A person of a source department."""
    return base.actor(Role.SOURCE, org_id=party.id, place=base.PLACE)


def drawn(session: Session) -> tuple[make.World, ContributionNotice]:
    """August of the worked example: 40 uses of what both made, 20 of what the bureau alone made."""
    world = make.make_world(session)
    make.use(session, world.scores_bought, 40)
    make.use(session, world.levels_bought, 20, prefix="levels")
    return world, draw(session)


def draw(session: Session) -> ContributionNotice:
    totals = notices.sold(session, place=base.PLACE, period=make.PERIOD, received_until=make.NOW)
    return drawing.draw(
        session, make.preparer(), place=base.PLACE, period=make.PERIOD, totals=totals, now=make.NOW, book=make.LAW
    )


def opened(session: Session) -> tuple[make.World, ContributionNotice]:
    world, notice = drawn(session)
    drawing.open_notice(session, make.checker(), notice.number, now=make.NOW, book=make.LAW, calendar=CALENDAR)
    return world, notice


def figure_of(session: Session, notice: ContributionNotice, party: Party, world: make.World):
    return next(
        one.figure for one in notices.lines(session, notice.id)
        if one.party.id == party.id and one.product.id == world.scores.id
    )  # fmt: skip


def object_to(session: Session, notice: ContributionNotice, party: Party, world: make.World, **changes):
    sent = {"factor": Factor.QUALITY, "claimed": "0.95", "grounds": "评分时工单已办结"} | changes
    figure_id = figure_of(session, notice, party, world).id
    return commands.file(session, of(party), notice.number, figure_id=figure_id, **{"now": make.NOW} | sent)


@pytest.mark.both_databases
def test_contribution_follows_lineage_use_quality_and_input(session: Session) -> None:
    world, notice = drawn(session)
    found = {(one.product.title, one.party.name): one.figure for one in notices.lines(session, notice.id)}
    assert {key: row.usage for key, row in found.items()} == {
        ("评分", "气象局"): 60, ("评分", "人民医院"): 40, ("等级", "气象局"): 60,
    }  # fmt: skip
    assert sum(row.ppm for (title, _), row in found.items() if title == "评分") == 1_000_000
    assert Fraction(found["等级", "气象局"].weight) == 1
    assert found["评分", "气象局"].resources == [str(code) for code in found["等级", "气象局"].resources]
    assert world.bureau.uscc in {one.party.uscc for one in notices.lines(session, notice.id)}


@pytest.mark.both_databases
def test_an_objection_freezes_its_own_line_and_a_decision_by_another_person_corrects_it(session: Session) -> None:
    world, notice = opened(session)
    assert notice.objection_until == LAST_DAY
    pool = next(iter(key for key in queries.weights(session, base.PLACE, make.PERIOD) if key[0] == world.scores.code))
    before = queries.weights(session, base.PLACE, make.PERIOD)[pool]
    made = object_to(session, notice, world.bureau, world)
    assert queries.frozen(session, base.PLACE, make.PERIOD) == {pool: {world.bureau.uscc}}
    decider = base.supervisor()
    commands.decide(session, decider, made.number, is_upheld=True, reason="属实", corrected="1.8", now=make.NOW)
    assert queries.frozen(session, base.PLACE, make.PERIOD) == {}
    after = queries.weights(session, base.PLACE, make.PERIOD)[pool]
    assert sum(after.values()) == 1
    assert after[world.bureau.uscc] > before[world.bureau.uscc]
    session.commit()
    for change in ("state = 'filed', decided_by = NULL, corrected = NULL", "grounds = 'x'"):
        with pytest.raises(DBAPIError, match="decided once"):
            session.execute(sa.text(f"UPDATE settlement_contribution_objection SET {change}"))
        session.rollback()


def test_a_department_sees_the_figures_once_they_are_open_and_objects_to_its_own_only(session: Session) -> None:
    world, notice = drawn(session)
    with pytest.raises(notices.NoSuchNotice):
        notices.visible(session, of(world.bureau), notice.number)
    drawing.open_notice(session, make.checker(), notice.number, now=make.NOW, book=make.LAW, calendar=CALENDAR)
    assert notices.visible(session, of(world.hospital), notice.number).id == notice.id
    hospital_line = figure_of(session, notice, world.hospital, world)
    with pytest.raises(NotAllowed):
        commands.file(session, of(world.bureau), notice.number, figure_id=hospital_line.id, factor=Factor.INPUT,
                      claimed="1", grounds="x", now=make.NOW)  # fmt: skip
    with pytest.raises(notices.NoSuchNotice):
        notices.visible(session, of(base.make_party(session)), notice.number)


def test_objections_come_within_the_days_of_the_notice_once_and_in_usable_numbers(session: Session) -> None:
    world, notice = opened(session)
    with pytest.raises(commands.NoticeOver):
        object_to(session, notice, world.bureau, world, now=make.NOW + timedelta(days=15))
    with pytest.raises(commands.FigureUnusable):
        object_to(session, notice, world.bureau, world, factor=Factor.USAGE, claimed="1.5")
    made = object_to(session, notice, world.bureau, world, now=make.NOW + timedelta(days=14))
    with pytest.raises(commands.ObjectedAlready):
        object_to(session, notice, world.bureau, world)
    commands.withdraw(session, of(world.bureau), made.number, now=make.NOW)
    assert made.state is ObjectionState.WITHDRAWN
    assert object_to(session, notice, world.bureau, world).state is ObjectionState.FILED


def test_who_filed_drew_or_opened_decides_nothing_and_a_decision_says_what_is_right(session: Session) -> None:
    world, notice = opened(session)
    made = object_to(session, notice, world.bureau, world)
    for account_id in (made.filed_by, notice.drawn_by, notice.opened_by):
        same = Actor(id=account_id, name="同一人", grants=base.supervisor().grants)
        with pytest.raises(commands.NotAnotherPerson):
            commands.decide(session, same, made.number, is_upheld=False, reason="x", now=make.NOW)
    for is_upheld, value in ((True, None), (False, "1")):
        with pytest.raises(commands.CorrectionMissing):
            commands.decide(session, base.supervisor(), made.number, is_upheld=is_upheld, reason="x", corrected=value,
                            now=make.NOW)  # fmt: skip
    commands.decide(session, base.supervisor(), made.number, is_upheld=False, reason="工单未办结", now=make.NOW)
    assert made.state is ObjectionState.DISMISSED


def test_figures_are_drawn_again_until_another_person_opens_them(session: Session) -> None:
    _, first = drawn(session)
    again = draw(session)
    assert (first.state, again.revision) == (NoticeState.REPLACED, 2)
    same = Actor(id=again.drawn_by, name="同一人", grants=make.checker().grants)
    visible_to_both = [*same.grants, *make.preparer().grants]
    same = Actor(id=again.drawn_by, name="同一人", grants=tuple(visible_to_both))
    with pytest.raises(drawing.NotAnotherPerson):
        drawing.open_notice(session, same, again.number, now=make.NOW, book=make.LAW, calendar=CALENDAR)
    with pytest.raises(PolicyGap):
        drawing.open_notice(session, make.checker(), again.number, now=make.NOW, book=base.book(), calendar=CALENDAR)
    drawing.open_notice(session, make.checker(), again.number, now=make.NOW, book=make.LAW, calendar=CALENDAR)
    with pytest.raises(WrongState):
        draw(session)


def test_nothing_is_drawn_of_a_month_that_runs_or_that_nobody_shares_by_contribution(session: Session) -> None:
    make.make_world(session)
    with pytest.raises(NothingContributed):
        draw(session)
    with pytest.raises(PeriodNotOver):
        drawing.draw(session, make.preparer(), place=base.PLACE, period=make.PERIOD, totals=[],
                     now=make.USED_AT, book=make.LAW)  # fmt: skip
