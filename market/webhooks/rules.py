"""Webhooks out: how a message is written, signed and repeated, and what becomes of it. Pure.

The form is that of Standard Webhooks: ``webhook-id`` is stable over retries, ``webhook-timestamp`` is that of the try,
``webhook-signature`` holds one HMAC-SHA256 (``v1``) and one Ed25519 (``v1a``) signature per valid secret.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kernel.errors import Conflict, Invalid
from kernel.money import PERCENT

CHALLENGE = "endpoint.challenge"
TEST = "endpoint.test"
BODY_VERSION = 1  # of the form of messages: within a version fields are only added, and a receiver skips unknown ones


def has_expired(kind: str, made_at: datetime, at: datetime, lasts: timedelta) -> bool:
    """Say whether a challenge is too old to prove anything: who answers it now may not be whom it was made for."""
    return kind == CHALLENGE and at - made_at > lasts


class EndpointState(StrEnum):
    """The life of an endpoint."""

    UNPROVEN = "unproven"
    ACTIVE = "active"
    DISABLED = "disabled"
    REMOVED = "removed"


class EndpointEvent(StrEnum):
    """What happens to an endpoint."""

    PROVE = "prove"  # it answered the signed challenge
    MOVE = "move"  # its address was changed: it must be proven again
    DISABLE = "disable"
    ENABLE = "enable"
    REMOVE = "remove"


ENDPOINT_TRANSITIONS: dict[tuple[EndpointState, EndpointEvent], EndpointState] = {
    (EndpointState.UNPROVEN, EndpointEvent.PROVE): EndpointState.ACTIVE,
    (EndpointState.UNPROVEN, EndpointEvent.MOVE): EndpointState.UNPROVEN,
    (EndpointState.UNPROVEN, EndpointEvent.REMOVE): EndpointState.REMOVED,
    (EndpointState.ACTIVE, EndpointEvent.PROVE): EndpointState.ACTIVE,
    (EndpointState.ACTIVE, EndpointEvent.MOVE): EndpointState.UNPROVEN,
    (EndpointState.ACTIVE, EndpointEvent.DISABLE): EndpointState.DISABLED,
    (EndpointState.ACTIVE, EndpointEvent.REMOVE): EndpointState.REMOVED,
    (EndpointState.DISABLED, EndpointEvent.MOVE): EndpointState.UNPROVEN,
    (EndpointState.DISABLED, EndpointEvent.ENABLE): EndpointState.ACTIVE,
    (EndpointState.DISABLED, EndpointEvent.REMOVE): EndpointState.REMOVED,
}


class DeliveryState(StrEnum):
    """What became of one message at one endpoint."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


class DeliveryEvent(StrEnum):
    """What happens to a delivery."""

    SUCCEED = "succeed"
    FAIL = "fail"  # and another try is left
    EXHAUST = "exhaust"  # no try is left
    REPLAY = "replay"  # a person sends it again


DELIVERY_TRANSITIONS: dict[tuple[DeliveryState, DeliveryEvent], DeliveryState] = {
    (DeliveryState.WAITING, DeliveryEvent.SUCCEED): DeliveryState.DELIVERED,
    (DeliveryState.WAITING, DeliveryEvent.FAIL): DeliveryState.WAITING,
    (DeliveryState.WAITING, DeliveryEvent.EXHAUST): DeliveryState.GIVEN_UP,
    (DeliveryState.DELIVERED, DeliveryEvent.REPLAY): DeliveryState.WAITING,
    (DeliveryState.GIVEN_UP, DeliveryEvent.REPLAY): DeliveryState.WAITING,
}


class Outcome(StrEnum):
    """How one try ended."""

    DELIVERED = "delivered"
    ANSWERED_NO = "answered_no"  # any answer outside 2xx, redirects included
    GONE = "gone"  # 410: the receiver wants nothing more
    NOT_PROVEN = "not_proven"  # the challenge was not sent back
    REFUSED_ADDRESS = "refused_address"  # the address may not be called
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"


