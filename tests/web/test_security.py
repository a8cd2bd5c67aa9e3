"""What every answer carries, what no request gets past: headers, cookies, forged forms, borrowed cookies, detours.

Every form of the site is sent without a token, with another person's, with yesterday's, from another site, as a body
that is no form, and as a GET in disguise: all are refused (I6).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import web
from kernel import clock, db
from kernel.identity import Role
from kernel.jobs import JobRun
from registry.accounts.model import Account
from tests.conftest import config_for_tests
from tests.make import registry_base as make
from tests.make.clients import bearer, token_of
from tests.make.routes import SAFE, Route, every_route, shared_app, token_with
from tests.rig.databases import Databases

CSP = {
    "default-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "form-action": "'self'",
}
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
SITE = "https://huiyi.example"


@pytest.fixture(scope="module")
def app(databases: Databases) -> Iterator[Flask]:
    """One application for all tests of this file."""
    with shared_app(databases) as built:
        yield built


def somebody(app: Flask, *roles: Role, token: str = "") -> FlaskClient:
    """A browser in which somebody with these roles (all, when none is named) has signed in."""
    client = app.test_client()
    client.set_cookie("huiyi_session", token or token_with(app, *(roles or Role)))
    return client


def forms(app: Flask) -> list[Route]:
    """Return every route that takes a form from a browser."""
    return [route for route in every_route(app) if route.method not in SAFE and not route.is_for_programs]


def csrf_token(client: FlaskClient, base_url: str = "http://localhost") -> str:
    """Return the token of a page that this browser sees."""
    pages = (client.get(url, base_url=base_url).text for url in ("/", "/sign-in"))
    found = next(filter(None, map(TOKEN.search, pages)), None)
    assert found
    return found[1]


@pytest.fixture
def production(database_url: str) -> Iterator[Flask]:
    """The application as it runs in production, though on SQLite."""
    settings = {"env": "production", "trusted_hosts": "huiyi.example", "policy_overlays": ""}
    app = web.create_app(replace(config_for_tests(database_url), **settings))
    yield app
    app.extensions["huiyi_database"].engine.dispose()


# ---- headers ----

# nothing personal: our own files, and the price list that everybody may read and republish (DIS-07)
PUBLIC_TO_KEEP = ("static", "price_list.browse", "price_list.browse_caps")


def lacks(answer: TestResponse) -> list[str]:
    """Return which of the headers that guard every answer are missing or weak."""
    policy = dict(
        part.strip().split(" ", 1) for part in answer.headers.get("Content-Security-Policy", "x x").split(";")
    )
    right = {
        "Content-Security-Policy": policy == CSP,
        "X-Content-Type-Options": answer.headers.get("X-Content-Type-Options") == "nosniff",
        "X-Frame-Options": answer.headers.get("X-Frame-Options") == "DENY",
        "Referrer-Policy": answer.headers.get("Referrer-Policy") == "same-origin",
        "Permissions-Policy": "camera=()" in answer.headers.get("Permissions-Policy", ""),
        "Huiyi-Trace": re.fullmatch("[0-9a-f]{32}", answer.headers.get("Huiyi-Trace", "")) is not None,
    }
    return [name for name, is_right in right.items() if not is_right]


@pytest.fixture(scope="module")
def answers(app: Flask) -> list[tuple[Route, TestResponse]]:
    """What a visitor and a person with every role are answered at every route."""
    walkers = [app.test_client(), somebody(app)]
    routes = [route for route in every_route(app) if route.endpoint != "accounts.sign_out"]
    return [(route, route.send(who)) for route in routes for who in walkers]


def test_every_answer_carries_the_guarding_headers_and_is_kept_by_no_cache(
    answers: list[tuple[Route, TestResponse]],
) -> None:
    wrong = []
    for route, answer in answers:
        wrong += [f"{route.method} {route.rule} {answer.status_code}: {name}" for name in lacks(answer)]
        if route.endpoint not in PUBLIC_TO_KEEP and "no-store" not in answer.headers.get("Cache-Control", ""):
            wrong.append(f"{route.method} {route.rule}: may be kept")
    assert wrong == []


def test_files_and_pages_that_are_not_there_carry_them_too(client: FlaskClient) -> None:
    for url in ("/static/huiyi.css", "/static/none.css", "/none", "/api/v1/none", "/language/xx", "/language/en"):
        with client.get(url) as answer:
            assert lacks(answer) == [], url
    assert lacks(client.open("/", method="TRACE")) == []


def test_browsers_are_told_to_stay_with_tls_in_production_only(production: Flask, client: FlaskClient) -> None:
    assert (
        "max-age=31536000"
        in production.test_client().get("/healthz", base_url=SITE).headers["Strict-Transport-Security"]
    )
    assert "Strict-Transport-Security" not in client.get("/healthz").headers


class _Inline(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note whatever the content security policy would stop in a browser."""
        names = dict(attrs)
        self.found += [f"<{tag} {name}>" for name in names if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and not names.get("src")):
            self.found.append(f"<{tag}>")
        loaded = names.get("src") or (names.get("href") if tag == "link" else None) or names.get("action")
        if loaded and re.match(r"(https?:)?//|data:|javascript:", loaded):
            self.found.append(f"<{tag}> {loaded}")


