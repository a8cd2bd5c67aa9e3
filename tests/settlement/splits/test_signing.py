"""Every party signs by its own person what was agreed as a whole; an order keeps the schedule it was placed under."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel.identity import Actor, Role
from market.orders import queries as orders
from registry.parties.model import Party
from settlement.splits import commands, queries
from settlement.splits.rules import ScheduleState
from tests.make import registry_base as base
from tests.make import settlement as make

RIGHTS = [{"method": "ip_share", "party": "", "words": "模型著作权共有", "portion": "0.2"}]


def drawn_up(session: Session, **changes):
    agreement = base.make_agreement(session)
    operator, platform = session.get_one(Party, agreement.operating_institution_id), base.make_party(session)
    preparer = make.preparer()
    made = commands.draw_up(
        session, preparer, agreement_id=agreement.id, valid_from=make.DAY_OF_SCHEDULE, now=make.NOW, book=make.LAW,
        **{"steps": [{"kind": "rest", "party": operator.uscc}]} | changes,
    )  # fmt: skip
    return made, preparer, operator, platform


def test_who_drew_it_up_or_signed_for_another_party_does_not_sign(session: Session) -> None:
    made, preparer, operator, platform = drawn_up(session)
    assert made.parties == [operator.uscc]
    person = base.actor(Role.OPERATOR, org_id=operator.id, place=base.PLACE)
    drawer = Actor(id=preparer.id, name="拟定人", org_id=operator.id, grants=person.grants)
    with pytest.raises(commands.NotAnotherPerson):
        commands.sign(session, drawer, made.number, now=make.NOW, book=make.LAW)
    agreement = base.make_agreement(session)
    first = session.get_one(Party, agreement.operating_institution_id)
    both = make.make_schedule(session, agreement, make.steps_of(first, platform), signers=[])
    one = base.actor(Role.OPERATOR, org_id=first.id, place=base.PLACE)
    commands.sign(session, one, both.number, now=make.NOW, book=make.LAW)
    again = Actor(id=one.id, name="同一人", org_id=platform.id,
                  grants=base.actor(Role.OPERATOR, org_id=platform.id, place=base.PLACE).grants)  # fmt: skip
    with pytest.raises(commands.NotAnotherPerson):
        commands.sign(session, again, both.number, now=make.NOW, book=make.LAW)
    assert both.state is ScheduleState.DRAFT


@pytest.mark.both_databases
def test_lines_without_money_and_days_are_signed_with_the_steps_and_never_changed(session: Session) -> None:
    agreement = base.make_agreement(session)
    operator, partner = session.get_one(Party, agreement.operating_institution_id), base.make_party(session)
    made = commands.draw_up(
        session, make.preparer(), agreement_id=agreement.id, valid_from=make.DAY_OF_SCHEDULE,
        valid_until=date(2027, 6, 30), clause="第七条", steps=[{"kind": "rest", "party": operator.uscc}],
        non_money=[RIGHTS[0] | {"party": partner.uscc}], now=make.NOW, book=make.LAW,
    )  # fmt: skip
    assert made.parties == sorted([operator.uscc, partner.uscc])
    for party in (operator, partner):
        person = base.actor(Role.OPERATOR, org_id=party.id, place=base.PLACE)
        commands.sign(session, person, made.number, now=make.NOW, book=make.LAW)
    assert made.state is ScheduleState.SIGNED
    digest = queries.content_sha256(made)
    assert {one.content_sha256 for one, _ in queries.signatures(session, made.id)} == {digest}
    session.commit()
    for change in ("valid_until = '2030-01-01'", "non_money = '[]'", "clause = 'x'"):
        with pytest.raises(DBAPIError, match="keeps what was agreed"):
            session.execute(sa.text(f"UPDATE settlement_share_schedule SET {change}"))
        session.rollback()


def test_a_schedule_that_ends_before_it_begins_is_refused(session: Session) -> None:
    with pytest.raises(commands.DatesCrossed):
        drawn_up(session, valid_until=make.DAY_OF_SCHEDULE - timedelta(days=1))


@pytest.mark.both_databases
def test_an_order_keeps_its_schedule_whatever_is_signed_later(session: Session) -> None:
    world = make.make_world(session)
    assert commands.freeze_terms(session, make.preparer(), place=base.PLACE, now=make.NOW) == 2
    before = queries.frozen_terms(session, base.PLACE)
    steps = [{"kind": "rest", "party": world.operator.uscc}]
    make.make_schedule(session, world.agreement, steps, signers=[world.operator], now=make.NOW)
    assert commands.freeze_terms(session, make.preparer(), place=base.PLACE, now=make.NOW) == 0
    assert queries.frozen_terms(session, base.PLACE) == before
    order = orders.get(session, world.scores_bought.order_id)
    found = queries.effective(
        queries.signed_of(session, base.PLACE), agreement_id=order.agreement_id, product_id=order.product_id,
        on=make.NOW.date(), placed_at=order.placed_at,
    )  # fmt: skip
    assert found is not None
    assert found.id == before[order.id]
    session.commit()
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(sa.text("DELETE FROM settlement_order_terms"))
    session.rollback()


def test_what_earlier_settlements_took_is_carried_by_step_party_and_base(session: Session) -> None:
    world = make.make_world(session)
    make.use(session, world.scores_bought, 200)
    make.settle(session)
    (carried,) = queries.carried_by_step(session, base.PLACE).values()
    assert carried[1].by_party == {world.operator.uscc: carried[1].taken}
    assert (carried[1].taken.text(), carried[1].base.text()) == ("600.00", "1000.00")
    assert carried[2].taken.text() == "300.00"
