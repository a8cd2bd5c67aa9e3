"""How a call is signed, what may come back, and when a platform that does not answer is left alone. Pure."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from kernel.errors import DomainError
from registry.parties.rules import N_

SECRET_PREFIX = "hygw_"  # noqa: S105 — what every such secret begins with
JSON_TYPE = "application/json"
LINES_TYPE = "application/x-ndjson"


class Broken(DomainError):
    """The platform answered something that must not be passed on."""

    code = "gateway.broken_answer"
    status = HTTPStatus.BAD_GATEWAY.value
    title = "运营平台的应答不能转交"
    title_en = "The platform's answer cannot be passed on"
    retryable = True


class FieldNotReviewed(Broken):
    """The answer holds a field that nobody reviewed; nothing of it is passed on."""

    code = "gateway.field_not_reviewed"


class Unavailable(DomainError):
    """The platform is not asked at present, or did not answer before anything was sent."""

    code = "gateway.unavailable"
    status = HTTPStatus.SERVICE_UNAVAILABLE.value
    title = "运营平台暂时不可用"
    title_en = "The platform is not available"
    retryable = True


class Unanswered(DomainError):
    """The call was sent and its outcome is not known: the same reference finds out."""

    code = "gateway.unanswered"
    status = HTTPStatus.GATEWAY_TIMEOUT.value
    title = "运营平台没有完整应答"
    title_en = "The platform did not answer in full"
    retryable = True


class Circuit(StrEnum):
    """Whether the platform is asked."""

    CLOSED = "closed"  # it is asked
    OPEN = "open"  # it is left alone for a while
    PROBING = "probing"  # one call finds out


class CircuitEvent(StrEnum):
    """What moves the circuit."""

    ANSWERED = "answered"
    FAILED = "failed"  # a failure below the agreed number
    TRIPPED = "tripped"  # the failure that makes the number full
    PAUSED = "paused"  # the pause is over and a call comes
    LOST = "lost"  # the probe never came back


TRANSITIONS: dict[tuple[Circuit, CircuitEvent], Circuit] = {
    (Circuit.CLOSED, CircuitEvent.ANSWERED): Circuit.CLOSED,
    (Circuit.CLOSED, CircuitEvent.FAILED): Circuit.CLOSED,
    (Circuit.CLOSED, CircuitEvent.TRIPPED): Circuit.OPEN,
    (Circuit.OPEN, CircuitEvent.PAUSED): Circuit.PROBING,
    (Circuit.OPEN, CircuitEvent.ANSWERED): Circuit.CLOSED,  # a slow call of before comes back well
    (Circuit.OPEN, CircuitEvent.FAILED): Circuit.OPEN,
    (Circuit.OPEN, CircuitEvent.TRIPPED): Circuit.OPEN,
    (Circuit.PROBING, CircuitEvent.ANSWERED): Circuit.CLOSED,
    (Circuit.PROBING, CircuitEvent.FAILED): Circuit.OPEN,
    (Circuit.PROBING, CircuitEvent.TRIPPED): Circuit.OPEN,
    (Circuit.PROBING, CircuitEvent.LOST): Circuit.PROBING,  # another call probes in its place
}
CIRCUIT_TITLES = {Circuit.CLOSED: N_("正常"), Circuit.OPEN: N_("暂停调用"), Circuit.PROBING: N_("试探恢复")}


class WrongCircuit(Unavailable):
    """The circuit does not admit this step."""

    code = "gateway.circuit"


def after(state: Circuit, event: CircuitEvent) -> Circuit:
    """Return the state that follows.

    Raises:
        WrongCircuit: the event is not possible in that state.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise WrongCircuit(f"运营平台接口目前“{CIRCUIT_TITLES[state]}”", detail_en=f"{event} in {state}") from None


@dataclass(frozen=True, slots=True)
class Terms:
    """How a platform is asked: for how long, how much may come back, and when it is left alone."""

    seconds_max: int
    bytes_max: int
    failures_max: int
    pause_seconds: int


@dataclass(frozen=True, slots=True)
class Health:
    """The state of the circuit and since when."""

    state: Circuit
    failures: int
    changed_at: datetime


