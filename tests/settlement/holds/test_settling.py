"""Settlements beside disputes and receipts: what is disputed waits, every other fen goes on, the books balance."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from kernel.calendar import Period
from kernel.money import ZERO, Money, total
from kernel.policy import PolicyBook
from market.disputes import commands as disputes
from market.disputes.model import Dispute
from market.disputes.rules import DisputeAct, Outcome, Track
from market.invoices.rules import TaxpayerKind
from market.orders import queries as orders
from settlement.ledger.queries import balance, trial_balance
from settlement.revenue.model import RevenueLine
from settlement.runs.rules import InputsChanged
from settlement.splits.model import ShareLine
from tests.make import invoices as invoicing
from tests.make import receipts as counting
from tests.make import registry_base as base
from tests.make import registry_products as registry
from tests.make import settlement as make
from tests.make.invoices import sides
from web.checker import verify

SEPTEMBER, OCTOBER = Period.month("2026-09"), Period.month("2026-10")
IN_OCTOBER, IN_NOVEMBER = datetime(2026, 10, 9, 2, 0, tzinfo=UTC), datetime(2026, 11, 3, 2, 0, tzinfo=UTC)
RULES = {"book": make.LAW, "calendar": registry.calendar()}

RECEIPTS_NEEDED = """
title: 当地结算办法
documents:
  local: {title: 办法, number: 无, in_force: 2024-01-01, read_on: 2026-11-22, status: demonstration, note: 测试}
places:
  national:
    settlement.receipt_required:
      - from: 2024-01-01
        value: "true"
        source: {document: local, article: 第一条, evidence: I, rule: DSP-04, quote: 会签后结算}
"""


@pytest.fixture
def world(session):
    made = make.make_world(session)
    make.use(session, made.scores_bought, 200)
    make.use(session, made.levels_bought, 100)
    return made


def file_about(session, held, *, now=make.NOW, **about):
    order = orders.get(session, held.order_id)
    about = about or {"order_number": order.number}
    return disputes.file_dispute(
        session, sides(session, order)[0], track=Track.BUYER, words="计费有误", contact="0575-1", now=now, **about,
        **RULES,
    )  # fmt: skip


def decide(session, dispute, outcome, *, now=make.NOW, **decision):
    first, second = base.supervisor(), base.supervisor()
    disputes.accept(session, first, dispute.id, now=now, answer_until=date(2026, 9, 10), **RULES)
    disputes.proceed(session, first, dispute.id, act=DisputeAct.REVIEW, now=now)
    seller = sides(session, orders.get(session, dispute.order_id))[1]
    disputes.state_view(session, seller, dispute.id, words="日志为证", now=now)
    disputes.propose(session, first, dispute.id, outcome=outcome, reason="依据日志", now=now, **decision)
    disputes.confirm(session, second, dispute.id, is_confirmed=True, reason="同意", now=now)


def settle_by(session, book, period, now):
    """Settle by other rules than the demonstration's."""
    make.intake.take_in_payments(session, make.preparer(), now=now, place=base.PLACE)
    run = make.runs.prepare(session, make.preparer(), place=base.PLACE, period=period, now=now, book=book)
    make.runs.check(session, make.checker(), run.number, now=now)
    return make.runs.seal(session, make.checker(), run.number, now=now, book=book)


def lines_of(session, run):
    query = sa.select(RevenueLine.entitlement_id, RevenueLine.gross).where(RevenueLine.run_id == run.id)
    return dict(session.execute(query).all())


def waiting(run):
    return [(one["entitlement"], one["reason"], one["amount"]) for one in run.parked]


def must_be_sound(session):
    session.flush()
    assert sum(amount.fen for _, amount in trial_balance(session, place=base.PLACE)) == 0
    lines = sa.select(sa.func.sum(RevenueLine.net)).where(RevenueLine.place == base.PLACE)
    assert session.scalar(sa.select(sa.func.sum(ShareLine.amount))) == session.scalar(lines)
    found = [one for one in verify(session.connection()) if one.split()[0] in ("A1", "A4", "A13", "H1", "H2", "DSP-04")]
    assert found == []


@pytest.mark.both_databases
def test_only_the_difference_of_two_counts_waits_and_what_is_decided_is_settled_the_month_after(session, world):
    receipt = counting.sign(session, counting.count(session, world.scores_bought, provider=200, buyer=190))
    run = make.settle(session)
    assert lines_of(session, run) == {
        world.scores_bought.id: Money.yuan("1007.00"), world.levels_bought.id: Money.yuan("530.00"),
    }  # fmt: skip
    assert waiting(run) == [(world.scores_bought.number, "DISPUTED", "53.00")]
    assert receipt.number in run.parked[0]["detail"]
    order = orders.get(session, world.scores_bought.order_id)
    assert balance(session, f"liability:unearned:{order.number}") == -Money.yuan("53.00")
    must_be_sound(session)
    dispute = file_about(session, world.scores_bought, receipt_number=receipt.number)
    decide(session, dispute, Outcome.PARTLY, units=196)
    later = make.settle(session, period=SEPTEMBER, now=IN_OCTOBER)
    assert lines_of(session, later) == {world.scores_bought.id: Money.yuan("31.80")}
    assert waiting(later) == []
    must_be_sound(session)


