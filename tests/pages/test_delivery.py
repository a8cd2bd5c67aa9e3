"""What was bought arrives, in the browser: a report is put up and downloaded, an interface answers a call by hand."""

from __future__ import annotations

import re
from pathlib import Path

from flask import Flask
from playwright.sync_api import Page, expect

from kernel import db
from kernel.identity import Role
from registry.parties.model import Party
from registry.products.rules import DeliveryForm
from tests.make import delivering as make
from tests.make import market
from tests.make import registry_base as base
from tests.pages.people import Office, go


def sold_to_people(app: Flask, form: DeliveryForm) -> make.Sold:
    """Sell a product in that form, and let somebody of each side have a login."""
    made = make.make_sold(app, form=form)
    with app.app_context(), db.transaction() as session:
        owner = session.get_one(Party, made.product.owner_id)
        base.make_account(session, Role.MERCHANT, party=owner, place=made.product.place, login="seller")
        base.make_account(session, Role.BUYER, party=session.get_one(Party, made.party.id), login="buyer")
        if form is DeliveryForm.API:
            market.load_data(session, made.product, [{"key": "甲", "score": "712", "level": "A"}])
    return made


def open_what_was_bought(page: Page) -> None:
    """Go to the only entitlement."""
    go(page, "交易", "使用权")
    page.locator("main").get_by_role("link", name=re.compile("^ENT-")).click()


def test_a_report_is_put_up_by_the_seller_and_downloaded_by_the_buyer(
    app: Flask, office: Office, live_url: str, tmp_path: Path
) -> None:
    sold = sold_to_people(app, DeliveryForm.REPORT)
    report = tmp_path / "七月.pdf"
    report.write_bytes(make.REPORT)
    enter = office(market.SALE)
    seller, buyer = enter("seller"), enter("buyer")
    seller.goto(f"{live_url}/products/{sold.product.code}/files")
    seller.get_by_label("报告（PDF 或 HTML）").set_input_files(report)
    seller.get_by_label("期间起日").fill(make.JULY[0].isoformat())
    seller.get_by_label("期间止日").fill(make.JULY[1].isoformat())
    seller.get_by_role("button", name="上传").click()
    expect(seller.get_by_role("row").filter(has_text="七月.pdf")).to_contain_text("2026-07-31")
    open_what_was_bought(buyer)
    with buyer.expect_download() as downloaded:
        buyer.get_by_role("button", name="下载").click()
    assert downloaded.value.suggested_filename == "七月.pdf"
    assert Path(downloaded.value.path()).read_bytes() == make.REPORT


def test_an_interface_answers_a_call_by_hand_and_counts_it(app: Flask, office: Office) -> None:
    sold_to_people(app, DeliveryForm.API)
    buyer = office(market.SALE)("buyer")
    open_what_was_bought(buyer)
    buyer.get_by_role("link", name="试用接口").click()
    buyer.get_by_label("查询键").fill("甲")
    buyer.get_by_role("button", name="调用").click()
    answer = buyer.locator("#answer")
    expect(answer).to_contain_text("查得")
    expect(answer.get_by_role("row").filter(has_text="score")).to_contain_text("712")
    expect(buyer.locator("main .stats")).to_contain_text("4")
