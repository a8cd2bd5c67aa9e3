"""A purchase from the question to the bank instructions, in the browsers of both parties."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.pages.conftest import World
from tests.pages.people import Enter


def test_a_buyer_asks_orders_and_signs_and_then_sees_where_to_pay(person: Enter, world: World) -> None:
    buyer = person("company")
    buyer.goto(f"{world.address}/products/{world.product}")
    form = buyer.locator("#quote")
    form.get_by_label("产业发展").check()
    form.get_by_label("应用场景").fill("医药连锁门店布局")
    form.get_by_label("数量").fill("7")
    form.get_by_role("button", name="询价").click()
    expect(buyer.get_by_role("heading", name=re.compile("^报价 QUO-"))).to_be_visible()
    expect(buyer.locator("aside").get_by_text("¥ 210.00")).to_be_visible()
    buyer.get_by_role("button", name="下单").click()
    expect(buyer.get_by_role("heading", name=re.compile("^订单 ORD-"))).to_be_visible()
    buyer.get_by_role("button", name="签署合同").click()
    expect(buyer.get_by_text("合同已签署。")).to_be_visible()
    expect(buyer.locator("#payment")).to_have_count(0)

    seller = person("merchant")
    seller.goto(buyer.url)
    seller.get_by_role("button", name="签署合同").click()
    expect(seller.get_by_text("合同已签署。")).to_be_visible()

    buyer.reload()
    expect(buyer.locator("#payment")).to_contain_text("¥ 210.00")
    expect(buyer.locator("#payment .copyable")).to_be_visible()


def test_a_buyer_finds_what_was_bought_and_how_to_call_it(person: Enter) -> None:
    page = person("company")
    page.get_by_role("navigation", name="主导航").get_by_role("link", name="交易").click()
    page.get_by_role("navigation", name="交易").get_by_role("link", name="使用权").click()
    row = page.get_by_role("row").filter(has_text="药店经营健康指数").first
    row.get_by_role("link", name=re.compile("^ENT-")).click()
    expect(page.get_by_role("heading", name="由程序调用")).to_be_visible()
    expect(page.locator("#call pre").first).to_contain_text("/exchange/v1/products/")


def test_free_use_without_approval_is_refused_with_the_way_out_and_nothing_typed_is_lost(
    person: Enter, world: World
) -> None:
    page = person("company")
    page.goto(f"{world.address}/products/{world.product}")
    form = page.locator("#quote")
    form.get_by_label("公益事业").check()
    form.get_by_label("应用场景").fill("社区用药宣传")
    form.get_by_label("数量").fill("3")
    with page.expect_response(lambda answer: answer.url.endswith("/quotes")) as answered:
        form.get_by_role("button", name="询价").click()
    assert answered.value.status == 409
    expect(page.get_by_role("link", name="申请公益免费使用")).to_be_visible()
    expect(page.get_by_label("应用场景")).to_have_value("社区用药宣传")
