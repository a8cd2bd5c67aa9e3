"""Buying a file, from the first search to the dispute, in the browsers of the buyer, the seller and finance."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.pages.conftest import World, is_too_wide
from tests.pages.people import Enter


@pytest.fixture
def code(world: World) -> str:
    """The code of the product that is delivered as a file."""
    return str(world.journey.told.products["monthly"]["code"])


def find_and_compare(page: Page, world: World, code: str) -> None:
    """Find the product by pinyin, lay it beside the other one, and go to its page."""
    page.goto(f"{world.address}/catalogue")
    page.get_by_label("关键词").fill("yongyao xuqiu")
    page.locator("main").get_by_role("button", name="查询").click()
    expect(page.get_by_role("link", name="街道用药需求月度数据文件")).to_be_visible()
    page.goto(f"{world.address}/catalogue/comparison")
    page.get_by_label("产品 1").fill(code)
    page.get_by_label("产品 2").fill(world.product)
    page.get_by_role("button", name="对比").click()
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=re.compile("^交付形式")))
    expect(row).to_contain_text("不同")
    page.locator("main").get_by_role("link", name="街道用药需求月度数据文件").click()


def order_and_sign(page: Page, seller: Page) -> None:
    """Ask for a quote, order, and sign on both sides."""
    form = page.locator("#quote")
    form.get_by_label("产业发展").check()
    form.get_by_label("应用场景").fill("医药连锁备货预测")
    form.get_by_role("button", name="询价").click()
    expect(page.locator("aside").get_by_text("¥ 260.00")).to_be_visible()
    page.get_by_role("button", name="下单").click()
    page.get_by_role("button", name="签署合同").click()
    expect(page.get_by_text("合同已签署。")).to_be_visible()
    seller.goto(page.url)
    seller.get_by_role("button", name="签署合同").click()
    expect(seller.get_by_text("合同已签署。")).to_be_visible()
    page.reload()


def pay(page: Page, finance: Page, world: World, tmp_path: Path) -> None:
    """Read the reference to pay with; finance brings in the bank's file that carries it."""
    reference = page.locator("#payment .copyable").first.inner_text().split()[0]
    statement = tmp_path / "bank.csv"
    name = world.journey.told.place.organisation("company").name
    moment = world.journey.stage.moment
    line = f"PAGES-1,{moment:%Y-%m-%d} 08:00,260.00,,{name},{reference}"
    statement.write_text(f"流水号,交易时间,收入金额,支出金额,对方户名,附言\n{line}\n", encoding="utf-8")
    finance.goto(f"{world.address}/bank-lines")
    finance.get_by_label("地区").select_option(label="广州市")
    finance.locator("input[type=file]").set_input_files(statement)
    finance.get_by_role("button", name="导入").click()
    expect(finance.get_by_text("bank.csv：1 行")).to_be_visible()  # then what waits is shown: nothing does
    finance.goto(f"{world.address}/bank-lines")
    expect(finance.get_by_role("row").filter(has_text="PAGES-1")).to_contain_text("已匹配")


def test_a_buyer_finds_by_pinyin_compares_orders_pays_downloads_asks_for_an_invoice_and_disputes(
    person: Enter, world: World, code: str, tmp_path: Path
) -> None:
    buyer, seller, finance = person("company"), person("merchant"), person("preparer")
    find_and_compare(buyer, world, code)
    order_and_sign(buyer, seller)
    order = buyer.url
    pay(buyer, finance, world, tmp_path)

    buyer.goto(f"{world.address}/entitlements")
    row = buyer.get_by_role("row").filter(has_text="街道用药需求月度数据文件")
    row.get_by_role("link", name=re.compile("^ENT-")).click()
    with buyer.expect_download() as downloaded:
        buyer.get_by_role("button", name="下载").click()
    assert downloaded.value.suggested_filename == "2026年2月街道用药需求.csv"
    assert "示例北京街" in Path(downloaded.value.path()).read_text(encoding="utf-8")
    assert not is_too_wide(buyer)
    buyer.get_by_role("link", name="每日用量").click()
    expect(buyer.locator("main")).to_contain_text("1")

    buyer.goto(order)
    buyer.get_by_role("link", name="申请开票").click()
    buyer.get_by_label("普通发票").check()
    buyer.get_by_role("button", name="提交申请").click()
    buyer.wait_for_url(re.compile("/invoices/INV-"))
    expect(buyer.locator("main")).to_contain_text("260.00")

    buyer.goto(order)
    buyer.get_by_role("link", name="对本订单提出争议").click()
    buyer.get_by_label("购买方").check()
    buyer.get_by_label("争议金额").fill("20.00")
    buyer.get_by_label("事实和理由").fill("文件缺少一个街道")
    buyer.get_by_label("联系方式").fill("示例联系电话")
    buyer.get_by_role("button", name="提交").click()
    expect(buyer.locator("main")).to_contain_text(re.compile("DSP-2026-"))

    seller.goto(f"{world.address}/disputes")
    expect(seller.locator("main")).to_contain_text("DSP-")


def test_a_merchant_sees_orders_deliveries_and_what_was_earned_so_far(person: Enter, world: World, code: str) -> None:
    seller = person("merchant")
    for address in ("orders", "receipts", "invoices", "statements"):
        seller.goto(f"{world.address}/{address}")
        expect(seller.get_by_role("heading", level=1)).to_be_visible()
        assert not is_too_wide(seller)
    seller.goto(f"{world.address}/products/{code}/files")
    expect(seller.get_by_role("rowheader", name=re.compile("2026年2月街道用药需求"))).to_be_visible()
