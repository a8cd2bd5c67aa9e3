"""A world to walk through in a real browser: Guangzhou's story, told up to the prepared settlement, and served."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page
from werkzeug.serving import make_server

from kernel import clock
from tests.journeys.journey import Journey, journey
from tests.rig.browser import page_of_one_person
from tests.rig.databases import Databases
from web.demo.cast import PASSWORD
from web.demo.days import SETTLEMENT
from web.demo.places import GUANGZHOU

REFUSED = re.compile(r"status of (409|422) ")
PHONE = {"width": 390, "height": 844}


@dataclass(frozen=True)
class World:
    """The told story and the address of the site on it."""

    journey: Journey
    address: str

    @property
    def product(self) -> str:
        """The code of the one product."""
        return str(self.journey.told.products["index"]["code"])


@pytest.fixture(scope="package")
def world(databases: Databases) -> Iterator[World]:
    """Guangzhou after the settlement of March was prepared; the site's clock goes on from there."""
    with journey(databases, GUANGZHOU, until=SETTLEMENT) as told:
        clock.run_from(told.stage.moment)
        server = make_server("127.0.0.1", 0, told.stage.app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield World(told, f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
        thread.join()
        server.server_close()
        clock.run_from(None)


@pytest.fixture
def person(browser: Browser, world: World) -> Iterator[Callable[[str | None], Page]]:
    """Opens the site as a person of the place (None: a visitor); no page may complain on the console.

    What breaks the content security policy and what a script throws is said there too.
    """
    opened, complaints = [], []

    def enter(key: str | None) -> Page:
        frame = page_of_one_person(browser)
        page = frame.__enter__()
        opened.append(frame)
        page.on("console", lambda said: complaints.append(said.text) if is_complaint(said) else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(world.address + ("/sign-in" if key else "/"))
        if key:
            page.get_by_label("登录名").fill(world.journey.told.login(key))
            page.get_by_label("密码").fill(PASSWORD)
            page.locator("main").get_by_role("button", name="登录").click()
            page.wait_for_url(lambda url: "/sign-in" not in url)
        return page

    yield enter
    for frame in reversed(opened):
        frame.__exit__(None, None, None)
    assert complaints == []


def is_complaint(said: ConsoleMessage) -> bool:
    """Say whether the browser complains; that it met a refusal of the site (409, 422) is no complaint."""
    return said.type in ("error", "warning") and not REFUSED.search(said.text)


def is_too_wide(page: Page) -> bool:
    """Say whether the page scrolls sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