def test_no_page_needs_what_its_content_security_policy_forbids(answers: list[tuple[Route, TestResponse]]) -> None:
    wrong, read = [], 0
    for route, answer in answers:
        if answer.mimetype == "text/html":
            read += 1
            parser = _Inline()
            parser.feed(answer.text)
            wrong += [f"{route.rule} {answer.status_code}: {found}" for found in parser.found]
    assert wrong == []
    assert read > 50


# ---- cookies ----


def signed_in_cookies(app: Flask, base_url: str) -> list[str]:
    """Sign in on the page and return the Set-Cookie headers on the way."""
    with app.app_context(), db.transaction() as session:
        login = make.make_account(session, Role.SUPERVISOR, now=clock.now()).login
    client = app.test_client()
    page = client.get("/sign-in", base_url=base_url)
    token = TOKEN.search(page.text)
    assert token
    form = {"login": login, "password": make.PASSWORD, "csrf_token": token[1]}
    answer = client.post("/sign-in", data=form, base_url=base_url, headers={"Referer": f"{base_url}/sign-in"})
    assert answer.status_code == 303, answer.text
    inside = client.get("/desk", base_url=base_url)
    assert inside.status_code == 200  # the name under which it was set is the one under which it is read
    form = {"csrf_token": csrf_token(client, base_url)}
    gone = client.post("/sign-out", data=form, base_url=base_url, headers={"Origin": base_url})
    assert gone.status_code == 303, gone.text
    assert client.get("/desk", base_url=base_url).status_code == 302
    return [cookie for one in (page, answer, inside, gone) for cookie in one.headers.getlist("Set-Cookie")]


def test_cookies_are_for_this_site_and_not_for_scripts(app: Flask, production: Flask) -> None:
    for where, base_url, is_secure in ((app, "http://localhost", False), (production, SITE, True)):
        cookies = signed_in_cookies(where, base_url)
        prefix = "__Host-" if is_secure else ""
        assert {cookie.partition("=")[0] for cookie in cookies} == {f"{prefix}huiyi_session", f"{prefix}huiyi_ui"}
        for cookie in cookies:
            assert "HttpOnly" in cookie
            assert "SameSite=Lax" in cookie
            assert "Path=/" in cookie
            assert "Domain=" not in cookie
            assert ("Secure" in cookie) == is_secure


def test_a_session_cookie_is_no_riddle_and_differs_at_every_sign_in(app: Flask) -> None:
    tokens = [
        re.search(r"huiyi_session=([^;]+)", "\n".join(signed_in_cookies(app, "http://localhost"))) for _ in range(2)
    ]
    values = [found[1] for found in tokens if found]
    assert len(set(values)) == 2
    assert all(len(value) >= 43 for value in values)  # 256 bits in base64


def test_a_cookie_of_a_session_that_ended_opens_nothing(app: Flask) -> None:
    token = token_with(app, Role.SUPERVISOR)
    person = somebody(app, token=token)
    assert person.get("/parties").status_code == 200
    assert app.test_client().delete("/api/v1/sessions/current", headers=bearer(token)).status_code == 204
    assert person.get("/parties").status_code == 302
    assert app.test_client().get("/api/v1/me", headers=bearer(token)).status_code == 401


# ---- forged forms ----


def accounts_and_jobs(app: Flask) -> tuple[int, ...]:
    """Count some rows that a forged form might add."""
    with app.app_context():
        return tuple(db.session().query(table).count() for table in (Account, JobRun))


def test_a_form_without_its_token_is_refused_everywhere(app: Flask) -> None:
    person, wrong = somebody(app), []
    before = accounts_and_jobs(app)
    for route in forms(app):
        answer = route.send(person, data={"name": "x", "reason": "y", "version": "1"})
        if answer.status_code != 400 or "request.form_expired" not in answer.text:
            wrong.append(f"{route.method} {route.rule}: {answer.status_code}")
    assert wrong == []
    assert accounts_and_jobs(app) == before
    assert person.get("/").text.count("/sign-out") == 1  # not even the sign-out was done


def test_the_token_of_another_browser_is_refused(app: Flask) -> None:
    stolen, wrong = csrf_token(somebody(app)), []
    victim = somebody(app)
    csrf_token(victim)
    for route in forms(app):
        answer = route.send(victim, data={"csrf_token": stolen})
        if answer.status_code != 400:
            wrong.append(f"{route.method} {route.rule}: {answer.status_code}")
    assert wrong == []


def refused_everywhere(app: Flask, person: FlaskClient, **sent: Any) -> list[str]:
    """Send the same to every address that takes a form; return where it was not refused as a forged form."""
    answers = [(route, route.send(person, **sent)) for route in forms(app)]
    return [
        f"{route.method} {route.rule}: {answer.status_code}"
        for route, answer in answers
        if answer.status_code != 400 or "request.form_expired" not in answer.text
    ]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example", "http://[x"])
