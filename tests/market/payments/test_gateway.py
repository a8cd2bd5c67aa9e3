"""Every way of paying keeps the same promises; Stripe's library speaks to a server that behaves like Stripe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from kernel.money import Money
from market.payments.gateway import BankTransfer, Charge, GiveBack, PaymentGateway, Stripe, StripeSettings
from market.payments.rules import Answer
from tests.fakes import stripe_server
from tests.fakes.stripe_server import FakeStripe, Switches

NOW = datetime.now(UTC)
CHARGE = Charge("PAY-2026-000001-1", "huiyi-1-charge", Money.yuan("800.00"), "订单 ORD-2026-000001", NOW,
                return_url="https://huiyi.example/payments/1")  # fmt: skip
BACK = GiveBack("RFD-2026-000001", "huiyi-1-refund", Money.yuan("300.00"), NOW, "pi_none")


@dataclass
class Way:
    """One way of paying with what stands behind it."""

    gateway: PaymentGateway
    things: Callable[[], int]  # how many things were made at the provider


@pytest.fixture(scope="module")
def server() -> Iterator[FakeStripe]:
    with stripe_server.running() as fake:
        yield fake


@pytest.fixture
def fake(server: FakeStripe) -> FakeStripe:
    server.switches, server.refund_state = Switches(), "succeeded"
    for kept in (server.objects, server.answers, server.events, server.calls):
        kept.clear()
    return server


@pytest.fixture
def stripe(fake: FakeStripe) -> Stripe:
    return Stripe(StripeSettings(stripe_server.KEY, fake.url, ("card", "alipay", "wechat_pay")))


@pytest.fixture(params=["bank_transfer", "stripe"])
def way(request: pytest.FixtureRequest, fake: FakeStripe, stripe: Stripe) -> Way:
    return Way(stripe if request.param == "stripe" else BankTransfer(), lambda: len(fake.objects))


def test_the_reference_names_the_order_and_notices_a_slip(way: Way) -> None:
    assert way.gateway.reference("ORD-2026-000001") == BankTransfer().reference("ORD-2026-000001")
    words = way.gateway.instructions("ORD202600000197", Money.yuan("800.00"), payee="甲公司")
    assert (words.reference, words.amount, words.method) == (
        "ORD202600000197",
        Money.yuan("800.00"),
        way.gateway.method,
    )


def test_money_that_is_asked_for_is_pending_until_somebody_has_seen_it(way: Way) -> None:
    assert way.gateway.start(CHARGE, now=NOW).answer is Answer.PENDING
    assert way.gateway.start(CHARGE, now=NOW).amount is None


def test_asking_twice_under_one_key_is_asking_once(way: Way) -> None:
    first, made = way.gateway.start(CHARGE, now=NOW), way.things()
    again = way.gateway.start(CHARGE, now=NOW)
    assert (again, way.things()) == (first, made)


def test_what_is_read_is_what_was_answered(way: Way) -> None:
    started = way.gateway.start(CHARGE, now=NOW)
    assert way.gateway.read(replace(CHARGE, provider_id=started.provider_id)) == started


def test_stopping_ends_it_and_can_be_repeated(way: Way) -> None:
    charge = replace(CHARGE, provider_id=way.gateway.start(CHARGE, now=NOW).provider_id)
    assert [way.gateway.stop(charge).answer for _ in range(2)] == [Answer.CANCELLED] * 2


def test_giving_back_twice_under_one_key_is_giving_back_once(way: Way, fake: FakeStripe) -> None:
    asked = replace(BACK, intent_id=paid(way.gateway, fake))
    first, made = way.gateway.give_back(asked, now=NOW), way.things()
    assert first.answer in (Answer.PENDING, Answer.SUCCEEDED)
    assert (way.gateway.give_back(asked, now=NOW), way.things()) == (first, made)
    assert way.gateway.read_back(replace(asked, provider_id=first.provider_id)) == first


def paid(gateway: PaymentGateway, fake: FakeStripe) -> str:
    provider_id = gateway.start(CHARGE, now=NOW).provider_id
    return str(fake.buyer_pays(provider_id)["id"]) if provider_id else "bank"


def test_a_paid_page_gives_amount_moment_and_the_name_of_the_money(stripe: Stripe, fake: FakeStripe) -> None:
    charge = replace(CHARGE, provider_id=stripe.start(CHARGE, now=NOW).provider_id)
    intent = fake.buyer_pays(str(charge.provider_id))
    found = stripe.read(charge)
    assert (found.answer, found.amount, found.intent_id) == (Answer.SUCCEEDED, Money.yuan("800.00"), intent["id"])
    assert found.at is not None
    assert stripe.stop(charge).answer is Answer.SUCCEEDED


@pytest.mark.parametrize("wrong", [{"amount": 79_999}, {"amount": 80_001}, {"currency": "usd"}])
def test_money_that_is_not_what_was_asked_for_is_a_mismatch(stripe: Stripe, fake: FakeStripe, wrong) -> None:
    charge = replace(CHARGE, provider_id=stripe.start(CHARGE, now=NOW).provider_id)
    fake.buyer_pays(str(charge.provider_id), **wrong)
    assert stripe.read(charge).answer is Answer.MISMATCH
    assert (stripe.read(charge).amount is None) == ("currency" in wrong)


def test_a_page_of_another_order_or_of_the_other_mode_is_a_mismatch(stripe: Stripe, fake: FakeStripe) -> None:
    provider_id = str(stripe.start(CHARGE, now=NOW).provider_id)
    fake.buyer_pays(provider_id)
    other = stripe.read(replace(CHARGE, number="PAY-2026-000002-1", provider_id=provider_id))
    fake.objects[provider_id]["livemode"] = True
    live = stripe.read(replace(CHARGE, provider_id=provider_id))
    assert [one.answer for one in (other, live)] == [Answer.MISMATCH] * 2
    assert ("订单" in other.reason, "环境" in live.reason) == (True, True)


@pytest.mark.parametrize("trouble", [{"fail_before": 1}, {"fail_after": 1}, {"silent_after": 1}])
def test_no_answer_is_unknown_and_the_same_key_never_charges_twice(stripe: Stripe, fake: FakeStripe, trouble) -> None:
    fake.switches = Switches(**trouble)
    assert stripe.start(CHARGE, now=NOW).answer is Answer.UNKNOWN
    assert stripe.start(CHARGE, now=NOW).answer is Answer.PENDING
    assert len(fake.of_kind("checkout.session")) == 1


def test_after_a_day_the_provider_is_asked_before_anything_is_made(stripe: Stripe, fake: FakeStripe) -> None:
    fake.switches = Switches(silent_after=1)
    stripe.start(CHARGE, now=NOW)
    fake.answers.clear()  # Stripe has forgotten the key
    later = NOW + timedelta(hours=25)
    found = stripe.start(CHARGE, now=later)
    assert (found.answer, len(fake.of_kind("checkout.session"))) == (Answer.PENDING, 1)
    never = stripe.start(replace(CHARGE, number="PAY-2026-000009-1", key="huiyi-9-charge"), now=later)
    assert (never.answer, len(fake.of_kind("checkout.session"))) == (Answer.CANCELLED, 1)


def test_a_refund_is_looked_for_after_a_day_before_it_is_made(stripe: Stripe, fake: FakeStripe) -> None:
    asked = replace(BACK, intent_id=paid(stripe, fake))
    fake.switches = Switches(on="/v1/refunds", silent_after=1)
    assert stripe.give_back(asked, now=NOW).answer is Answer.UNKNOWN
    fake.answers.clear()
    assert stripe.give_back(asked, now=NOW + timedelta(hours=25)).answer is Answer.SUCCEEDED
    assert len(fake.of_kind("refund")) == 1


def test_the_provider_refuses_to_give_back_more_than_came(stripe: Stripe, fake: FakeStripe) -> None:
    asked = replace(BACK, intent_id=paid(stripe, fake), amount=Money.yuan("800.01"))
    assert stripe.give_back(asked, now=NOW).answer is Answer.FAILED


def test_a_wrong_key_leaves_everything_unknown(fake: FakeStripe) -> None:
    stranger = Stripe(StripeSettings("sk_test_wrong", fake.url))
    assert stranger.start(CHARGE, now=NOW).answer is Answer.UNKNOWN
    assert stranger.contested("dp_1") is None
    assert stranger.happened(NOW) is None


def test_disputes_and_events_are_read_from_the_provider(stripe: Stripe, fake: FakeStripe) -> None:
    intent_id = paid(stripe, fake)
    dispute = fake.bank_contests(intent_id)
    found = stripe.contested(dispute["id"])
    assert found is not None
    assert (found.intent_id, found.amount, found.state) == (intent_id, Money.yuan("800.00"), "needs_response")
    kinds = [one.kind for one in stripe.happened(NOW - timedelta(hours=1)) or ()]
    assert kinds[0] == "charge.dispute.created"
    assert {"payment_intent.succeeded", "checkout.session.completed"} <= set(kinds)


def test_lists_are_read_to_their_end(stripe: Stripe, fake: FakeStripe) -> None:
    for number in range(230):
        fake.tell("charge.succeeded", {"id": f"ch_{number}", "object": "charge"})
    assert len(list(stripe.happened(NOW - timedelta(hours=1)) or ())) == 230
