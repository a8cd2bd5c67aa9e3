"""Sign-in and one's own account in a browser without JavaScript."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.identity import Role
from registry.parties import commands as parties
from registry.parties.model import Party
from registry.parties.rules import Capacity
from tests.make import registry_base as make
from tests.make.clients import as_person, bearer, send

LOGIN = "buyer"


@pytest.fixture
def buyer(app: Flask) -> Party:
    """An organisation of Xinchang with one person who signs in as LOGIN."""
    with app.app_context(), db.transaction() as session:
        party = make.make_party(session, Capacity.BUYER, name="新昌示例公司")
        make.make_account(session, Role.BUYER, party=party, login=LOGIN, name="采购员", now=clock.now())
        return party


def sign_in(client: FlaskClient, url: str = "/sign-in", password: str = make.PASSWORD) -> object:
    """Fill in the form of the page."""
    return send(client, url, {"login": LOGIN, "password": password}, form_at=url)


def test_a_person_signs_in_is_led_to_the_wanted_page_and_signs_out(client: FlaskClient, buyer: Party) -> None:
    asked = client.get("/account")
    assert asked.status_code == 302
    assert asked.location == "/sign-in?next=/account"
    answer = sign_in(client, asked.location)
    assert (answer.status_code, answer.location) == (303, "/account")
    cookie = next(value for value in answer.headers.getlist("Set-Cookie") if value.startswith("huiyi_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    page = client.get("/account").get_data(as_text=True)
    assert "采购员" in page
    assert buyer.name in page
    assert client.get("/sign-in").location == "/desk"
    out = send(client, "/sign-out", {}, form_at="/account")
    assert (out.status_code, out.location) == (303, "/sign-in")
    assert "您已退出" in client.get("/sign-in").get_data(as_text=True)
    assert client.get("/account").status_code == 302


def test_the_session_ends_in_the_database_and_not_only_in_the_browser(client: FlaskClient, buyer: Party) -> None:
    sign_in(client)
    token = client.get_cookie("huiyi_session").value
    send(client, "/sign-out", {}, form_at="/account")
    client.set_cookie("huiyi_session", token)
    assert client.get("/account").status_code == 302


def test_signing_in_anew_ends_the_session_that_the_browser_had(client: FlaskClient, buyer: Party) -> None:
    sign_in(client)
    earlier = client.get_cookie("huiyi_session").value
    fields = {"login": LOGIN, "password": make.PASSWORD}
    assert send(client, "/sign-in", fields, form_at="/account").status_code == 303
    assert client.get_cookie("huiyi_session").value != earlier
    assert client.application.test_client().get("/api/v1/me", headers=bearer(earlier)).status_code == 401


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "/\tx"],
)
def test_nobody_is_led_off_the_site(client: FlaskClient, buyer: Party, wanted: str) -> None:
    answer = send(
        client, "/sign-in", {"login": LOGIN, "password": make.PASSWORD}, form_at="/sign-in", query={"next": wanted}
    )
    assert (answer.status_code, answer.location) == (303, "/")


def test_a_wrong_password_and_an_unknown_login_get_the_same_page(client: FlaskClient, buyer: Party) -> None:
    pages = []
    for login in (LOGIN, "nobody"):
        answer = send(client, "/sign-in", {"login": login, "password": "wrong password!"}, form_at="/sign-in")
        assert answer.status_code == 401
        text = answer.get_data(as_text=True)
        assert "登录名或密码不正确" in text
        assert "wrong password!" not in text
        pages.append(re.sub(r'name="csrf_token" value="[^"]+"', "", text).replace(f'value="{login}"', ""))
    assert pages[0] == pages[1]
    assert client.get_cookie("huiyi_session") is None


def test_five_failures_lock_the_page_too(client: FlaskClient, buyer: Party) -> None:
    codes = [sign_in(client, password="wrong password!").status_code for _ in range(6)]
    assert codes == [401] * 5 + [429]
    assert sign_in(client).status_code == 429


def test_an_empty_form_names_its_fields(client: FlaskClient) -> None:
    answer = send(client, "/sign-in", {"login": "", "password": ""}, form_at="/sign-in")
    assert answer.status_code == 422
    assert answer.get_data(as_text=True).count("必须填写") == 4  # at each of the two, and on top of the form


def test_a_form_without_its_token_is_refused(client: FlaskClient, buyer: Party) -> None:
    answer = client.post("/sign-in", data={"login": LOGIN, "password": make.PASSWORD})
    assert answer.status_code == 400
    assert client.get_cookie("huiyi_session") is None


def test_demonstration_sign_ins_are_shown_only_where_they_are_configured(app: Flask) -> None:
    assert "演示身份" not in app.test_client().get("/sign-in").get_data(as_text=True)
    app.config["HUIYI_DEMO_SIGN_INS"] = [
        {"login": "xc.price", "password": "Demo-2026-xx", "name": "价格员", "role": "价格主管", "place": "xinchang"},
        {"login": "gz.buyer", "password": "Demo-2026-xx", "name": "采购员", "role": "买方", "place": "guangzhou"},
    ]
    page = app.test_client().get("/sign-in").get_data(as_text=True)
    for words in ("演示身份", "新昌", "广州", "价格员", 'value="gz.buyer"'):
        assert words in page


def test_a_key_is_shown_on_the_page_once_and_revoked_there(app: Flask, buyer: Party) -> None:
    person = as_person(app, Role.BUYER, party=buyer)
    made = send(person, "/account/keys", {"name": "生产", "days": "30"}, form_at="/account")
    assert made.status_code == 201
    secret = re.search(r"hyk_[0-9a-f]{12}_[A-Za-z0-9_-]{43}", made.get_data(as_text=True))[0]
    page = person.get("/account").get_data(as_text=True)
    assert secret not in page
    assert secret[:17] in page
    assert secret not in str(made.headers)
    assert app.test_client().get("/api/v1/me", headers=bearer(secret)).status_code == 200
    twice = send(person, "/account/keys", {"name": "生产", "days": "30"}, form_at="/account")
    assert twice.status_code == 409
    assert "已有名为" in twice.get_data(as_text=True)
    wrong = send(person, "/account/keys", {"name": "太久", "days": "400"}, form_at="/account")
    assert wrong.status_code == 422
    where = re.search(r'action="(/account/keys/[^"]+/revocation)"', page)[1]
    assert send(person, where, {}, form_at="/account").status_code == 303
    assert "立即失效" in person.get("/account").get_data(as_text=True)
    assert app.test_client().get("/api/v1/me", headers=bearer(secret)).status_code == 401


def test_a_password_is_changed_on_the_page(app: Flask, client: FlaskClient, buyer: Party) -> None:
    sign_in(client)
    body = {"present": make.PASSWORD, "password": "another good one"}
    wrong = send(client, "/account/password", {**body, "present": "wrong"}, form_at="/account")
    assert wrong.status_code == 422
    assert "当前密码不正确" in wrong.get_data(as_text=True)
    assert send(client, "/account/password", {"present": "", "password": ""}, form_at="/account").status_code == 422
    assert send(client, "/account/password", body, form_at="/account").status_code == 303
    assert sign_in(app.test_client(), password="another good one").status_code == 303


def test_people_without_programs_have_no_keys(app: Flask) -> None:
    auditor = as_person(app, Role.AUDITOR)
    assert "您的职责不需要访问密钥" in auditor.get("/account").get_data(as_text=True)
    assert send(auditor, "/account/keys", {"name": "x", "days": "1"}, form_at="/account").status_code == 403


def test_the_account_page_says_that_the_organisation_is_suspended(app: Flask, buyer: Party) -> None:
    person = as_person(app, Role.BUYER, party=buyer)
    with app.app_context(), db.transaction() as session:
        parties.suspend(session, make.supervisor(), buyer.id, reason="违规使用", now=clock.now())
    page = person.get("/account")
    assert page.status_code == 200
    assert "所属单位已暂停" in page.get_data(as_text=True)
    assert send(person, "/account/keys", {"name": "x", "days": "1"}, form_at="/account").status_code == 403
    assert send(person, "/sign-out", {}, form_at="/account").status_code == 303
