"""What a seller sees equals the ledger and what settlement works out, to the fen."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import Period, WorkingCalendar
from kernel.identity import Role
from kernel.money import ZERO, Money, total
from market.disputes import commands as disputes
from market.disputes.rules import Track
from market.orders import queries as orders
from market.refunds import commands as refunds
from settlement.ledger.model import JournalEntry, JournalLine
from settlement.ledger.rules import Cause, unearned
from settlement.runs import queries as runs
from settlement.takings import queries
from settlement.takings.rules import by_product, summed
from tests.make import market, paying
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.make import what_if as history

YEAR = Period.year(2026)
pytestmark = pytest.mark.both_databases


def booked(session: Session, cause: Cause, account: str) -> Money:
    """What the ledger has booked for a cause on accounts that begin so."""
    query = (
        sa.select(sa.func.sum(JournalLine.amount))
        .join(JournalEntry, JournalEntry.id == JournalLine.entry_id)
        .where(JournalEntry.cause == cause, JournalLine.account.startswith(account))
    )
    return session.scalar(query) or ZERO


def test_paid_refunded_and_earned_are_what_the_ledger_says_to_the_fen(session: Session) -> None:
    world = make.make_world(session)
    make.use(session, world.scores_bought, 120)
    sold = orders.get(session, world.scores_bought.order_id)
    refund = paying.give_back(session, paying.payment_of(session, sold), "53.00")
    refunds.confirm_transfer(
        session, paying.payer(), refund.id, bank_line="OUT-1", paid_at=make.USED_AT, now=make.USED_AT
    )
    make.settle(session)

    found = summed(queries.takings(session, [world.merchant.id], YEAR))
    assert found.orders == 2
    assert found.paid == -booked(session, Cause.PAYMENT_CAPTURED, unearned(""))
    assert found.refunded == Money.yuan("53.00") == booked(session, Cause.REFUND_PAID, unearned(""))
    assert found.gross == booked(session, Cause.REVENUE_EARNED, unearned("")) > ZERO
    assert found.net == found.gross - found.tax
    left = queries.unearned_of(session, [world.merchant.id])
    assert total(left.values()) == found.paid - found.refunded - found.gross


def test_a_sellers_share_is_what_the_ledger_owes_it(session: Session) -> None:
    made = history.make_history(session)
    operator = made.world.operator
    own = summed(queries.takings(session, [operator.id], YEAR))
    statement = booked(session, Cause.REVENUE_EARNED, f"liability:payable:{operator.uscc}")
    others = summed(queries.takings(session, [made.world.merchant.id], YEAR))
    assert ZERO < own.share < -statement, "the operator also has a share of what the merchant sold"
    assert own.gross + others.gross == booked(session, Cause.REVENUE_EARNED, unearned(""))


def test_what_is_to_come_is_the_dry_run_and_then_what_is_sealed(session: Session) -> None:
    made = history.make_history(session)
    sellers = [made.world.merchant.id, made.world.operator.id]
    before = queries.expected(session, sellers, now=history.NOW, book=make.LAW)
    assert {row.month for row in before.rows} == {"2026-09"}
    dry = runs.preview(session, make.preparer(), place=base.PLACE, period=history.SEPTEMBER, now=history.NOW,
                       book=make.LAW)  # fmt: skip
    assert summed(before.rows).gross.text() == dry["totals"]["gross"]
    codes = {made.world.merchant.uscc, made.world.operator.uscc}
    mine = [Money.yuan(row[3]) for group in dry["groups"] for row in group["shares"] if row[2] in codes]
    assert summed(before.rows).share == total(mine) > ZERO

    make.settle(session, period=history.SEPTEMBER, now=history.NOW)
    sealed = {row.product: row for row in queries.takings(session, sellers, YEAR) if row.month == "2026-09"}
    for row in before.rows:
        sealed_row = sealed[row.product]
        assert (row.gross, row.tax, row.net, row.share) == (
            sealed_row.gross, sealed_row.tax, sealed_row.net, sealed_row.share,
        )  # fmt: skip
    after = queries.expected(session, sellers, now=history.NOW, book=make.LAW)
    assert after.rows == ()


def test_two_months_to_come_are_what_settling_them_one_after_the_other_gives(session: Session) -> None:
    world = make.make_world(session)
    make.use(session, world.scores_bought, 120)
    make.use(session, world.scores_bought, 80, at=history.USED_IN_SEPTEMBER, now=history.NOW)
    found = queries.expected(session, [world.merchant.id, world.operator.id], now=history.NOW, book=make.LAW)
    assert [row.month for row in found.rows] == ["2026-08", "2026-09"]
    for period in (history.AUGUST, history.SEPTEMBER):
        make.settle(session, period=period, now=history.NOW)
    sealed = by_product(queries.takings(session, [world.merchant.id, world.operator.id], YEAR))
    foreseen = by_product(found.rows)
    assert [(one.gross, one.net, one.share) for one in foreseen] == [
        (one.gross, one.net, one.share) for one in sealed if one.gross
    ]


def test_money_in_an_open_dispute_is_held_and_waits(session: Session) -> None:
    world = make.make_world(session)
    make.use(session, world.scores_bought, 120)
    sold = orders.get(session, world.scores_bought.order_id)
    disputes.file_dispute(
        session, world.buyer, track=Track.BUYER, order_number=sold.number, amount=Money.yuan("100.00"),
        words="重复计费", contact="buyer@example.org", now=make.USED_AT, book=make.LAW, calendar=WorkingCalendar(),
    )  # fmt: skip
    found = summed(queries.takings(session, [world.merchant.id], YEAR))
    assert found.held == Money.yuan("100.00")
    waiting = queries.expected(session, [world.merchant.id], now=make.NOW, book=make.LAW).waiting
    assert [(one.order, one.amount) for one in waiting] == [(sold.number, Money.yuan("100.00"))]


def test_another_year_and_another_seller_have_nothing(session: Session) -> None:
    world = make.make_world(session)
    assert queries.takings(session, [world.merchant.id], Period.year(2025)) == ()
    assert queries.takings(session, [world.platform.id], YEAR) == ()
    assert queries.unearned_of(session, [world.platform.id]) == {}


def test_only_sellers_have_takings(session: Session) -> None:
    world = make.make_world(session)
    seller = base.actor(Role.MERCHANT, org_id=world.merchant.id)
    assert queries.own(seller) == [world.merchant.id]
    for stranger in (market.finance(), world.buyer):
        with pytest.raises(queries.NotASeller):
            queries.own(stranger)