@pytest.mark.both_databases
def test_a_disputed_amount_waits_until_the_dispute_ends_and_every_other_fen_is_settled(session, world):
    order = orders.get(session, world.scores_bought.order_id)
    dispute = file_about(session, world.scores_bought, order_number=order.number, amount=Money.yuan("60.01"))
    whole = file_about(session, world.levels_bought)
    run = make.settle(session)
    assert lines_of(session, run) == {world.scores_bought.id: Money.yuan("999.99")}
    assert waiting(run) == [
        (world.levels_bought.number, "DISPUTED", "530.00"), (world.scores_bought.number, "DISPUTED", "60.01"),
    ] or waiting(run) == [
        (world.scores_bought.number, "DISPUTED", "60.01"), (world.levels_bought.number, "DISPUTED", "530.00"),
    ]  # fmt: skip
    must_be_sound(session)
    disputes.withdraw(session, sides(session, order)[0], dispute.id, now=make.NOW)
    decide(session, whole, Outcome.PARTLY, awarded=Money.yuan("30.00"))
    later = make.settle(session, period=SEPTEMBER, now=IN_OCTOBER)
    assert lines_of(session, later) == {
        world.scores_bought.id: Money.yuan("60.01"), world.levels_bought.id: Money.yuan("500.00"),
    }  # fmt: skip
    assert waiting(later) == [(world.levels_bought.number, "DISPUTED", "30.00")]
    disputes.close(session, base.supervisor(), whole.id, words="供方已补足调用，30.00 元归供方", now=IN_OCTOBER)
    last = make.settle(session, period=OCTOBER, now=IN_NOVEMBER)
    assert lines_of(session, last) == {world.levels_bought.id: Money.yuan("30.00")}
    settled = total([*lines_of(session, run).values(), *lines_of(session, later).values(),
                     *lines_of(session, last).values()])  # fmt: skip
    assert settled == Money.yuan("1590.00")
    must_be_sound(session)


def test_a_dispute_after_the_preparation_refuses_the_seal_until_it_is_prepared_anew(session, world):
    make.intake.take_in_payments(session, make.preparer(), now=make.NOW, place=base.PLACE)
    run = make.prepare(session)
    make.runs.check(session, make.checker(), run.number, now=make.NOW)
    file_about(session, world.levels_bought)
    with pytest.raises(InputsChanged):
        make.runs.seal(session, make.checker(), run.number, now=make.NOW, book=make.LAW)


def test_where_a_place_settles_countersigned_counts_only_unsigned_months_wait(session, world, tmp_path):
    overlay = tmp_path / "receipts.yaml"
    overlay.write_text(RECEIPTS_NEEDED, encoding="utf-8")
    local = PolicyBook.load(base.POLICIES, [base.DEMONSTRATION, overlay])
    run = settle_by(session, local, make.PERIOD, make.NOW)
    assert lines_of(session, run) == {}
    assert {one["reason"] for one in run.parked} == {"NOT_COUNTERSIGNED"}
    counting.sign(session, counting.count(session, world.scores_bought, provider=200, buyer=200))
    later = settle_by(session, local, SEPTEMBER, IN_OCTOBER)
    assert lines_of(session, later) == {world.scores_bought.id: Money.yuan("1060.00")}
    assert waiting(later) == [(world.levels_bought.number, "NOT_COUNTERSIGNED", "530.00")]
    must_be_sound(session)


def test_a_small_scale_seller_is_taxed_by_the_levy_rate_as_on_its_invoice(session, world):
    order = orders.get(session, world.scores_bought.order_id)
    invoicing.state(session, sides(session, order)[1], TaxpayerKind.SMALL_SCALE, now=make.NOW)
    invoice = invoicing.ask(session, order, now=make.NOW)
    run = make.settle(session)
    line = session.scalars(sa.select(RevenueLine).where(RevenueLine.order_id == order.id)).one()
    assert (line.gross, line.net, line.tax) == (invoice.gross, invoice.net, invoice.tax)
    assert (line.gross.text(), line.tax.text(), line.rating["levy_rate"]) == ("1060.00", "30.87", "0.03")
    assert run.parked == []
    assert total([line.net, line.tax]) - line.gross == ZERO
    must_be_sound(session)


def test_the_checker_finds_money_that_was_settled_while_it_was_disputed(session, world):
    run = make.settle(session)
    order = orders.get(session, world.scores_bought.order_id)
    told = {"order_number": order.number, "amount": Money.yuan("60.01")}
    dispute = file_about(session, world.scores_bought, now=make.NOW + timedelta(days=1), **told)
    session.flush()
    assert [one for one in verify(session.connection()) if one.startswith("DSP-04")] == []
    session.execute(sa.text("DROP TRIGGER market_dispute_final"))
    session.execute(sa.update(Dispute).values(filed_at=run.received_until - timedelta(hours=1)))
    found = [one for one in verify(session.connection()) if one.startswith("DSP-04")]
    assert found == [f"DSP-04 争议中的金额已结算：{run.number} / {order.number} / {dispute.number}"]
