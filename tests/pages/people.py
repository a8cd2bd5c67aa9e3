"""People at their browsers: each signs in as a person does, and no page of theirs may complain on the console."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Page
from werkzeug.serving import make_server

from tests.make import registry_base as make
from tests.rig.browser import is_complaint, page_of_one_person

Enter = Callable[[str | None], Page]
Office = Callable[..., Enter]


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve the site by threads of this process; yields its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def people_at(
    browser: Browser, address: str, *, password: str = make.PASSWORD, scripts: bool = True,
    is_wrong: Callable[[ConsoleMessage], bool] = is_complaint,
) -> Iterator[Enter]:  # fmt: skip
    """Yields what opens the site as the person with a login (None: a visitor), each in a browser of their own."""
    with ExitStack() as opened:

        def enter(login: str | None) -> Page:
            page = opened.enter_context(page_of_one_person(browser, is_wrong=is_wrong, scripts=scripts))
            page.goto(address + ("/sign-in" if login else "/"))
            if login:
                sign_in(page, login, password)
            return page

        yield enter


def sign_in(page: Page, login: str, password: str = make.PASSWORD) -> None:
    """Fill in the form of the sign-in page and wait until the first page of the person is there."""
    page.get_by_label("登录名").fill(login)
    page.get_by_label("密码", exact=True).fill(password)
    page.locator("main").get_by_role("button", name="登录").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


def go(page: Page, section: str, entry: str = "") -> None:
    """Go by the menu: a section, and an entry of it."""
    page.get_by_role("navigation", name="主导航").get_by_role("link", name=section, exact=True).click()
    if entry:
        page.get_by_role("navigation", name=section).get_by_role("link", name=entry, exact=True).click()


def step_into(page: Page, what: str, about: str = "") -> None:
    """Follow an entry of the desk."""
    row = page.locator("main tr").filter(has_text=what).filter(has_text=about).first
    row.get_by_role("link", name=what).click()
