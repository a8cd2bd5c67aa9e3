"""Promises E1, E2, E3, E5 and E7 at their T1 size: what arrives at the provider's hook, and what it may change."""

from __future__ import annotations

import logging
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from kernel import clock
from kernel.money import ZERO, Money
from market.orders.rules import OrderState
from market.payments.model import Attempt, Payment
from market.payments.rules import AttemptState, PaymentState
from market.refunds.model import ProviderDispute, Refund
from market.refunds.rules import RefundState
from market.stripe_inbox.model import StripeEvent
from market.stripe_inbox.rules import EventState
from tests.fakes.stripe_server import SECRET
from tests.make import paying as builders
from tests.make.shop import NOW, Shop, signed
from tests.rig import sizes
from web import paying

OPENED = (PaymentState.CAPTURED, OrderState.FULFILLED, [AttemptState.SUCCEEDED], True)
WAITING = (PaymentState.EXPECTED, OrderState.CONTRACTED, [AttemptState.PENDING], False)
ORDERS = sizes.of("E3")  # of the 720 in which six events can come
pytestmark = pytest.mark.both_databases


@pytest.fixture
def shop(app):
    with clock.set_to(NOW), builders.stripe_for(app, now=NOW.timestamp) as fake:
        yield Shop(app, fake)


@pytest.fixture
def shop_of_many(app):
    with clock.set_to(NOW), builders.stripe_for(app, now=NOW.timestamp) as fake:
        yield Shop(app, fake, count=ORDERS)


def kept(shop: Shop) -> list[StripeEvent]:
    return shop.read(lambda session: session.scalars(sa.select(StripeEvent)).all())


