"""What anybody finds without signing in: products, their price and certificate, in either language."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.pages.conftest import World
from tests.pages.people import Enter


def test_a_visitor_searches_the_catalogue_and_opens_a_product_and_its_certificate(person: Enter, world: World) -> None:
    page = person(None)
    page.get_by_role("link", name="浏览产品目录").click()
    page.get_by_label("关键词").fill("药店")
    page.get_by_role("button", name="查询").click()
    page.get_by_role("link", name="药店经营健康指数").click()
    expect(page).to_have_url(f"{world.address}/products/{world.product}")
    expect(page.get_by_role("heading", name="药店经营健康指数")).to_be_visible()
    expect(page.get_by_text("0至100：30 元/次")).to_be_visible()
    page.get_by_role("link", name=re.compile(r"^440100-2026-\d{6}-")).click()
    expect(page.get_by_role("heading", name="公共数据产品和服务登记证书")).to_be_visible()
    assert page.get_by_alt_text("证书查验二维码").evaluate("image => image.decode().then(() => image.naturalWidth > 0)")


def test_a_search_that_finds_nothing_says_so_and_leads_back(person: Enter) -> None:
    page = person(None)
    page.goto(page.url + "catalogue?q=没有这种产品")
    expect(page.get_by_text("没有符合条件的产品")).to_be_visible()
    page.get_by_role("link", name="查看全部产品").click()
    expect(page.get_by_role("link", name="药店经营健康指数")).to_be_visible()


def test_the_other_language_is_one_press_away_and_stays(person: Enter, world: World) -> None:
    page = person(None)
    page.goto(f"{world.address}/products/{world.product}")
    page.get_by_role("link", name="EN", exact=True).click()
    expect(page).to_have_url(re.compile(f"/products/{world.product}"))
    expect(page.get_by_role("heading", name="Registration and seller")).to_be_visible()
    page.get_by_role("link", name="Published prices").click()
    expect(page.get_by_role("heading", name="Published prices")).to_be_visible()
    page.get_by_role("link", name="中文").click()
    expect(page.get_by_role("heading", name="收费公示")).to_be_visible()


def test_the_menu_shows_the_present_page_and_a_desk_that_needs_a_person_asks_to_sign_in(person: Enter) -> None:
    page = person(None)
    page.get_by_role("navigation", name="主导航").get_by_role("link", name="登记公示").click()
    expect(page.locator(".main-nav [aria-current]")).to_have_text("登记公示")
    page.goto(page.url.replace("/registry", "/orders"))
    expect(page.get_by_role("heading", name="登录", exact=True)).to_be_visible()
