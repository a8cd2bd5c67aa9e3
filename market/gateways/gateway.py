"""Asking the operator's platform: one signed request over TLS to a checked address, with a deadline and a size limit.

The name is resolved once and every address of it checked; the connection goes to a checked one and nowhere else. No
redirect is followed. Whatever the platform does, this ends within the agreed seconds.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import current_app

from kernel.addresses import Address, AddressRefused, Target, checked_addresses, checked_target
from kernel.outbound import Outside, resolve
from market.gateways.model import Gateway
from market.gateways.rules import (
    JSON_TYPE,
    LINES_TYPE,
    Broken,
    Terms,
    Unanswered,
    Unavailable,
    read,
    records,
    reviewed,
    secret_of,
    signed_headers,
)

OUTSIDE = "huiyi_outside"
NONCE_BYTES = 16
LINE_BYTES_MAX = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Question:
    """What the platform is asked, and which fields may come back."""

    method: str
    path: str  # below the registered address, percent-encoded, with its query
    body: bytes
    fields: tuple[str, ...]
    accept: str = JSON_TYPE


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything that one call needs, so that it reads nothing while it waits."""

    url: str
    secret: str
    terms: Terms
    request_id: UUID


def key_of_application() -> bytes:
    """Return the key from which the secrets are derived."""
    return str(current_app.config["SECRET_KEY"]).encode()


def outside() -> Outside:
    """Return what this platform may call beside the public network."""
    found: Outside = current_app.extensions[OUTSIDE]
    return found


def asked(gateway: Gateway, request_id: UUID) -> Asked:
    """Return what a call to a platform needs.

    Raises:
        Unavailable: the application's key was changed since, so the platform would not know us.
    """
    secret = secret_of(key_of_application(), str(gateway.id))
    if hashlib.sha256(secret.encode()).hexdigest() != gateway.secret_sha256:
        raise Unavailable(
            "平台接口的签名密钥已随系统密钥更换，请供方重新登记接口", detail_en="Register the gateway anew"
        )
    return Asked(gateway.url, secret, gateway.terms, request_id)


def whole(call: Asked, question: Question, beyond: Outside, now: datetime) -> list[dict[str, Any]]:
    """Return the reviewed records of a whole answer; none when nothing was found.

    Raises:
        Unavailable: nothing was sent, or the platform says that it did nothing.
        Unanswered: it was sent and the end is not known.
        Broken: the answer must not be passed on.
    """
    with _sent(call, question, beyond, now) as response:
        if response is None:
            return []
        body = _limited(response, call.terms.bytes_max)
    return records(body, question.fields)


def lines(call: Asked, question: Question, beyond: Outside, now: datetime) -> Iterator[dict[str, Any]]:
    """Yield the reviewed records of an answer as they come, one JSON object a line, each checked before it goes on.

    Raises:
        Unavailable: nothing was sent, or the platform says that it did nothing.
        Unanswered: it was sent and the end is not known.
        Broken: the answer must not be passed on.
    """
    with _sent(call, question, beyond, now) as response:
        if response is None:
            return
        left = call.terms.bytes_max
        while line := response.readline(min(left, LINE_BYTES_MAX) + 1):
            left -= len(line)
            if left < 0 or len(line) > LINE_BYTES_MAX:
                raise _too_large()
            if line.strip():
                found = reviewed(read(line), question.fields)
                if found is not None:
                    yield found
        _must_be_complete(response)


class _Pinned(http.client.HTTPSConnection):
    """Connects to one checked address, and still shows and verifies the name that was registered."""

    def __init__(self, target: Target, address: Address, beyond: Outside, seconds: int) -> None:
        context = beyond.context()
        super().__init__(target.host, target.port, context=context, timeout=seconds)
        self._wanted, self._address, self._settings = target, address, context
        self.opened: socket.socket | None = None  # also when the answer has taken the socket over
        self.is_over = False  # the agreed seconds have passed

    def connect(self) -> None:
        """Open the connection to the checked address."""
        plain = socket.create_connection((str(self._address), self._wanted.port), self.timeout)
        try:
            self.sock = self.opened = self._settings.wrap_socket(plain, server_hostname=self._wanted.host)
        except BaseException:
            plain.close()
            raise