class WrongState(Conflict):
    """The endpoint or the delivery is in a state that does not admit this."""

    code = "webhook.wrong_state"
    title = "当前状态不能办理"
    title_en = "Not possible in this state"


class SecretUnreadable(Conflict):
    """The secret was sealed under another key of the application."""

    code = "webhook.secret_unreadable"
    title = "推送密钥无法读取"
    title_en = "The secret cannot be read"


class UnknownType(Invalid):
    """There is no event of that type."""

    code = "webhook.unknown_type"
    title = "没有该事件类型"
    title_en = "No such event type"


@dataclass(frozen=True, slots=True)
class Happening:
    """One state change in the reach of one organisation."""

    line_id: UUID
    org_id: UUID
    type: str
    at: datetime
    resource_type: str
    resource_id: str
    resource_number: str | None
    resource_version: int | None


@dataclass(frozen=True, slots=True)
class Tried:
    """How one try of one delivery went."""

    delivery_id: UUID
    at: datetime
    outcome: Outcome
    status: int | None
    words: str
    address: str | None
    took_ms: int
    answer: str


def after_endpoint(state: EndpointState, event: EndpointEvent) -> EndpointState:
    """Return the state of an endpoint after an event.

    Raises:
        WrongState: the event is not possible then.
    """
    following = ENDPOINT_TRANSITIONS.get((state, event))
    if following is None:
        raise WrongState(f"推送地址处于 {state}，不能办理 {event}", detail_en=f"The endpoint is {state}: no {event}")
    return following


def after_delivery(state: DeliveryState, event: DeliveryEvent) -> DeliveryState:
    """Return the state of a delivery after an event.

    Raises:
        WrongState: the event is not possible then.
    """
    following = DELIVERY_TRANSITIONS.get((state, event))
    if following is None:
        raise WrongState(f"推送处于 {state}，不能办理 {event}", detail_en=f"The delivery is {state}: no {event}")
    return following


