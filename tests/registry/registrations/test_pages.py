"""The workspace of a product and the registrar's desk in a browser without JavaScript."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.identity import Role
from registry.parties.model import Party
from registry.products.model import Product
from registry.registrations.rules import RegistrationState
from tests.make import registry_base as make
from tests.make.clients import as_person, send
from tests.make.gates import open_gates
from tests.make.registry_products import (
    ASSESSMENT,
    CODED_AT,
    add_version,
    make_product,
    make_registration,
    make_review,
    make_sellable,
)


def reviewed(app: Flask) -> tuple[Product, Party]:
    """A product that passed its review, and its seller."""
    with app.app_context(), db.transaction() as session:
        made = make_product(session)
        make_review(session, made)
        open_gates(session, made)
        return made, session.get_one(Party, made.owner_id)


def apply(merchant: FlaskClient, made: Product, **changed: str) -> str:
    """Apply on the workspace page; return where the registration is shown."""
    page = f"/workspace/products/{made.code}"
    fields = {"product_id": str(made.id), "kind": "first", "assessment": ASSESSMENT} | changed
    answer = send(merchant, f"{page}/registrations", fields, form_at=page)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return str(answer.location)


def test_a_merchant_applies_and_two_registrars_bring_it_to_its_code(app: Flask) -> None:
    made, owner = reviewed(app)
    with clock.set_to(make.NOW):
        merchant = as_person(app, Role.MERCHANT, party=owner, place="xinchang")
        workspace = f"/workspace/products/{made.code}"
        assert "请申请首次登记" in merchant.get(workspace).get_data(as_text=True)
        missing = {"product_id": str(made.id), "kind": "first", "assessment": ""}
        refused = send(merchant, f"{workspace}/registrations", missing, form_at=workspace)
        assert refused.status_code == 422
        assert "数据安全风险评估" in refused.get_data(as_text=True)
        page = apply(merchant, made)
        first = as_person(app, Role.REVIEWER, place="xinchang")
        assert "2026-07-06" in first.get("/registrations").get_data(as_text=True)
        assert send(first, f"{page}/receipt", {"decision": "not_accept"}, form_at=page).status_code == 422
        assert send(first, f"{page}/receipt", {"decision": "accept"}, form_at=page).status_code == 303
        assert send(first, f"{page}/formal-review", {"passes": "true"}, form_at=page).status_code == 303
        shown = first.get(page).get_data(as_text=True)
        for words in ("公示期至 2026-07-15", "不计入期限的日子", "26号 第十二条"):
            assert words in shown
    with clock.set_to(CODED_AT):
        second = as_person(app, Role.REVIEWER, place="xinchang")
        assert "可赋码" in second.get("/registrations").get_data(as_text=True)
        assert send(second, f"{page}/code", {}, form_at=page).status_code == 303
        assert "330624-2026-000001-S" in second.get(page).get_data(as_text=True)
        merchant = as_person(app, Role.MERCHANT, party=owner, place="xinchang")
        assert "已全部满足" in merchant.get(workspace).get_data(as_text=True)
        assert "全部满足" in merchant.get("/workspace/products").get_data(as_text=True)


def test_a_returned_application_shows_all_defects_to_the_merchant(app: Flask) -> None:
    made, owner = reviewed(app)
    with clock.set_to(make.NOW):
        merchant = as_person(app, Role.MERCHANT, party=owner, place="xinchang")
        page = apply(merchant, made)
        registrar = as_person(app, Role.REVIEWER, place="xinchang")
        fields = {"decision": "return_once", "defects": "评估缺日期\n来源不清"}
        assert send(registrar, f"{page}/receipt", fields, form_at=page).status_code == 303
        shown = merchant.get(page).get_data(as_text=True)
        assert "评估缺日期" in shown
        assert "来源不清" in shown
        answer = send(merchant, f"{page}/resubmission", {"assessment": "评估报告（2026-07-01）"}, form_at=page)
        assert answer.status_code == 303
        assert "退回补正" not in registrar.get(page).get_data(as_text=True).split('name="decision"')[1]


def test_a_merchant_sees_no_registrars_form(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        made = make_product(session)
        make_review(session, made)
        registration = make_registration(session, made, state=RegistrationState.SUBMITTED)
        owner = session.get_one(Party, made.owner_id)
    with clock.set_to(make.NOW):
        merchant = as_person(app, Role.MERCHANT, party=owner, place="xinchang")
        page = f"/registrations/{registration.id}"
        assert f"{page}/receipt" not in merchant.get(page).get_data(as_text=True)
        answer = merchant.post(f"{page}/receipt", data={"decision": "accept", "version": "1"})
        assert answer.status_code in (400, 403)


def test_the_seller_sees_until_when_the_change_has_to_be_applied_for(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        made = make_sellable(session)
        owner = session.get_one(Party, made.owner_id)
        add_version(session, made, now=CODED_AT)
        make_review(session, made, now=CODED_AT)
    with clock.set_to(CODED_AT):
        merchant = as_person(app, Role.MERCHANT, party=owner, place="xinchang")
        assert "最迟 2026-08-13" in merchant.get(f"/workspace/products/{made.code}").get_data(as_text=True)
        page = apply(merchant, made, kind="change", reason="增加字段")
        assert "2026-08-13" in merchant.get(page).get_data(as_text=True)