def altered(body: bytes, header: str) -> list[tuple[bytes, str]]:
    """Every header with one character changed, and the body with one byte changed at 300 places."""
    places = range(0, len(body), max(len(body) // 300, 1))
    wrong = [(body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :], header) for place in places]
    for place, letter in enumerate(header):
        other = "1" if letter != "1" else "2"
        wrong += [(body, header[:place] + new + header[place + 1 :]) for new in (other, "é")]
    wrong += [(body, header.replace("v1=", name)) for name in ("v0=", "v2=", "V1=", "v1 =", "")]
    wrong += [(body, header + tail) for tail in (",t=1", ",", ",v1=", " ", ";")]
    wrong += [(body, f"{header},{header}"), (body, header.split(",")[0]), (body, header.split(",")[1]), (body, "")]
    return wrong


def test_e1_forged_and_altered_events_change_nothing(shop):
    number = shop.begin()
    shop.fake.buyer_pays(shop.page(number))
    event = shop.fake.events[-1]
    body, header = shop.fake.signed(event, at=NOW)
    wrong = altered(body, header)
    strange = (
        b"[]",
        b"7",
        b"null",
        b"{",
        b'{"id":1}',
        b'{"object":"event"}',
        b'{"a":1,"a":2}',
        b"\xff\xfe",
        b"",
        b"\0",
    )
    wrong += [(one, signed(one)) for one in strange]
    wrong += [(body.decode().encode(name), header) for name in ("utf-16", "utf-32", "utf-8-sig")]
    assert len(wrong) >= 500
    assert {shop.post(*one) for one in wrong} == {400}
    early_and_late = (-301, -3600, -86_400, 61, 3600, 86_400)
    assert {shop.hook(event, at=NOW + timedelta(seconds=seconds)) for seconds in early_and_late} == {400}
    assert {shop.hook(event, secret=secret) for secret in ("whsec_other", SECRET.upper(), "")} == {400}
    assert shop.post(b" " * (256 * 1024 + 1), header) == 413
    assert kept(shop) == []
    shop.work()
    assert shop.states() == WAITING
    inside = (-300, 60)
    assert {shop.hook(event, at=NOW + timedelta(seconds=seconds)) for seconds in inside} == {200}


def test_e1_an_old_secret_counts_until_it_is_taken_away(shop):
    shop.fake.buyer_pays(shop.page(shop.begin()))
    event, new = shop.fake.events[-1], "whsec_" + "new" * 8
    config = shop.app.config["HUIYI"]
    shop.app.config["HUIYI"] = replace(config, stripe_webhook_secrets=f"{new},{SECRET}")
    assert [shop.hook(event), shop.hook(event, secret=new)] == [200, 200]
    shop.app.config["HUIYI"] = replace(config, stripe_webhook_secrets=new)
    assert [shop.hook(event), shop.hook(event, secret=new)] == [400, 200]


def test_e2_each_event_ten_times_in_parallel_has_one_effect(shop):
    intent = shop.fake.buyer_pays(shop.page(shop.begin()))

    def rain() -> None:
        def send(event: dict[str, Any]) -> int:
            with clock.set_to(NOW):
                return shop.hook(event)

        with ThreadPoolExecutor(10) as many:
            assert set(many.map(send, shop.fake.events * 10)) == {200}
        shop.work()

    rain()
    refund_id = shop.read(
        lambda session: builders.give_back(session, session.get_one(Payment, shop.due[0]), "300.00", now=NOW).id
    )
    shop.fake.refund_state = "pending"
    with shop.app.app_context():
        paying.follow_refund(refund_id)
    shop.fake.refund_ends(shop.fake.of_kind("refund")[0]["id"], "succeeded")
    dispute = shop.fake.bank_contests(intent["id"], amount=20_000)
    shop.fake.dispute_ends(dispute["id"], "lost")
    rain()
    assert shop.states() == OPENED
    assert len(kept(shop)) == len(shop.fake.events)
    assert shop.read(lambda session: session.get_one(Refund, refund_id).state) is RefundState.DONE
    assert shop.read(lambda session: session.scalar(sa.select(sa.func.count()).select_from(ProviderDispute))) == 2
    assert shop.books() == {
        "psp": Money.yuan("300"), "disputed": ZERO, "unapplied": ZERO, "unearned": -Money.yuan("300"),
    }  # fmt: skip


def live_through(shop: Shop, payment_id: UUID, order: tuple[int, ...]) -> None:
    """Let six things happen to a payment, and hear of them in an order, some twice, each worked off."""
    before = len(shop.fake.events)
    intent = shop.fake.buyer_pays(shop.page(shop.begin(payment_id)))
    dispute = shop.fake.bank_contests(intent["id"], amount=30_000)
    shop.fake.tell("charge.dispute.updated", dispute)
    shop.fake.dispute_ends(dispute["id"], "lost")
    told = shop.fake.events[before:]
    assert len(told) == len(order)
    heard = [told[place] for place in order]
    for place, event in enumerate(heard):
        assert shop.hook(event) == 200
        if place % 2:
            assert shop.hook(heard[0]) == 200
        shop.work()
    for event in heard:
        shop.hook(event)
    shop.work()


@pytest.mark.soak
def test_e3_any_order_ends_in_the_same_state_and_the_same_books(shop_of_many):
    shop, ends = shop_of_many, []
    backwards, *others = list(permutations(range(6)))[::-1]
    orders = [backwards, *random.Random(20261122).sample(others, ORDERS - 1)]
    for order, payment_id in zip(orders, shop.due, strict=True):
        live_through(shop, payment_id, order)
        books = shop.books(payment_id)
        ends.append((shop.states(payment_id), books["unearned"], books["disputed"], books["unapplied"]))
    assert ends == [(OPENED, -Money.yuan("500"), ZERO, ZERO)] * ORDERS
    assert shop.books()["psp"] == Money.yuan("500").times(ORDERS)
    assert {one.state for one in kept(shop)} == {EventState.DONE, EventState.IGNORED}


@pytest.mark.parametrize("states", list(permutations(("refund.created", "refund.updated", "charge.refund.updated"))))
def test_e3_events_of_a_refund_come_in_any_order(shop, states):
    shop.fake.buyer_pays(shop.page(shop.begin()))
    for event in shop.fake.events:
        shop.hook(event)
    shop.work()
    refund_id = shop.read(
        lambda session: builders.give_back(session, session.get_one(Payment, shop.due[0]), "800.00", now=NOW).id
    )
    shop.fake.refund_state = "pending"
    with shop.app.app_context():
        paying.follow_refund(refund_id)
    (refund,) = shop.fake.of_kind("refund")
    refund["status"] = "succeeded"
    for kind in states:
        assert [shop.hook(shop.fake.tell(kind, refund)) for _ in range(2)] == [200, 200]
        shop.work()
    assert shop.states()[:2] == (PaymentState.REFUNDED, OrderState.REFUNDED)
    assert shop.books() == dict.fromkeys(("psp", "disputed", "unapplied", "unearned"), ZERO)


@pytest.mark.parametrize(
    ("paid", "changed"),
    [
        ({"amount": 1}, {}),
        ({"amount": 79_999}, {}),
        ({"amount": 80_001}, {}),
        ({"currency": "usd"}, {}),
        ({}, {"client_reference_id": "PAY-2026-999999-1"}),
        ({}, {"livemode": True}),
        ({}, {"currency": "usd"}),
        ({}, {"amount_total": 8_000}),
    ],
)
def test_e5_wrong_content_with_a_right_signature_is_parked_and_reported(shop, caplog, paid, changed):
    page = shop.page(shop.begin())
    shop.fake.buyer_pays(page, **paid)
    shop.fake.objects[page] |= changed
    with caplog.at_level(logging.ERROR):
        assert {shop.hook(event) for event in shop.fake.events} == {200}
        shop.work()
    assert shop.states() == (PaymentState.EXPECTED, OrderState.CONTRACTED, [AttemptState.PARKED], False)
    assert "is parked" in caplog.text
    assert EventState.PARKED in {one.state for one in kept(shop)}


def test_e5_other_modes_unknown_types_and_unknown_objects_are_parked_or_left_alone(shop):
    shop.fake.buyer_pays(shop.page(shop.begin()))
    paid = shop.fake.events[-1]
    strange = shop.fake.keep("payment_intent", "pi", metadata={"huiyi_attempt": "PAY-9"}, amount=1, currency="cny")
    events = [
        paid | {"id": "evt_live", "livemode": True},
        shop.fake.tell("payment_intent.succeeded", strange),
        shop.fake.tell("refund.created", {"id": "re_x", "object": "refund", "metadata": {"huiyi_refund": "RFD-9"}}),
        shop.fake.tell("payout.paid", {"id": "po_x", "object": "payout"}),
        shop.fake.tell("a.kind.of.the.future", {"id": "x", "object": "x"}),
        shop.fake.tell("payment_intent.succeeded", {"id": ["x"], "metadata": 7}),
    ]
    assert [shop.hook(event) for event in events] == [200] * len(events)
    shop.work()
    found = {one.event_id: one.state for one in kept(shop)}
    assert [found[event["id"]] for event in events] == [
        EventState.PARKED, EventState.PARKED, EventState.PARKED, EventState.IGNORED, EventState.IGNORED,
        EventState.PARKED,
    ]  # fmt: skip
    assert shop.states() == WAITING


def test_e7_a_burst_of_events_is_kept_whole_and_the_provider_is_not_called_to_answer_it(shop):
    number = shop.begin()
    shop.fake.buyer_pays(shop.page(number))
    for place in range(200):
        shop.fake.tell("charge.updated", {"id": f"ch_{place}", "object": "charge"})
    before = len(shop.fake.calls)

    def send(event: dict[str, Any]) -> int:
        with clock.set_to(NOW):
            return shop.hook(event)

    with ThreadPoolExecutor(8) as many:
        assert set(many.map(send, shop.fake.events)) == {200}
    assert len(shop.fake.calls) == before
    assert len(kept(shop)) == len(shop.fake.events) == 203
    while EventState.RECEIVED in {one.state for one in kept(shop)}:
        shop.work()
    assert shop.states() == OPENED
    assert shop.read(lambda session: session.scalar(sa.select(sa.func.count()).select_from(Attempt))) == 1
