"""The one place where refusals become answers: RFC 9457 documents for programs, pages for people."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, current_app, g, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException, SecurityError

from kernel.errors import Conflict, DomainError, Invalid, Malformed, NotAllowed, NotFound, TooMany, Unauthenticated
from kernel.http import ValidationFailed, problem
from kernel.wording import Phrase, leaves, reads_english

UNIQUE_VIOLATION = "23505"
OUT_OF_RANGE = "22003"
TOO_LARGE_ON_SQLITE = ("integer overflow", "too large to convert to SQLite INTEGER")


class PageNotFound(NotFound):
    """There is no such page or object."""

    code = "request.not_found"


class ChangedMeanwhile(Conflict):
    """Somebody else changed or entered the same record in the same moment."""

    code = "request.changed_meanwhile"


class FormExpired(Malformed):
    """A form came without the token of its page, or with an old one (CSRF)."""

    code = "request.form_expired"
    title = "页面已过期"
    title_en = "The page has expired"


class MethodNotAllowed(DomainError):
    """The address exists, but not for this method; ``Allow`` names those that it has."""

    code = "request.method"
    status = 405
    title = "方法不允许"
    title_en = "Method not allowed"


class MediaNotAcceptable(DomainError):
    """The answer exists in no format that the client accepts."""

    code = "request.media"
    status = 406
    title = "格式不支持"
    title_en = "Not acceptable"


class BodyTooLarge(DomainError):
    """The body is larger than this site takes."""

    code = "request.too_large"
    status = 413
    title = "内容过大"
    title_en = "The body is too large"


class MediaUnsupported(DomainError):
    """The body is not declared as a media type that the route reads."""

    code = "request.unsupported_media"
    status = 415
    title = "媒体类型不支持"
    title_en = "Unsupported media type"


class HttpRefused(DomainError):
    """Any other refusal of HTTP; the status is the document's."""

    code = "request.refused"
    status = 400


class Overloaded(DomainError):
    """The database could not answer; nothing was changed, the same request may be sent again."""

    code = "overloaded"
    status = 503
    title = "系统繁忙"
    title_en = "Busy"
    retryable = True


class InternalError(DomainError):
    """A fault of the software; nothing was changed. The trace finds the entry in the log."""

    code = "internal"
    status = 500
    title = "系统出错"
    title_en = "Internal error"


class TooLargeToCount(Invalid):
    """An amount, or a sum of amounts, is larger than the database can hold; no wrong figure is given instead."""

    code = "money.too_large"
    title = "金额超出可计算范围"
    title_en = "The amount is too large"


REFUSALS: dict[int, tuple[type[DomainError], str, str]] = {
    400: (Malformed, "请求无法读取，请检查地址、请求头和请求体", "The request cannot be read."),
    401: (Unauthenticated, "请先登录", "Sign in first."),
    403: (NotAllowed, "您没有权限进行此操作", "You may not do this."),
    404: (PageNotFound, "没有这个地址，或您无权看到该记录", "There is no such address, or none that you may see."),
    405: (MethodNotAllowed, "该地址不支持这一方法，可用方法见 Allow", "Allow names the methods of this address."),
    406: (MediaNotAcceptable, "无法以所要求的格式回答", "There is no answer in that format."),
    413: (BodyTooLarge, "请求体超过上限，请分批提交", "The body is above the limit; send it in parts."),
    415: (MediaUnsupported, "请以 application/json 提交", "Send application/json."),
    422: (ValidationFailed, "有字段未通过检查，请按提示修改", "Some fields are not acceptable."),
    429: (TooMany, "请求过于频繁，请稍后再试", "Too many requests."),
}


def is_api() -> bool:
    """Say whether a program asks: API, data plane and probes get JSON."""
    return request.path.startswith(("/api/", "/exchange/", "/hooks/", "/healthz", "/readyz", "/metrics"))


