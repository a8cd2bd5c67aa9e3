"""The data plane ``/exchange/v1``: what a buyer's program calls to get what was bought."""

from __future__ import annotations

from urllib.parse import unquote

from flask import Blueprint, Response, jsonify, request

from kernel import clock, db
from kernel.http import current_actor, policy_book, requires
from kernel.identity import Permission
from settlement.calls import commands
from settlement.calls.commands import Served
from settlement.metering.rules import must_be_reference

blueprint = Blueprint("exchange", __name__, url_prefix="/exchange/v1")


@blueprint.get("/products/<code>/records/<path:key>")
@requires(Permission.EXCHANGE_CALL)
def record(code: str, key: str) -> Response:
    """Serve one record to its buyer and count it, once per ``Client-Reference``."""
    reference, now = must_be_reference(request.headers.get("Client-Reference")), clock.now()
    with db.transaction() as session:
        served = commands.record_use(
            session, current_actor(), code=code.upper(), key=key, reference=reference, now=now, book=policy_book(),
            scenario=header("Huiyi-Scenario"), entitlement=header("Huiyi-Entitlement"),
        )  # fmt: skip
    response = jsonify(product=code.upper(), key=key, hit=served.hit, record=served.body)
    return counted(response, served)


def counted(response: Response, served: Served) -> Response:
    """Say in the headers what was used, what is left, and how many calls the span still admits."""
    headers = response.headers
    headers["Huiyi-Entitlement"] = served.entitlement
    headers["Huiyi-Used"] = str(served.used)
    headers["Huiyi-Remaining"] = "unlimited" if served.remaining is None else str(served.remaining)
    headers["Huiyi-Repeated"] = "true" if served.repeated else "false"
    headers["Cache-Control"] = "no-store"
    if served.limit is not None and served.calls_left is not None:
        headers["RateLimit-Limit"] = str(served.limit.calls)
        headers["RateLimit-Remaining"] = str(served.calls_left)
        headers["RateLimit-Reset"] = str(served.limit.seconds_left(clock.now()))
    return response


def header(name: str) -> str | None:
    """Return a header that may hold Chinese, as raw UTF-8 or percent-encoded."""
    text = request.headers.get(name)
    if text is None:
        return None
    try:
        text = text.encode("latin-1").decode()
    except UnicodeError:
        pass
    return unquote(text).strip() or None
