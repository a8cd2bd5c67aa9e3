"""A receiver of webhooks behind your own https proxy: proves the address, checks every signature, takes each id once.

HUIYI_WEBHOOK_SECRETS="whsec_… whsec_…" python receive_webhooks.py 8080
"""

from __future__ import annotations

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

from huiyi_client import Forged, challenge_answer, verify

BODY_MAX = 64 * 1024
seen: set[str] = set()  # keep this in your database
taking = Lock()


class Receiver(BaseHTTPRequestHandler):
    """Keeps a message and answers; whatever takes long is done afterwards."""

    def do_POST(self) -> None:
        """Check, keep what is new, answer."""
        body = self.rfile.read(min(int(self.headers.get("Content-Length", "0")), BODY_MAX))
        try:
            event = verify(body, dict(self.headers), os.environ["HUIYI_WEBHOOK_SECRETS"].split())
        except Forged as forged:
            self.send_error(401, str(forged))
            return
        with taking:  # kept before it is answered: what you have answered is never sent again
            if event.id not in seen:
                seen.add(event.id)
                print(event.type, event.number, event.version, flush=True)
        answer = challenge_answer(event) or b""
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_args: object) -> None:
        """Say nothing about each request."""


def main(port: int) -> None:
    """Listen on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", port), Receiver)
    print(f"listening on {server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
