"""Every route of an application with an address that leads to it, and people with any roles to walk there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import BaseConverter, UUIDConverter
from werkzeug.routing.converters import AnyConverter, NumberConverter
from werkzeug.test import TestResponse

from kernel import clock, db
from kernel.http import PUBLIC
from kernel.identity import Role
from registry.accounts import commands as accounts
from registry.accounts.model import RoleGrant
from tests.conftest import config_for_tests
from tests.make import registry_base as make
from tests.rig.databases import Databases
from web import create_app

PROGRAMS = ("/api/v1/", "/exchange/", "/hooks/", "/healthz", "/readyz", "/metrics")
SAFE = ("GET", "HEAD")


@dataclass(frozen=True, order=True)
class Route:
    """One method of one address."""

    rule: str
    method: str
    endpoint: str
    access: str
    url: str

    @property
    def is_for_programs(self) -> bool:
        """Say whether refusals are JSON there."""
        return self.rule.startswith(PROGRAMS)

    @property
    def is_public(self) -> bool:
        """Say whether everybody may call it."""
        return self.access == PUBLIC

    def send(self, client: FlaskClient, **options: Any) -> TestResponse:
        """Call it; redirects are not followed."""
        return client.open(self.url, method=self.method, **options)


@contextmanager
def shared_app(databases: Databases) -> Iterator[Flask]:
    """Build an application for all tests of a module: for tests that look at it and leave no trace behind."""
    url = databases.fresh("sqlite")
    built = create_app(config_for_tests(url))
    yield built
    built.extensions["huiyi_database"].engine.dispose()
    databases.discard(url)


def every_route(app: Flask) -> list[Route]:
    """Return each method of each rule, in the order of the addresses; Flask's own OPTIONS and HEAD are left out."""
    return sorted(_routes(app))


def _routes(app: Flask) -> Iterator[Route]:
    addresses = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        values = {name: _sample(converter) for name, converter in rule._converters.items()}
        access = str(getattr(app.view_functions[rule.endpoint], "huiyi_access", "undeclared"))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            url = addresses.build(rule.endpoint, values, method=method)
            yield Route(rule.rule, method, rule.endpoint, access, url)


def _sample(converter: BaseConverter) -> Any:
    if isinstance(converter, UUIDConverter):
        return uuid4()
    if isinstance(converter, AnyConverter):
        return min(converter.items)
    return 1 if isinstance(converter, NumberConverter) else "x"


def token_with(app: Flask, *roles: Role) -> str:
    """Return a session of an account that holds these roles everywhere, whether or not one person may join them."""
    with app.app_context(), db.transaction() as session:
        now = clock.now()
        account = make.make_account(session, now=now)
        session.add_all([RoleGrant(account_id=account.id, role=role, granted_at=now) for role in roles])
        return accounts.start_session(session, make.security_administrator(), account.id, now=now).token
