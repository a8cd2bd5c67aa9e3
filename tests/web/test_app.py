"""The application as it is put together: what it refuses to start with, and what it takes from its settings."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask, g
from flask.testing import FlaskClient

import web
from kernel import audit, clock, db
from kernel.db import import_models
from kernel.identity import Role
from kernel.policy_reader import PolicyBroken
from tests.conftest import config_for_tests
from tests.make import registry_base as make
from tests.make.routes import every_route
from web.blueprints import API_BLUEPRINTS, PAGE_BLUEPRINTS, PLAIN_BLUEPRINTS

CONCEPTS = ("registry", "pricing", "market", "settlement")


def test_every_api_and_every_page_file_of_the_project_is_mounted() -> None:
    mounted = {blueprint.import_name for blueprint in (*API_BLUEPRINTS, *PAGE_BLUEPRINTS, *PLAIN_BLUEPRINTS)}
    written = {
        ".".join(path.relative_to(web.ROOT).with_suffix("").parts)
        for package in CONCEPTS
        for name in ("api.py", "pages.py")
        for path in (web.ROOT / package).rglob(name)
    }
    assert written - mounted == set()


def test_no_address_leads_to_two_views(app: Flask) -> None:
    counted = Counter((route.rule, route.method) for route in every_route(app))
    assert [address for address, count in counted.items() if count > 1] == []


def test_two_applications_of_one_process_do_not_share_their_database(app: Flask, database_url: str) -> None:
    other = web.create_app(config_for_tests(database_url))
    assert other.extensions["huiyi_database"] is not app.extensions["huiyi_database"]
    other.extensions["huiyi_database"].engine.dispose()


def test_broken_policies_keep_the_application_from_starting(database_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "register.yaml").write_text("title: [", encoding="utf-8")
    with pytest.raises(PolicyBroken):
        web.create_app(replace(config_for_tests(database_url), policies=str(folder), policy_overlays=""))


def test_settings_reach_the_application(database_url: str) -> None:
    settings = {"body_bytes_max": "12345", "trusted_hosts": "a.example,b.example", "env": "production"}
    app = web.create_app(replace(config_for_tests(database_url), **settings))
    assert app.config["MAX_CONTENT_LENGTH"] == 12345
    assert app.config["TRUSTED_HOSTS"] == ["a.example", "b.example"]
    assert app.config["SESSION_COOKIE_SECURE"] is True
    assert app.config["TESTING"] is False
    assert app.debug is False
    assert app.test_client().get("/styleguide", base_url="https://a.example").status_code == 404
    app.extensions["huiyi_database"].engine.dispose()


def test_the_style_guide_is_shown_to_tests(client: FlaskClient) -> None:
    assert client.get("/styleguide").status_code == 200


def test_a_request_leaves_no_session_and_no_transaction_behind(app: Flask, client: FlaskClient) -> None:
    assert client.get("/").status_code == 200
    with app.app_context():
        assert "huiyi_session" not in g
        db.session()
        assert "huiyi_session" in g
    pool = app.extensions["huiyi_database"].engine.pool
    assert pool.checkedout() == 0


def test_the_demonstration_lives_on_from_the_end_of_its_story_and_says_that_it_is_one(database_url: str) -> None:
    story_ends = datetime(2026, 10, 31, 4, tzinfo=UTC)
    settings = replace(config_for_tests(database_url), env="demonstration")
    first = web.create_app(settings)
    with first.app_context(), clock.set_to(story_ends), db.transaction() as session:
        party = make.make_party(session, now=story_ends)
        audit.record(session, make.actor(Role.SUPERVISOR), "story.end", party, at=story_ends)
    told = web.create_app(settings)
    try:
        assert timedelta(0) <= clock.now() - story_ends < timedelta(minutes=5)
        assert "demo-bar" in told.test_client().get("/").text
    finally:
        clock.run_from(None)
        for app in (first, told):
            app.extensions["huiyi_database"].engine.dispose()


def test_other_sites_do_not_look_like_a_demonstration(client: FlaskClient) -> None:
    assert "demo-bar" not in client.get("/").text


def test_the_models_of_every_concept_are_known_to_the_migrations() -> None:
    import_models()
    tables = set(db.Base.metadata.tables)
    assert {"registry_party", "pricing_tariff", "market_order", "settlement_journal_line", "idempotency_key"} <= tables
