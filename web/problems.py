"""The one place where refusals become answers: RFC 9457 documents for programs, pages for people."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, current_app, g, jsonify, make_response, render_template, request
from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from kernel.errors import Conflict, DomainError, NotFound
from kernel.http import problem

TITLES = {
    400: _("请求无法读取"), 401: _("请先登录"), 403: _("没有权限"), 404: _("没有找到"), 405: _("方法不允许"),
    406: _("格式不支持"), 413: _("内容过大"), 415: _("媒体类型不支持"), 422: _("填写有误"), 429: _("请求过于频繁"),
    500: _("系统出错"),
}  # fmt: skip
CODES = {400: "request.malformed", 401: "request.unauthenticated", 403: "request.forbidden", 404: "request.not_found",
         405: "request.method", 406: "request.media", 413: "request.too_large", 415: "request.unsupported_media",
         422: "request.validation", 429: "request.rate_limited", 500: "internal"}  # fmt: skip


class PageNotFound(NotFound):
    """There is no such page or object."""

    code = "request.not_found"


class ChangedMeanwhile(Conflict):
    """Somebody else changed the record in the same moment."""

    code = "request.changed_meanwhile"


def is_api() -> bool:
    """Say whether a program asks: API, data plane and probes get JSON."""
    return request.path.startswith(("/api/", "/exchange/", "/healthz", "/readyz", "/metrics"))


def register(app: Flask) -> None:
    """Wire every kind of failure to :func:`answer`."""
    app.register_error_handler(DomainError, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(CSRFError, _http)
    app.register_error_handler(StaleDataError, _stale)
    app.register_error_handler(Exception, _bug)


def answer(document: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    """Return the problem as a JSON document or as a page."""
    if is_api():
        response = jsonify(document)
        response.mimetype = "application/problem+json"
    else:
        response = make_response(render_template("errors/problem.html", problem=document))
    response.status_code = document["status"]
    response.headers.update(headers or {})
    return response


def _language() -> str:
    locale = get_locale()
    return locale.language if locale else "zh"


def _refused(error: DomainError) -> Response:
    return answer(problem(error, language=_language()), error.headers)


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return make_response(error.get_response())
    data = getattr(error, "data", None) or {}
    messages = data.get("messages") if isinstance(data, dict) else None
    document = {
        "type": f"/problems/{CODES.get(status, 'http')}", "title": str(TITLES.get(status, error.name)), "status": status,
        "detail": _detail(error, messages), "instance": f"urn:uuid:{g.get('huiyi_trace', '')}",
        "code": CODES.get(status, f"http.{status}"), "trace_id": g.get("huiyi_trace", ""), "retryable": False,
        "errors": _field_errors(messages) if messages else [],
    }  # fmt: skip
    headers = (
        dict(getattr(data, "headers", None) or {}) if not isinstance(data, dict) else dict(data.get("headers") or {})
    )
    if getattr(error, "valid_methods", None):
        headers["Allow"] = ", ".join(sorted(error.valid_methods))  # type: ignore[attr-defined]
    return answer(document, headers)


def _detail(error: HTTPException, messages: Any) -> str:
    if messages:
        return gettext("有字段未通过检查，请按提示修改")
    if error.code == 404:
        return gettext("没有这个地址，或您无权看到该记录")
    return str(error.description or error.name)


def _field_errors(messages: Any, pointer: str = "") -> list[dict[str, str]]:
    if isinstance(messages, dict):
        found = []
        for name, below in messages.items():
            is_location = not pointer and name in ("json", "query", "form")
            found += _field_errors(below, pointer if is_location else f"{pointer}/{name}")
        return found
    if isinstance(messages, list):
        return [
            {"pointer": pointer.removesuffix("/_schema") or "/", "code": "invalid", "message": str(text)}
            for text in messages
        ]
    return [{"pointer": pointer or "/", "code": "invalid", "message": str(messages)}]


def _stale(_error: StaleDataError) -> Response:
    return _refused(ChangedMeanwhile(gettext("记录刚被他人修改，请重新读取后再办理")))


def _bug(error: Exception) -> Response:
    current_app.logger.exception("unexpected failure, trace %s", g.get("huiyi_trace", ""), exc_info=error)
    if current_app.config.get("PROPAGATE_EXCEPTIONS"):
        raise error
    status, code, retryable = (
        (503, "overloaded", True) if isinstance(error, OperationalError) else (500, "internal", False)
    )
    document = {
        "type": f"/problems/{code}", "title": gettext("系统繁忙") if retryable else gettext("系统出错"), "status": status,
        "detail": gettext("本次操作没有生效，请稍后重试；如再次出现，请把追踪号告知管理员"), "code": code,
        "instance": f"urn:uuid:{g.get('huiyi_trace', '')}", "trace_id": g.get("huiyi_trace", ""),
        "retryable": retryable, "errors": [],
    }  # fmt: skip
    return answer(document, {"Retry-After": "1"} if retryable else None)
