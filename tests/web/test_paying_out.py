"""Transfers to connected accounts are carried out once whatever happens to the answer; unknown is a state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from kernel import clock, db
from kernel.calendar import business_date
from kernel.db import Database
from kernel.errors import DomainError
from kernel.money import ZERO, Money
from market.payments.rules import Answer, Outcome
from settlement.ledger.commands import book_new
from settlement.ledger.queries import balance
from settlement.ledger.rules import Cause, bank, psp, transfer_entry
from settlement.payees.rules import AccountKind
from settlement.payouts import commands, queries
from settlement.payouts.model import PayoutBatch
from settlement.payouts.rules import Channel, NotCovered, PayoutState
from tests.fakes.stripe_server import FakeStripe
from tests.make import paying, settlement
from tests.make import payouts as make
from tests.make import registry_base as base
from tests.market.orders.test_races import prepared, together
from web import paying_out
from web.paying import PROVIDER

CONNECTED = "acct_operator0001"


@pytest.fixture
def fake(app: Flask) -> Iterator[FakeStripe]:
    with clock.set_to(make.PAY), paying.stripe_for(app, now=make.PAY.timestamp) as running, app.app_context():
        yield running


def sent(connected: str = CONNECTED) -> tuple[UUID, str]:
    """The payout of the operator, sent to its connected account; returns it and the operator's credit code."""
    with db.transaction() as session:
        world = make.make_settled(session)
        make.make_account(session, world.operator, connected, kind=AccountKind.STRIPE,
                          now=make.NAMED + timedelta(minutes=1))  # fmt: skip
        (batch,) = [one for one in make.prepare(session) if one.channel is Channel.STRIPE]
        commands.check(session, make.CHECKER, batch.number, now=make.PAY, book=settlement.LAW)
        with pytest.raises(NotCovered, match="可用余额 0"):
            commands.send(session, make.PAYER, batch.number, now=make.PAY, book=settlement.LAW)
        top_up = transfer_entry(
            place=base.PLACE, cause=Cause.BANK_LINE_RETURNED, cause_id="top-up", debit=psp(base.PLACE),
            credit=bank(base.PLACE), amount=Money.yuan("900.00"), entry_date=business_date(make.PAY), text="调拨",
        )  # fmt: skip
        book_new(session, make.PREPARER, [top_up], now=make.PAY)
        commands.send(session, make.PAYER, batch.number, now=make.PAY, book=settlement.LAW)
        return queries.payouts_of(session, batch.id)[0].id, world.operator.uscc


def state(payout_id: UUID) -> PayoutState:
    db.session().rollback()
    return queries.get(db.session(), payout_id, lock=True).state


@pytest.mark.parametrize("trouble", [{}, {"fail_before": 1}, {"fail_after": 1}, {"silent_after": 1}])
def test_a_transfer_is_made_once_whatever_happens_to_the_answer(fake: FakeStripe, trouble: dict[str, int]) -> None:
    payout_id, uscc = sent()
    for name, number in trouble.items():
        setattr(fake.switches, name, number)
    fake.switches.on = "/v1/transfers"
    paying_out.follow_all(make.PAY)
    assert state(payout_id) is (PayoutState.UNKNOWN if trouble else PayoutState.CONFIRMED)
    for minutes in (3, 6):
        with clock.set_to(make.PAY + timedelta(minutes=minutes)):
            paying_out.follow_all(clock.now())
    assert state(payout_id) is PayoutState.CONFIRMED
    (made,) = fake.of_kind("transfer")
    assert (made["amount"], made["destination"]) == (90_000, CONNECTED)
    session = db.session()
    assert balance(session, f"liability:in_transit:{base.PLACE}") == ZERO
    assert balance(session, f"asset:psp:{base.PLACE}") == ZERO
    assert balance(session, f"liability:payable:{uscc}") == ZERO


def test_after_a_day_of_silence_it_is_looked_for_before_it_is_asked_for_again(fake: FakeStripe) -> None:
    payout_id, _ = sent()
    fake.switches.on, fake.switches.silent_after = "/v1/transfers", 1
    paying_out.follow(payout_id)
    assert state(payout_id) is PayoutState.UNKNOWN
    fake.answers.clear()  # Stripe has forgotten the key
    with clock.set_to(make.PAY + timedelta(days=2)):
        paying_out.follow(payout_id)
    assert state(payout_id) is PayoutState.CONFIRMED
    assert len(fake.of_kind("transfer")) == 1


