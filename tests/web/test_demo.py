"""The demonstration: its cast, its clean start, its sign-ins and its clock."""

from __future__ import annotations

import io
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from kernel import clock, db, jobs
from kernel.calendar import business_date
from kernel.db import make_engine
from kernel.identity import Role
from kernel.jobs import RunState
from registry.clauses.rules import AgreementItem
from registry.parties.rules import normalised_uscc
from web import create_app
from web.checker import verify
from web.config import Config
from web.demo import days, sign_ins
from web.demo.clauses import contents
from web.demo.places import FUTIAN, PLACES
from web.demo.stage import Stage, StoryBroken, Told
from web.demo.story import CHAPTERS
from web.demo.telling import scheduled, settings, tell

NEEDED = {
    Role.SUPERVISOR, Role.REVIEWER, Role.PRICE, Role.OPERATOR, Role.SOURCE, Role.BUYER, Role.FINANCE_PREPARER,
    Role.FINANCE_CHECKER, Role.AUDITOR,
}  # fmt: skip


@pytest.fixture(scope="module")
def telling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str, list[Told]]]:
    """The database, the print-out and the facts of a telling of one place."""
    path = tmp_path_factory.mktemp("demonstration") / "demo.sqlite"
    path.write_text("left over from another telling")
    printed = io.StringIO()
    tolds = tell(path, Console(file=printed), serve=False, port="0", places=[FUTIAN])
    yield path, printed.getvalue(), tolds
    clock.run_from(None)


def test_every_place_has_somebody_for_every_duty() -> None:
    for place in PLACES:
        assert {person.role for person in place.people} >= NEEDED, place.key
        assert len({person.key for person in place.people}) == len(place.people)


def test_no_organisation_of_the_cast_is_taken_for_a_real_one() -> None:
    names = [found.name for place in PLACES for found in place.organisations]
    assert all(name.startswith("示例") for name in names)
    assert len(set(names)) == len(names)


def test_the_credit_codes_of_the_cast_are_valid_and_differ() -> None:
    codes = [place.uscc(found.key) for place in PLACES for found in place.organisations]
    assert [normalised_uscc(code) for code in codes] == codes
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.key)
def test_every_agreement_says_something_on_each_of_the_thirteen_contents(place) -> None:
    texts = contents(place)
    assert set(texts) == {item.value for item in AgreementItem}
    assert all(texts.values())


def test_the_story_stays_within_the_holiday_tables_and_never_goes_back() -> None:
    told_on = [day for day, _, _ in CHAPTERS]
    assert told_on == sorted(told_on)
    assert {day.year for day in told_on} == {2025, 2026}


def test_a_telling_starts_clean_whatever_lay_there_before(telling: tuple[Path, str, list[Told]]) -> None:
    path, printed, (futian,) = telling
    assert "福田 · 谁买了什么，为什么是这个价" in printed
    assert futian.run["state"] == "sealed"
    with make_engine(f"sqlite:///{path}").connect() as connection:
        assert verify(connection) == []


def test_the_tables_name_amount_payee_step_and_rule(telling: tuple[Path, str, list[Told]]) -> None:
    _, printed, (futian,) = telling
    row = next(line for line in printed.splitlines() if "示例福田区住房和建设局" in line and "31.33" in line)
    for word in ("国库（非税收入）", "贡献 44.29%", "REV-04", "财资〔2024〕1号"):
        assert word in row
    assert len(futian.shares) == 6


def test_the_site_of_the_demonstration_lists_its_sign_ins_and_goes_on_from_the_storys_end(
    telling: tuple[Path, str, list[Told]],
) -> None:
    path, _, _ = telling
    app = create_app(settings(path))
    logins = [person["login"] for person in app.config[sign_ins.CONFIG_KEY]]
    assert logins == [f"futian.{person.key}" for person in FUTIAN.people]
    assert clock.today() == days.END
    page = app.test_client().get("/sign-in").text
    assert "futian.reviewer" in page
    person = app.config[sign_ins.CONFIG_KEY][0]
    sent = {"login": person["login"], "password": person["password"]}
    assert app.test_client().post("/api/v1/sessions", json=sent).status_code == 201
    clock.run_from(None)
    app.extensions["huiyi_database"].engine.dispose()


def test_the_timetable_runs_beside_the_site_on_the_storys_clock(
    telling: tuple[Path, str, list[Told]], tmp_path: Path
) -> None:
    path = tmp_path / "copy.sqlite"
    with sqlite3.connect(telling[0]) as told, sqlite3.connect(path) as copy:
        told.backup(copy)
    app = create_app(settings(path))
    client, patience = app.test_client(), time.monotonic() + 60
    with scheduled(app):
        while client.get("/readyz").json["checks"][-1]["name"] != "books" and time.monotonic() < patience:
            time.sleep(0.2)
    with app.app_context():
        (sealed,) = jobs.newest(db.session(), "audit.seal", state=RunState.DONE)
        assert business_date(sealed.run_at) == days.END
        leader = jobs.leader(db.session())
        assert leader is not None
        assert leader.until < sealed.run_at, "it stepped down with the site"
    checks = {check["name"]: check for check in client.get("/readyz").json["checks"]}
    assert (checks["seals"]["ok"], checks["books"]["found"]) == (True, "发现 0 处")
    clock.run_from(None)
    app.extensions["huiyi_database"].engine.dispose()


def test_outside_the_demonstration_nobody_is_offered_a_sign_in(telling: tuple[Path, str, list[Told]]) -> None:
    path, _, _ = telling
    app = create_app(Config(env="test", database_url=f"sqlite:///{path}"))
    assert sign_ins.CONFIG_KEY not in app.config
    assert "futian.reviewer" not in app.test_client().get("/sign-in").text
    app.extensions["huiyi_database"].engine.dispose()


def test_a_database_without_sign_ins_beside_it_offers_none(tmp_path: Path) -> None:
    assert sign_ins.read(f"sqlite:///{tmp_path / 'huiyi.sqlite'}") == []
    assert sign_ins.read("postgresql+psycopg://nobody@localhost/huiyi") == []


def test_a_step_that_goes_otherwise_than_told_stops_the_story(telling: tuple[Path, str, list[Told]]) -> None:
    path, _, (futian,) = telling
    app = create_app(Config(env="test", database_url=f"sqlite:///{path}"))
    stage = Stage(app)
    with pytest.raises(StoryBroken, match="404"):
        stage.get(None, "/api/v1/certificates/440304-2026-000009-Z")
    with pytest.raises(StoryBroken, match="expected a refusal under AGR-01"):
        stage.refused(futian, "读取目录", None, "/api/v1/catalogue", rule="AGR-01", by="GET")
    with pytest.raises(StoryBroken, match="go back"):
        stage.begin_day(days.AUTHORISATION.replace(year=2025))
    app.extensions["huiyi_database"].engine.dispose()