def is_asked(health: Health, terms: Terms, now: datetime) -> CircuitEvent | None:
    """Return what a call that comes now does to the circuit before it is sent, or None when it just goes out.

    Raises:
        Unavailable: the platform is being left alone, or another call is finding out.
    """
    if health.state is Circuit.CLOSED:
        return None
    wait = terms.pause_seconds if health.state is Circuit.OPEN else terms.seconds_max + terms.pause_seconds
    over = health.changed_at + timedelta(seconds=wait)
    if now >= over:
        return CircuitEvent.PAUSED if health.state is Circuit.OPEN else CircuitEvent.LOST
    left = max(1, -int((now - over).total_seconds() // 1))
    raise Unavailable(
        f"运营平台连续 {health.failures} 次没有正常应答，已暂停调用，未计量；"
        f"请在 {left} 秒后以原 Client-Reference 重试",
        detail_en=f"The platform failed {health.failures} times in a row; come again in {left} s, nothing was counted",
        headers={"Retry-After": str(left)},
    )


def outcome(health: Health, terms: Terms, *, is_good: bool) -> CircuitEvent:
    """Return what the end of a call does to the circuit."""
    if is_good:
        return CircuitEvent.ANSWERED
    return CircuitEvent.TRIPPED if health.failures + 1 >= terms.failures_max else CircuitEvent.FAILED


def secret_of(key: bytes, gateway_id: str) -> str:
    """Return the secret that we share with one platform: derived from the application's key, so nothing is stored."""
    return SECRET_PREFIX + hmac.digest(key, f"huiyi gateway secrets\n{gateway_id}".encode(), "sha256").hex()


def signed_headers(
    secret: str, *, method: str, path: str, body: bytes, at: datetime, nonce: str, request_id: str
) -> dict[str, str]:
    """Return the headers by which a platform knows that the call is ours, fresh, and whole.

    ``request_id`` stays the same over retries: a platform that did the work already answers it again.
    """
    digest, second = hashlib.sha256(body).hexdigest(), str(int(at.timestamp()))
    return {
        "Huiyi-Timestamp": second, "Huiyi-Nonce": nonce, "Huiyi-Request": request_id, "Huiyi-Digest": digest,
        "Huiyi-Signature": signature(
            secret, method=method, path=path, digest=digest, second=second, nonce=nonce, request_id=request_id
        ),
    }  # fmt: skip


def signature(
    secret: str, *, method: str, path: str, digest: str, second: str, nonce: str, request_id: str
) -> str:  # fmt: skip
    """Return HMAC-SHA256 over method, path with query, timestamp, nonce, request and body digest, one a line."""
    text = "\n".join((method, path, second, nonce, request_id, digest))
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def reviewed(found: Any, fields: Sequence[str]) -> dict[str, Any] | None:
    """Return one record of an answer if it is an object of reviewed fields with plain values; None for nothing found.

    Raises:
        Broken: it is no object, or a value is not plain.
        FieldNotReviewed: a field was never reviewed (RVW-06, EGR-02); the message names it, never its value.
    """
    if found is None:
        return None
    if not isinstance(found, Mapping):
        raise Broken("运营平台的应答不是一条记录", detail_en="The answer is no record")
    foreign = sorted(str(name) for name in found if name not in fields)
    if foreign:
        raise FieldNotReviewed(
            f"运营平台的应答含有未经审核的字段（{len(foreign)} 个），已全部截留，未计量；请供方核对接口",
            detail_en="The answer holds fields that nobody reviewed; it was withheld and not counted",
            rule="RVW-06",
        )
    if any(isinstance(value, Mapping | list) for value in found.values()):
        raise Broken("运营平台的应答含有嵌套内容，未转交", detail_en="A value of the answer is not plain")
    return dict(found)


def records(body: bytes, fields: Sequence[str]) -> list[dict[str, Any]]:
    """Return the records of a whole JSON answer: ``{"record": …}``, or ``{"records": […]}``.

    Raises:
        Broken: it is not such a document.
        FieldNotReviewed: a field was never reviewed.
    """
    found = read(body)
    if not isinstance(found, Mapping) or len(found) != 1 or not {"record", "records"} & set(found):
        raise Broken("运营平台的应答不是约定的 JSON", detail_en='Expected {"record": …} or {"records": […]}')
    listed: Iterable[Any] = [found["record"]] if "record" in found else found["records"]
    if not isinstance(listed, list):
        raise Broken("运营平台的应答不是约定的 JSON", detail_en='"records" must be a list')
    return [record for one in listed if (record := reviewed(one, fields)) is not None]


def read(body: bytes) -> Any:
    """Return a JSON document; decimals stay the text that was written.

    Raises:
        Broken: it is not JSON.
    """
    try:
        return json.loads(body, parse_float=str, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise Broken("运营平台的应答不是 JSON", detail_en="The answer is not JSON") from error


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
