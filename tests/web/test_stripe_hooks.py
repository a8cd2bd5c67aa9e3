"""Paying through Stripe, end to end: forged, repeated, shuffled, lost and wrong events, and calls without an answer.

The real library speaks to a server on this machine that behaves like Stripe.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import permutations

import pytest
import sqlalchemy as sa

from kernel import clock
from kernel.money import ZERO, Money
from market.orders.rules import OrderState
from market.payments.rules import AttemptState, PaymentState
from market.refunds.model import ProviderDispute
from market.refunds.rules import DisputeStage
from market.stripe_inbox.model import StripeEvent
from market.stripe_inbox.rules import EventState
from tests.fakes.stripe_server import Switches
from tests.make import paying as builders
from tests.make.shop import NOW, Shop, signed
from web import paying, stripe_hooks

OPENED = (PaymentState.CAPTURED, OrderState.FULFILLED, [AttemptState.SUCCEEDED], True)
WAITING = (PaymentState.EXPECTED, OrderState.CONTRACTED, [AttemptState.PENDING], False)


@pytest.fixture
def shop(app):
    with clock.set_to(NOW), builders.stripe_for(app, now=NOW.timestamp) as fake:
        yield Shop(app, fake)


@pytest.mark.both_databases
def test_a_paid_page_opens_access_when_its_event_has_been_read_and_never_before(shop):
    number = shop.begin()
    assert shop.begin() == number
    shop.work()
    assert shop.states() == WAITING
    shop.fake.buyer_pays(shop.page(number))
    assert shop.states() == WAITING
    assert [shop.hook(event) for event in shop.fake.events] == [200] * 3
    assert shop.states() == WAITING
    shop.work()
    assert shop.states() == OPENED
    assert shop.books() == {
        "psp": Money.yuan("800"),
        "disputed": ZERO,
        "unapplied": ZERO,
        "unearned": -Money.yuan("800"),
    }
    found = shop.read(lambda session: sorted(session.scalars(sa.select(StripeEvent.state))))
    assert found == [EventState.DONE, EventState.DONE, EventState.IGNORED]


def test_forged_and_altered_events_change_nothing_and_are_always_refused(shop):
    number = shop.begin()
    shop.fake.buyer_pays(shop.page(number))
    body, header = shop.fake.signed(shop.fake.events[-1], at=NOW)
    wrong = [(body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :], header) for place in range(0, len(body), 40)]
    wrong += [(body, header[:place] + "x" + header[place + 1 :]) for place in range(0, len(header), 4)]
    wrong += [(body, ""), (body, "t=1,v1=" + "0" * 64), (b"", header), (b"[]", header), (b"\xff\xfe", header)]
    for strange in (b"[]", b"7", b"null", b'{"id":1}', b'{"object":"event"}', b"{", b'{"a":1,"a":2}', b"\xff"):
        wrong.append((strange, signed(strange)))
    statuses = {shop.post(*one) for one in wrong}
    assert statuses == {400}
    assert shop.hook(shop.fake.events[-1], at=NOW - timedelta(seconds=301)) == 400
    assert shop.hook(shop.fake.events[-1], at=NOW + timedelta(seconds=61)) == 400
    assert shop.hook(shop.fake.events[-1], secret="whsec_other") == 400
    assert shop.post(b" " * (256 * 1024 + 1), header) == 413
    shop.work()
    assert shop.states() == WAITING
    assert shop.read(lambda session: session.scalar(sa.select(sa.func.count()).select_from(StripeEvent))) == 0


@pytest.mark.both_databases
def test_ten_copies_in_the_same_moment_are_one_event(shop):
    number = shop.begin()
    shop.fake.buyer_pays(shop.page(number))
    event = shop.fake.events[-1]

    def send(_: int) -> int:
        with clock.set_to(NOW):
            return shop.hook(event)

    with ThreadPoolExecutor(10) as many:
        assert list(many.map(send, range(10))) == [200] * 10
    shop.work()
    shop.work()
    assert shop.states() == OPENED
    assert shop.read(lambda session: session.scalar(sa.select(sa.func.count()).select_from(StripeEvent))) == 1


def test_events_in_any_order_and_twice_end_in_the_same_state_and_the_same_books(shop):
    number = shop.begin()
    intent = shop.fake.buyer_pays(shop.page(number))
    dispute = shop.fake.bank_contests(intent["id"], amount=30_000)
    shop.fake.dispute_ends(dispute["id"], "lost")
    told = [one for one in shop.fake.events if not one["type"].startswith("charge.succeeded")]
    assert len(told) == 4
    for order in permutations(told):
        for event in (*order, *order):
            shop.hook({**event, "id": f"{event['id']}_{hash(tuple(one['id'] for one in order))}"})
            shop.hook(event)
        shop.work()
        assert shop.states() == OPENED
    stages = shop.read(lambda session: [one.stage for one in session.scalars(sa.select(ProviderDispute))])
    assert sorted(stages) == [DisputeStage.LOST, DisputeStage.OPENED]
    assert shop.books() == {
        "psp": Money.yuan("500"),
        "disputed": ZERO,
        "unapplied": ZERO,
        "unearned": -Money.yuan("500"),
    }


def test_lost_events_are_found_by_the_janitor(shop):
    number = shop.begin()
    shop.fake.buyer_pays(shop.page(number))
    with shop.app.app_context():
        stripe_hooks.sweep(NOW)
    assert shop.states() == OPENED
    assert {one.source for one in shop.read(lambda session: session.scalars(sa.select(StripeEvent)).all())} == {
        "janitor"
    }


def test_without_any_event_open_tries_are_asked_about(shop):
    number = shop.begin()
    shop.fake.buyer_pays(shop.page(number))
    with clock.set_to(NOW + timedelta(minutes=3)), shop.app.app_context():
        paying.follow_all(clock.now())
    assert shop.states() == OPENED


@pytest.mark.parametrize("wrong", [{"amount": 1}, {"amount": 80_001}, {"currency": "usd"}])
def test_money_that_is_not_what_was_asked_for_is_parked_and_opens_nothing(shop, wrong):
    number = shop.begin()
    shop.fake.buyer_pays(shop.page(number), **wrong)
    assert [shop.hook(event) for event in shop.fake.events] == [200] * 3
    shop.work()
    assert shop.states() == (PaymentState.EXPECTED, OrderState.CONTRACTED, [AttemptState.PARKED], False)
    came = Money(wrong["amount"]) if "amount" in wrong else ZERO
    assert shop.books() == {"psp": came, "disputed": ZERO, "unapplied": -came, "unearned": ZERO}


def test_events_about_nothing_of_ours_are_kept_and_parked(shop):
    shop.begin()
    strange = shop.fake.keep("payment_intent", "pi", metadata={"huiyi_attempt": "PAY-9"}, amount=1, currency="cny")
    live = shop.fake.tell("checkout.session.completed", shop.fake.of_kind("checkout.session")[0]) | {"livemode": True}
    events = [shop.fake.tell(kind, strange) for kind in ("payment_intent.succeeded", "refund.created", "a.new.kind")]
    dispute = shop.fake.keep(
        "dispute", "dp", amount=1, currency="cny", payment_intent=strange["id"], status="lost", reason="x"
    )
    events += [live, shop.fake.tell("charge.dispute.created", dispute)]
    assert {shop.hook(event) for event in events} == {200}
    shop.work()
    found = shop.read(lambda session: {one.kind: one.state for one in session.scalars(sa.select(StripeEvent))})
    assert found == {
        "payment_intent.succeeded": EventState.PARKED, "refund.created": EventState.PARKED,
        "a.new.kind": EventState.IGNORED, "checkout.session.completed": EventState.PARKED,
        "charge.dispute.created": EventState.PARKED,
    }  # fmt: skip
    assert shop.states() == WAITING


@pytest.mark.parametrize("trouble", [{"fail_after": 1}, {"silent_after": 1}, {"fail_before": 1}])
def test_a_call_without_an_answer_is_unknown_and_never_a_second_page(shop, trouble):
    shop.fake.switches = Switches(**trouble)
    number = shop.begin()
    assert shop.states()[2] == [AttemptState.UNKNOWN]
    assert shop.begin() == number
    assert shop.states()[2] == [AttemptState.PENDING]
    assert len(shop.fake.of_kind("checkout.session")) == 1
    shop.fake.buyer_pays(shop.page(number))
    with shop.app.app_context():
        stripe_hooks.sweep(NOW)
    assert shop.states() == OPENED


def test_an_event_waits_while_the_provider_gives_no_answer(shop):
    number = shop.begin()
    shop.fake.buyer_pays(shop.page(number))
    shop.hook(shop.fake.events[-1])
    shop.fake.switches = Switches(fail_before=1)
    shop.work()
    assert shop.states() == WAITING
    shop.work()
    assert shop.states() == OPENED
