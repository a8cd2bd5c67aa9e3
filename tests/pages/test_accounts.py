"""Accounts in a real browser: one security administrator asks for a role, another grants it, and the person works."""

from __future__ import annotations

import re

import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Page, expect

from kernel import db
from kernel.identity import Role
from registry.accounts.model import Account, RoleGrant
from tests.make import registry_base as make
from tests.pages.people import Office, go, sign_in, step_into

PASSWORD, OWN = "a first password to change", "a second password of one's own"


def ask_for_an_auditor(page: Page) -> None:
    """Create the account of a person, and ask for the role."""
    go(page, "监督", "账号")
    page.get_by_role("link", name="新建账号").click()
    page.get_by_label("姓名").fill("陈审计")
    page.get_by_label("登录名").fill("chenshenji")
    page.get_by_label("初始密码").fill(PASSWORD)
    page.get_by_role("button", name="建立账号").click()
    expect(page.get_by_text("账号 chenshenji 已建立，请授予职责。")).to_be_visible()
    page.get_by_label("授予职责").select_option(label="审计（须两人）")
    page.get_by_label("理由", exact=False).first.fill("轮岗")
    page.get_by_role("button", name="授予或申请").click()
    row = page.get_by_role("table", name="须两人授予的职责").get_by_role("row").filter(has_text="审计")
    expect(row.get_by_role("button", name="撤回")).to_be_visible()
    expect(row.get_by_role("button", name="确认授予")).to_have_count(0)


def test_two_security_administrators_give_a_role_and_take_the_account_away_again(app: Flask, office: Office) -> None:
    with app.app_context(), db.transaction() as session:
        for login, name in (("first", "冯安全"), ("second", "韩安全")):
            make.make_account(session, Role.SECURITY_ADMINISTRATOR, login=login, name=name)
    enter = office(make.NOW)
    first, second, person = enter("first"), enter("second"), enter(None)
    ask_for_an_auditor(first)
    go(second, "工作台")
    step_into(second, "待您确认")
    second.get_by_role("button", name="确认授予").click()
    granted = second.get_by_role("table", name="职责与范围").get_by_role("row").filter(has_text="审计")
    expect(granted).to_contain_text("全部地区")

    person.get_by_role("link", name="登录").first.click()
    sign_in(person, "chenshenji", PASSWORD)
    person.get_by_role("link", name="陈审计").first.click()
    person.get_by_label("当前密码").fill(PASSWORD)
    person.get_by_label("新密码").fill(OWN)
    person.get_by_role("button", name="更改密码").click()
    expect(person.get_by_text("密码已更改，其他设备上的登录已退出。")).to_be_visible()
    go(person, "结算", "账簿")
    expect(person.get_by_role("heading", name="账簿", level=1)).to_be_visible()

    first.reload()
    first.locator("summary", has_text="停用账号").click()
    opened = first.locator("details[open]")
    opened.get_by_label("理由").fill("离职")
    opened.get_by_role("button", name=re.compile("停用账号|确认")).click()
    expect(first.get_by_role("button", name="恢复账号")).to_be_visible()
    person.reload()
    expect(person.get_by_role("heading", name="登录", exact=True)).to_be_visible()
    with app.extensions["huiyi_database"].new_session() as session:
        found = session.scalars(sa.select(Account).where(Account.login == "chenshenji")).one()
        grant = session.scalars(sa.select(RoleGrant).where(RoleGrant.account_id == found.id)).one()
        assert (grant.role, found.state.value) == (Role.AUDITOR, "disabled")
