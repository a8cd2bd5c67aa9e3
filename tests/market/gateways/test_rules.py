"""Signatures, what may come back, and the circuit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from market.gateways.rules import (
    TRANSITIONS,
    Broken,
    Circuit,
    CircuitEvent,
    FieldNotReviewed,
    Health,
    Terms,
    Unavailable,
    WrongCircuit,
    after,
    is_asked,
    outcome,
    records,
    secret_of,
    signature,
    signed_headers,
)

NOW = datetime(2026, 7, 20, 2, 0, tzinfo=UTC)
TERMS = Terms(seconds_max=10, bytes_max=1000, failures_max=3, pause_seconds=30)
FIELDS = ("score", "level")
ALLOWED = {
    Circuit.CLOSED: {CircuitEvent.ANSWERED, CircuitEvent.FAILED, CircuitEvent.TRIPPED},
    Circuit.OPEN: {CircuitEvent.PAUSED, CircuitEvent.ANSWERED, CircuitEvent.FAILED, CircuitEvent.TRIPPED},
    Circuit.PROBING: {CircuitEvent.ANSWERED, CircuitEvent.FAILED, CircuitEvent.TRIPPED, CircuitEvent.LOST},
}


@pytest.mark.parametrize(("state", "event"), list(product(Circuit, CircuitEvent)))
def test_each_pair_of_the_circuit_moves_or_is_refused(state: Circuit, event: CircuitEvent) -> None:
    assert ((state, event) in TRANSITIONS) is (event in ALLOWED[state])
    if event in ALLOWED[state]:
        assert isinstance(after(state, event), Circuit)
    else:
        with pytest.raises(WrongCircuit):
            after(state, event)


def test_a_closed_circuit_lets_every_call_through() -> None:
    assert is_asked(Health(Circuit.CLOSED, 2, NOW), TERMS, NOW) is None


def test_an_open_circuit_waits_out_its_pause_to_the_second_and_then_one_call_probes() -> None:
    health = Health(Circuit.OPEN, 3, NOW)
    with pytest.raises(Unavailable) as refused:
        is_asked(health, TERMS, NOW + timedelta(seconds=29))
    assert refused.value.headers["Retry-After"] == "1"
    assert is_asked(health, TERMS, NOW + timedelta(seconds=30)) is CircuitEvent.PAUSED


def test_a_probe_that_never_came_back_is_replaced_after_its_time() -> None:
    health = Health(Circuit.PROBING, 3, NOW)
    with pytest.raises(Unavailable):
        is_asked(health, TERMS, NOW + timedelta(seconds=39))
    assert is_asked(health, TERMS, NOW + timedelta(seconds=40)) is CircuitEvent.LOST


def test_the_failure_that_makes_the_number_full_trips_the_circuit() -> None:
    assert outcome(Health(Circuit.CLOSED, 1, NOW), TERMS, is_good=False) is CircuitEvent.FAILED
    assert outcome(Health(Circuit.CLOSED, 2, NOW), TERMS, is_good=False) is CircuitEvent.TRIPPED
    assert outcome(Health(Circuit.PROBING, 2, NOW), TERMS, is_good=True) is CircuitEvent.ANSWERED


def test_a_signature_covers_method_path_time_nonce_request_and_body() -> None:
    secret = secret_of(b"key", "gateway")
    signed: dict[str, Any] = {
        "method": "GET",
        "path": "/a?b=c",
        "body": b"{}",
        "at": NOW,
        "nonce": "n",
        "request_id": "r",
    }
    first = signed_headers(secret, **signed)
    for name, other in (("method", "POST"), ("path", "/a?b=d"), ("body", b"{ }"), ("at", NOW + timedelta(seconds=1)),
                        ("nonce", "m"), ("request_id", "s")):  # fmt: skip
        assert signed_headers(secret, **(signed | {name: other}))["Huiyi-Signature"] != first["Huiyi-Signature"]
    assert signed_headers(secret_of(b"key", "another"), **signed)["Huiyi-Signature"] != first["Huiyi-Signature"]
    assert first["Huiyi-Signature"] == signature(
        secret, method="GET", path="/a?b=c", digest=first["Huiyi-Digest"], second=str(int(NOW.timestamp())), nonce="n",
        request_id="r",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"record": {"score": "712"}}', [{"score": "712"}]),
        (b'{"record": {"score": 7.10}}', [{"score": "7.10"}]),
        (b'{"record": null}', []),
        (b'{"records": [{"level": "A"}, {"level": null}]}', [{"level": "A"}, {"level": None}]),
    ],
)
def test_an_answer_of_reviewed_fields_is_passed_on(body: bytes, found: list[dict[str, Any]]) -> None:
    assert records(body, FIELDS) == found


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"record": 1}', b'{"records": {}}', b'{"record": {"score": {}}}',
     b'{"record": {"score": [1]}}',
     b'{"record": {}, "debug": 1}', b'{"record": {"score": NaN}}', b"\xff", b"[" * 100_000],
)  # fmt: skip
def test_what_is_not_the_agreed_document_is_withheld(body: bytes) -> None:
    with pytest.raises(Broken):
        records(body, FIELDS)


def test_a_field_that_nobody_reviewed_is_withheld_and_its_content_named_nowhere() -> None:
    with pytest.raises(FieldNotReviewed) as refused:
        records(b'{"record": {"score": "1", "identity_number": "330624199001010010"}}', FIELDS)
    assert refused.value.rule == "RVW-06"
    assert "330624" not in refused.value.detail + str(refused.value.detail_en)
