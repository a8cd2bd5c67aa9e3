"""Calls to addresses that users named: the name is resolved once, every address of it is checked, and the connection
goes to the checked address and nowhere else. No redirect is followed, no proxy asked, and a deadline ends it.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from kernel.addresses import Address, AddressRefused, Admitted, Target, checked_addresses, checked_target

ANSWER_BYTES_MAX = 64 * 1024
SECONDS_MAX = 15
Resolver = Callable[[str, int], Sequence[str]]


class Ending(StrEnum):
    """How a call ended."""

    ANSWERED = "answered"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status and the first bytes, or why nothing did."""

    ending: Ending
    status: int | None
    words: str
    address: str | None
    took_ms: int
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Outside:
    """What this platform may call beside the public network, whose certificates it trusts, and who resolves names."""

    admitted: tuple[Admitted, ...] = ()
    certificates: str = ""  # a file with the authorities of the platform's own network
    resolve: Resolver | None = None

    def context(self) -> ssl.SSLContext:
        """Return the settings of the encrypted connection: names and chains are always checked."""
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificates:
            context.load_verify_locations(self.certificates)
        return context


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a name, as the system resolves it.

    Raises:
        OSError: the name has none, or nobody answers.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_kind, address in found]


class _Pinned(http.client.HTTPSConnection):
    """Connects to one checked address, and still shows and verifies the name that was given."""

    def __init__(self, target: Target, address: Address, context: ssl.SSLContext, seconds: float) -> None:
        super().__init__(target.host, target.port, context=context, timeout=seconds)
        self._wanted, self._address, self._settings = target, address, context

    def connect(self) -> None:
        """Open the connection to the checked address."""
        plain = socket.create_connection((str(self._address), self._wanted.port), self.timeout)
        try:
            self.sock = self._settings.wrap_socket(plain, server_hostname=self._wanted.host)
        except BaseException:
            plain.close()
            raise


def post(
    url: str, body: bytes, headers: Mapping[str, str], outside: Outside, *, seconds: int = SECONDS_MAX
) -> Answer:  # fmt: skip
    """Send ``body`` to ``url`` and return what came of it; whatever the receiver does, this ends and never raises."""
    began = time.monotonic()
    address: Address | None = None

    def ended(ending: Ending, words: str, status: int | None = None, found: bytes = b"") -> Answer:
        took = int((time.monotonic() - began) * 1000)
        return Answer(ending, status, words[:500], str(address) if address else None, took, found)

    try:
        target = checked_target(url, admitted=outside.admitted)
        literal = target.literal
        names = [str(literal)] if literal else (outside.resolve or resolve)(target.host, target.port)
        address = checked_addresses(names, target.port, outside.admitted)[0]
    except AddressRefused as error:
        return ended(Ending.REFUSED, error.detail)
    except (OSError, UnicodeError) as error:
        return ended(Ending.UNREACHABLE, f"域名无法解析：{error}")
    try:
        status, found = _exchange(target, address, body, headers, outside, seconds)
    except TimeoutError:
        return ended(Ending.TIMED_OUT, f"{seconds} 秒内没有完整应答")
    except (OSError, http.client.HTTPException, ValueError) as error:
        if time.monotonic() - began >= seconds:
            return ended(Ending.TIMED_OUT, f"{seconds} 秒内没有完整应答")
        return ended(Ending.UNREACHABLE, f"{type(error).__name__}：{error}")
    return ended(Ending.ANSWERED, f"HTTP {status}", status, found)


def _exchange(
    target: Target, address: Address, body: bytes, headers: Mapping[str, str], outside: Outside, seconds: int
) -> tuple[int, bytes]:
    """Send and read under one deadline: time-outs of single reads would let a dripping receiver hold us for ever."""
    connection = _Pinned(target, address, outside.context(), seconds)
    deadline = threading.Timer(seconds, _break, (connection,))
    deadline.daemon = True
    deadline.start()
    try:
        connection.request("POST", target.path, body=body, headers=dict(headers))
        response = connection.getresponse()
        return response.status, response.read(ANSWER_BYTES_MAX)
    finally:
        deadline.cancel()
        connection.close()


def _break(connection: http.client.HTTPSConnection) -> None:
    opened = connection.sock
    if opened is not None:
        try:
            opened.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it has ended by itself