@contextmanager
def _sent(
    call: Asked, question: Question, beyond: Outside, now: datetime
) -> Iterator[http.client.HTTPResponse | None]:  # fmt: skip
    """Send the signed question; give the good answer, or None for "not found"."""
    target, connection = _connected(call, question, beyond)
    deadline = threading.Timer(call.terms.seconds_max, _break, (connection,))
    deadline.daemon = True
    deadline.start()
    try:
        headers = signed_headers(
            call.secret, method=question.method, path=target.path, body=question.body, at=now,
            nonce=secrets.token_hex(NONCE_BYTES), request_id=str(call.request_id),
        )  # fmt: skip
        headers |= {"Accept": question.accept, "User-Agent": "Huiyi-Gateway/1", "Connection": "close"}
        if question.body:
            headers["Content-Type"] = JSON_TYPE
        connection.request(question.method, target.path, body=question.body or None, headers=headers)
        with closing(connection.getresponse()) as response:
            yield _good(response, question)
        if connection.is_over:  # what looked like the end was our own doing
            raise TimeoutError
    except TimeoutError as error:
        raise _unanswered(f"{call.terms.seconds_max} 秒内没有完整应答") from error
    except (OSError, http.client.HTTPException) as error:
        raise _unanswered("连接在应答完成之前中断") from error
    finally:
        deadline.cancel()
        connection.close()


def _connected(call: Asked, question: Question, beyond: Outside) -> tuple[Target, _Pinned]:
    """Check where the address leads now, and connect there: until then nothing was sent."""
    try:
        target = checked_target(call.url + question.path, admitted=beyond.admitted)
        literal = target.literal
        names = [str(literal)] if literal else (beyond.resolve or resolve)(target.host, target.port)
        address = checked_addresses(names, target.port, beyond.admitted)[0]
        connection = _Pinned(target, address, beyond, call.terms.seconds_max)
        connection.connect()
    except AddressRefused as error:
        raise Unavailable(f"运营平台的地址不能访问：{error.detail}；未计量", detail_en="Address refused") from error
    except (OSError, UnicodeError) as error:
        raise Unavailable(
            "运营平台连接不上，未计量；请稍后以原 Client-Reference 重试",
            detail_en="The platform cannot be reached; nothing was counted", headers={"Retry-After": "5"},
        ) from error  # fmt: skip
    return target, connection


def _good(response: http.client.HTTPResponse, question: Question) -> http.client.HTTPResponse | None:
    kind = (response.headers.get_content_type() or "").lower()
    if response.status == http.client.NOT_FOUND:
        return None
    if response.status in (http.client.TOO_MANY_REQUESTS, http.client.SERVICE_UNAVAILABLE):
        raise Unavailable(
            "运营平台繁忙，未计量；请稍后以原 Client-Reference 重试",
            detail_en="The platform is busy; nothing was counted", headers={"Retry-After": "5"},
        )  # fmt: skip
    if response.status >= http.client.INTERNAL_SERVER_ERROR:
        raise Unavailable(f"运营平台出错（{response.status}），未计量", detail_en=f"The platform: {response.status}",
                          headers={"Retry-After": "5"})  # fmt: skip
    if response.status != http.client.OK or kind != question.accept:
        raise Broken(f"运营平台的应答是 {response.status} {kind}，不是约定的 {question.accept}；未计量",
                     detail_en=f"The platform answered {response.status} {kind}")  # fmt: skip
    if response.length is None and not response.chunked:
        raise Broken("运营平台的应答没有写明长度，无从判断是否完整；未转交",
                     detail_en="Send Content-Length or chunks: half an answer must not look whole")  # fmt: skip
    return response


def _limited(response: http.client.HTTPResponse, bytes_max: int) -> bytes:
    found = response.read(bytes_max + 1)
    if len(found) > bytes_max:
        raise _too_large()
    _must_be_complete(response)
    return found


def _must_be_complete(response: http.client.HTTPResponse) -> None:
    if response.length:  # bytes that were announced and never came
        raise http.client.IncompleteRead(b"", response.length)


def _too_large() -> Broken:
    return Broken("运营平台的应答超过约定大小，未转交", detail_en="The answer is larger than was agreed")


def _unanswered(words: str) -> Unanswered:
    return Unanswered(
        f"运营平台{words}，结果未知；请以同一 Client-Reference 重试，不会重复计量",
        detail_en="The end of the call is not known: ask again under the same Client-Reference, it is counted once",
        headers={"Retry-After": "2"},
    )


def _break(connection: _Pinned) -> None:
    opened, connection.is_over = connection.opened, True
    if opened is not None:
        try:
            opened.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it has ended by itself


def as_line(record: dict[str, Any]) -> bytes:
    """Return a record as one line of an answer that is streamed."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


__all__ = ["JSON_TYPE", "LINES_TYPE", "Asked", "Question", "as_line", "asked", "key_of_application", "lines", "outside",
           "whole"]  # fmt: skip
