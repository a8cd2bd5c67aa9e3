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
from kernel import audit, clock, db, jobs
from kernel.schedule import MINUTE
from tests.conftest import config_for_tests
from web.config import ROOT
from web.scheduling import SCHEDULER, Job, run
from web.timetable import JOBS

NOON = datetime(2026, 7, 1, 4, tzinfo=UTC)


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
    assert checks(client)["jobs"] == {"name": "jobs", "ok": True, "blocks": False, "found": "尚未运行"}
    with clock.set_to(NOON):
        run(app, job("audit.seal"))
    assert "audit.seal 2026-07-01T04:00:00+00:00" in checks(client, NOON)["jobs"]["found"]


def test_a_vital_job_that_is_late_makes_the_site_not_ready_and_says_why(app: Flask, client: FlaskClient) -> None:
    with clock.set_to(NOON):
        for one in JOBS:
            run(app, one)
    assert checks(client, NOON + 2 * MINUTE)["jobs"]["ok"]
    with clock.set_to(NOON + 5 * MINUTE):
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json["ready"], answer.json["degraded"]) == (503, False, True)
    (found,) = [check for check in answer.json["checks"] if check["name"] == "jobs"]
    assert found["blocks"]
    assert found["found"].startswith("audit.seal 2026-07-01T04:00:00+00:00（逾期：应于 2026-07-01T12:02:00+08:00 起")


def test_any_other_late_or_failed_job_leaves_the_site_ready_but_degraded(app: Flask, client: FlaskClient) -> None:
    with clock.set_to(NOON):
        for one in JOBS:
            if one.name != "webhooks.forget":
                run(app, one)
    with app.app_context(), db.transaction() as session:
        jobs.claim(session, "webhooks.forget", "2026-07-01", now=NOON, starts_at=NOON)
        jobs.fail(session, "webhooks.forget", "2026-07-01", "OSError: secret", now=NOON)
    with clock.set_to(NOON):
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json["ready"], answer.json["degraded"]) == (200, True, True)
    (found,) = [check for check in answer.json["checks"] if check["name"] == "jobs"]
    assert found["found"].startswith("webhooks.forget 2026-07-01T04:00:00+00:00（逾期")
    assert "（上次未成）；" in found["found"]
    assert "secret" not in answer.text


def test_a_sealer_that_is_late_is_called_unwell_by_what_it_left_unsealed(app: Flask, client: FlaskClient) -> None:
    """A run that says it is done and seals nothing deceives nobody."""
    real = datetime.now(UTC).replace(microsecond=0)  # ids of audit lines tell the real time
    with app.app_context(), db.transaction() as session:
        audit.record(session, SCHEDULER, "party.create", ("registry_party", "x"), at=real)
    assert checks(client, real + 4 * MINUTE)["seals"]["ok"]
    late = checks(client, real + 6 * MINUTE)["seals"]
    assert (late["ok"], late["blocks"]) == (False, True)
    assert f"自 {real.isoformat()} 起的审计行未封印" in late["found"]
    with clock.set_to(real + 6 * MINUTE):
        assert client.get("/readyz").status_code == 503
        run(app, job("audit.seal"))
    assert checks(client, real + 7 * MINUTE)["seals"]["ok"]


@pytest.mark.breaks_the_books
def test_what_the_books_checker_found_is_told(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), db.transaction() as session:
        jobs.claim(session, "books.verify", "p", now=NOON, starts_at=NOON)
        jobs.finish(session, "books.verify", "p", "发现 2 处", now=NOON)
    assert checks(client, NOON)["books"] == {"name": "books", "ok": False, "blocks": False, "found": "发现 2 处"}


def job(name: str) -> Job:
    return next(one for one in JOBS if one.name == name)


def test_people_read_the_same_on_a_page(client: FlaskClient) -> None:
    found = checks(client)
    with clock.set_to(datetime(2026, 7, 1, tzinfo=UTC)):
        page = client.get("/status")
    assert page.status_code == 200
    assert [name for name, check in found.items() if check["found"] not in page.text] == []
    assert f"共 {len(JOBS)} 项任务" in page.text


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
