"""Lists that the server sorts, filters and adds up, in a real browser: by keyboard, and without any script."""

from __future__ import annotations

import io
import re

import openpyxl
from flask import Flask
from playwright.sync_api import expect

from kernel import db
from tests.make.finance_day import PROVEN, make_settled_day
from tests.pages.conftest import PHONE, is_too_wide
from tests.pages.people import Office, go


def test_a_list_is_sorted_filtered_added_up_exported_and_a_line_drilled_to_its_events_without_any_script(
    app: Flask, office: Office
) -> None:
    with app.app_context(), db.transaction() as session:
        make_settled_day(session)
    page = office(PROVEN, scripts=False)("auditor")
    go(page, "结算", "结算单")
    table = page.get_by_role("table", name="结算单")
    heading = table.get_by_role("columnheader", name="合计")
    heading.get_by_role("link").focus()
    page.keyboard.press("Enter")
    expect(heading).to_have_attribute("aria-sort", "ascending")
    amounts = table.locator("tbody td.num")
    expect(amounts).to_have_text(["¥ 135.37", "¥ 150.00", "¥ 314.63", "¥ 900.00"])
    heading.get_by_role("link").click()
    expect(amounts.first).to_have_text("¥ 900.00")
    expect(table.locator("tfoot td.num")).to_have_text("¥ 1,500.00")
    page.get_by_text("筛选和排序").click()
    page.get_by_label("合计不少于").fill("300")
    page.keyboard.press("Enter")
    expect(amounts).to_have_text(["¥ 900.00", "¥ 314.63"])
    expect(table.locator("tfoot td.num")).to_have_text("¥ 1,214.63")
    with page.expect_download() as got:
        page.get_by_role("link", name="导出全部（.xlsx）").click()
    rows = list(openpyxl.load_workbook(io.BytesIO(got.value.path().read_bytes())).active.values)
    assert [row[4] for row in rows[3:]] == [900, 314.63, 1214.63]
    table.get_by_role("row").filter(has_text="气象局").get_by_role("link").click()
    page.get_by_role("table", name="明细").get_by_role("link", name="使用事件").first.click()
    expect(page.get_by_role("table", name="使用事件").locator("tbody tr").first).to_be_visible()


def test_a_list_is_walked_by_keyboard(app: Flask, office: Office) -> None:
    with app.app_context(), db.transaction() as session:
        make_settled_day(session)
    page = office(PROVEN)("auditor")
    go(page, "结算", "结算单")
    rows = page.get_by_role("table", name="结算单").locator("tbody tr")
    page.get_by_role("region", name="结算单").focus()
    page.keyboard.press("/")
    expect(page.get_by_label("编号含")).to_be_focused()
    page.keyboard.press("Escape")
    page.get_by_role("region", name="结算单").focus()
    page.keyboard.press("ArrowDown")
    expect(rows.first.get_by_role("link")).to_be_focused()
    page.keyboard.press("End")
    expect(rows.last.get_by_role("link")).to_be_focused()
    page.keyboard.press("?")
    expect(page.locator("[data-table-keys]")).to_have_attribute("open", "")
    page.set_viewport_size(PHONE)
    assert not is_too_wide(page)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/STM-"))


def test_the_rows_of_an_account_are_filtered_and_sorted_on_the_page(app: Flask, office: Office) -> None:
    with app.app_context(), db.transaction() as session:
        make_settled_day(session)
    page = office(PROVEN)("auditor")
    go(page, "结算", "账簿")
    page.get_by_role("table", name="试算平衡").get_by_role("link").first.click()
    tools, table = page.locator("[data-table-tools]"), page.get_by_role("table", name="明细")
    expect(table).to_be_visible()
    page.wait_for_load_state()  # rows are counted once all of them are there
    count = table.locator("tbody tr").count()
    expect(tools).to_contain_text(f"{count} / {count}")
    heading = table.get_by_role("columnheader").filter(has_text="发生额")
    heading.get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "ascending")
    tools.get_by_role("searchbox").fill("没有这样的一行")
    expect(tools).to_contain_text(f"0 / {count}")
