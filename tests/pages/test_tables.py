"""Tables with tools in a real browser: filter, add up to the fen, sort, walk by keyboard."""

from __future__ import annotations

import re

from flask import Flask
from playwright.sync_api import expect

from kernel import db
from tests.make.finance_day import PROVEN, make_settled_day
from tests.pages.conftest import PHONE, is_too_wide
from tests.pages.people import Office, go


def test_statements_are_filtered_added_up_sorted_and_walked_by_keyboard(app: Flask, office: Office) -> None:
    with app.app_context(), db.transaction() as session:
        make_settled_day(session)
    page = office(PROVEN)("auditor")
    go(page, "结算", "结算单")
    tools, table = page.locator("[data-table-tools]"), page.get_by_role("table", name="结算单")
    rows = table.locator("tbody tr:visible")
    expect(tools).to_contain_text("4 / 4 · 本页合计：合计 ¥ 1,500.00")
    heading = table.get_by_role("columnheader").filter(has_text="合计")
    heading.get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "ascending")
    expect(rows.locator("td.num")).to_have_text(["¥ 135.37", "¥ 150.00", "¥ 314.63", "¥ 900.00"])
    heading.get_by_role("button").click()
    expect(rows.first.locator("td.num")).to_have_text("¥ 900.00")
    page.keyboard.press("/")
    expect(tools.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("气象局")
    expect(tools).to_contain_text("1 / 4 · 本页合计：合计 ¥ 314.63")
    tools.get_by_role("searchbox").fill("")
    page.keyboard.press("ArrowDown")
    expect(rows.first.get_by_role("link")).to_be_focused()
    page.keyboard.press("End")
    expect(rows.last.get_by_role("link")).to_be_focused()
    page.keyboard.press("?")
    expect(tools.locator("details")).to_have_attribute("open", "")
    page.set_viewport_size(PHONE)
    assert not is_too_wide(page)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/STM-"))
