"""From the desk into the prices and back, in a real browser: price officers, operator, merchant, buyer, citizen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Browser, expect
from sqlalchemy.orm import selectinload

from kernel import clock, db
from pricing.costs.model import CostSurvey
from pricing.costs.rules import SurveyState
from tests.make.pricing_day import DAY, PricingDay, make_pricing_day
from tests.make.routes import shared_app
from tests.pages.people import Enter, go, people_at, served, step_into
from tests.rig.databases import Databases


@pytest.fixture(scope="module")
def site(databases: Databases) -> Iterator[tuple[str, PricingDay, Flask]]:
    """A working day about prices, served: each test does its own part of the work."""
    clock.run_from(DAY)
    with shared_app(databases) as app:
        with app.app_context(), db.transaction() as session:
            day = make_pricing_day(session)
        with served(app) as address:
            yield address, day, app
    clock.run_from(None)


@pytest.fixture
def enter(browser: Browser, site: tuple[str, PricingDay, Flask]) -> Iterator[Enter]:
    """Opens the site as a person of that day (None: a visitor)."""
    with people_at(browser, site[0]) as open_as:
        yield open_as


def test_a_survey_is_accepted_a_revenue_proposed_and_confirmed_by_a_second_person(
    enter: Enter, site: tuple[str, PricingDay, Flask]
) -> None:
    officer, number = enter("price"), site[1].assessed.number
    step_into(officer, "审核成本调查")
    officer.get_by_role("link", name="核对后认定").click()
    officer.get_by_role("button", name="认定成本").click()
    expect(officer.locator(".page-header .badge-state")).to_have_text("已认定")
    officer.goto(f"{site[0]}/desk")
    step_into(officer, "拟定最高准许收入", number)
    officer.get_by_role("link", name="拟定最高准许收入").click()
    officer.get_by_label("成本调查", exact=True).select_option(index=1)
    officer.get_by_label("在国债收益率之上的加点").fill("0.06")
    officer.get_by_label("会同的数据管理部门").fill("数据局")
    officer.get_by_label("核定层级").select_option("prefecture")
    officer.get_by_label("授权文件").fill("省政府授权〔2026〕1号")
    officer.get_by_role("button", name="试算").click()
    expect(officer.get_by_role("group", name="最高准许收入的构成")).to_contain_text("¥ 7,790,400.00")
    officer.get_by_role("button", name="拟定").click()
    expect(officer.get_by_text("由您拟定，须由另一人确认。")).to_be_visible()

    second = enter("price2")
    step_into(second, "确认或否决拟定", number)
    second.get_by_role("button", name="确认核定").click()
    expect(second.locator(".stats")).to_contain_text("¥ 7,790,400.00")

    second.goto(f"{site[0]}/desk")
    step_into(second, "收入已达最高准许收入的 90%")
    second.wait_for_load_state("load")
    plot = second.get_by_alt_text("累计收入、预测与最高准许收入的折线图")
    assert plot.evaluate("image => image.decode().then(() => image.naturalWidth > 0)")
    expect(second.get_by_role("table", name="各期收入")).to_contain_text("2026-09")


def test_an_operator_files_what_a_year_cost_with_its_evidence(
    enter: Enter, site: tuple[str, PricingDay, Flask], tmp_path: Path
) -> None:
    invoice = tmp_path / "发票.pdf"
    invoice.write_bytes(b"%PDF-1.7 invoice")
    page = enter("operator")
    go(page, "定价")
    page.get_by_role("link", name="新报成本调查").click()
    page.get_by_label("产业、行业部分的政府补助").fill("80000.00")
    page.locator("summary", has_text="分摊依据").first.click()
    key = page.get_by_role("group", name="分摊依据 1")
    key.get_by_label("名称").fill("调用量")
    key.get_by_label("分摊动因").fill("全年接口调用次数")
    key.get_by_label("产业、行业用途计量数").fill("800")
    key.get_by_label("公益用途计量数").fill("200")
    line = page.get_by_role("group", name="第 1 项")
    line.get_by_label("内容").fill("平台建设和运维")
    line.get_by_label("金额").fill("1000000.01")
    line.get_by_label("凭证").set_input_files(invoice)
    line.locator("summary").click()
    line.get_by_label("分摊依据名称").fill("调用量")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("已保存为草稿，核对后提交。")).to_be_visible()
    expect(page.locator(".stats")).to_contain_text("800,000.01")
    expect(page.get_by_text("每一项成本都附有凭证。")).to_be_visible()
    page.get_by_role("button", name="提交审核").click()
    expect(page.locator(".page-header .badge-state")).to_have_text("待审核")
    with site[2].extensions["huiyi_database"].new_session() as session:
        survey = session.scalars(
            sa.select(CostSurvey).order_by(CostSurvey.number.desc()).limit(1).options(selectinload("*"))
        ).one()
        assert (survey.state, survey.totals().industry.text()) == (SurveyState.SUBMITTED, "800000.01")


def test_an_operator_sees_the_cap_while_typing_and_publishes_below_it(
    enter: Enter, site: tuple[str, PricingDay, Flask]
) -> None:
    page = enter("operator")
    step_into(page, "调低收费标准：高于新的上限")
    page.get_by_label("定价方式").select_option("gov_guided")
    page.get_by_label("计费单位").select_option("per_use")
    expect(page.get_by_label("每包价格")).to_be_hidden()
    tried = page.locator("#preview")
    price = page.get_by_label("单价", exact=False).first
    price.fill("0.80")
    expect(tried).to_contain_text("不能公布")
    price.fill("0.65")
    expect(tried).to_contain_text("可以公布")
    page.get_by_role("button", name="公布").click()
    expect(page.get_by_text("0.65").first).to_be_visible()
    page.goto(f"{site[0]}/desk")
    expect(page.locator("main")).not_to_contain_text("高于新的上限")


def test_a_buyer_makes_a_counter_offer_and_the_seller_accepts_it(enter: Enter) -> None:
    buyer = enter("buyer")
    step_into(buyer, "答复对方的报价")
    expect(buyer.get_by_text("公布的收费标准")).to_be_visible()
    buyer.get_by_label("单价").fill("0.45")
    buyer.get_by_role("button", name="提交还价").click()
    expect(buyer.locator(".page-header .badge-state")).to_have_text("待卖方答复")
    seller = enter("merchant")
    step_into(seller, "答复对方的报价")
    seller.locator("summary", has_text="接受").click()
    seller.get_by_role("button", name="确认接受").click()
    expect(seller.locator(".page-header .badge-state")).to_have_text("已成交")
    buyer.reload()
    expect(buyer.locator(".page-header .badge-state")).to_have_text("已成交")


def test_a_citizen_complains_follows_it_by_its_number_and_the_officer_finds_it(
    enter: Enter, site: tuple[str, PricingDay, Flask]
) -> None:
    page, title = enter(None), site[1].scores.title
    page.get_by_role("navigation", name="主导航").get_by_role("link", name="收费公示").click()
    page.get_by_role("link", name=site[1].scores.code).click()
    page.get_by_role("link", name="收费投诉").click()
    page.get_by_label("收费过高").check()
    page.get_by_label("事实和理由").fill("比邻近地区高一倍")
    page.get_by_label("真实姓名或单位名称").fill("李某某")
    page.get_by_label("联系方式").fill("0575-1111111")
    page.get_by_role("button", name="提交投诉").click()
    expect(page.get_by_role("heading", name="投诉办理情况")).to_be_visible()
    reference = page.url.rsplit("/", 1)[1]
    page.goto(f"{site[0]}/prices/complaints/new?product={site[1].scores.code}")
    page.get_by_label("查询码").fill(reference)
    page.get_by_role("button", name="查询").click()
    expect(page.locator(".page-header .badge-state")).to_contain_text("待受理")
    officer = enter("price2")
    step_into(officer, "受理收费投诉", title)
    officer.get_by_role("button", name="受理").click()
    page.reload()
    expect(page.locator(".page-header .badge-state")).not_to_contain_text("待受理")
