"""A platform of an operator on this machine, over real TLS: checks signatures, answers records, fails on demand.

It does what the documentation asks of platforms: a signature that is wrong, old or seen before is refused, and a
request that was answered before is answered again without doing the work twice.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from kernel.addresses import read_admitted
from kernel.outbound import Outside
from tests.make.receivers import certificate

SECONDS_OLD_MAX = 300


@dataclass
class Switches:
    """What goes wrong with the next calls."""

    status: int = 0  # answer this and do nothing
    delay: float = 0.0
    silent: int = 0  # so many calls do the work and close the connection
    cut: int = 0  # so many calls send half of the answer
    raw: bytes | None = None  # answer this instead
    drip: float = 0.0  # seconds between the lines of a stream
    location: str = ""


@dataclass
class Platform:
    """A platform that is running."""

    port: int
    secret: str = ""
    now: Any = None
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    switches: Switches = field(default_factory=Switches)
    calls: list[str] = field(default_factory=list)  # requests that came, by their name
    worked: set[str] = field(default_factory=set)  # requests for which work was done, once each
    nonces: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The address that the operator registers."""
        return f"https://127.0.0.1:{self.port}/huiyi"

    def outside(self) -> Outside:
        """What the marketplace must admit to reach it."""
        return Outside(read_admitted(f"127.0.0.1/32:{self.port}"), str(certificate()))

    def fault(self, method: str, path: str, headers: dict[str, str], body: bytes) -> str:
        """Say what is wrong with a request, as the documentation tells platforms to check it."""
        if hashlib.sha256(body).hexdigest() != headers.get("huiyi-digest"):
            return "digest"
        asked = [headers.get(f"huiyi-{name}", "") for name in ("timestamp", "nonce", "request", "digest")]
        text = "\n".join((method, path, *asked))
        wanted = hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted, headers.get("huiyi-signature", "")):
            return "signature"
        if abs(self.now().timestamp() - int(asked[0])) > SECONDS_OLD_MAX:
            return "timestamp"
        if asked[1] in self.nonces:
            return "nonce"
        self.nonces.add(asked[1])
        return ""


class Handler(BaseHTTPRequestHandler):
    """Answers one request as the switches of its platform say."""

    platform: Platform

    def do_GET(self) -> None:
        """Answer one record."""
        self.answer(b"")

    def do_POST(self) -> None:
        """Answer a question."""
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, body: bytes) -> None:
        """Check the signature, note the request, and do the work or fail."""
        platform, headers = self.platform, {name.lower(): value for name, value in self.headers.items()}
        platform.headers = headers
        fault = platform.fault(self.command, self.path, headers, body)
        if fault:
            platform.refused.append(fault)
            self.send(401, b"{}")
            return
        name, switches = headers["huiyi-request"], platform.switches
        platform.calls.append(name)
        time.sleep(switches.delay)
        if switches.status:
            self.send(switches.status, b"{}")
            return
        platform.worked.add(name)
        self.reply(body)

    def reply(self, body: bytes) -> None:
        """Give the answer, unless a switch says otherwise."""
        platform, switches = self.platform, self.platform.switches
        if switches.silent:
            switches.silent -= 1
            self.connection.close()
            return
        if switches.raw is not None:
            self.send(200, switches.raw)
        elif self.command == "GET":
            row = platform.rows.get(unquote(self.path.rsplit("/", 1)[1]))
            self.send(200 if row else 404, json.dumps({"record": row}).encode())
        else:
            found = [row for row in platform.rows.values() if row["level"] == json.loads(body).get("level")]
            if self.headers["Accept"] == "application/json":
                self.send(200, json.dumps({"records": found}).encode())
            else:
                self.stream(found, switches.drip)

    def send(self, status: int, content: bytes) -> None:
        """Send a whole document, or half of it."""
        switches = self.platform.switches
        cut, switches.cut = switches.cut, max(0, switches.cut - 1)
        self.send_response(status)
        if switches.location:
            self.send_header("Location", switches.location)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut else content)

    def stream(self, found: list[dict[str, Any]], drip: float) -> None:
        """Send one record a line."""
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for row in found:
            line = json.dumps(row).encode() + b"\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            self.wfile.flush()
            time.sleep(drip)
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


@contextmanager
def running(now: Any) -> Iterator[Platform]:
    """Run a platform on a free port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate())

    class HandlerOfOne(Handler):
        """The handler of this platform and no other."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), HandlerOfOne)
    server.daemon_threads = True
    server.handle_error = lambda *_args: None  # type: ignore[method-assign]  # callers that hang up are part of the play
    server.socket = context.wrap_socket(server.socket, server_side=True)
    platform = HandlerOfOne.platform = Platform(server.server_port, now=now)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield platform
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
