"""Receivers of webhooks and listeners that count who comes: real servers of this machine, over real TLS."""

from __future__ import annotations

import atexit
import json
import shutil
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kernel.addresses import read_admitted
from kernel.outbound import Outside

NAME = "receiver.huiyi-buyer.cn"


@cache
def certificate() -> Path:
    """A certificate for 127.0.0.1 and :data:`NAME`, signed by itself, with its key; made once."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(NAME), x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = mkdtemp(prefix="huiyi-receiver-")
    atexit.register(shutil.rmtree, folder)
    path = Path(folder) / "receiver.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


@dataclass
class Got:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        """The body, read."""
        read: dict[str, Any] = json.loads(self.body)
        return read


Answer = Callable[[Got], tuple[int, dict[str, str], bytes]]


def proves(got: Got) -> tuple[int, dict[str, str], bytes]:
    """Send a challenge back; take everything else."""
    return 200, {}, json.dumps({"challenge": got.told["data"].get("challenge", "")}).encode()


@dataclass
class Receiver:
    """A receiver that is running."""

    port: int
    got: list[Got] = field(default_factory=list)
    answer: Answer = proves

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"https://127.0.0.1:{self.port}/hook"

    def outside(self) -> Outside:
        """What the platform must admit to reach it, and nothing else of this machine."""
        return Outside(read_admitted(f"127.0.0.1/32:{self.port}"), str(certificate()))


@contextmanager
def receiving(answer: Answer = proves) -> Iterator[Receiver]:
    """Run a receiver on a free port of this machine."""
    running: list[Receiver] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got = Got(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            running[0].got.append(got)
            status, headers, content = running[0].answer(got)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_args: Any) -> None:
            """Say nothing."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate())
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    running.append(Receiver(server.server_port, answer=answer))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield running[0]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Listener:
    """Counts the connections that reach one port of this machine, on both kinds of address."""

    port: int
    count: int = 0


@contextmanager
def listening() -> Iterator[Listener]:
    """Listen and count; answer nothing."""
    sockets = [socket.create_server(("127.0.0.1", 0))]
    port = sockets[0].getsockname()[1]
    sockets.append(socket.create_server(("::1", port), family=socket.AF_INET6))
    counted, stop = Listener(port), threading.Event()

    def count(listening: socket.socket) -> None:
        listening.settimeout(0.05)
        while not stop.is_set():
            try:
                listening.accept()[0].close()
            except TimeoutError:
                continue
            counted.count += 1

    threads = [threading.Thread(target=count, args=(one,), daemon=True) for one in sockets]
    for thread in threads:
        thread.start()
    try:
        yield counted
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        for one in sockets:
            one.close()
