"""The desks of those who have to do with prices: what waits for whom, until when, and where each entry leads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from kernel import clock, db
from kernel.identity import Role
from registry.parties.model import Party
from tests.make import assessments
from tests.make.clients import as_person, as_program
from tests.make.pricing_day import DAY, YEAR, PricingDay, make_pricing_day
from tests.make.routes import shared_app
from tests.rig.databases import Databases

WAITING = {
    Role.PRICE: {"surveys": 1, "determinations": 2, "headroom": 2, "complaints": 1},
    Role.SUPERVISOR: {
        "determinations": 1, "cap_plans": 1, "headroom": 2, "complaints": 1, "free_use": 2,
    },
    Role.OPERATOR: {"prices": 1, "headroom": 2},
    Role.MERCHANT: {},
    Role.BUYER: {"free_use": 1, "negotiations": 1, "quotes": 1},
}  # fmt: skip
KINDS = {kind for counts in WAITING.values() for kind in counts} | {"assessments", "adjustments", "misuses"}


@pytest.fixture(scope="module")
def site(databases: Databases) -> Iterator[tuple[Flask, PricingDay]]:
    """One application and one day for all tests of this file; only the last test adds to it."""
    clock.run_from(DAY)
    with shared_app(databases) as built:
        with built.app_context(), db.transaction() as session:
            day = make_pricing_day(session, passwords=False)
        yield built, day
    clock.run_from(None)


def party_of(day: PricingDay, role: Role) -> Party | None:
    """For whom somebody with the role works on that day."""
    world = day.history.world
    return {Role.OPERATOR: world.operator, Role.MERCHANT: world.merchant, Role.BUYER: day.buyer}.get(role)


def read(site: tuple[Flask, PricingDay], role: Role, **asked: str) -> Any:
    """The desk of a role as a program reads it."""
    app, day = site
    headers = as_program(app, role, party=party_of(day, role))
    answer = app.test_client().get("/api/v1/desk", headers=headers, query_string=asked)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.json


def about_prices(found: Any) -> dict[str, int]:
    """How many tasks of each kind of this file there are."""
    return {kind: count for kind, count in found["counts"].items() if kind in KINDS}


@pytest.mark.parametrize("role", WAITING)
def test_everybody_finds_what_waits_and_every_entry_opens(site: tuple[Flask, PricingDay], role: Role) -> None:
    app, day = site
    found = read(site, role)
    assert about_prices(found) == WAITING[role]
    person = as_person(app, role, party=party_of(day, role))
    links = {one["url"] for one in found["tasks"] if one["kind"] in KINDS}
    assert {url: status for url in links if (status := person.get(url).status_code) != 200} == {}
    page = person.get("/desk").get_data(as_text=True)
    assert [url for url in links if f'href="{url}"' not in page] == []


def test_an_entry_says_until_when_and_by_which_rule(site: tuple[Flask, PricingDay]) -> None:
    [report] = read(site, Role.SUPERVISOR, kind="cap_plans")["tasks"]
    assert (report["what"], report["rule"], report["due_date"]) == ("书面报告并记录", "PRC-04", f"{YEAR}-10-31")
    [offer] = read(site, Role.BUYER, kind="negotiations")["tasks"]
    assert (offer["due_date"], offer["working_days_left"]) == (f"{YEAR}-10-15", 3)
    [ending] = read(site, Role.BUYER, kind="free_use")["tasks"]
    assert ending["due_date"] == f"{YEAR}-10-26"
    [closed] = read(site, Role.BUYER, kind="quotes")["tasks"]
    assert "上限收费标准为 0.7 元" in closed["note"]
    [lower] = read(site, Role.OPERATOR, kind="prices")["tasks"]
    assert (lower["rule"], lower["note"]) == ("PRC-05", "收费标准最高 0.8 元，上限 0.7 元")


def test_the_desk_of_pricing_shows_the_same_work_with_whose_it_is(site: tuple[Flask, PricingDay]) -> None:
    app, day = site
    page = as_person(app, Role.PRICE).get("/pricing").get_data(as_text=True)
    work = page[page.index("现在要办") : page.index("书面申请期限")]
    for words in ("审核成本调查", "确认或否决拟定", "收入已达最高准许收入的 90%", "受理收费投诉", day.operator.name):
        assert words in work, words


def test_when_the_year_is_over_it_is_to_be_assessed_and_what_follows_to_be_decided_and_done(
    site: tuple[Flask, PricingDay],
) -> None:
    app, day = site
    clock.run_from(assessments.AFTERWARDS)
    due = read(site, Role.PRICE, kind="assessments")["tasks"]
    assert {(one["what"], one["rule"], one["due_date"]) for one in due} == {("评估 2026 年度", "PRC-08", "2027-03-31")}
    assert "misuses" in read(site, Role.SUPERVISOR)["counts"]  # the days for stating a view are over
    with app.app_context(), db.transaction() as session:
        assessments.assess(session, day.checks, "7800000.00")
    assert len(read(site, Role.PRICE, kind="assessments")["tasks"]) == len(due) - 1
    decide = read(site, Role.SUPERVISOR, kind="adjustments")["tasks"]
    assert {(one["what"], one["rule"]) for one in decide} == {("决定收费调整", "PRC-08")}
    clock.run_from(DAY)
