"""Operations in a real browser: the page follows what is under way by itself, and a run is asked for and done."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from kernel import progress
from kernel.identity import Role
from tests.make.clients import token_of
from tests.pages.conftest import PHONE, is_too_wide
from tests.rig.browser import page_of_one_person
from web.scheduling import keep_time
from web.timetable import JOBS

LOOKS_AGAIN = 2_500  # milliseconds: by then the page has asked how far things are; its clock is put forward


@pytest.fixture
def page(app: Flask, live_url: str, browser: Browser) -> Iterator[Page]:
    """The page of a system administrator."""
    with page_of_one_person(browser) as opened:
        opened.set_viewport_size({"width": 1440, "height": 1400})
        token = token_of(app, Role.SYSTEM_ADMINISTRATOR)
        opened.context.add_cookies([{"name": "huiyi_session", "value": token, "url": live_url}])
        opened.goto(f"{live_url}/desk")
        yield opened


@pytest.fixture
def scheduler(app: Flask) -> Iterator[threading.Event]:
    """A scheduler that begins when it is told to, and is stopped in the end."""
    begin, stop = threading.Event(), threading.Event()

    def work() -> None:
        begin.wait()
        if not stop.is_set():
            keep_time(app, JOBS, lambda _line: None, stop, beat_seconds=0.3, look_seconds=0.3)

    thread = threading.Thread(target=work)
    thread.start()
    yield begin
    stop.set()
    begin.set()
    thread.join()


def test_the_page_follows_the_timetable_by_itself_and_a_run_is_asked_for(
    page: Page, live_url: str, scheduler: threading.Event
) -> None:
    page.goto(f"{live_url}/status")
    page.locator("main").get_by_role("link", name="运行").click()
    expect(page.get_by_text("没有进程在主持定时任务")).to_be_visible()
    scheduler.set()
    expect(page.get_by_text("没有进程在主持定时任务")).to_have_count(0, timeout=30_000)
    row = page.locator("tr", has_text="catalogue.index")
    expect(row.get_by_text("已完成")).to_be_visible(timeout=60_000)
    row.get_by_role("link", name="目录索引").click()
    expect(page.get_by_role("img", name=re.compile("运行的用时"))).to_be_visible()
    page.get_by_label("理由").fill("名称更正后重建")
    page.get_by_role("button", name="立即运行").click()
    expect(page.get_by_text("已提出")).to_be_visible()
    asked = page.locator("tr", has_text="名称更正后重建")
    for _look in range(20):
        if asked.locator("td").nth(3).inner_text().strip():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(asked).to_contain_text("+08:00")
    page.set_viewport_size(PHONE)
    assert not is_too_wide(page)


def test_how_far_a_long_run_is_moves_on_the_page_without_a_reload(page: Page, app: Flask, live_url: str) -> None:
    page.clock.install()
    page.goto(f"{live_url}/operations")
    page.evaluate("document.title = 'not loaded again'")
    with app.app_context(), progress.track("settlement.run", 4, about="新昌 2026-10", pause=0) as run:
        bar = page.get_by_role("progressbar")
        page.clock.fast_forward(LOOKS_AGAIN)
        expect(bar).to_have_attribute("value", "0", timeout=10_000)
        run.to(3, message="第三组")
        page.clock.fast_forward(LOOKS_AGAIN)
        expect(bar).to_have_attribute("value", "3", timeout=10_000)
        expect(page.get_by_text("第三组")).to_be_visible()
        assert page.title() == "not loaded again"
        page.set_viewport_size(PHONE)
        assert not is_too_wide(page)
    page.clock.fast_forward(LOOKS_AGAIN)
    expect(page.locator("tr", has_text="新昌 2026-10").get_by_text("已完成")).to_be_visible(timeout=10_000)
