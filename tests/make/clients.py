"""What programs and browsers send: tokens, idempotency keys, forms with their hidden fields."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kernel import clock, db
from kernel.identity import Role
from registry.accounts import commands as accounts
from registry.parties.model import Party
from tests.make import registry_base as make


def bearer(token: str) -> dict[str, str]:
    """The header that carries a token or key."""
    return {"Authorization": f"Bearer {token}"}


def key(headers: dict[str, str]) -> dict[str, str]:
    """The same headers with a new idempotency key."""
    return {**headers, "Idempotency-Key": uuid4().hex}


def written(client: FlaskClient, login: str, password: str = make.PASSWORD) -> dict[str, str]:
    """Sign in as a program and return the headers of further requests."""
    answer = client.post("/api/v1/sessions", json={"login": login, "password": password})
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return bearer(answer.json["token"])


def token_of(app: Flask, *roles: Role, party: Party | None = None, place: str | None = None) -> str:
    """Make an account with these roles and a session for it, without spending a second hash on the password."""
    with app.app_context(), db.transaction() as session:
        account = make.make_account(session, *roles, party=party, place=place, now=clock.now())
        return accounts.start_session(session, make.security_administrator(), account.id, now=clock.now()).token


def as_program(app: Flask, *roles: Role, party: Party | None = None, place: str | None = None) -> dict[str, str]:
    """The headers of a program that holds these roles."""
    return bearer(token_of(app, *roles, party=party, place=place))


def as_person(app: Flask, *roles: Role, party: Party | None = None, place: str | None = None) -> FlaskClient:
    """A browser in which somebody with these roles has signed in."""
    client = app.test_client()
    client.set_cookie("huiyi_session", token_of(app, *roles, party=party, place=place))
    return client


def send(client: FlaskClient, url: str, fields: dict[str, Any], *, form_at: str, **options: Any) -> TestResponse:
    """Post a form as the page at ``form_at`` would: with its CSRF token and, where that form has one, its version."""
    page = client.get(form_at).get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    form = re.search(rf'<form[^>]*action="{re.escape(url)}".*?</form>', page, flags=re.DOTALL)
    version = re.search(r'name="version" value="([0-9]+)"', form[0]) if form else None
    hidden = {"csrf_token": token[1] if token else "", **({"version": version[1]} if version else {})}
    return client.post(url, data={**hidden, **fields}, query_string=options.pop("query", None), **options)
