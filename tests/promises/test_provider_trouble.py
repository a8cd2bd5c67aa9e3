"""Promises E4, E6, E8 and E9 at their T1 size: events that never come, forged returns, a provider that is away."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from kernel import clock
from kernel.identity import Role
from kernel.money import ZERO, Money
from market.orders.rules import OrderState
from market.payments import queries as payments
from market.payments.gateway import Stripe
from market.payments.model import Payment
from market.payments.rules import AttemptState, PaymentState
from market.refunds.model import Refund
from market.refunds.rules import RefundState
from registry.parties.model import Party
from tests.fakes.stripe_server import Switches
from tests.make import paying as builders
from tests.make.clients import as_person, as_program
from tests.make.shop import NOW, Shop
from tests.rig import sizes
from web import paying, stripe_hooks
from web.circuit import Circuit

OPENED = (PaymentState.CAPTURED, OrderState.FULFILLED, [AttemptState.SUCCEEDED], True)
WAITING = (PaymentState.EXPECTED, OrderState.CONTRACTED, [AttemptState.PENDING], False)
MANY = 8
RETURNS = sizes.of("E6")
CASES = sizes.of("E9")
AWAY = {"fail_before": 1_000_000}
pytestmark = pytest.mark.both_databases


@pytest.fixture
def shop(app):
    with clock.set_to(NOW), builders.stripe_for(app, now=NOW.timestamp) as fake:
        yield Shop(app, fake, count=MANY)


@contextmanager
def at(shop: Shop, moment: datetime) -> Iterator[None]:
    """Let the site and the provider, which answers in threads of its own, both live at a moment."""
    shop.fake.now = moment.timestamp
    with clock.set_to(moment):
        yield


def minutes(shop: Shop, start: int, end: int) -> None:
    """Let the clock run: each minute what runs each minute, each tenth minute the sweep."""
    for minute in range(start, end):
        with at(shop, NOW + timedelta(minutes=minute)), shop.app.app_context():
            stripe_hooks.work_off(clock.now())
            paying.follow_all(clock.now())
            if minute % 10 == 0:
                stripe_hooks.sweep(clock.now())


def on_simulated_time(shop: Shop) -> None:
    """Let the circuit count the seconds of the simulated clock."""
    found = shop.app.extensions["huiyi_stripe"]
    shop.app.extensions["huiyi_stripe"] = Stripe(found.settings, Circuit(lambda: clock.now().timestamp()))


def test_e4_with_every_event_lost_each_payment_is_true_within_fifteen_minutes(shop):
    pages = [shop.page(shop.begin(payment_id)) for payment_id in shop.due]
    intents = [shop.fake.buyer_pays(page) for page in pages[:5]]
    shop.fake.page_expires(pages[5])
    minutes(shop, 1, 4)
    shop.fake.refund_state = "pending"
    refund_id = shop.read(
        lambda session: builders.give_back(session, session.get_one(Payment, shop.due[0]), "800.00", now=NOW).id
    )
    dispute = shop.fake.bank_contests(intents[1]["id"])
    minutes(shop, 4, 8)
    (refund,) = shop.fake.of_kind("refund")
    shop.fake.refund_ends(refund["id"], "succeeded")
    shop.fake.dispute_ends(dispute["id"], "lost")
    shop.fake.buyer_pays(pages[6])
    minutes(shop, 8, 8 + 15)
    states = [shop.states(payment_id) for payment_id in shop.due]
    gone = (PaymentState.REFUNDED, OrderState.REFUNDED, [AttemptState.SUCCEEDED])
    assert [states[0][:3], states[1][:3]] == [gone, gone]
    assert states[2:5] == [OPENED] * 3
    assert states[5] == (PaymentState.EXPECTED, OrderState.CONTRACTED, [AttemptState.CANCELLED], False)
    assert [states[6], states[7]] == [OPENED, WAITING]
    assert shop.read(lambda session: session.get_one(Refund, refund_id).state) is RefundState.DONE
    with at(shop, NOW + timedelta(minutes=30)):
        books = shop.books(shop.due[2])
    assert books == {
        "psp": Money.yuan("3200"), "disputed": ZERO, "unapplied": ZERO, "unearned": -Money.yuan("800"),
    }  # fmt: skip


@pytest.mark.soak
def test_e6_no_forged_return_from_the_payment_page_opens_anything(shop):
    payment = shop.read(lambda session: session.get_one(Payment, shop.due[0]))
    party = shop.read(lambda session: session.get_one(Party, payment.buyer_id))
    number = shop.begin()
    page, chance = shop.page(number), random.Random(6)
    buyer, program = as_person(shop.app, Role.BUYER, party=party), as_program(shop.app, Role.BUYER, party=party)
    url = f"/payments/{payment.id}"
    forged = {
        "session_id": [page, "cs_x", "", "'"], "payment_status": ["paid", "succeeded"], "amount": ["80000", "0"],
        "redirect_status": ["succeeded"], "payment_intent": ["pi_1", "pi_2"], "state": ["captured"],
    }  # fmt: skip
    statuses = set()
    for place in range(RETURNS):
        query = {name: chance.choice(values) for name, values in forged.items() if chance.random() < 0.7}
        if place % 50 == 0:  # what a browser shows is made anew each time; what it is told is the same for all
            statuses.add(buyer.get(url, query_string=query).status_code)
        elif place % 2:
            statuses.add(shop.app.test_client().get(url, query_string=query).status_code)
        else:
            headers = {**program, "Referer": "https://checkout.stripe.com/"}
            statuses.add(shop.app.test_client().get(f"/api/v1{url}", query_string=query, headers=headers).status_code)
    assert statuses <= {200, 302, 303, 422}
    assert len(shop.fake.calls) == 1, "a return is no reason to ask"
    with shop.app.app_context():
        paying.follow(shop.read(lambda session: payments.attempts_of(session, payment.id)[0].id))
    assert shop.states() == WAITING


def test_e8_while_the_provider_is_away_nothing_piles_up_and_afterwards_everything_is_resolved(shop):
    on_simulated_time(shop)
    pages = [shop.page(shop.begin(payment_id)) for payment_id in shop.due[:4]]
    for page in pages[:2]:
        shop.fake.buyer_pays(page)
    before = len(shop.fake.calls)
    shop.fake.switches = Switches(**AWAY)
    with at(shop, NOW + timedelta(minutes=1)):
        for payment_id in shop.due[4:]:
            shop.begin(payment_id)
            assert shop.states(payment_id)[:3] == (
                PaymentState.EXPECTED, OrderState.CONTRACTED, [AttemptState.UNKNOWN],
            )  # fmt: skip
    assert len(shop.fake.calls) - before == 2, "two calls were enough to know"
    minutes(shop, 1, 31)
    assert len(shop.fake.calls) - before <= 2 + 30 * 3, "a silent provider is asked now and then, never in a queue"
    assert [shop.states(payment_id)[0] for payment_id in shop.due] == [PaymentState.EXPECTED] * MANY
    with at(shop, NOW + timedelta(minutes=15)):
        assert {shop.hook(event, at=clock.now()) for event in shop.fake.events} == {200}
    shop.fake.switches = Switches()
    minutes(shop, 31, 41)
    assert [shop.states(payment_id) for payment_id in shop.due] == [OPENED] * 2 + [WAITING] * 6
    assert len(shop.fake.of_kind("checkout.session")) == MANY


@pytest.mark.soak
def test_e9_a_time_out_after_the_work_was_done_never_makes_a_second_charge(shop):
    chance, pages = random.Random(9), 0
    for case in range(CASES):
        payment_id = shop.due[case % MANY]
        shop.fake.switches = Switches(**{chance.choice(("fail_after", "silent_after", "fail_before")): 1})
        later = timedelta(hours=chance.choice((0, 0, 1, 22, 25, 30)))
        with at(shop, NOW + timedelta(days=2 * case)):
            shop.app.extensions["huiyi_stripe"] = paying.provider_of(shop.app.config["HUIYI"])
            number = shop.begin(payment_id)
        with at(shop, NOW + timedelta(days=2 * case) + later):
            if later > timedelta(hours=23):
                shop.fake.answers.clear()  # the provider has forgotten the key
            ended = shop.read(lambda session, name=number: payments.attempt_named(session, number=name))
            with shop.app.app_context():
                state = paying.follow(ended.id).state
            mine = [one for one in shop.fake.of_kind("checkout.session") if one["client_reference_id"] == number]
            assert len(mine) <= 1, "asked twice, opened once"
            assert (state is AttemptState.PENDING) == bool(mine)
            pages += len(mine)
            if mine:
                shop.fake.page_expires(mine[0]["id"])
                with shop.app.app_context():
                    paying.follow(ended.id)
    assert len(shop.fake.of_kind("checkout.session")) == pages > CASES // 2
    assert {shop.states(one)[0] for one in shop.due} == {PaymentState.EXPECTED}


def test_e9_a_page_paid_while_its_answer_was_lost_is_found_and_taken_once(shop):
    for place, payment_id in enumerate(shop.due):
        shop.fake.switches = Switches(**{("fail_after", "silent_after")[place % 2]: 1})
        shop.app.extensions["huiyi_stripe"] = paying.provider_of(shop.app.config["HUIYI"])
        number = shop.begin(payment_id)
        shop.fake.buyer_pays(shop.page(number))
        for _ in range(2):
            with shop.app.app_context():
                found: Any = shop.read(lambda session, name=number: payments.attempt_named(session, number=name))
                paying.follow(found.id)
                stripe_hooks.sweep(clock.now())
        assert shop.states(payment_id) == OPENED
    assert shop.books()["psp"] == Money.yuan("800").times(MANY)
    assert len(shop.fake.of_kind("payment_intent")) == MANY
