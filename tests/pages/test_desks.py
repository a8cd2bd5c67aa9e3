"""From the desk into the work and back, in a real browser: merchant, reviewer, authority, department, visitor."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, expect

from kernel import clock, db
from tests.make.office_day import DAY, RESIDENT, OfficeDay, make_office_day
from tests.make.routes import shared_app
from tests.pages.conftest import PHONE, is_too_wide
from tests.pages.people import Enter, people_at, served, step_into
from tests.rig.browser import is_complaint
from tests.rig.databases import Databases

DESKS = ("authority", "reviewer", "source", "operator", "merchant", "administrator", "auditor")


@pytest.fixture(scope="module")
def site(databases: Databases) -> Iterator[tuple[str, OfficeDay]]:
    """A working day, served: each test does its own part of the work."""
    clock.run_from(DAY)
    with shared_app(databases) as app:
        with app.app_context(), db.transaction() as session:
            day = make_office_day(session)
        with served(app) as address:
            yield address, day
    clock.run_from(None)


@pytest.fixture
def enter(browser: Browser, site: tuple[str, OfficeDay]) -> Iterator[Enter]:
    """Opens the site as a person of that day (None: a visitor)."""
    with people_at(browser, site[0], is_wrong=is_wrong) as open_as:
        yield open_as


def is_wrong(said: ConsoleMessage) -> bool:
    """Say whether the browser complains; that there is no certificate under a forged code is no complaint."""
    is_forged = "status of 404" in said.text and "/certificates/" in said.location["url"]
    return is_complaint(said) and not is_forged


def test_a_merchant_fills_in_the_guided_form_and_submits_the_product_for_review(enter: Enter) -> None:
    page = enter("merchant")
    step_into(page, "填完产品草稿")
    expect(page.get_by_text("已填 1 步，共 6 步")).to_be_visible()
    progress = page.get_by_role("list", name="填写进度")
    progress.get_by_role("link", name="所用数据").click()
    page.get_by_role("checkbox").first.check()
    page.get_by_label("的投入量").first.fill("1")
    page.get_by_role("button", name="保存并继续").click()
    page.get_by_role("textbox", name="产品字段").fill("score | 信用评分 | number")
    page.get_by_role("button", name="保存并继续").click()
    page.get_by_role("textbox", name="样例数据").fill("712")
    page.get_by_role("button", name="保存并继续").click()
    page.get_by_role("button", name="保存并继续").click()
    page.get_by_label("产品名称").fill("乡村振兴信用分")
    page.get_by_label("领域").fill("金融")
    page.get_by_label("交付形式").select_option("api")
    page.get_by_label("数据来源说明").fill("源自授权运营协议范围内的公共数据")
    page.get_by_label("产品说明").fill("按统一社会信用代码返回评分")
    page.get_by_role("button", name="保存并继续").click()
    expect(page.get_by_text("已填 6 步，共 6 步")).to_be_visible()
    page.get_by_role("button", name="建立产品").click()
    expect(page.get_by_role("heading", name="乡村振兴信用分", level=1)).to_be_visible()
    page.get_by_role("button", name="送审最新版本").click()
    expect(page.get_by_text(re.compile(r"审查 REV-2026-\d{6} 已提交。"))).to_be_visible()
    page.get_by_role("navigation", name="主导航").get_by_role("link", name="工作台").click()
    line = page.get_by_role("region", name="我的产品").get_by_role("row").filter(has_text="乡村振兴信用分")
    expect(line).to_contain_text("等待审查结论")
    expect(line).to_contain_text("9/12")


def test_a_reviewer_works_through_what_is_due_first(enter: Enter) -> None:
    page = enter("reviewer")
    step_into(page, "登记申请待受理")
    page.get_by_label("受理", exact=True).check()
    page.get_by_role("button", name="提交受理意见").click()
    expect(page.locator(".page-header .badge-state")).to_contain_text("已受理")
    page.goto(page.url.split("/registrations")[0] + "/desk")
    step_into(page, "公共数据主管部门合规安全审核", "经营异常预警")
    expect(page.get_by_role("heading", name="系统核查")).to_be_visible()
    page.wait_for_load_state()  # the boxes are listed once all of them are there
    for box in page.get_by_role("group", name="已逐项核对").get_by_role("checkbox").all():
        box.check()
    page.get_by_label("同意", exact=True).check()
    page.get_by_label("理由", exact=True).fill("材料齐全，符合规定")
    page.get_by_role("button", name="提交结论").click()
    expect(page.get_by_text("审查意见已记录。")).to_be_visible()
    page.get_by_role("navigation", name="主导航").get_by_role("link", name="工作台").click()
    expect(page.get_by_role("region", name="待办事项")).not_to_contain_text("经营异常预警")


def test_the_authority_confirms_a_selection_and_checks_who_wants_to_come_in(enter: Enter) -> None:
    page = enter("second")
    step_into(page, "选定结果待第二人确认")
    page.get_by_role("button", name="确认选定").click()
    expect(page.get_by_role("button", name="公布结果")).to_be_visible()
    page.get_by_role("navigation", name="主导航").get_by_role("link", name="工作台").click()
    step_into(page, "主体资格核验")
    page.get_by_role("definition").get_by_role("link", name=re.compile("^ONB-")).click()
    expect(page.get_by_role("link", name="营业执照.pdf")).to_be_visible()
    page.get_by_role("link", name="核验并作出结论").click()
    page.get_by_label("同意", exact=True).check()
    page.get_by_label("理由", exact=True).fill("证照与登记信息一致")
    page.get_by_role("button", name="提交结论").click()
    expect(page.locator(".page-header .badge-state").first).to_have_text("已通过")


def test_a_source_department_answers_a_ticket_and_a_request(enter: Enter) -> None:
    page = enter("source")
    step_into(page, "答复数据质量问题")
    page.get_by_label("受理", exact=True).check()
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_role("radio", name="已更正")).to_be_visible()
    page.get_by_role("navigation", name="主导航").get_by_role("link", name="工作台").click()
    step_into(page, "数源部门审核", "园区招商")
    page.get_by_label("同意", exact=True).check()
    page.get_by_label("理由", exact=True).fill("最小必要，同意")
    page.get_by_role("button", name="提交结论").click()
    expect(page.get_by_text("审查意见已记录。")).to_be_visible()
    page.get_by_role("navigation", name="主导航").get_by_role("link", name="工作台").click()
    region = page.get_by_role("region", name="待办事项")
    expect(region).to_contain_text("更正数据")
    expect(region).not_to_contain_text("园区招商")


def test_a_visitor_objects_follows_it_to_the_decision_and_finds_out_a_forged_certificate(
    enter: Enter, site: tuple[str, OfficeDay]
) -> None:
    page = enter(None)
    page.get_by_role("navigation", name="主导航").get_by_role("link", name="登记公示").click()
    page.get_by_role("link", name="正在公示").click()
    page.get_by_role("link", name="查看或提出异议").first.click()
    page.get_by_label("真实姓名或单位名称").fill("李某某")
    page.get_by_label("证件类型").select_option("resident_id")
    page.get_by_label("证件号码").fill(RESIDENT[:-1] + "1")
    page.get_by_label("联系方式").fill("0575-1111111")
    page.get_by_label("异议理由和证据").fill("本单位未同意提供该数据")
    page.get_by_role("button", name="提交异议").click()
    expect(page.get_by_text("证件号码校验不符").first).to_be_visible()
    page.get_by_label("证件号码").fill(RESIDENT)
    page.get_by_role("button", name="提交异议").click()
    expect(page.get_by_role("heading", name="异议办理情况", level=1)).to_be_visible()
    expect(page.locator(".page-header .badge-state")).to_have_text("待复核")
    reviewer = enter("reviewer")
    step_into(reviewer, "公示异议待处理", page.locator(".page-header .eyebrow").inner_text())
    own = reviewer.locator("article").filter(has_text="李某某")
    own.get_by_label("复核情况").fill("提供过书面授权，编号 2026-7")
    own.get_by_role("button", name="记录复核").click()
    page.reload()
    expect(page.locator(".page-header .badge-state")).to_have_text("已复核，待处理")
    own.get_by_label("处理结论").select_option(label="不成立，恢复办理")
    own.get_by_label("理由").fill("授权书在有效期内")
    own.get_by_role("button", name="提交处理结论").click()
    page.reload()
    expect(page.locator(".page-header .badge-state")).to_have_text("不成立")
    expect(page.locator("main")).to_contain_text("授权书在有效期内")
    for code, shown in (("330624-2026-000001-S", "企业信用核验"), ("330624-2026-000009-S", "可能抄写有误或系伪造")):
        page.goto(site[0] + "/registry")
        panel = page.locator("section.panel").filter(has_text="查验证书").last
        panel.get_by_label("登记编码").fill(code)
        panel.get_by_role("button", name="查询").click()
        expect(page.get_by_text(shown).first).to_be_visible()


def test_no_desk_scrolls_sideways_on_a_telephone(enter: Enter, site: tuple[str, OfficeDay]) -> None:
    wide = []
    for login in DESKS:
        page = enter(login)
        page.set_viewport_size(PHONE)
        page.goto(site[0] + "/desk")
        wide += [login] if is_too_wide(page) else []
    assert wide == []
