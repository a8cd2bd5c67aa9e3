"""Around every request: who acts, in which language, what the frame of the page shows, which headers go out."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from flask import Flask, Request, Response, current_app, g, make_response, redirect, request, url_for
from flask import session as ui
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask_babel import get_locale

from kernel import clock, db
from kernel.calendar import business_date
from kernel.errors import Malformed, Unauthenticated
from kernel.http import PUBLIC, current_actor
from kernel.identity import Permission, Role
from registry.accounts import commands as accounts
from registry.accounts import queries as account_queries
from registry.accounts.pages import session_cookie
from web import assets, problems
from web.form_words import note_field, wrong_fields
from web.glossary import explained, term_mark, terms_to_explain
from web.labels import role_title, state_label
from web.menu import navigation
from web.metrics import observe
from web.policies import overlay_values
from web.related import related
from web.rule_words import in_percent, rule_words
from web.spoken import said_on_page, spoken, tongue
from web.visiting import admit_visit

LOCALES = ("zh_Hans_CN", "en")
SAFE = ("GET", "HEAD", "OPTIONS")
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
TRANSPORT = {"Strict-Transport-Security": "max-age=31536000"}
NOT_KEPT = {"Cache-Control": "no-store"}
VARY = ("Accept-Language", "Cookie", "Authorization")


class Sessions(SecureCookieSessionInterface):
    """Flask's own, without the signing and the settings of a cookie that neither came nor goes: a program has none."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return the session of a request."""
        if request.cookies.get(self.get_cookie_name(app)):
            return super().open_session(app, request)
        return self.session_class()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write its cookie if there is anything to say."""
        if session or session.modified or session.accessed:
            super().save_session(app, session, response)


def register(app: Flask) -> None:
    """Wire the steps before and after each request, and what templates may use."""
    app.session_interface = Sessions()
    app.before_request(_begin)
    app.before_request(_refuse_foreign_forms)
    app.before_request(_attempt)
    app.before_request(_identify)
    app.before_request(_admit)
    app.after_request(_finish)
    app.teardown_appcontext(db.close)
    app.context_processor(frame)
    app.jinja_env.globals["state_label"] = state_label
    app.jinja_env.globals["may"] = may
    app.jinja_env.globals["spoken"] = spoken
    app.jinja_env.globals["tongue"] = tongue
    app.jinja_env.globals["gettext"] = said_on_page  # what ``_`` calls
    app.jinja_env.globals["related"] = related
    app.jinja_env.globals["rule_words"] = rule_words
    app.jinja_env.globals["in_percent"] = in_percent
    for function in (explained, term_mark, terms_to_explain, note_field, wrong_fields):
        app.jinja_env.globals[function.__name__] = function


def chosen_locale() -> str:
    """Return the language chosen on the page, else the one that the browser prefers, else Chinese."""
    chosen = ui.get("language")
    if chosen in LOCALES:
        return str(chosen)
    best = request.accept_languages.best_match(["zh", "zh-CN", "zh-Hans", "en"], default="zh")
    return "en" if best == "en" else "zh_Hans_CN"


def _begin() -> None:
    g.huiyi_trace = uuid4().hex
    g.huiyi_started = time.perf_counter()
    if "\0" in request.path or any("\0" in text for pair in request.args.items(multi=True) for text in pair):
        raise Malformed("地址中含有空字符（U+0000）", detail_en="The address holds U+0000.")


def _refuse_foreign_forms() -> None:
    """Refuse a form that another site sent; browsers name the site with every form."""
    origin = request.headers.get("Origin")
    if origin and request.method not in SAFE and not problems.is_api():
        # the port is left out: a proxy may hide it
        if _host_of(origin) != _host_of(f"//{request.host}"):
            raise problems.form_expired()


def _host_of(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _attempt() -> Response | None:
    """Let a view answer that asks in one statement who calls, too; on None everything goes its ordinary way."""
    attempt = getattr(current_app.view_functions.get(request.endpoint or ""), "huiyi_attempt", None)
    answer: Response | None = None if attempt is None else attempt(**(request.view_args or {}))
    return answer


def _identify() -> None:
    """Find the actor: a bearer token or key for programs; the session cookie for pages and for reading the API."""
    if request.endpoint == "static":
        return
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    cookie = request.cookies.get(session_cookie())
    safe = request.method in ("GET", "HEAD") or not problems.is_api()
    if scheme.casefold() == "bearer":
        _bearer(token.strip())
    elif cookie and safe:
        found = account_queries.recognise_session(db.session(), cookie, now=clock.now())
        if found is not None:
            _note(found, cookie)


def _bearer(token: str) -> None:
    is_key = token.startswith(account_queries.KEY_PREFIX)
    recognise = account_queries.recognise_key if is_key else account_queries.recognise_session
    found = recognise(db.session(), token, now=clock.now())
    if found is None:
        raise Unauthenticated(
            "访问密钥或会话无效、已过期或已撤销", detail_en="The token is unknown, expired or revoked"
        )
    if is_key:
        g.huiyi_actor = found.actor
    else:
        _note(found, token)


def _note(found: account_queries.Recognised, token: str) -> None:
    g.huiyi_actor = found.actor
    if found.is_to_be_noted(clock.now()):
        with db.transaction() as session:
            accounts.touch(session, found.actor, token=token, now=clock.now())


def _admit() -> Response | None:
    """Refuse a route whose declared permission the actor holds nowhere; scope is the command's matter."""
    view = current_app.view_functions.get(request.endpoint or "")
    access = getattr(view, "huiyi_access", PUBLIC)
    if not isinstance(access, Permission):
        admit_visit()
        return None
    actor = current_actor()
    if not actor.is_authenticated and request.method in ("GET", "HEAD") and not problems.is_api():
        return make_response(redirect(url_for("account_pages.sign_in", next=request.full_path.rstrip("?"))))
    actor.must(access)
    return None


