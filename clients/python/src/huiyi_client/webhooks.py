"""Checking what a webhook says: Standard Webhooks with the secret (``v1``), in constant time, within five minutes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from huiyi_client.records import moment

TOLERANCE_SECONDS = 300
CHALLENGE = "endpoint.challenge"


class Forged(Exception):
    """The message was not signed with one of the secrets, or is too old or from the future."""


@dataclass(frozen=True)
class Event:
    """One state change; read the record with your own key. ``id`` is the same at every repetition."""

    id: str
    type: str
    at: datetime
    resource_type: str
    resource_id: str
    number: str | None
    version: int | None
    data: Mapping[str, Any]


def verify(
    body: bytes, headers: Mapping[str, str], secrets: Iterable[str], *, now: float | None = None,
    tolerance: int = TOLERANCE_SECONDS,
) -> Event:  # fmt: skip
    """Return the event of a message, or raise :class:`Forged`. ``body`` is the raw body as it came."""
    told = {name.lower(): value for name, value in headers.items()}
    name, at, signatures = (told.get(f"webhook-{part}", "") for part in ("id", "timestamp", "signature"))
    if not (name and at.isascii() and at.isdigit() and signatures):
        raise Forged("a header of Standard Webhooks is missing")
    if abs((time.time() if now is None else now) - int(at)) > tolerance:
        raise Forged("the message is too old, or from the future")
    signed = f"{name}.{at}.".encode() + body
    wanted = [base64.b64encode(hmac.new(_key(one), signed, hashlib.sha256).digest()).decode() for one in secrets]
    sent = [one.partition(",")[2] for one in signatures.split(" ") if one.startswith("v1,")]
    if not any(hmac.compare_digest(ours.encode(), theirs.encode()) for ours in wanted for theirs in sent):
        raise Forged("no signature fits")
    return _event(name, body)


def challenge_answer(event: Event) -> bytes | None:
    """Return what to answer when the marketplace asks whose address this is; nothing for other events."""
    if event.type != CHALLENGE:
        return None
    return json.dumps({"challenge": event.data["challenge"]}).encode()


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise ValueError("a secret begins with whsec_ and goes on in base64") from error


def _event(name: str, body: bytes) -> Event:
    found = json.loads(body)
    data = found["data"]
    return Event(
        name, found["type"], moment(found["timestamp"]), data["resource_type"], data["resource_id"], data["number"],
        data["version"], data,
    )  # fmt: skip
