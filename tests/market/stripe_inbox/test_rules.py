"""A body is Stripe's when one of our secrets signed its very bytes within the bounds of time; nothing else is."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from market.stripe_inbox.rules import (
    TRANSITIONS,
    EventAct,
    EventState,
    SignatureInvalid,
    Subject,
    Thing,
    after,
    must_be_signed,
    subject_of,
)

NOW = datetime(2026, 7, 20, 2, 0, tzinfo=UTC)
SECRET, OLD = "whsec_" + "a1" * 16, "whsec_" + "b2" * 16
BODY = json.dumps({"id": "evt_1", "object": "event", "type": "payment_intent.succeeded"}).encode()
BOUNDS = {"late": timedelta(seconds=300), "early": timedelta(seconds=60)}


def header_of(body: bytes = BODY, secret: str = SECRET, at: datetime = NOW) -> str:
    moment = int(at.timestamp())
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def is_taken(body: bytes = BODY, header: str | None = None, secrets=(SECRET,), now: datetime = NOW) -> bool:
    try:
        must_be_signed(body, header_of() if header is None else header, secrets, now=now, **BOUNDS)
    except SignatureInvalid:
        return False
    return True


def test_what_the_library_signs_is_taken():
    text = BODY.decode()
    made = stripe.WebhookSignature.generate_signature_header(text, SECRET, int(NOW.timestamp()))
    assert made == header_of()
    assert is_taken(header=made)


@pytest.mark.parametrize(("seconds", "taken"), [(0, True), (-300, True), (-301, False), (60, True), (61, False)])
def test_both_bounds_of_time_hold_to_the_second(seconds, taken):
    assert is_taken(header=header_of(at=NOW + timedelta(seconds=seconds))) is taken


def test_any_of_the_active_secrets_signs_and_a_retired_one_does_not():
    assert is_taken(header=header_of(secret=OLD), secrets=(SECRET, OLD))
    assert not is_taken(header=header_of(secret=OLD), secrets=(SECRET,))
    assert not is_taken(secrets=())


def test_no_changed_byte_of_the_body_passes():
    changed = [BODY[:place] + bytes([BODY[place] ^ 1]) + BODY[place + 1 :] for place in range(len(BODY))]
    changed += [BODY + b" ", b"", BODY[:-1], b"\xef\xbb\xbf" + BODY]
    assert [one for one in changed if is_taken(body=one)] == []


def test_no_changed_character_of_the_header_passes():
    right = header_of()
    changed = [right[:place] + chr(ord(right[place]) ^ 1) + right[place + 1 :] for place in range(len(right))]
    changed += [right[:place] + right[place + 1 :] for place in range(len(right))]
    assert [one for one in changed if is_taken(header=one)] == []


@pytest.mark.parametrize("header", [
    "", ",", "t=", "v1=", "t=1", "t=abc,v1=" + "0" * 64, "t=-1,v1=" + "0" * 64, "t=1,t=1,v1=" + "0" * 64,
    "t=99999999999999999999,v1=" + "0" * 64, "t=1,v1=" + "0" * 63, "t=1,v1=" + "G" * 64, "t=1;v1=" + "0" * 64,
    "t=01,v1=" + "0" * 64, " t=1,v1=" + "0" * 64, "t=１,v1=" + "0" * 64, "t=1,v0=" + "0" * 64, "\x00", "t=1,v1==",
    "签名", "t=1,v1=" + "0" * 64 + "\r\nX: y",
])  # fmt: skip
def test_a_header_that_cannot_be_read_is_refused_like_a_wrong_one(header):
    assert not is_taken(header=header)
    assert SignatureInvalid.status == 400


@given(st.binary(max_size=200), st.text(max_size=120))
def test_nothing_that_anybody_sends_is_taken_or_breaks_the_program(body, header):
    assert not is_taken(body=body, header=header)


@pytest.mark.parametrize(("state", "act"), list(product(EventState, EventAct)))
def test_what_is_finished_stays_so(state, act):
    assert after(state, act) is TRANSITIONS.get((state, act), state)
    if state in (EventState.DONE, EventState.IGNORED):
        assert after(state, act) is state


@pytest.mark.parametrize(("kind", "thing", "wanted"), [
    ("checkout.session.completed", {"id": "cs_1", "metadata": {"a": "PAY-1"}, "payment_intent": "pi_1"},
     Subject(Thing.PAYMENT, "cs_1", "PAY-1", "pi_1")),
    ("payment_intent.succeeded", {"id": "pi_1", "metadata": {"a": "PAY-1"}},
     Subject(Thing.PAYMENT, "pi_1", "PAY-1", "pi_1")),
    ("refund.updated", {"id": "re_1", "metadata": {"r": "RFD-1"}, "payment_intent": "pi_1"},
     Subject(Thing.REFUND, "re_1", "RFD-1", "pi_1")),
    ("charge.dispute.created", {"id": "dp_1", "payment_intent": "pi_1"}, Subject(Thing.DISPUTE, "dp_1", "", "pi_1")),
    ("charge.succeeded", {"id": "ch_1"}, Subject(Thing.NOTHING)), ("refund.updated", None, Subject(Thing.NOTHING)),
    ("payment_intent.succeeded", {"id": 7, "metadata": [1]}, Subject(Thing.PAYMENT)), ("", {}, Subject(Thing.NOTHING)),
])  # fmt: skip
def test_an_event_names_what_to_read_and_odd_ones_name_nothing(kind, thing, wanted):
    assert subject_of(kind, {"data": {"object": thing}}, attempt_key="a", refund_key="r") == wanted
    assert subject_of(kind, {"data": []}, attempt_key="a", refund_key="r") == Subject(Thing.NOTHING)
