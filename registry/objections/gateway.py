"""Where a request comes from, as a digest: enough to count, too little to trace."""

from __future__ import annotations

import hmac

from flask import current_app, request


def source_digest() -> str:
    """Return the keyed digest of the address that this request comes from."""
    key = str(current_app.config["SECRET_KEY"]).encode()
    return hmac.digest(key, (request.remote_addr or "").encode(), "sha256").hex()
