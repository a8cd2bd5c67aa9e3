"""HTTP over the standard library: JSON in and out, refusals as exceptions, careful repetition."""

from __future__ import annotations

import json
import random
import secrets
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any

BUSY = (429, 502, 503, 504)
WAIT_MAX = 30.0


class Refused(Exception):
    """The marketplace refused (RFC 9457): ``code`` is stable, ``detail`` says why and what to do."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        """Read the problem document."""
        self.status = status
        self.code = str(problem.get("code", ""))
        self.detail = str(problem.get("detail", ""))
        self.errors: list[dict[str, Any]] = list(problem.get("errors", []))
        self.trace_id = str(problem.get("trace_id", ""))
        self.retry_after: str | None = None
        super().__init__(f"{status} {self.code}: {self.detail}")


class Unreachable(Exception):
    """No answer came; a repetition with the same key or reference does no harm."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The interface redirects nowhere: a key is not carried to another address."""

    def redirect_request(self, *_args: Any) -> None:
        """Follow none."""


@dataclass(frozen=True)
class Got:
    """What came back."""

    status: int
    headers: Message
    body: Any

    @property
    def etag(self) -> str:
        """The version of the object, for ``If-Match``."""
        return self.headers.get("ETag", "")


class Transport:
    """Sends requests with a key; repeats what may be repeated."""

    def __init__(
        self, base: str, key: str | None, *, timeout: float, tries: int, language: str, sleep: Callable[[float], None]
    ) -> None:
        """Keep where and how to send."""
        if not base.startswith(("http://", "https://")):
            raise ValueError("the address of the marketplace begins with https://")
        self._base, self._key, self._timeout, self._tries = base.rstrip("/"), key, timeout, tries
        self._language, self._sleep = language, sleep
        self._opener = urllib.request.build_opener(_NoRedirect())

    def get(self, path: str, query: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None) -> Got:
        """Read; repeated while the marketplace is busy."""
        asked = {name: value for name, value in (query or {}).items() if value not in (None, "", [])}
        text = urllib.parse.urlencode(asked, doseq=True)
        return self._repeat("GET", path + (f"?{text}" if text else ""), None, dict(headers or {}))

    def post(
        self, path: str, body: Mapping[str, Any] | None = None, *, key: str | None = None, etag: str | None = None
    ) -> Got:
        """Do something once, however often it has to be sent: every try carries the same idempotency key."""
        headers = {"Idempotency-Key": key or secrets.token_hex(16)}
        if etag:
            headers["If-Match"] = etag
        return self._repeat("POST", path, body, headers)

    def pages(self, path: str, query: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """Read a list to its end, page by page as it is consumed."""
        cursor: str | None = None
        while True:
            found = self.get(path, {**(query or {}), "cursor": cursor}).body
            yield from found["items"]
            cursor = found["next_cursor"]
            if cursor is None:
                return

    def _repeat(self, method: str, path: str, body: Mapping[str, Any] | None, headers: dict[str, str]) -> Got:
        for turn in range(1, self._tries + 1):
            try:
                return self._once(method, path, body, headers)
            except Refused as refused:
                if refused.status not in BUSY or turn == self._tries:
                    raise
                self._sleep(_wait(turn, refused))
            except Unreachable:
                if turn == self._tries:
                    raise
                self._sleep(_wait(turn, None))
        raise AssertionError("unreachable")

    def _once(self, method: str, path: str, body: Mapping[str, Any] | None, headers: dict[str, str]) -> Got:
        sent = {"Accept": "application/json", "Accept-Language": self._language, **headers}
        if self._key:
            sent["Authorization"] = f"Bearer {self._key}"
        data = None
        if body is not None:
            data, sent["Content-Type"] = json.dumps(body, ensure_ascii=False).encode(), "application/json"
        request = urllib.request.Request(self._base + path, data=data, headers=sent, method=method)  # noqa: S310
        try:
            with self._opener.open(request, timeout=self._timeout) as answer:
                return Got(answer.status, answer.headers, json.loads(answer.read() or b"null"))
        except urllib.error.HTTPError as error:
            with error:
                raise _refused(error) from error
        except (OSError, ValueError) as error:
            raise Unreachable(f"{method} {path}: {error}") from error


def _refused(error: urllib.error.HTTPError) -> Refused:
    try:
        problem = json.loads(error.read())
    except (ValueError, OSError):
        problem = {"detail": str(error.reason)}
    found = Refused(error.code, problem if isinstance(problem, dict) else {})
    found.retry_after = error.headers.get("Retry-After")
    return found


def _wait(turn: int, refused: Refused | None) -> float:
    asked = (refused.retry_after if refused is not None else None) or ""
    if asked.isascii() and asked.isdigit():
        return min(float(asked), WAIT_MAX)
    return float(min(0.25 * 2**turn, WAIT_MAX)) * random.uniform(0.8, 1.2)  # noqa: S311 - spreads, hides nothing
