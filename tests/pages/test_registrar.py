"""From the application to the certificate in a real browser: a merchant, two registrars, and anybody who checks it."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Page, expect

from kernel import db
from kernel.identity import Role
from registry.parties.model import Party
from registry.registrations.model import Registration
from registry.registrations.rules import RegistrationState
from tests.make import registry_base as make
from tests.make.gates import open_gates
from tests.make.registry_products import ASSESSMENT, CODED_AT, make_product, make_review
from tests.pages.people import Office, go, step_into

CODE = "330624-2026-000001-S"


def decide(page: Page, opinion: str, button: str) -> None:
    """Choose an opinion and hand it in."""
    page.get_by_label(opinion, exact=True).check()
    page.get_by_role("button", name=button).click()


def test_a_merchant_applies_two_registrars_bring_it_to_its_code_and_anybody_finds_the_certificate(
    app: Flask, office: Office
) -> None:
    with app.app_context(), db.transaction() as session:
        made = make_product(session, title="企业信用核验")
        make_review(session, made)
        open_gates(session, made)
        make.make_account(session, Role.MERCHANT, party=session.get_one(Party, made.owner_id), login="merchant")
        for login, name in (("registrar", "郑登记"), ("second", "吴登记")):
            make.make_account(session, Role.REVIEWER, place=make.PLACE, login=login, name=name)
    enter = office(make.NOW)
    merchant, registrar = enter("merchant"), enter("registrar")
    go(merchant, "数据与产品", "产品管理")
    merchant.get_by_role("row").filter(has_text="企业信用核验").get_by_role("link").first.click()
    merchant.get_by_label("数据安全风险评估").fill(ASSESSMENT)
    merchant.get_by_role("button", name="提交登记申请").click()
    expect(merchant.locator(".page-header .badge-state")).to_contain_text("已提交")

    go(registrar, "工作台")
    step_into(registrar, "登记申请待受理")
    decide(registrar, "受理", "提交受理意见")
    decide(registrar, "通过，开始公示", "提交审核结论")
    expect(registrar.get_by_text("公示期至 2026-07-15 届满，次日起可以赋码。")).to_be_visible()

    second = office(CODED_AT)("second")
    step_into(second, "赋码")
    second.locator("main form").get_by_role("button", name="赋码", exact=True).click()
    expect(second.locator("main")).to_contain_text(CODE)
    visitor = enter(None)
    go(visitor, "登记公示")
    panel = visitor.locator("section.panel").filter(has_text="查验证书").last
    panel.get_by_label("登记编码").fill(CODE)
    panel.get_by_role("button", name="查询").click()
    expect(visitor.get_by_role("heading", name="公共数据产品和服务登记证书")).to_be_visible()
    expect(visitor.locator("main")).to_contain_text("企业信用核验")
    with app.extensions["huiyi_database"].new_session() as session:
        registration = session.scalars(sa.select(Registration)).one()
        assert (registration.code, registration.state) == (CODE, RegistrationState.CODED)
