"""Messages, signatures and tries, without any network."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jsonschema_rs
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from market.webhooks.commands import DELAYS
from market.webhooks.rules import (
    CHALLENGE,
    DELIVERY_TRANSITIONS,
    ENDPOINT_TRANSITIONS,
    DeliveryEvent,
    DeliveryState,
    EndpointEvent,
    EndpointState,
    SecretUnreadable,
    UnknownType,
    WrongState,
    after_delivery,
    after_endpoint,
    check_types,
    event_schema,
    has_proven,
    headers,
    is_wanted,
    message_body,
    next_try,
    public_key_text,
    sealed,
    secret_text,
    unsealed,
)
from web import announced, announcing

SECRET, OTHER = bytes(range(32)), bytes(range(1, 33))
ORG = UUID(int=7)
ENDPOINT_PAIRS = [(state, event) for state in EndpointState for event in EndpointEvent]
DELIVERY_PAIRS = [(state, event) for state in DeliveryState for event in DeliveryEvent]


@pytest.mark.parametrize(("state", "event"), ENDPOINT_PAIRS)
def test_every_pair_of_endpoint_state_and_event_is_decided(state: EndpointState, event: EndpointEvent) -> None:
    if (state, event) in ENDPOINT_TRANSITIONS:
        assert after_endpoint(state, event) is ENDPOINT_TRANSITIONS[state, event]
    else:
        with pytest.raises(WrongState):
            after_endpoint(state, event)


def test_a_removed_endpoint_never_comes_back_and_a_moved_one_is_proven_anew() -> None:
    assert not [pair for pair in ENDPOINT_TRANSITIONS if pair[0] is EndpointState.REMOVED]
    moved = {ENDPOINT_TRANSITIONS[pair] for pair in ENDPOINT_TRANSITIONS if pair[1] is EndpointEvent.MOVE}
    assert moved == {EndpointState.UNPROVEN}


@pytest.mark.parametrize(("state", "event"), DELIVERY_PAIRS)
def test_every_pair_of_delivery_state_and_event_is_decided(state: DeliveryState, event: DeliveryEvent) -> None:
    if (state, event) in DELIVERY_TRANSITIONS:
        assert after_delivery(state, event) is DELIVERY_TRANSITIONS[state, event]
    else:
        with pytest.raises(WrongState):
            after_delivery(state, event)


def test_the_public_library_of_the_standard_accepts_what_is_signed_with_either_secret_of_a_rotation() -> None:
    now = datetime.now(UTC)
    body = message_body("order.place", now, org_id=ORG, resource_type="market_order", resource_id="1", number="订单-1")
    sent = headers("msg_1", now, body, [SECRET, OTHER])
    for secret in (SECRET, OTHER):
        assert Webhook(secret_text(secret)).verify(body, sent) == json.loads(body)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_text(bytes(32))).verify(body, sent)
    for changed in ({"webhook-id": "msg_2"}, {"webhook-timestamp": str(int(now.timestamp()) + 1)}):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret_text(SECRET)).verify(body, sent | changed)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_text(SECRET)).verify(body.replace("place", "grant"), sent)


def test_whoever_holds_only_the_public_key_can_check_the_second_signature() -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    sent = headers("msg_1", now, "{}", [SECRET])
    kinds = dict(part.split(",") for part in sent["webhook-signature"].split())
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key_text(SECRET).removeprefix("whpk_")))
    public.verify(base64.b64decode(kinds["v1a"]), f"msg_1.{int(now.timestamp())}.{{}}".encode())
    assert set(kinds) == {"v1", "v1a"}


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=1, max_size=64), st.binary(min_size=12, max_size=12))
def test_a_sealed_secret_opens_with_its_key_at_its_endpoint_only(secret: bytes, key: bytes, nonce: bytes) -> None:
    kept = sealed(secret, key, nonce=nonce, bound_to="a")
    assert unsealed(kept, key, nonce_bytes=len(nonce), bound_to="a") == secret
    assert base64.b64encode(secret).decode() not in kept
    for other, place in ((key + b"x", "a"), (key, "b")):
        with pytest.raises(SecretUnreadable):
            unsealed(kept, other, nonce_bytes=len(nonce), bound_to=place)


@given(st.integers(1, len(DELAYS)), st.integers(-20, 20))
def test_each_try_waits_its_delay_within_a_fifth(tries: int, spread: int) -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    again = next_try(tries, now, DELAYS, lambda: spread)
    assert again is not None
    assert DELAYS[tries - 1] * 4 / 5 <= again - now <= DELAYS[tries - 1] * 6 / 5


def test_there_are_ten_tries_at_the_delays_of_the_standard() -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert next_try(len(DELAYS) + 1, now, DELAYS, lambda: 0) is None
    assert len(DELAYS) + 1 == 10
    assert [DELAYS[0], DELAYS[1], DELAYS[-1]] == [timedelta(seconds=5), timedelta(minutes=5), timedelta(hours=24)]


@pytest.mark.parametrize(("answer", "proven"), [
    ('{"challenge": "abc"}', True), ("abc", True), (" abc\n", True), ('"abc"', True), ('{"challenge": "abd"}', False),
    ("", False), ("{}", False), ("[]", False), ("null", False), ('{"challenge": 1}', False), ("挑战", False),
])  # fmt: skip
def test_a_challenge_is_proven_by_sending_it_back(answer: str, proven: bool) -> None:
    assert has_proven("abc", answer) is proven


def test_types_are_chosen_one_by_one_or_by_kind_of_record() -> None:
    known = ["order.place", "order.cancel", "quote.make"]
    assert check_types(["quote.make", "order.*", "quote.make"], known) == ["order.*", "quote.make"]
    assert is_wanted("order.place", ["order.*"])
    assert not is_wanted("quote.make", ["order.*"])
    assert is_wanted("quote.make", [])
    for unknown in ("order", "order.pay", "*", "payment.*"):
        with pytest.raises(UnknownType):
            check_types([unknown], known)


def test_each_type_of_event_has_a_schema_that_its_message_keeps_and_another_breaks() -> None:
    kinds = {*announced.catalogue(), *announcing.OWN_TITLES}
    assert len(kinds) > 200
    for kind in kinds:
        schema = jsonschema_rs.Draft202012Validator(event_schema(kind, "标题"))
        challenge = "x" if kind == CHALLENGE else None
        body = json.loads(message_body(
            kind, datetime(2026, 11, 22, tzinfo=UTC), org_id=ORG, resource_type="market_order", resource_id="1",
            version=3, challenge=challenge,
        ))  # fmt: skip
        schema.validate(body)
        assert not schema.is_valid(body | {"type": "another.type"})
        assert not schema.is_valid({**body, "data": {**body["data"], "amount": "1.00"}})
