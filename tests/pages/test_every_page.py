"""Every page of the application in a real browser: readable by everybody, quiet, calm under hostile words.

The addresses come from the application and the links of its pages; who adds a page that nothing leads to gives it a
record in the told world, or names it below with the reason. HUIYI_TEST_SCREENSHOTS=1 keeps a picture of each page.
"""

from __future__ import annotations

import gzip
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Browser
from werkzeug.serving import make_server

from kernel import audit, clock, db
from kernel.db import Database
from kernel.identity import Role
from registry.accounts import commands as accounts
from registry.accounts.model import Account
from tests.conftest import config_for_tests
from tests.make import registry_base as make
from tests.pages.english import Stored, chinese_left
from tests.pages.hostile import PAYLOADS, plant
from tests.pages.looking import Looker
from tests.pages.paths import VISITOR, Explorer, Map, Spot, Walker
from tests.rig.books import told_books
from web import create_app
from web.demo.places import PLACES
from web.demo.stage import ADMINISTRATOR

PAGE_BYTES_MAX = 100_000
WHOLE_REFERENCE = "/api/docs"  # every operation on one page, to be searched with the browser
# who walks first: the first person who may open a page is the one who looks at it
WALKERS = {
    "guangzhou": (
        "operator", "merchant", "company", "source_a", "price", "preparer", "payer", "reviewer", "registrar", "checker",
        "auditor", "public_body", "supervisor",
    ),
    "quzhou": ("operator", "price", "supervisor", "company"), "xinchang": ("operator", "supervisor", "merchant"),
}  # fmt: skip
HINTS = ("/operations/policies/guangzhou",)
# the told story leaves no such record: the tests of the concept open these
NOT_LEFT = (
    "/agreements/<uuid:agreement_id>/correction/<uuid:report_id>/evidence",
    "/agreements/<uuid:agreement_id>/drills/<uuid:drill_id>/evidence",
    "/agreements/<uuid:agreement_id>/partial-ends/<uuid:part_id>/certificate",
    "/agreements/<uuid:agreement_id>/partial-ends/<uuid:part_id>/evidence",
    "/buyer-accounts/<uuid:account_id>/statements/<number>", "/disclosures/<uuid:disclosure_id>",
    "/disclosures/<uuid:disclosure_id>.xlsx", "/disputes/<uuid:dispute_id>", "/disputes/<uuid:dispute_id>/evidence",
    "/disputes/followed/<reference>", "/duties/<key>/filings/<uuid:filing_id>/evidence", "/egress/new/<code>",
    "/evaluations/<uuid:evaluation_id>", "/evaluations/<uuid:evaluation_id>/evidence", "/exits/<uuid:exit_id>",
    "/exits/<uuid:exit_id>/certificate", "/exits/<uuid:exit_id>/evidence", "/imports/<number>",
    "/imports/<number>/report.<any(csv, xlsx):kind>", "/imports/records/<uuid:record_id>",
    "/imports/records/<uuid:record_id>/dataset.jsonld", "/incidents/<uuid:incident_id>",
    "/negotiations/<uuid:negotiation_id>", "/objections/<reference>",
    "/objections/<uuid:objection_id>/files/<sha256>", "/onboarding/<number>", "/orders/<number>/seals/<uuid:seal_id>",
    "/payout-resolutions/<uuid:resolution_id>/evidence", "/prices/complaints/<reference>", "/prices/parked/<number>",
    "/pricing/adjustments/<uuid:adjustment_id>", "/pricing/assessments/<uuid:assessment_id>",
    "/pricing/assessments/<uuid:assessment_id>.xlsx", "/pricing/assessments/<uuid:assessment_id>/revenue.svg",
    "/pricing/complaints/<uuid:complaint_id>", "/pricing/complaints/<uuid:complaint_id>/evidence",
    "/pricing/cycles/<uuid:cycle_id>", "/pricing/surveys/<uuid:survey_id>/keys/<uuid:key_id>",
    "/pricing/what-if/<name>.svg", "/proofs/<later>/since/<earlier>.json", "/quality/<uuid:ticket_id>",
    "/registrations/<uuid:registration_id>/asks/<uuid:ask_id>/evidence", "/relations/<uuid:relation_id>/evidence",
    "/trainings/<uuid:record_id>/evidence",
    "/workspace/drafts/<uuid:draft_id>/<any(basis,data,fields,sample,inputs,delivery):step>",
    "/workspace/drafts/<uuid:draft_id>/check", "/workspace/products/<code>/evidence/<sha256>",
)  # fmt: skip
# open only with what they are about in the query, or lead on
ASKED_ABOUT = (
    "/invoices/new", "/listings/new", "/pricing/misuses/new", "/pricing/what-if.xlsx", "/products/<code>/try",
    "/schedules/<number>/waterfall.svg", "/schedules/editor.svg", "/settlements/preview",
)  # fmt: skip
# pages that still say Chinese to readers of English; the list only shrinks
CHINESE_LEFT = {
    "/styleguide": "its samples are nobody's words",
    "/api/docs": "every schema says both languages in one line, 中文 · English",
    "/workspace/products/<code>/versions/new": "says which Chinese words the field reads",
}
UNREACHED = frozenset((*NOT_LEFT, *ASKED_ABOUT))


