"""Promise E3: what happened to a payment decides how it ends, not the order in which we heard of it."""

from __future__ import annotations

import random
from typing import Any
from uuid import UUID

import pytest

from kernel import clock
from kernel.money import ZERO, Money
from market.payments.model import Payment
from tests.make import paying as builders
from tests.make.shop import NOW, Shop
from tests.rig import sizes
from web import paying

HISTORIES, TELLINGS, EVENTS_TWICE = sizes.of("E3_histories"), 2, 0.5
PAID = Money.yuan("800")


@pytest.fixture
def shop(app):
    with clock.set_to(NOW), builders.stripe_for(app, now=NOW.timestamp) as fake:
        yield Shop(app, fake, count=HISTORIES * TELLINGS)


def live_through(shop: Shop, payment_id: UUID, story: random.Random) -> tuple[list[dict[str, Any]], Money]:
    """Let a payment be made, given back in part, contested; return what is told of it, and what is left of it."""
    fake, left = shop.fake, PAID
    intent = fake.buyer_pays(shop.page(shop.begin(payment_id)))
    paid = list(fake.events)
    before = len(paid)
    for event in paid[-2:]:
        assert shop.hook(event) == 200
    shop.work()
    if story.random() < 0.7:
        part = story.randint(1, 30_000)
        refund_id = shop.read(
            lambda session: (
                builders.give_back(
                    session,
                    session.get_one(Payment, payment_id),
                    Money(part).text(),
                    reference=f"R-{payment_id}",
                    now=NOW,
                ).id
            )
        )
        fake.refund_state = "pending"
        with shop.app.app_context():
            paying.follow_refund(refund_id)
        end = story.choice(("succeeded", "failed"))
        fake.refund_ends(fake.of_kind("refund")[0]["id"], end)
        left -= Money(part) if end == "succeeded" else ZERO
    if story.random() < 0.7:
        part = story.randint(1, 30_000)
        dispute = fake.bank_contests(intent["id"], amount=part)
        fake.tell("charge.dispute.updated", dispute)
        end = story.choice(("won", "lost"))
        fake.dispute_ends(dispute["id"], end)
        left -= Money(part) if end == "lost" else ZERO
    return fake.events[before:], left


def hear(shop: Shop, told: list[dict[str, Any]], order: random.Random) -> None:
    """Hear of everything in some order, of some of it twice, now and then working off what came."""
    heard = told + [event for event in told if order.random() < EVENTS_TWICE]
    order.shuffle(heard)
    for event in heard:
        assert shop.hook(event) == 200
        if order.random() < EVENTS_TWICE:
            shop.work()
    shop.work()


@pytest.mark.soak
def test_e3_random_histories_end_alike_however_they_are_told(shop):
    for seed, payments in enumerate(zip(shop.due[::TELLINGS], shop.due[1::TELLINGS], strict=True)):
        ends = []
        for telling, payment_id in enumerate(payments):
            told, left = live_through(shop, payment_id, random.Random(seed))
            hear(shop, told, random.Random(f"{seed}:{telling}"))
            books = shop.books(payment_id)
            assert books["unearned"] == -left, f"history {seed}, telling {telling}"
            assert books["disputed"] == books["unapplied"] == ZERO, f"history {seed}, telling {telling}"
            ends.append(shop.states(payment_id))
        assert ends == [ends[0]] * TELLINGS, f"history {seed}"
