"""A new account waits a day, the contact of the old one is told, a frozen party alone is not paid, and once after."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.identity import Role
from kernel.money import Money, total
from settlement.payees import commands, queries
from settlement.payees.commands import SecondPersonNeeded
from settlement.payees.model import PayeeNotice
from settlement.payouts import commands as paying
from settlement.payouts import queries as payouts
from settlement.payouts.model import Payout
from settlement.payouts.rules import Changed, HoldReason, NothingToPay
from tests.make import payouts as make
from tests.make import registry_base as base
from tests.make import settlement

LAW, PLACE = settlement.LAW, base.PLACE


@pytest.mark.both_databases
def test_a_new_account_is_paid_to_a_day_later_and_the_old_contact_is_told(session: Session) -> None:
    world = make.make_settled(session)
    before = queries.in_force(session, place=PLACE, party_id=world.operator.id, now=make.PAY)
    new = make.make_account(session, world.operator, "6222000000000077", now=make.PAY)
    for seconds, expected in ((0, before), (24 * 3600 - 1, before), (24 * 3600, new)):
        at = make.PAY + timedelta(seconds=seconds)
        assert queries.in_force(session, place=PLACE, party_id=world.operator.id, now=at) is expected
    assert before is not None
    told = session.scalars(sa.select(PayeeNotice).where(PayeeNotice.account_id == new.id)).all()
    assert [(one.contact, one.before_id) for one in told] == [(before.contact, before.id)] * 2
    assert all("6222000000000077" not in one.text for one in told)


def held(session: Session) -> dict[tuple[str, HoldReason], Money]:
    """What is held back, by party and reason."""
    _, waiting = payouts.payables(session, place=PLACE, now=make.PAY, book=LAW)
    found: dict[tuple[str, HoldReason], Money] = {}
    for one in waiting:
        key = (one.party.name, one.reason)
        found[key] = found.get(key, Money(0)) + one.due.amount
    return found


@pytest.mark.both_databases
def test_a_frozen_party_alone_is_not_paid_and_is_paid_once_after_two_people_lifted_it(session: Session) -> None:
    world = make.make_settled(session)
    first, second = make.SUPERVISOR, base.actor(Role.SUPERVISOR, place=PLACE)
    order = commands.freeze(session, first, place=PLACE, uscc=world.operator.uscc, document="（2026）浙法执1号",
                            reason="财产保全", now=make.PAY)  # fmt: skip
    assert held(session) == {("运营公司", HoldReason.FROZEN): Money.yuan("900.00"),
                             ("人民医院", HoldReason.PAYEE_RULE_MISSING): Money.yuan("135.37")}  # fmt: skip
    make.pay_all(session)
    paid = total(session.scalars(sa.select(Payout.amount)))
    assert paid == Money.yuan("464.63")
    commands.lift(session, first, order.id, document="解除1号", now=make.PAY)
    with pytest.raises(SecondPersonNeeded):
        commands.lift(session, first, order.id, document="解除1号", now=make.PAY)
    with pytest.raises(NothingToPay):
        make.prepare(session)
    commands.lift(session, second, order.id, document="解除1号", now=make.PAY)
    make.pay_all(session)
    assert total(session.scalars(sa.select(Payout.amount))) - paid == Money.yuan("900.00")
    with pytest.raises(NothingToPay):
        make.prepare(session)


def test_a_freeze_after_the_check_stops_the_batch(session: Session) -> None:

    world = make.make_settled(session)
    batch = next(one for one in make.prepare(session) if one.count == 2)
    paying.check(session, make.CHECKER, batch.number, now=make.PAY, book=LAW)
    commands.freeze(session, make.SUPERVISOR, place=PLACE, uscc=world.operator.uscc, document="1号", reason="保全",
                    now=make.PAY)  # fmt: skip
    with pytest.raises(Changed, match="PAY-"):
        paying.send(session, make.PAYER, batch.number, now=make.PAY, book=LAW)
    paying.cancel(session, make.PREPARER, batch.number, reason="冻结", now=make.PAY)
    (only,) = make.prepare(session)
    assert only.total == Money.yuan("150.00")