def register(app: Flask) -> None:
    """Wire every kind of failure to :func:`answer`."""
    app.register_error_handler(DomainError, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(CSRFError, _forged)
    app.register_error_handler(StaleDataError, _stale)
    app.register_error_handler(IntegrityError, _clash)
    app.register_error_handler(Exception, _bug)


def answer(document: dict[str, Any], headers: dict[str, str] | None = None, *, is_bare: bool = False) -> Response:
    """Return the problem as a JSON document or as a page; ``is_bare`` where no page can be drawn."""
    if is_api() or is_bare:
        response = jsonify(document)
        response.content_type = "application/problem+json; charset=utf-8"
        if document["status"] == Unauthenticated.status:
            response.headers["WWW-Authenticate"] = "Bearer"
    else:
        response = make_response(render_template("errors/problem.html", problem=document))
    response.status_code = document["status"]
    response.headers.update(headers or {})
    return response


def _refused(error: DomainError) -> Response:
    return answer(problem(error, language="en" if reads_english() else "zh"), error.headers)


def _http(error: HTTPException) -> Response:
    status = error.code or InternalError.status
    if status < 400:
        return make_response(error.get_response())
    kind, detail, detail_en = REFUSALS.get(status, (HttpRefused, "请求未被受理", f"{error.name}."))
    data = getattr(error, "data", None) or {}
    refusal = kind(detail, detail_en=detail_en, errors=_field_errors(data.get("messages")), headers=data.get("headers"))
    methods = getattr(error, "valid_methods", None)
    if methods:
        refusal.headers["Allow"] = ", ".join(sorted(methods))
    document = problem(refusal, language="en" if reads_english() else "zh")
    # for a host that is not ours there are no addresses, so no page with links either
    return answer({**document, "status": status}, refusal.headers, is_bare=isinstance(error, SecurityError))


def _field_errors(messages: Any) -> list[dict[str, str]]:
    """Return one entry per wrong field; webargs puts the place (json, query …) above the fields."""
    located = messages if isinstance(messages, dict) else {}
    found = []
    for pointer, words in (leaf for below in located.values() for leaf in leaves(below)):
        entry = {"pointer": pointer or "/", "code": "invalid", "message": words}
        if isinstance(words, Phrase):
            entry |= {"code": words.code, "message": words.zh, "message_en": words.en}
        found.append(entry)
    return found


def form_expired() -> FormExpired:
    """Return the refusal of a form that is too old or came from elsewhere."""
    return FormExpired(
        "页面停留过久或来自别处：请返回原页面刷新后重新提交",
        detail_en="Go back, reload the page and send it again.",
    )


def _forged(_error: CSRFError) -> Response:
    return _refused(form_expired())


def _stale(_error: StaleDataError) -> Response:
    return _refused(
        ChangedMeanwhile(
            "记录刚被他人修改，请重新读取后再办理", detail_en="Somebody changed the record; read it again."
        )
    )


def _clash(error: IntegrityError) -> Response:
    """Two requests entered what may exist once; any other broken constraint is a fault of ours."""
    is_twin = getattr(error.orig, "sqlstate", None) == UNIQUE_VIOLATION or "UNIQUE constraint" in str(error.orig)
    if not is_twin:
        return _bug(error)
    return _refused(
        ChangedMeanwhile(
            "同一内容刚被他人登记，请重新读取后再办理", detail_en="Somebody entered the same; read it again."
        )
    )


def _is_too_large(error: Exception) -> bool:
    """Say whether the database could not hold a number: PostgreSQL by its code, SQLite and its driver in words."""
    cause = getattr(error, "orig", None) or error
    is_ours = isinstance(error, DBAPIError | OverflowError)
    return is_ours and (
        getattr(cause, "sqlstate", None) == OUT_OF_RANGE or any(words in str(cause) for words in TOO_LARGE_ON_SQLITE)
    )


def _bug(error: Exception) -> Response:
    if _is_too_large(error):
        return _refused(
            TooLargeToCount(
                "金额或其合计超出系统可计算的范围，本次操作没有生效：请缩小范围或拆分后再试",
                detail_en="An amount or a sum is more than the database can hold; ask for less, or divide it.",
            )
        )
    current_app.logger.exception("unexpected failure, trace %s", g.get("huiyi_trace", ""), exc_info=error)
    if current_app.config.get("PROPAGATE_EXCEPTIONS"):
        raise error
    words = "本次操作没有生效，请稍后重试；如再次出现，请把追踪号告知管理员"
    english = "Nothing was changed. Try again later; if it happens again, tell the administrator the trace."
    if isinstance(error, OperationalError):
        return _refused(Overloaded(words, detail_en=english, headers={"Retry-After": "1"}))
    return _refused(InternalError(words, detail_en=english))