def message_body(
    kind: str, at: datetime, *, org_id: UUID, resource_type: str, resource_id: str, number: str | None = None,
    version: int | None = None, challenge: str | None = None,
) -> str:  # fmt: skip
    """Return the body of a message: thin, so that the receiver reads the rest with its own rights."""
    data: dict[str, Any] = {
        "org_id": str(org_id), "resource_type": resource_type, "resource_id": resource_id, "number": number,
        "version": version,
    }  # fmt: skip
    if challenge is not None:
        data["challenge"] = challenge
    body = {"type": kind, "timestamp": at.astimezone(UTC).isoformat().replace("+00:00", "Z"), "data": data}
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def event_schema(kind: str, title: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of one type of event."""
    text, nullable = {"type": "string"}, ["string", "null"]
    data: dict[str, Any] = {
        "org_id": {"type": "string", "format": "uuid", "description": "接收方 · the organisation that is told"},
        "resource_type": {**text, "description": "记录种类 · kind of record"},
        "resource_id": text,
        "number": {"type": nullable, "description": "人读编号 · number for people"},
        "version": {"type": ["integer", "null"], "description": "读取时的版本；旧版本可丢弃 · drop older versions"},
    }
    if kind == CHALLENGE:
        data["challenge"] = {**text, "description": '应答 {"challenge": …} · send it back'}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"/api/v1/webhook-event-types/{kind}",
        "$comment": f"Huiyi-Event-Version: {BODY_VERSION}",
        "title": title,
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"const": kind},
            "timestamp": {"type": "string", "format": "date-time"},
            "data": {"type": "object", "required": sorted(data), "properties": data, "additionalProperties": False},
        },
        "additionalProperties": False,
    }


def check_types(types: Sequence[str], known: Iterable[str]) -> list[str]:
    """Return the wanted types, sorted and once each; none at all means every one, ``order.*`` all about orders.

    Raises:
        UnknownType: one of them is not in the catalogue of events.
    """
    possible = set(known)
    possible |= {family(kind) for kind in possible}
    for position, kind in enumerate(types):
        if kind not in possible:
            words = f"没有事件类型 {kind}"
            raise UnknownType(
                f"{words}；可选类型见 /api/v1/webhook-event-types", detail_en=f"No event type {kind}",
                errors=[{"pointer": f"/types/{position}", "code": "webhook.unknown_type", "message": words}],
            )  # fmt: skip
    return sorted(set(types))


def family(kind: str) -> str:
    """Return what stands for every type about the same kind of record."""
    return kind.partition(".")[0] + ".*"


def is_wanted(kind: str, types: Sequence[str]) -> bool:
    """Say whether somebody who chose ``types`` is told of ``kind``."""
    return not types or kind in types or family(kind) in types


def sealed(secret: bytes, key: bytes, *, nonce: bytes, bound_to: str) -> str:
    """Return a secret encrypted under the key of the application, bound to the endpoint that it belongs to."""
    return base64.b64encode(nonce + AESGCM(_own(key)).encrypt(nonce, secret, bound_to.encode())).decode()


def unsealed(text: str, key: bytes, *, nonce_bytes: int, bound_to: str) -> bytes:
    """Return the secret of :func:`sealed`.

    Raises:
        SecretUnreadable: the application has another key by now.
    """
    raw = base64.b64decode(text)
    try:
        return AESGCM(_own(key)).decrypt(raw[:nonce_bytes], raw[nonce_bytes:], bound_to.encode())
    except InvalidTag as error:
        raise SecretUnreadable(
            "推送密钥无法读取：平台签名密钥已更换，请轮换该地址的推送密钥",
            detail_en="The platform's key was changed: rotate the secret of this endpoint",
        ) from error


def _own(key: bytes) -> bytes:
    return hmac.digest(key, b"huiyi webhook secrets", "sha256")


def secret_text(secret: bytes) -> str:
    """Return a secret as the owner of an endpoint keeps it."""
    return "whsec_" + base64.b64encode(secret).decode()


def _signing_key(secret: bytes) -> Ed25519PrivateKey:
    derived = HKDF(algorithm=hashes.SHA256(), length=len(secret), salt=None, info=b"huiyi webhook v1a").derive(secret)
    return Ed25519PrivateKey.from_private_bytes(derived)


def public_key_text(secret: bytes) -> str:
    """Return the public key that belongs to a secret of 32 bytes: whoever holds it can check but not sign."""
    raw = _signing_key(secret).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return "whpk_" + base64.b64encode(raw).decode()


def signatures(message_id: str, at: datetime, body: str, secrets: Sequence[bytes]) -> str:
    """Return ``webhook-signature`` over id, moment and body: ``v1`` and ``v1a`` for each valid secret."""
    signed = f"{message_id}.{int(at.timestamp())}.{body}".encode()
    found = []
    for secret in secrets:
        found.append("v1," + base64.b64encode(hmac.digest(secret, signed, "sha256")).decode())
        found.append("v1a," + base64.b64encode(_signing_key(secret).sign(signed)).decode())
    return " ".join(found)


def headers(message_id: str, at: datetime, body: str, secrets: Sequence[bytes]) -> dict[str, str]:
    """Return the headers of one try."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "Huiyi-Webhooks/1",
        "Huiyi-Event-Version": str(BODY_VERSION),
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signatures(message_id, at, body, secrets),
    }


def next_try(tries: int, at: datetime, delays: Sequence[timedelta], spread: Callable[[], int]) -> datetime | None:
    """Return when to try again after ``tries`` tries, or nothing when none is left.

    ``spread`` gives a whole percentage that is added to the delay, so that a receiver that comes back is not met by
    everything at once.
    """
    if tries > len(delays):
        return None
    delay = delays[tries - 1]
    return at + delay + delay * spread() // PERCENT


def has_proven(challenge: str, answer: str) -> bool:
    """Say whether an answer sends the challenge back: as JSON ``{"challenge": …}`` or as plain text."""
    try:
        told = json.loads(answer)
    except ValueError:
        told = answer.strip()
    if isinstance(told, dict):
        told = told.get("challenge")
    return isinstance(told, str) and hmac.compare_digest(told.encode(), challenge.encode())
