"""A real browser: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage")
OWN_SCHEMES = {"data", "blob", "about"}


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


@contextmanager
def page_of_one_person(browser: Browser) -> Iterator[Page]:
    """Open a page with its own cookies; when it closes, nothing it loaded may have come from elsewhere."""
    context = browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai", viewport={"width": 1440, "height": 900})
    context.set_default_timeout(15_000)
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    yield context.new_page()
    context.close()
    elsewhere = [url for url in asked if not _is_own(url)]
    assert elsewhere == [], f"the page asked other hosts: {elsewhere}"


def _is_own(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in OWN_SCHEMES or parts.hostname in {"127.0.0.1", "localhost"}