@dataclass
class Site:
    """The told world, served, and where everything is found in it."""

    app: Flask
    address: str
    file: Path
    tokens: dict[str, str]
    map: Map

    def spots(self) -> Iterator[tuple[str, list[Spot]]]:
        """Yield each person with the pages that this person looks at; the desk is looked at by everybody."""
        for person in (VISITOR, *self.tokens):
            seen = [spot for spot in self.map.pages.values() if spot.person == person and spot.rule != "/desk"]
            desk = [Spot(f"/desk/{person}", "/desk", person)] if person else []
            yield person, [*seen, *desk]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Three places at the end of their story, with everybody signed in."""
    file = tmp_path_factory.mktemp("pages") / "world.sqlite"
    shutil.copyfile(told_books(), file)
    app = create_app(config_for_tests(f"sqlite:///{file}"))
    with app.app_context():
        moment = db.session().scalar(sa.select(sa.func.max(audit.AuditLine.at)))
    clock.run_from(moment)
    walkers = list(_walkers(app))
    found = Explorer(app, walkers).explore(HINTS)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    tokens = {walker.key: walker.token for walker in walkers if walker.key}
    yield Site(app, f"http://127.0.0.1:{server.server_port}", file, tokens, found)
    server.shutdown()
    thread.join()
    server.server_close()
    app.extensions["huiyi_database"].engine.dispose()
    clock.run_from(None)


def _walkers(app: Flask) -> Iterator[Walker]:
    yield Walker(VISITOR, frozenset(), app.test_client(), "")
    places = {place.key: place for place in PLACES}
    people = [(ADMINISTRATOR, {Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR})]
    for place, keys in WALKERS.items():
        people += [(f"{place}.{one.key}", {one.role}) for key in keys for one in places[place].people if one.key == key]
    with app.app_context(), db.transaction() as session:
        for login, roles in people:
            account = session.scalars(sa.select(Account).where(Account.login == login)).one()
            token = accounts.start_session(session, make.security_administrator(), account.id, now=clock.now()).token
            client = app.test_client()
            client.set_cookie("huiyi_session", token)
            yield Walker(login, frozenset(roles), client, token)


def test_every_page_is_reached_or_named_with_its_reason(site: Site) -> None:
    everything = set(Explorer(site.app, ()).rules)
    unreached = everything - set(site.map.pages) - site.map.files - site.map.forwards
    why = {rule: site.map.missed.get(rule, ["no link"])[-1] for rule in unreached - UNREACHED}
    assert why == {}, "give each a record in the told world, or name it in UNREACHED"
    assert UNREACHED - unreached == set(), "reached now: take them out of UNREACHED"


def test_a_page_says_its_own_words_in_english_and_marks_those_of_others(site: Site) -> None:
    stored, left = Stored(site.file), dict[str, list[str]]()
    for person, spots in site.spots():
        client = site.app.test_client()
        client.set_cookie("huiyi_session", site.tokens.get(person, ""))
        for spot in spots:
            url = "/desk" if spot.rule == "/desk" else spot.url
            answer = client.get(url, headers={"Accept-Language": "en"})
            assert answer.status_code == 200, url
            assert '<html lang="en"' in answer.text, url
            if words := chinese_left(answer.text, stored):
                left[f"{person} {url}" if spot.rule == "/desk" else spot.rule] = words
    assert {place: words for place, words in left.items() if place not in CHINESE_LEFT} == {}
    assert CHINESE_LEFT.keys() - left.keys() == set(), "these say English now: take them off the list"


def test_every_page_is_small(site: Site) -> None:
    static = Path(site.app.static_folder or "")
    own = [*static.glob("*.css"), *static.glob("*.js"), *static.glob("*.svg"), *static.glob("vendor/*.css")]
    shared = sum(len(gzip.compress(path.read_bytes())) for path in own)
    assert {
        rule: size for rule, size in site.map.sizes.items() if rule in site.map.pages and size + shared > PAGE_BYTES_MAX
    }.keys() <= {WHOLE_REFERENCE}


def test_every_page_is_readable_by_everybody_and_breaks_no_rule_of_the_browser(browser: Browser, site: Site) -> None:
    looker, wrong = Looker(browser, site.address, site.tokens), list[str]()
    for person, spots in site.spots():
        with looker.window(person, with_axe=True) as page:
            for spot in spots:
                wrong += looker.examine(page, spot)
    assert wrong == [], "\n".join(wrong)


def test_hostile_words_in_every_text_are_only_words(browser: Browser, site: Site, tmp_path: Path) -> None:
    """No dialog, no request elsewhere and no breach of the content policy under 120 payloads (K5)."""
    assert len(PAYLOADS) == 120
    file = tmp_path / "hostile.sqlite"
    shutil.copyfile(site.file, file)
    planted = plant(file)
    assert planted >= 10 * len(PAYLOADS)
    kept = site.app.extensions["huiyi_database"]
    site.app.extensions["huiyi_database"] = Database(f"sqlite:///{file}")
    looker, wrong, seen = Looker(browser, site.address, site.tokens), list[str](), set[int]()
    try:
        for person, spots in site.spots():
            with looker.window(person) as page:
                for spot in spots:
                    wrong += [f"{spot.url}: {said}" for said in looker.open(page, spot.url)]
                    words = page.evaluate("document.body.textContent")
                    seen |= {number for number, payload in enumerate(PAYLOADS) if payload in words}
    finally:
        site.app.extensions["huiyi_database"].engine.dispose()
        site.app.extensions["huiyi_database"] = kept
    assert wrong == [], "\n".join(wrong)
    assert len(seen) == len(PAYLOADS), "every payload is to be read somewhere, as it was written"
