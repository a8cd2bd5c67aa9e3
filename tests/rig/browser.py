"""A real browser: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage")
OWN_SCHEMES = {"data", "blob", "about"}
REFUSED = re.compile(r"status of (409|422) ")
# the browser says most breaches of the policy on the console by itself; in this way all of them are there
TELL_BREACHES = """document.addEventListener("securitypolicyviolation", breach =>
    console.error(`breaks the content security policy: ${breach.effectiveDirective} ${breach.blockedURI}`))"""


class NoBrowser(RuntimeError):
    """There is no Chromium on this machine; the message says what to install."""


def find_chromium() -> str | None:
    """Return the path of an installed Chromium, or None."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Run Chromium without a window.

    Raises:
        NoBrowser: it is not installed.
    """
    path = find_chromium()
    if path is None:
        raise NoBrowser(
            "缺少 Chromium：请安装（Debian：apt-get install chromium fonts-noto-cjk）"
            "(the page tests need Chromium: apt-get install chromium fonts-noto-cjk)"
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


def is_complaint(said: ConsoleMessage) -> bool:
    """Say whether the browser complains; that it met a refusal of the site (409, 422) is no complaint."""
    return said.type in ("error", "warning") and not REFUSED.search(said.text)


@contextmanager
def page_of_one_person(
    browser: Browser, *, is_wrong: Callable[[ConsoleMessage], bool] = is_complaint, scripts: bool = True
) -> Iterator[Page]:
    """Open a page with its own cookies.

    When it closes, nothing it loaded may have come from elsewhere, nothing may have been complained of on the console,
    no script may have failed, and nothing may have broken the content security policy.
    """
    context = browser.new_context(
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        viewport={"width": 1440, "height": 900},
        java_script_enabled=scripts,
    )
    context.set_default_timeout(15_000)
    context.add_init_script(TELL_BREACHES)
    asked: list[str] = []
    complaints: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    context.on("console", lambda said: complaints.append(said.text) if is_wrong(said) else None)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    yield context.new_page()
    context.close()
    elsewhere = [url for url in asked if not _is_own(url)]
    assert elsewhere == [], f"the page asked other hosts: {elsewhere}"
    assert complaints == [], f"the browser complained: {complaints}"


def _is_own(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in OWN_SCHEMES or parts.hostname in {"127.0.0.1", "localhost"}