def test_a_refused_transfer_is_owed_again_and_after_three_tries_waits_for_another_account(fake: FakeStripe) -> None:
    payout_id, uscc = sent("acct_closed00001")
    paying_out.follow(payout_id)
    assert state(payout_id) is PayoutState.RETURNED
    assert balance(db.session(), f"liability:payable:{uscc}") == -Money.yuan("900.00")
    db.session().rollback()
    for _ in range(2):
        with db.transaction() as session:
            (batch,) = [one for one in make.prepare(session) if one.channel is Channel.STRIPE]
            make.send(session, batch)
        paying_out.follow(queries.payouts_of(db.session(), batch.id)[0].id)
        db.session().rollback()
    _, held = queries.payables(db.session(), place=base.PLACE, now=make.PAY, book=settlement.LAW)
    assert "TRIES_USED_UP" in {one.reason for one in held}
    assert fake.of_kind("transfer") == []


def test_a_transfer_that_is_not_what_was_asked_for_stays_unknown(fake: FakeStripe) -> None:
    payout_id, _ = sent()
    fake.switches.on, fake.switches.silent_after = "/v1/transfers", 1
    paying_out.follow(payout_id)
    fake.of_kind("transfer")[0]["amount"] = 1
    fake.answers.clear()
    with clock.set_to(make.PAY + timedelta(days=2)):
        paying_out.follow(payout_id)
    assert state(payout_id) is PayoutState.UNKNOWN
    assert len(fake.of_kind("transfer")) == 1


def test_short_of_balance_a_payout_waits_with_words_and_goes_out_once_after_a_top_up(fake: FakeStripe) -> None:
    fake.available = 89_999
    payout_id, uscc = sent()
    for minutes in (0, 3, 6):  # refused once; then only the balance is asked for, since nothing has come
        with clock.set_to(make.PAY + timedelta(minutes=minutes)):
            paying_out.follow_all(clock.now())
        assert state(payout_id) is PayoutState.SHORT
    assert [call for call in fake.calls if call == ("POST", "/v1/transfers")] == [("POST", "/v1/transfers")]
    payout = queries.get(db.session(), payout_id)
    assert "余额不足（现有 899.99 元），没有付出；请补足至 900.00 元以上" in payout.words
    assert balance(db.session(), f"liability:in_transit:{base.PLACE}") == -Money.yuan("900.00")
    assert balance(db.session(), f"liability:payable:{uscc}") == ZERO
    db.session().rollback()
    fake.available = 100_000
    for minutes in (9, 12):
        with clock.set_to(make.PAY + timedelta(minutes=minutes)):
            paying_out.follow_all(clock.now())
        assert state(payout_id) is PayoutState.CONFIRMED
    assert [one["amount"] for one in fake.of_kind("transfer")] == [90_000]
    assert len({key for key in fake.answers if "payout" in key}) == 2  # Stripe repeats a refusal under its key


def test_of_two_that_ask_under_one_key_a_refusal_counts_once_and_a_late_one_never(fake: FakeStripe) -> None:
    payout_id, _ = sent()
    short = Outcome(Answer.PENDING, reason="余额不足")
    for tried, expected in ((0, 1), (0, 1), (None, 1), (1, 2), (0, 2)):
        with db.transaction() as session:
            commands.note(session, PROVIDER, payout_id, short, tried=tried, now=make.PAY)
        assert queries.get(db.session(), payout_id).shorts == expected
        db.session().rollback()
    with db.transaction() as session:
        commands.note(session, PROVIDER, payout_id, Outcome(Answer.SUCCEEDED, "tr_9"), tried=1, now=make.PAY)
        commands.note(session, PROVIDER, payout_id, short, tried=2, now=make.PAY)
    assert state(payout_id) is PayoutState.CONFIRMED


@pytest.mark.both_databases
def test_of_two_payers_at_once_one_sends_and_of_two_preparers_one_prepares(database_url: str) -> None:
    database = Database(database_url)
    prepared(database, make.make_settled)

    def prepare(session: Any) -> list[PayoutBatch]:
        return make.prepare(session)

    found = together(database, prepare, prepare, prepare)
    batches = [batch for one in found if isinstance(one, list) for batch in one]
    assert len(batches) == 2
    assert sum(isinstance(one, DomainError) for one in found) == 2

    def send(session: Any, number: str = batches[0].number) -> PayoutBatch:
        return commands.send(session, make.PAYER, number, now=make.PAY, book=settlement.LAW)

    def check(session: Any) -> PayoutBatch:
        return commands.check(session, make.CHECKER, batches[0].number, now=make.PAY, book=settlement.LAW)

    prepared(database, check)
    payers: list[Callable[[Any], Any]] = [send] * 6
    answers = together(database, *payers)
    assert sum(isinstance(one, PayoutBatch) for one in answers) == 1
    assert {one.code for one in answers if isinstance(one, DomainError)} == {"payout.wrong_state"}
    with database.new_session() as session:
        assert balance(session, f"liability:in_transit:{base.PLACE}") == -batches[0].total
    database.engine.dispose()