def test_a_form_that_another_site_sent_is_refused_everywhere_even_with_the_right_token(app: Flask, origin: str) -> None:
    person = somebody(app)
    token = csrf_token(person)
    assert refused_everywhere(app, person, data={"csrf_token": token}, headers={"Origin": origin}) == []


def test_a_form_of_our_own_site_is_taken_whatever_port_the_proxy_hides(app: Flask) -> None:
    for origin in ("http://localhost", "https://localhost:8443"):
        person = somebody(app)
        answer = person.post("/sign-out", data={"csrf_token": csrf_token(person)}, headers={"Origin": origin})
        assert answer.status_code == 303


def test_a_token_of_yesterday_is_refused_everywhere(app: Flask) -> None:
    now, person = clock.now(), somebody(app)
    token = csrf_token(person)
    with time_machine.travel(now + timedelta(hours=13), tick=False), clock.set_to(now):
        assert refused_everywhere(app, person, data={"csrf_token": token}) == []


@pytest.mark.parametrize("kind", ["text/plain", "application/json"])
def test_a_body_that_a_foreign_page_may_send_without_asking_is_no_form(app: Flask, kind: str) -> None:
    person = somebody(app)
    body = f'csrf_token={csrf_token(person)}&name="x"'
    assert refused_everywhere(app, person, data=body, content_type=kind) == []


def test_no_get_reaches_an_address_that_only_takes_forms(app: Flask) -> None:
    person = somebody(app)
    token, wrong = csrf_token(person), []
    read = {route.rule for route in every_route(app) if route.method == "GET"}
    for route in forms(app):
        if route.rule not in read:
            asked = {"_method": "POST", "csrf_token": token}
            answer = person.get(route.url, query_string=asked, headers={"X-HTTP-Method-Override": "POST"})
            if answer.status_code not in (404, 405):  # another page may have the address
                wrong.append(f"{route.rule}: {answer.status_code}")
    assert wrong == []


def test_a_page_is_changed_by_no_get_and_no_disguised_method(app: Flask) -> None:
    person = somebody(app)
    for disguise in ({"X-HTTP-Method-Override": "POST"}, {"X-HTTP-Method": "POST"}, {"X-Method-Override": "POST"}):
        assert person.get("/sign-out", headers=disguise).status_code == 405
    assert person.get("/sign-out", query_string={"_method": "POST"}).status_code == 405
    assert "/sign-out" in person.get("/").text


def test_the_right_token_is_taken(app: Flask) -> None:
    person = somebody(app)
    answer = person.post("/sign-out", data={"csrf_token": csrf_token(person)})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")
    assert "/sign-out" not in person.get("/").text


# ---- borrowed cookies ----


def test_a_cookie_alone_writes_nothing_through_the_interface_for_programs(app: Flask) -> None:
    person, wrong = somebody(app), []
    for route in every_route(app):
        if route.method in SAFE or not route.is_for_programs or route.is_public:
            continue
        answer = route.send(person, json={}, headers={"Idempotency-Key": "x" * 16, "If-Match": '"v1"'})
        if answer.status_code != 401:
            wrong.append(f"{route.method} {route.rule}: {answer.status_code}")
    assert wrong == []


def test_a_cookie_reads_what_its_person_may_read(app: Flask) -> None:
    person = somebody(app, Role.SUPERVISOR)
    assert person.get("/api/v1/me").status_code == 200
    assert person.get("/api/v1/accounts").status_code == 403


def test_a_bearer_token_stands_before_the_cookie(app: Flask) -> None:
    person = somebody(app, Role.SUPERVISOR)
    wrong = person.get("/api/v1/me", headers=bearer("hys_unknown"))
    assert wrong.status_code == 401
    other = person.get("/api/v1/me", headers={"Authorization": f"bEARER {token_of(app, Role.AUDITOR)}"})
    assert [grant["role"] for grant in other.json["grants"]] == ["auditor"]


# ---- detours ----


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "/\n/x"]
)
def test_no_link_of_ours_leads_to_another_site(app: Flask, client: FlaskClient, target: str) -> None:
    chosen = client.get("/language/en", query_string={"next": target})
    assert (chosen.status_code, chosen.headers["Location"]) == (303, "/")
    already = somebody(app).get("/sign-in", query_string={"next": target})
    assert (already.status_code, already.headers["Location"]) == (303, "/")
    with app.app_context(), db.transaction() as session:
        login = make.make_account(session, Role.SUPERVISOR, now=clock.now()).login
    form = {"login": login, "password": make.PASSWORD, "csrf_token": csrf_token(client)}
    signed = client.post("/sign-in", query_string={"next": target}, data=form)
    assert (signed.status_code, signed.headers["Location"]) == (303, "/")


def test_whoever_was_sent_to_sign_in_comes_back_to_the_page_that_was_wanted(app: Flask, client: FlaskClient) -> None:
    wanted = client.get("/parties?place=futian")
    assert wanted.headers["Location"] == "/sign-in?next=/parties?place%3Dfutian"
    arrived = somebody(app, Role.SUPERVISOR).get(wanted.headers["Location"])
    assert arrived.headers["Location"] == "/parties?place=futian"