def _finish(response: Response) -> Response:
    headers = response.headers
    told, sent = {name.lower() for name, _ in headers}, SECURITY_HEADERS
    if current_app.config["SESSION_COOKIE_SECURE"]:
        sent = SECURITY_HEADERS | TRANSPORT
    if request.endpoint == "static":
        assets.keep(response)
    else:
        sent = sent | NOT_KEPT if "cache-control" not in told else sent
        if "vary" in told:
            response.vary.update(VARY)
        else:
            headers.add("Vary", ", ".join(VARY))
    headers.extend([(name, value) for name, value in sent.items() if name.lower() not in told])
    headers["Huiyi-Trace"] = g.get("huiyi_trace", "")
    observe(
        request.method, str(request.url_rule), response.status_code, time.perf_counter() - g.get("huiyi_started", 0.0)
    )
    return response


def frame() -> dict[str, Any]:
    """Return what ``layout.html`` shows on every page."""
    actor = current_actor()
    return {
        "actor": _ActorOnPage(actor) if actor.is_authenticated else None,
        "navigation": navigation(),
        "demo_mode": current_app.config["HUIYI"].is_demonstration,
        "demo_values": overlay_values(),
        "locale": str(get_locale() or "zh_Hans_CN"),
        "today": business_date(clock.now()),
        "links": {
            "home": "/", "sign_in": "/sign-in", "sign_out": "/sign-out", "account": "/account",
            "language_zh": url_for("home.language", code="zh_Hans_CN", next=request.full_path),
            "language_en": url_for("home.language", code="en", next=request.full_path),
            "api_docs": "/api/docs", "law": "/law", "glossary": "/glossary", "health": "/status",
            "statistics": "/statistics",
        },
    }  # fmt: skip


def may(permission: str) -> bool:
    """Say whether the person at the page holds a permission, so that no link leads to a refusal."""
    return current_actor().may(Permission(permission))


class _ActorOnPage:
    def __init__(self, actor: Any) -> None:
        self.name = actor.name
        self.is_authenticated = True
        self.role_titles = [role_title(role) for role in actor.roles if role is not Role.SCHEDULER]
