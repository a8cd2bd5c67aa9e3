"""Is it alive, is it ready, what did it do: the probes for whoever runs the site."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

import web
from kernel import clock, db, jobs
from tests.conftest import config_for_tests
from web.config import ROOT


def checks(client: FlaskClient, moment: datetime | None = None) -> dict[str, dict[str, Any]]:
    """Return the readiness checks by name, as they are at a moment."""
    with clock.set_to(moment or datetime(2026, 7, 1, tzinfo=UTC)):
        answer = client.get("/readyz")
    return {check["name"]: check for check in answer.json["checks"]}


def test_a_running_process_says_that_it_is_alive(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "alive"})


def test_being_alive_asks_no_database(database_url: str) -> None:
    nowhere = replace(config_for_tests(database_url), database_url="postgresql+psycopg://127.0.0.1:1/none")
    app = web.create_app(nowhere)
    client = app.test_client()
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["code"]) == (503, "overloaded")
    assert "127.0.0.1" not in answer.text
    app.extensions["huiyi_database"].engine.dispose()


@pytest.mark.both_databases
def test_a_migrated_database_is_ready(client: FlaskClient, database_kind: str) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["ready"]) == (200, True)
    assert checks(client)["database"] == {"name": "database", "ok": True, "blocks": True, "found": database_kind}


def test_a_database_of_another_schema_is_not_ready(app: Flask, client: FlaskClient) -> None:
    with app.extensions["huiyi_database"].engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(sa.text("DELETE FROM alembic_version"))
        connection.execute(sa.text("INSERT INTO alembic_version VALUES ('of_long_ago')"))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["ready"]) == (503, False)
    assert checks(client)["migrations"]["found"] == "of_long_ago"


def first_uncovered_year(app: Flask) -> int:
    """Return the year after the last one with a holiday table."""
    found: int = app.extensions["huiyi_calendar"].first_year_without_table(datetime(2026, 7, 1, tzinfo=UTC).date())
    return found


def test_sixty_days_before_a_year_without_holidays_somebody_is_warned_and_work_goes_on(
    app: Flask, client: FlaskClient
) -> None:
    year = first_uncovered_year(app)
    # the day in Beijing begins at sixteen o'clock of the day before
    last_quiet, first_warned = datetime(year - 1, 10, 31, 16, tzinfo=UTC), datetime(year - 1, 11, 1, 16, tzinfo=UTC)
    quiet, warned = checks(client, last_quiet)["holidays"], checks(client, first_warned)["holidays"]
    assert (quiet["ok"], warned["ok"]) == (True, False)
    assert f"holidays/{year}.yaml" in warned["found"]
    assert "60 天" in warned["found"]
    with clock.set_to(first_warned):
        assert client.get("/readyz").status_code == 200


def test_a_year_without_holidays_that_has_begun_is_still_said(app: Flask, client: FlaskClient) -> None:
    assert not checks(client, datetime(first_uncovered_year(app), 3, 1, tzinfo=UTC))["holidays"]["ok"]


def test_the_last_runs_of_the_timetable_are_told(app: Flask, client: FlaskClient) -> None:
    assert checks(client)["jobs"]["found"] == "尚未运行"
    with app.app_context(), db.transaction() as session:
        jobs.claim(session, "audit.seal", "2026", now=datetime(2026, 7, 1, 1, tzinfo=UTC))
    assert checks(client)["jobs"]["found"] == "audit.seal 2026-07-01T01:00:00+00:00"


def test_people_read_the_same_on_a_page(client: FlaskClient) -> None:
    found = checks(client)
    with clock.set_to(datetime(2026, 7, 1, tzinfo=UTC)):
        page = client.get("/status")
    assert page.status_code == 200
    assert [name for name, check in found.items() if check["found"] not in page.text] == []


def samples(client: FlaskClient) -> dict[tuple[str, ...], float]:
    """Return the counted requests by method, route and status."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain")
    return {
        (sample.labels["method"], sample.labels["route"], sample.labels["status"]): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name == "huiyi_requests_total"
    }


def test_requests_are_counted_by_route_and_status_and_not_by_address(client: FlaskClient) -> None:
    before = samples(client)
    for _ in range(3):
        client.get("/healthz")
    client.get("/api/v1/parties/0192f0c1-0000-7000-8000-000000000000")
    client.open("/healthz", method="BREW")
    after = samples(client)
    assert after["GET", "/healthz", "200"] - before.get(("GET", "/healthz", "200"), 0) == 3
    assert ("GET", "/api/v1/parties/<uuid:party_id>", "401") in after
    assert ("other", "None", "405") in after
    assert not any("0192f0c1" in route for _, route, _ in after)


def test_the_probes_look_where_the_migrations_are() -> None:
    assert (ROOT / "alembic.ini").is_file()
