"""The public lists are open to everybody, but not endlessly often from one address."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

import web
from kernel import clock, db
from kernel.identity import Role
from registry.accounts.model import SignInFailure
from tests.conftest import config_for_tests
from tests.make import market as make
from tests.make.clients import bearer, token_of
from web.visiting import LISTS, Visits

PATHS = ("/api/v1/register", "/api/v1/catalogue/facets")


@pytest.mark.both_databases
def test_an_address_reads_the_public_lists_so_often_a_minute_whichever_process_answers(app: Flask):
    assert LISTS <= app.view_functions.keys()
    app.config["HUIYI"] = replace(app.config["HUIYI"], visits_per_minute="40")
    client, processes = app.test_client(), [Visits(), Visits()]
    with app.app_context():
        token = token_of(app, Role.AUDITOR)

    def read(turn: int, address: str = "203.0.113.7", **more: dict[str, str]):
        app.extensions["huiyi_visits"] = processes[turn % 2]
        return client.get(PATHS[turn // 2 % 2], environ_overrides={"REMOTE_ADDR": address}, **more)

    with clock.set_to(make.SALE):
        answers = [read(turn) for turn in range(46)]
        assert [one.status_code for one in answers[:40]] == [200] * 40
        refused = answers[42:]  # each process may be behind by less than a twentieth of the limit
        assert [one.status_code for one in refused] == [429] * 4
        assert refused[0].json["code"] == "public.too_many_visits"
        assert refused[0].headers["Retry-After"] == "60"
        assert read(0, "203.0.113.8").status_code == 200
        assert read(0, "127.0.0.1").status_code == 200  # this machine
        assert read(0, headers=bearer(token)).status_code == 200
        with app.app_context():
            kept = db.session().execute(sa.select(SignInFailure.login_sha256, SignInFailure.attempts)).all()
        assert [attempts for _, attempts in kept if attempts >= 40] == [42]
        assert "203.0.113" not in str(kept)
    with clock.set_to(make.SALE + timedelta(minutes=1)):
        assert read(0).status_code == 200


def test_behind_a_proxy_the_address_is_the_one_that_the_proxy_adds(database_url: str):
    app = web.create_app(replace(config_for_tests(database_url), proxies="1", visits_per_minute="1"))
    client = app.test_client()

    def read(forwarded: str) -> int:
        return client.get(PATHS[0], headers={"X-Forwarded-For": forwarded}).status_code

    with clock.set_to(make.SALE):
        assert [read("203.0.113.7"), read("203.0.113.8"), read("198.51.100.1, 203.0.113.7")] == [200, 200, 429]
    app.extensions["huiyi_database"].engine.dispose()
