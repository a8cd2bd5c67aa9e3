"""The desks of the offices: review, settlement and statements."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

from openpyxl import load_workbook
from playwright.sync_api import expect

from tests.pages.people import Enter


def test_a_second_person_checks_and_seals_and_the_statement_can_be_taken_away(person: Enter, tmp_path: Path) -> None:
    page = person("checker")
    page.get_by_role("navigation", name="主导航").get_by_role("link", name="结算", exact=True).click()
    page.get_by_role("link", name=re.compile("^SET-")).first.click()
    expect(page.get_by_text("按权重分配")).to_be_visible()
    page.get_by_role("button", name="复核无误").click()
    expect(page.get_by_text("已复核，可以封存。")).to_be_visible()
    page.locator("summary", has_text="封存").click()
    page.get_by_role("button", name=re.compile("封存")).click()
    expect(page.get_by_text("已封存：凭证已入账，结算单已出具。")).to_be_visible()
    expect(page.locator(".timeline")).not_to_contain_text("+00:00")
    expect(page.get_by_text("本页含演示取值")).to_be_visible()  # the rule by which a public institution is paid
    page.locator("tr", has_text="公立医院").get_by_role("link", name=re.compile("^STM-")).click()
    expect(page.get_by_text("本页含演示取值")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="下载表格").click()
    kept = tmp_path / "statement.xlsx"
    download.value.save_as(kept)
    assert load_workbook(BytesIO(kept.read_bytes())).sheetnames


def test_a_reviewer_sees_what_waits_and_what_was_decided(person: Enter) -> None:
    page = person("reviewer")
    page.get_by_role("navigation", name="主导航").get_by_role("link", name="数据与产品").click()
    page.get_by_role("navigation", name="数据与产品").get_by_role("link", name="合规审查").click()
    expect(page.get_by_role("heading", name="审查工作台")).to_be_visible()
    expect(page.get_by_text("没有待审查的事项。")).to_be_visible()
    page.get_by_role("link", name="已办结", exact=True).click()
    page.get_by_role("link", name=re.compile("^REV")).first.click()
    expect(page.get_by_role("heading", name="审查意见")).to_be_visible()
