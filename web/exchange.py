"""The data plane ``/exchange/v1``: what a buyer's program calls to get what was bought."""

from __future__ import annotations

from urllib.parse import unquote

from flask import Blueprint, Response, g, jsonify, request

from kernel import clock, db
from kernel.errors import Conflict, Malformed
from kernel.http import current_actor, policy_book, requires
from kernel.identity import Permission
from kernel.json_body import read_json
from market.gateways.rules import LINES_TYPE
from settlement.calls import commands
from settlement.calls.commands import Served
from settlement.calls.queries import admitted
from settlement.metering.rules import is_reference, must_be_reference
from settlement.quick_calls import commands as quick
from web import proxying
from web.proxying import Outgoing

blueprint = Blueprint("exchange", __name__, url_prefix="/exchange/v1")
QUESTION_BYTES_MAX = 64 * 1024


class NoQueries(Conflict):
    """The marketplace serves the product from a data set: records by key, no free questions."""

    code = "exchange.no_queries"


def at_once(code: str, key: str) -> Response | None:
    """Serve a call that is in order, knowing its key by the same statement; None lets it go its ordinary way."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    reference = request.headers.get("Client-Reference", "").strip()
    if scheme.casefold() != "bearer" or not is_reference(reference):
        return None
    code, g.huiyi_asked_at_once = code.upper(), True
    served = quick.use_at_once(
        db.session(), token.strip(), code=code, key=key, reference=reference, now=clock.now(), book=policy_book(),
        scenario=header("Huiyi-Scenario"), entitlement=header("Huiyi-Entitlement"),
    )  # fmt: skip
    return None if served is None else _record(code, key, served)


@blueprint.get("/products/<code>/records/<path:key>")
@requires(Permission.EXCHANGE_CALL)
def record(code: str, key: str) -> Response:
    """Serve one record to its buyer and count it, once per ``Client-Reference``."""
    code, reference = code.upper(), must_be_reference(request.headers.get("Client-Reference"))
    served = ask(code, key, reference, scenario=header("Huiyi-Scenario"), number=header("Huiyi-Entitlement"))
    return _record(code, key, served)


record.huiyi_attempt = at_once  # type: ignore[attr-defined]  # answers before anybody is recognised, see web/shell.py


def _record(code: str, key: str, served: Served) -> Response:
    return counted(jsonify(product=code, key=key, hit=served.hit, record=served.body), served)


def ask(code: str, key: str, reference: str, *, scenario: str | None, number: str | None) -> Served:
    """Answer one call for a record, by the data set or by the platform that serves the product; it counts once.

    Raises:
        DomainError: whatever admission, the limit, the platform or the quota refuses.
    """
    found = _admitted(code, key, reference, scenario, number)
    return proxying.record(found, key) if isinstance(found, Outgoing) else found


def _admitted(code: str, key: str, reference: str, scenario: str | None, number: str | None) -> Served | Outgoing:
    actor, book, now = current_actor(), policy_book(), clock.now()
    if not g.get("huiyi_asked_at_once"):
        served = quick.use_at_once(db.session(), actor, code=code, key=key, reference=reference, now=now, book=book,
                                   scenario=scenario, entitlement=number)  # fmt: skip
        if served is not None:
            return served
    with db.transaction() as session:
        while True:
            held = admitted(session, actor, code=code, key=key, reference=reference, now=now, book=book,
                            scenario=scenario, entitlement=number)  # fmt: skip
            if held.gateway_id is not None:
                return proxying.admit(session, actor, held, key=key, reference=reference, now=now, book=book)
            served = commands.serve(session, actor, held, key=key, reference=reference, now=now, book=book)
            if served is not None:
                return served
            scenario, number = None, held.terms.number  # the same call was first: read what it did


@blueprint.post("/products/<code>/queries")
@requires(Permission.EXCHANGE_CALL)
def queries(code: str) -> Response:
    """Pass a question in JSON on to the platform that serves the product; whole, or line by line as it comes."""
    code, reference = code.upper(), must_be_reference(request.headers.get("Client-Reference"))
    body, actor, now = _question(), current_actor(), clock.now()
    key = proxying.key_of_question(body)
    with db.transaction() as session:
        held = admitted(session, actor, code=code, key=key, reference=reference, now=now, book=policy_book(),
                        scenario=header("Huiyi-Scenario"), entitlement=header("Huiyi-Entitlement"))  # fmt: skip
        if held.gateway_id is None:
            raise NoQueries(
                f"产品 {code} 由本平台按查询键提供，请调用 /records/{{查询键}}",
                detail_en=f"Ask {code} for records by key",
            )
        out = proxying.admit(session, actor, held, key=key, reference=reference, now=now, book=policy_book())
    if request.accept_mimetypes.best_match(["application/json", LINES_TYPE]) == LINES_TYPE:
        served, chunks = proxying.streamed(out, body)
        return counted(Response(chunks, mimetype=LINES_TYPE), served)
    served, records = proxying.whole(out, body)
    return counted(jsonify(product=code, hit=served.hit, records=records), served)


def _question() -> bytes:
    if request.mimetype != "application/json" or (request.content_length or 0) > QUESTION_BYTES_MAX:
        raise Malformed("请以 application/json 提交问题，且不超过 64 KiB", detail_en="Send JSON of at most 64 KiB")
    body = request.get_data()
    if not isinstance(read_json(body), dict):
        raise Malformed("问题应为一个 JSON 对象", detail_en="The question must be a JSON object")
    return body


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
