"""One look at a page in Chromium: what axe, the console and the content security policy say, and its pictures."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page

from tests.pages.paths import Spot

ROOT = Path(__file__).parents[2]
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
PICTURES = ROOT / "var" / "screenshots"
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
HEIGHT_MAX = 5_000  # of a picture
GRAVE = ("serious", "critical")
LAW = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
NOTE_VIOLATIONS = """
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (said) => {
        window.violations.push(said.violatedDirective + " " + said.blockedURI);
    });
"""
ASK_AXE = """async (only) => {
    const found = await axe.run(document, {runOnly: only, resultTypes: ["violations"], preload: false});
    return found.violations.map((one) => ({
        rule: one.id, impact: one.impact, where: one.nodes.slice(0, 3).map((node) => node.target.join(" ")),
        why: one.nodes[0].failureSummary,
    }));
}"""
# preloading copies every style sheet for the one rule about what plays by itself: so nothing may play at all
PLAYS = "document.querySelector('audio, video') !== null"
IS_TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@dataclass
class Looker:
    """A browser window for each person, on one served site."""

    browser: Browser
    address: str
    tokens: Mapping[str, str]
    takes_pictures: bool = field(default_factory=lambda: os.environ.get("HUIYI_TEST_SCREENSHOTS") == "1")
    complaints: list[str] = field(default_factory=list)

    @contextmanager
    def window(self, person: str, *, with_axe: bool = False) -> Iterator[Page]:
        """Open a window in which a person (nobody: a visitor) has signed in; whoever examines needs axe in it."""
        context = self.browser.new_context(
            locale="zh-CN", timezone_id="Asia/Shanghai", viewport=PHONE, reduced_motion="reduce"
        )
        context.set_default_timeout(60_000)
        context.add_init_script(NOTE_VIOLATIONS)
        if with_axe:
            context.add_init_script(AXE)
        if person in self.tokens:
            context.add_cookies([{"name": "huiyi_session", "value": self.tokens[person], "url": self.address}])
        yield self._listened_to(context)
        context.close()

    def _listened_to(self, context: BrowserContext) -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        page.on(
            "console",
            lambda said: self.complaints.append(f"console: {said.text}") if said.type in ("error", "warning") else None,
        )
        page.on("request", lambda asked: None if self._is_ours(asked.url) else self.complaints.append(asked.url))

        def refuse(dialog: Any) -> None:
            self.complaints.append(f"dialog: {dialog.message}")
            dialog.dismiss()

        page.on("dialog", refuse)
        return page

    def _is_ours(self, url: str) -> bool:
        return url.startswith(self.address) or urlsplit(url).scheme in ("data", "blob", "about")

    def open(self, page: Page, url: str) -> list[str]:
        """Go to a page; return what the browser complained about."""
        self.complaints.clear()
        answer = page.goto(self.address + url, wait_until="load")
        if answer is None or answer.status != 200:
            self.complaints.append(f"status {answer.status if answer else 'none'}")
        self.complaints += [f"policy: {found}" for found in page.evaluate("window.violations")]
        return [*self.complaints]

    def examine(self, page: Page, spot: Spot) -> list[str]:
        """Look at a page on a phone, in the light and in the dark, and on a desk; return everything that is wrong."""
        wrong = self.open(page, spot.url)
        if page.evaluate(IS_TOO_WIDE):
            wrong.append("scrolls sideways on a phone")
        self._shoot(page, spot, "390")
        if page.evaluate(PLAYS):
            wrong.append("plays something: let axe preload it")
        wrong += _said(page.evaluate(ASK_AXE, {"type": "tag", "values": LAW}))
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        wrong += [
            f"dark {said}" for said in _said(page.evaluate(ASK_AXE, {"type": "rule", "values": ["color-contrast"]}))
        ]
        if self.takes_pictures:
            self._shoot(page, spot, "390-dark")
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        if self.takes_pictures:
            page.set_viewport_size(DESK)
            self._shoot(page, spot, "1440")
            page.set_viewport_size(PHONE)
        return [f"{spot.url} ({spot.person or 'visitor'}): {said}" for said in wrong]

    def _shoot(self, page: Page, spot: Spot, width: str) -> None:
        if self.takes_pictures:
            folder = PICTURES / width
            folder.mkdir(parents=True, exist_ok=True)
            name = re.sub(r"<[^>]*?(\w+)>", r"\1", spot.rule).strip("/").replace("/", "_") or "home"
            height = min(page.evaluate("document.documentElement.scrollHeight"), HEIGHT_MAX)
            clip = {"x": 0, "y": 0, "width": page.viewport_size["width"], "height": height}
            page.screenshot(path=folder / f"{name}.jpg", full_page=True, clip=clip, type="jpeg", quality=60)


def _said(found: list[dict[str, Any]]) -> list[str]:
    return [f"axe {one['rule']} at {one['where']}: {one['why']}" for one in found if one["impact"] in GRAVE]
