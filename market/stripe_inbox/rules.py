"""Signatures of webhooks, and what an event is about. Pure: the body is bytes until its signature has been proved."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from kernel.errors import Malformed


class EventState(StrEnum):
    """Where an event stands: 待处理, 已处理, 与本平台无关, 待人工处理."""

    RECEIVED = "received"
    DONE = "done"
    IGNORED = "ignored"
    PARKED = "parked"


class EventAct(StrEnum):
    """What becomes of an event; "again" leaves it where it is for the next run."""

    DONE = "done"
    IGNORE = "ignore"
    PARK = "park"
    AGAIN = "again"


class Thing(StrEnum):
    """What an event is about."""

    PAYMENT = "payment"
    REFUND = "refund"
    DISPUTE = "dispute"
    NOTHING = "nothing"


TRANSITIONS: dict[tuple[EventState, EventAct], EventState] = {
    (EventState.RECEIVED, EventAct.DONE): EventState.DONE,
    (EventState.RECEIVED, EventAct.IGNORE): EventState.IGNORED,
    (EventState.RECEIVED, EventAct.PARK): EventState.PARKED,
    (EventState.RECEIVED, EventAct.AGAIN): EventState.RECEIVED,
    (EventState.PARKED, EventAct.AGAIN): EventState.RECEIVED,
}
HEADER = re.compile(r"[A-Za-z0-9=,_.+/-]+", re.ASCII)
PART = re.compile(r"(t)=([0-9]{1,12})|(v1)=([0-9a-f]{64})|(v0)=([0-9a-f]{64})", re.ASCII)
KINDS = (
    ("checkout.session.", Thing.PAYMENT),
    ("payment_intent.", Thing.PAYMENT),
    ("charge.dispute.", Thing.DISPUTE),
    ("charge.refund.", Thing.REFUND),
    ("refund.", Thing.REFUND),
)


class SignatureInvalid(Malformed):
    """The request is not Stripe's, is too old or from the future, or cannot be read."""

    code = "webhook.signature_invalid"
    title = "签名无效"
    title_en = "The signature is not valid"


@dataclass(frozen=True, slots=True)
class Subject:
    """What an event names; only a hint where to read, never a fact."""

    thing: Thing
    object_id: str = ""
    number: str = ""  # our own number, if the object carries it
    intent_id: str = ""


def must_be_signed(
    body: bytes, header: str, secrets: Sequence[str], *, now: datetime, late: timedelta, early: timedelta
) -> None:
    """Refuse a body that none of the secrets signed, or whose signature is older than ``late`` or ahead of ``early``.

    Raises:
        SignatureInvalid: header malformed, moment outside the bounds, or no signature fits. Nothing says which.
    """
    moment, signatures = _parts(header)
    given = datetime.fromtimestamp(moment, UTC)
    in_time = now - late <= given <= now + early
    wanted = [
        hmac.new(secret.encode(), str(moment).encode() + b"." + body, hashlib.sha256).hexdigest() for secret in secrets
    ]
    fits = [hmac.compare_digest(mine, theirs) for mine in wanted for theirs in signatures]
    if not in_time or not any(fits):
        raise SignatureInvalid("签名无效，请求未被受理", detail_en="The signature is not valid")


def _parts(header: str) -> tuple[int, list[str]]:
    moments, signatures = [], []
    parts = header.split(",") if HEADER.fullmatch(header) else [""]
    for part in parts:
        found = PART.fullmatch(part)
        if found is None:
            raise SignatureInvalid("签名头无法读取", detail_en="The header cannot be read")
        if found[1]:
            moments.append(found[2])
        elif found[2 + 1]:
            signatures.append(found[2 + 2])
    if len(moments) != 1 or not signatures or str(int(moments[0])) != moments[0]:
        raise SignatureInvalid("签名头无法读取", detail_en="The header cannot be read")
    return int(moments[0]), signatures


def after(state: EventState, act: EventAct) -> EventState:
    """Return the state that follows; what is finished stays so."""
    return TRANSITIONS.get((state, act), state)


def subject_of(kind: str, body: Mapping[str, Any], *, attempt_key: str, refund_key: str) -> Subject:
    """Return what an event is about: the provider's name of it, and our own number where it carries one."""
    thing = next((found for beginning, found in KINDS if kind.startswith(beginning)), Thing.NOTHING)
    data = body.get("data")
    found = data.get("object") if isinstance(data, Mapping) else None
    if thing is Thing.NOTHING or not isinstance(found, Mapping):
        return Subject(Thing.NOTHING)
    metadata = found.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    number = metadata.get(refund_key if thing is Thing.REFUND else attempt_key)
    intent = found.get("id") if kind.startswith("payment_intent.") else found.get("payment_intent")
    return Subject(thing, _text(found.get("id")), _text(number), _text(intent))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
