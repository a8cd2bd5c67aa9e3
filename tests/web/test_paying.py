"""Paying online: surplus goes back, refunds are carried out once, disputes are held, a return proves nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from kernel import clock, db
from kernel.identity import Role
from kernel.money import ZERO, Money
from market.orders import queries as orders
from market.orders.rules import OrderState
from market.payments import queries as payments
from market.payments.model import Attempt, Payment
from market.payments.rules import AttemptState, PaymentState
from market.refunds import commands as refunds
from market.refunds import queries as refund_queries
from market.refunds.model import Refund
from market.refunds.rules import RefundState
from tests.fakes.stripe_server import Switches
from tests.make import market as make
from tests.make import paying as builders
from tests.make.clients import as_program, bearer
from tests.make.shop import NOW, Shop
from web import paying, stripe_hooks

OPENED = (PaymentState.CAPTURED, OrderState.FULFILLED, [AttemptState.SUCCEEDED], True)
WAITING = (PaymentState.EXPECTED, OrderState.CONTRACTED, [AttemptState.PENDING], False)


@pytest.fixture
def shop(app):
    with clock.set_to(NOW), builders.stripe_for(app, now=NOW.timestamp) as fake:
        yield Shop(app, fake)


def test_a_page_paid_after_the_transfer_came_is_surplus_that_goes_back(shop):
    number = shop.begin()
    shop.read(lambda session: make.pay(session, orders.get(session, session.get_one(Payment, shop.due[0]).order_id)))
    shop.fake.buyer_pays(shop.page(number))
    with shop.app.app_context():
        stripe_hooks.sweep(NOW)
    assert shop.states() == (PaymentState.CAPTURED, OrderState.FULFILLED, [AttemptState.PARKED], True)
    assert shop.books()["unapplied"] == -Money.yuan("800")

    def give_back(session: Any) -> UUID:
        (parked,) = payments.parked(session)
        asked = refunds.ask_for_parked(session, make.finance(), parked.id, reason="重复付款", client_reference="S-1",
                                       now=NOW)  # fmt: skip
        return refunds.decide(session, builders.checker(), asked.id, act=refunds.RefundAct.APPROVE, reason="属实",
                              now=NOW).id  # fmt: skip

    refund_id = shop.read(give_back)
    with shop.app.app_context():
        paying.follow_refund(refund_id)
    assert shop.states()[:2] == (PaymentState.CAPTURED, OrderState.FULFILLED)
    books = shop.books()
    assert (books["unapplied"], books["psp"], books["unearned"]) == (ZERO, ZERO, -Money.yuan("800"))


def test_a_page_for_which_nothing_is_due_any_more_is_closed(shop):
    number = shop.begin()
    shop.read(lambda session: make.pay(session, orders.get(session, session.get_one(Payment, shop.due[0]).order_id)))
    with clock.set_to(NOW + timedelta(minutes=3)), shop.app.app_context():
        paying.follow_all(clock.now())
    assert shop.fake.session_for(number)["status"] == "expired"
    assert shop.states()[2] == [AttemptState.CANCELLED]


@pytest.mark.parametrize("trouble", [{}, {"fail_after": 1}, {"silent_after": 1}])
def test_a_refund_is_carried_out_once_whatever_happens_to_the_answer(shop, trouble):
    shop.fake.buyer_pays(shop.page(shop.begin()))
    with shop.app.app_context():
        stripe_hooks.sweep(NOW)
    refund_id = shop.read(
        lambda session: builders.give_back(session, session.get_one(Payment, shop.due[0]), "800.00", now=NOW).id
    )
    shop.fake.switches = Switches(on="/v1/refunds", **trouble)
    with shop.app.app_context():
        paying.follow_refund(refund_id)
        if trouble:
            assert refund_queries.get(db.session(), refund_id).state is RefundState.UNKNOWN
            assert shop.states()[0] is PaymentState.CAPTURED
        paying.follow_refund(refund_id)
        stripe_hooks.sweep(NOW)
    assert len(shop.fake.of_kind("refund")) == 1
    assert shop.states()[:2] == (PaymentState.REFUNDED, OrderState.REFUNDED)
    assert shop.books() == dict.fromkeys(("psp", "disputed", "unapplied", "unearned"), ZERO)


def test_a_refund_that_is_under_way_ends_by_its_event(shop):
    shop.fake.buyer_pays(shop.page(shop.begin()))
    shop.fake.refund_state = "pending"
    with shop.app.app_context():
        stripe_hooks.sweep(NOW)
    refund_id = shop.read(
        lambda session: builders.give_back(session, session.get_one(Payment, shop.due[0]), "100.00", now=NOW).id
    )
    with shop.app.app_context():
        paying.follow_refund(refund_id)
    assert shop.read(lambda session: session.get_one(Refund, refund_id).state) is RefundState.PENDING
    shop.fake.refund_ends(shop.fake.of_kind("refund")[0]["id"], "succeeded")
    shop.hook(shop.fake.events[-1])
    shop.work()
    assert shop.read(lambda session: session.get_one(Refund, refund_id).state) is RefundState.DONE
    assert shop.books()["unearned"] == -Money.yuan("700")


def test_a_dispute_that_is_won_gives_the_money_back_and_holds_it_until_then(shop):
    intent = shop.fake.buyer_pays(shop.page(shop.begin()))
    dispute = shop.fake.bank_contests(intent["id"])
    with shop.app.app_context():
        stripe_hooks.sweep(NOW)
    assert shop.read(lambda session: refund_queries.left(session, session.get_one(Payment, shop.due[0]))) == ZERO
    assert shop.books()["disputed"] == Money.yuan("800")
    shop.fake.dispute_ends(dispute["id"], "won")
    with shop.app.app_context():
        stripe_hooks.sweep(NOW)
    assert shop.books() == {
        "psp": Money.yuan("800"),
        "disputed": ZERO,
        "unapplied": ZERO,
        "unearned": -Money.yuan("800"),
    }
    left = shop.read(lambda session: refund_queries.left(session, session.get_one(Payment, shop.due[0])))
    assert left == Money.yuan("800")


def test_a_buyer_pays_through_the_api_and_a_return_from_the_page_proves_nothing(shop, app):
    payment = shop.read(lambda session: session.get_one(Payment, shop.due[0]))
    party = shop.read(lambda session: session.get_one(builders.Party, payment.buyer_id))
    headers = as_program(app, Role.BUYER, party=party)
    client, url = app.test_client(), f"/api/v1/payments/{payment.id}/attempts"
    made = client.post(url, headers=headers)
    assert (made.status_code, made.json["state"]) == (200, "pending")
    assert made.json["url"].startswith("https://checkout.stripe.com/")
    assert client.post(url, headers=headers).json["id"] == made.json["id"]
    assert client.post(url, headers=bearer("x")).status_code == 401
    for forged in ("?session_id=cs_x&paid=1", "?payment_status=paid", ""):
        client.get(f"/payments/{payment.id}{forged}", headers=headers)
    assert shop.states() == WAITING
    shop.fake.buyer_pays(shop.page(made.json["number"]))
    assert client.post(f"{url}/reading", headers=headers).json[0]["state"] == "succeeded"
    assert shop.states() == OPENED


def test_no_transaction_is_open_while_the_provider_is_called(shop):
    seen: list[bool] = []
    original = shop.fake.create_session

    def watch(form: dict[str, Any]) -> dict[str, Any]:
        # another writer gets through while the call is under way: nothing is locked
        with shop.app.app_context(), db.transaction() as session:
            seen.append(session.scalar(sa.select(Attempt.state)) is AttemptState.ASKED)
        return original(form)

    shop.fake.create_session = watch  # the server's own behaviour, not the code under test
    shop.begin()
    assert seen == [True]


def test_the_events_of_the_server_are_what_they_say(shop):
    shop.begin()
    event = shop.fake.tell("refund.created", {"id": "re_1"})
    body, _ = shop.fake.signed(event, at=NOW)
    assert json.loads(body) == event
