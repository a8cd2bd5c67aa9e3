"""Who may call what: every route declares it, access.yaml repeats it for review, and the application keeps to it.

After adding a route or changing a permission, write the file anew and read what changed:
``python -m tests.web.test_routes``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from flask import Blueprint, Flask
from flask.testing import FlaskClient

import web
from kernel.http import PUBLIC, ApiBlueprint
from kernel.identity import ROLES_OF, Permission, Role
from tests.conftest import config_for_tests
from tests.make.clients import bearer, key, token_of
from tests.make.routes import SAFE, every_route, shared_app, token_with
from tests.rig.databases import Databases
from web.blueprints import API_BLUEPRINTS, PAGE_BLUEPRINTS

ACCESS = Path(__file__).with_name("access.yaml")
HEAD = """# Who may call what: address, method, permission (or public). Compared with the application by test_routes.py;
# a changed line here is a changed right and wants a reviewer. Written by: python -m tests.web.test_routes
"""


@pytest.fixture(scope="module")
def app(databases: Databases) -> Iterator[Flask]:
    """One application for all tests of this file."""
    with shared_app(databases) as built:
        yield built


def declared(app: Flask) -> dict[str, dict[str, str]]:
    """Return the permission of each method of each address."""
    found: dict[str, dict[str, str]] = {}
    for route in every_route(app):
        found.setdefault(route.rule, {})[route.method] = route.access
    return found


def test_the_application_gives_every_route_the_access_that_was_reviewed(app: Flask) -> None:
    reviewed, found = yaml.safe_load(ACCESS.read_text(encoding="utf-8")), declared(app)
    rights = {f"{method} {rule}: {access}" for rule, methods in found.items() for method, access in methods.items()}
    listed = {f"{method} {rule}: {access}" for rule, methods in reviewed.items() for method, access in methods.items()}
    assert rights - listed == set(), "not reviewed; write the file anew: python -m tests.web.test_routes"
    assert listed - rights == set(), "gone or changed; write the file anew: python -m tests.web.test_routes"


def test_every_declared_access_is_a_permission_or_public(app: Flask) -> None:
    assert {route.access for route in every_route(app)} <= {PUBLIC, *map(str, Permission)}


@pytest.mark.parametrize(("kind", "mounted"), [(Blueprint, PAGE_BLUEPRINTS), (ApiBlueprint, API_BLUEPRINTS)])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_route_that_declares_no_access_keeps_the_application_from_starting(
    database_url: str, kind: type[Blueprint], mounted: list[Blueprint], method: str
) -> None:
    planted = kind("planted", __name__, url_prefix="/planted")
    getattr(planted, method)("/open")(lambda: "anybody?")
    mounted.append(planted)
    try:
        with pytest.raises(web.RouteWithoutPermission, match="/planted/open"):
            web.create_app(config_for_tests(database_url))
    finally:
        mounted.remove(planted)


def test_a_visitor_is_asked_to_sign_in_at_every_route_that_is_not_public(app: Flask, client: FlaskClient) -> None:
    wrong = []
    for route in every_route(app):
        if route.is_public:
            continue
        answer = route.send(client, json={} if route.method not in SAFE else None)
        if route.is_for_programs:
            right = answer.status_code == 401 and answer.json["code"] == "auth.unauthenticated"
        elif route.method in SAFE:
            target = urlsplit(answer.headers.get("Location", ""))
            right = (answer.status_code, target.path) == (302, "/sign-in")
            right = right and parse_qs(target.query)["next"] == [route.url]
        else:
            right = answer.status_code == 401 and answer.mimetype == "text/html"
        if not right:
            wrong.append(f"{route.method} {route.rule}: {answer.status_code}")
    assert wrong == []


def test_no_role_may_call_a_route_whose_permission_it_lacks(app: Flask, client: FlaskClient) -> None:
    wrong = []
    routes = [route for route in every_route(app) if not route.is_public]
    # all routes: a test below; refused as a program where there is one, because to draw a page takes much longer
    one_of_each = {route.access: route for route in sorted(routes, key=lambda one: one.is_for_programs)}
    for role in Role:
        headers = key(bearer(token_with(app, role)))
        for access, route in one_of_each.items():
            if role in ROLES_OF[Permission(access)]:
                continue
            status = route.send(client, headers=headers).status_code
            if status != 403:
                wrong.append(f"{role} {route.method} {route.rule}: {status}")
    assert wrong == []


def test_nobody_who_may_call_a_route_brings_it_down_with_an_empty_request(app: Flask, client: FlaskClient) -> None:
    token, wrong = token_with(app, *Role), []
    for route in every_route(app):
        if route.endpoint != "accounts.sign_out":
            sent = {**key(bearer(token)), "If-Match": '"v1"'}
            answer = route.send(client, headers=sent, json={} if route.method not in SAFE else None)
            if answer.status_code in (401, 403) or answer.status_code >= 500:
                wrong.append(f"{route.method} {route.rule}: {answer.status_code} {answer.text[:100]}")
    assert wrong == []


def test_an_account_without_a_role_may_call_nothing_that_asks_for_one(app: Flask, client: FlaskClient) -> None:
    headers = key(bearer(token_of(app)))
    routes = [route for route in every_route(app) if not route.is_public]
    passed = [route.url for route in routes if route.send(client, headers=headers).status_code != 403]
    assert passed == []


def test_the_reviewed_file_names_roles_for_every_permission_that_a_route_asks_for(app: Flask) -> None:
    asked = {Permission(route.access) for route in every_route(app) if not route.is_public}
    assert [str(permission) for permission in asked if not ROLES_OF[permission]] == []


def main() -> None:
    """Write access.yaml from the application."""
    app = web.create_app(config_for_tests("sqlite://"))
    ACCESS.write_text(HEAD + yaml.safe_dump(declared(app), allow_unicode=True, width=110), encoding="utf-8")


if __name__ == "__main__":
    main()
