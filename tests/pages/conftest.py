"""A world to walk through in a real browser: Guangzhou's story, told up to the prepared settlement, and served."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page

from kernel import clock
from tests.journeys.journey import Journey, journey
from tests.pages.people import Enter, Office, people_at, served
from tests.rig.databases import Databases
from web.demo.cast import PASSWORD
from web.demo.days import SETTLEMENT
from web.demo.places import GUANGZHOU

PHONE = {"width": 390, "height": 844}


@dataclass(frozen=True)
class World:
    """The told story and the address of the site on it."""

    journey: Journey
    address: str
    begun: float  # seconds of the computer's clock when the site was opened

    def go_on(self) -> None:
        """Let the clock of the process show the time of this site: other modules live on other days."""
        clock.run_from(self.journey.stage.moment + timedelta(seconds=time.monotonic() - self.begun))

    @property
    def product(self) -> str:
        """The code of the one product."""
        return str(self.journey.told.products["index"]["code"])


@pytest.fixture(scope="package")
def world(databases: Databases) -> Iterator[World]:
    """Guangzhou after the settlement of March was prepared; its clock goes on from there."""
    with journey(databases, GUANGZHOU, until=SETTLEMENT) as told:
        with served(told.stage.app) as address:
            yield World(told, address, time.monotonic())
        clock.run_from(None)


@pytest.fixture
def person(browser: Browser, world: World) -> Iterator[Callable[[str | None], Page]]:
    """Opens the site as a person of the place (None: a visitor)."""
    world.go_on()
    with people_at(browser, world.address, password=PASSWORD) as enter:
        yield lambda key: enter(world.journey.told.login(key) if key else None)


@pytest.fixture
def office(browser: Browser, live_url: str) -> Iterator[Office]:
    """Opens the office at a moment; whoever comes in later meets the same books."""
    with ExitStack() as opened:

        def at(moment: datetime, *, scripts: bool = True) -> Enter:
            clock.run_from(moment)
            return opened.enter_context(people_at(browser, live_url, scripts=scripts))

        yield at
    clock.run_from(None)


def is_too_wide(page: Page) -> bool:
    """Say whether the page scrolls sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
