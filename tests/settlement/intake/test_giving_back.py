"""What goes back of an earned order is given by whoever holds it, and later months earn no more than is left."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kernel.calendar import Period
from kernel.money import ZERO, Money, total
from market.orders import queries as orders
from market.payments import queries as payments
from market.refunds import commands as refunds
from settlement.intake.commands import take_in_payments
from settlement.ledger.queries import trial_balance
from settlement.runs import commands as runs
from settlement.runs.rules import InputsChanged
from tests.make import paying
from tests.make import registry_base as base
from tests.make import settlement as make

OCTOBER = datetime(2026, 10, 8, 2, 0, tzinfo=UTC)
USED_IN_OCTOBER = datetime(2026, 10, 20, 2, 0, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 3, 2, 0, tzinfo=UTC)


def books(session) -> dict[str, Money]:
    return {account: amount for account, amount in trial_balance(session, place=base.PLACE) if amount}


def give_back(session, payment, amount: str, reference: str):
    approved = paying.give_back(session, payment, amount, reference=reference, now=OCTOBER)
    refunds.confirm_transfer(session, paying.payer(), approved.id, bank_line=f"OUT-{reference}", paid_at=OCTOBER,
                             now=OCTOBER)  # fmt: skip
    take_in_payments(session, make.preparer(), now=OCTOBER)


@pytest.mark.both_databases
def test_a_whole_refund_in_parts_takes_what_is_not_earned_first_and_leaves_everybody_at_zero(session):
    world = make.make_world(session)
    make.use(session, world.scores_bought, 100)
    make.settle(session)
    order = orders.get(session, world.scores_bought.order_id)
    payment = payments.of_order(session, order.id)
    before = books(session)
    unearned = f"liability:unearned:{order.number}"
    left = -before.get(unearned, ZERO)
    assert ZERO < left < order.amount
    give_back(session, payment, left.text(), "R-1")
    after = books(session)
    assert unearned not in after
    assert {name: amount for name, amount in after.items() if name.startswith("liability")} == {
        name: amount for name, amount in before.items() if name.startswith("liability") and name != unearned
    }
    earned = order.amount - left
    first = Money(earned.fen // 3)
    give_back(session, payment, first.text(), "R-2")
    give_back(session, payment, (earned - first).text(), "R-3")
    others = books(session)
    moved = {name: others.get(name, ZERO) - amount for name, amount in after.items() if name.startswith("liability")}
    assert total(moved.values()) == earned
    assert all(amount >= ZERO for amount in moved.values())
    assert total(others.values()) == ZERO


def test_a_later_month_earns_no_more_than_was_not_given_back(session):
    world = make.make_world(session)
    make.use(session, world.scores_bought, 50)
    make.settle(session)
    payment = payments.of_order(session, world.scores_bought.order_id)
    give_back(session, payment, "500.00", "R-1")
    make.use(session, world.scores_bought, 150, at=USED_IN_OCTOBER, now=NOVEMBER)
    make.settle(session, period=Period.month("2026-10"), now=NOVEMBER)
    found = books(session)
    number = orders.get(session, payment.order_id).number
    assert f"liability:unearned:{number}" not in found
    earned = sum(-line.fen for name, line in found.items() if name.startswith("liability") and "unearned" not in name)
    assert Money(earned) == Money.yuan("560.00")


@pytest.mark.both_databases
def test_what_went_back_before_the_month_is_settled_is_not_earned_in_it(session):
    world = make.make_world(session)
    make.use(session, world.scores_bought, 200)
    first = make.prepare(session)
    payment = payments.of_order(session, world.scores_bought.order_id)
    runs.check(session, make.checker(), first.number, now=make.NOW)
    give_back(session, payment, "500.00", "R-1")  # in October: August is prepared and checked, but not sealed
    with pytest.raises(InputsChanged):
        runs.seal(session, make.checker(), first.number, now=OCTOBER, book=make.LAW)
    run = make.settle(session, now=OCTOBER)
    assert run.totals["gross"] == "560.00"
    order = orders.get(session, payment.order_id)
    assert f"liability:unearned:{order.number}" not in books(session)
    give_back(session, payment, "560.00", "R-2")
    left = {name: amount for name, amount in books(session).items() if name.startswith("liability")}
    assert list(left) == [f"liability:unearned:{orders.get(session, world.levels_bought.order_id).number}"]
