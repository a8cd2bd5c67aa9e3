"""The frame around every page: language, menu, who is signed in, and the pages that belong to no concept."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kernel.http import PUBLIC
from kernel.identity import ROLES_OF, Permission, Role
from tests.make.clients import as_person
from tests.make.routes import every_route, shared_app, token_with
from tests.rig.databases import Databases
from web.menu import FOR_VISITORS, MENU

LINK = re.compile(r'<a href="(/[^"]*)"')
PAGES = ("/", "/law", "/status", "/api/docs", "/sign-in")


@pytest.fixture(scope="module")
def app(databases: Databases) -> Iterator[Flask]:
    """One application for all tests of this file."""
    with shared_app(databases) as built:
        yield built


def menu_of(page: str) -> list[str]:
    """Return where the entries of the menu lead."""
    found = re.search(r"<nav[^>]*main-nav.*?</nav>", page, flags=re.DOTALL)
    return list(dict.fromkeys(LINK.findall(found[0]))) if found else []


def language_of(page: str) -> str:
    """Return the language that the page declares."""
    found = re.search(r'<html lang="([^"]+)"', page)
    assert found
    return found[1]


@pytest.mark.parametrize("url", PAGES)
def test_a_public_page_is_shown_in_the_language_that_the_browser_prefers(client: FlaskClient, url: str) -> None:
    chinese = client.get(url)
    english = client.get(url, headers={"Accept-Language": "en-US,en;q=0.8"})
    assert (chinese.status_code, english.status_code) == (200, 200)
    assert (language_of(chinese.text), language_of(english.text)) == ("zh-Hans-CN", "en")


def test_a_language_once_chosen_stays_and_leads_back_to_the_page(client: FlaskClient) -> None:
    chosen = client.get("/language/en", query_string={"next": "/law?place=futian"})
    assert (chosen.status_code, chosen.headers["Location"]) == (303, "/law?place=futian")
    assert language_of(client.get("/", headers={"Accept-Language": "zh-CN"}).text) == "en"
    client.get("/language/zh_Hans_CN")
    assert language_of(client.get("/", headers={"Accept-Language": "en"}).text) == "zh-Hans-CN"


def test_a_language_that_we_do_not_speak_is_not_found_and_changes_nothing(client: FlaskClient) -> None:
    assert client.get("/language/xx").status_code == 404
    assert language_of(client.get("/").text) == "zh-Hans-CN"


def test_every_page_offers_the_other_language_and_comes_back(client: FlaskClient) -> None:
    page = client.get("/law?place=futian").text
    links = re.findall(r'href="(/language/[^"]+)"', page)
    assert len(links) == 2
    assert client.get(links[1].replace("&amp;", "&")).headers["Location"] == "/law?place=futian"


def test_a_visitor_sees_the_public_menu_and_the_way_to_sign_in(client: FlaskClient) -> None:
    page = client.get("/").text
    sections = [[entry.url for entry in entries if not entry.permissions] for _, entries in (*MENU, *FOR_VISITORS)]
    assert menu_of(page) == [urls[0] for urls in sections if urls]
    public = [url for urls in sections for url in urls]
    expected = {
        "/catalogue", "/statistics", "/prices", "/registry", "/calls", "/developers", "/disclosures", "/proofs",
        "/onboarding",
    }  # fmt: skip
    assert set(public) == expected
    assert 'href="/sign-in"' in page
    assert "/sign-out" not in page


def test_every_role_sees_a_menu_of_which_no_entry_is_refused(app: Flask) -> None:
    refused, lengths = [], {}
    for role in Role:
        person = app.test_client()
        person.set_cookie("huiyi_session", token_with(app, role))
        entries = menu_of(person.get("/").text)
        lengths[role] = len(entries)
        refused += [f"{role} {url}" for url in entries if person.get(url).status_code != 200]
    assert refused == []
    assert min(lengths.values()) >= 3
    assert lengths[Role.AUDITOR] > lengths[Role.BUYER]


def test_who_sees_an_entry_of_the_menu_may_open_its_page_and_a_page_for_all_is_shown_to_all(app: Flask) -> None:
    pages = {route.rule: route.access for route in every_route(app) if route.method == "GET"}
    for _, entries in (*MENU, *FOR_VISITORS):
        for entry in entries:
            access = pages[entry.url]
            if not entry.permissions:
                assert access == PUBLIC, entry.url
            elif access != PUBLIC:  # a public page may still be meant for some: the desk is for people with roles
                seen_by = {role for permission in entry.permissions for role in ROLES_OF[permission]}
                assert seen_by <= set(ROLES_OF[Permission(access)]), entry.url


def test_the_menu_is_short_for_everybody(app: Flask) -> None:
    for role in Role:
        person = app.test_client()
        person.set_cookie("huiyi_session", token_with(app, role))
        assert len(menu_of(person.get("/").text)) <= 10, role


@pytest.mark.parametrize(("url", "marked"), [("/pricing", "/pricing"), ("/pricing/headroom", "/pricing/headroom")])
def test_of_entries_that_lie_within_each_other_only_the_nearest_is_marked(app: Flask, url: str, marked: str) -> None:
    person = as_person(app, Role.PRICE)
    section = person.get(url).text.split('class="sub-nav"', 1)[1].split("</nav>", 1)[0]
    assert re.findall(r'href="([^"]*)" aria-current', section) == [marked]


def test_every_entry_of_the_menu_is_a_page_that_exists(app: Flask) -> None:
    pages = {route.rule for route in every_route(app) if route.method == "GET"}
    assert {entry.url for _, entries in MENU for entry in entries} - pages == set()


def test_a_signed_in_person_is_named_with_the_roles_and_can_sign_out(app: Flask) -> None:
    page = as_person(app, Role.AUDITOR).get("/").text
    assert "account-name" in page
    assert "审计" in page
    assert 'action="/sign-out"' in page
    assert 'href="/sign-in"' not in page


def test_the_law_page_shows_every_place_with_acts_and_articles(client: FlaskClient) -> None:
    for place in ("quzhou", "futian", "puer", "xinchang", "guangzhou"):
        page = client.get("/law", query_string={"place": place})
        assert page.status_code == 200
        assert "发改价格〔2025〕65号" in page.text, place
    assert client.get("/law", query_string={"place": "atlantis"}).status_code == 404


def test_no_link_of_the_frame_leads_nowhere(app: Flask, client: FlaskClient) -> None:
    person = as_person(app, Role.SUPERVISOR)
    links = {link for who in (client, person) for url in PAGES for link in LINK.findall(who.get(url).text)}
    lost = {link: status for link in links if (status := person.get(link.replace("&amp;", "&")).status_code) >= 400}
    assert lost == {}


def test_the_rules_of_a_place_are_for_operations_only(app: Flask, client: FlaskClient) -> None:
    assert client.get("/operations/policies/futian").status_code == 302
    assert as_person(app, Role.PRICE).get("/operations/policies/futian").status_code == 403
    rows = as_person(app, Role.AUDITOR).get("/operations/policies/futian").json
    assert {"rule", "name", "value", "article"} <= set(rows[0])
