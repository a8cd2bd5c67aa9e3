"""The public register in a browser of somebody who has not signed in."""

from __future__ import annotations

import sys
from datetime import timedelta
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page

from kernel import clock, db
from kernel.identity import Role
from registry.parties.model import Party
from registry.public_register.gateway import pdf_of
from registry.registrations.model import Registration
from registry.registrations.rules import RegistrationState
from tests.make import registry_base as make
from tests.make.clients import as_person, send
from tests.make.closings import revoke
from tests.make.registry_products import CODED_AT, make_merchant, make_product, make_registration, make_review


def registered(app: Flask, state: RegistrationState = RegistrationState.CODED) -> Registration:
    """A registration as far as ``state``."""
    with app.app_context(), db.transaction() as session:
        made = make_product(session, title="气象服务指数")
        make_review(session, made)
        return make_registration(session, made, state=state)


def test_anybody_reads_a_certificate_and_its_qr_code(app: Flask, client: FlaskClient) -> None:
    code = str(registered(app).code)
    with clock.set_to(CODED_AT):
        shown = client.get(f"/certificates/{code}").get_data(as_text=True)
        for words in ("登记证书", code, "气象服务指数", "2026-07-16 至 2028-06-30", "有效"):
            assert words in shown
        assert "证书当前无效" not in shown
        drawn = client.get(f"/certificates/{code}/qr.svg")
        assert (drawn.status_code, drawn.mimetype) == (200, "image/svg+xml")
        assert b"<svg" in drawn.data
        other = client.get(f"/certificates/{code.replace('-', '').lower()}")
        assert (other.status_code, other.location) == (302, f"/certificates/{code}")
        typed = client.get("/certificates", query_string={"code": f" {code.lower()} "}, follow_redirects=True)
        assert code in typed.get_data(as_text=True)


def test_an_expired_certificate_says_so_on_the_day_after(app: Flask, client: FlaskClient) -> None:
    code = str(registered(app).code)
    with clock.set_to(CODED_AT.replace(year=2028, month=7, day=1)):
        shown = client.get(f"/certificates/{code}").get_data(as_text=True)
        assert "证书当前无效" in shown
        assert "2028-06-30 届满" in shown


@pytest.mark.parametrize(
    ("code", "words"),
    [("330624-2026-000001-X", "校验位不符"), ("330624-2026-000009-B", "校验位"), ("-", "校验位不符")],
)
@pytest.mark.parametrize("tail", ["", "/qr.svg"])
def test_a_mistyped_or_forged_code_gets_a_page_that_says_so(
    client: FlaskClient, code: str, words: str, tail: str
) -> None:
    answer = client.get(f"/certificates/{code}{tail}")
    assert answer.status_code == 404
    assert words in answer.get_data(as_text=True)


def test_a_visitor_reads_a_notice_and_objects_and_the_registrar_decides(app: Flask, client: FlaskClient) -> None:
    found = registered(app, RegistrationState.PUBLIC_NOTICE)
    page = f"/registry/notices/{found.id}"
    with clock.set_to(make.NOW + timedelta(days=1)):
        assert "气象服务指数" in client.get("/registry/notices").get_data(as_text=True)
        assert "气象服务指数" not in client.get("/registry?q=气象").get_data(as_text=True)
        blank = send(client, page, {"name": "王某", "contact": "", "evidence": "来源有争议"}, form_at=page)
        assert blank.status_code == 422
        assert "来源有争议" in blank.get_data(as_text=True)
        fields = {
            "name": "王某", "contact": "0575-1", "evidence": "来源有争议", "identity_kind": "resident_id",
            "identity_number": "11010519491231002X",
        }  # fmt: skip
        files = {"files": (BytesIO(b"%PDF-1.7 contract"), "合同.pdf", "application/pdf")}
        filed = send(client, page, {**fields, **files}, form_at=page)
        assert filed.status_code == 303
        assert "待复核" in client.get(filed.location).get_data(as_text=True)
        public = client.get(page).get_data(as_text=True)
        assert "来源有争议" not in public
        assert "0575-1" not in public
        registrar = as_person(app, Role.REVIEWER, place="xinchang")
        inside = f"/registrations/{found.id}"
        shown = registrar.get(inside).get_data(as_text=True)
        assert "来源有争议" in shown
        link = next(part for part in shown.split('href="') if part.startswith("/objections/"))
        kept = registrar.get(link.split('"')[0])
        assert kept.data == b"%PDF-1.7 contract"
        assert kept.headers["Content-Disposition"].startswith("attachment")
        objection = f"/objections/{shown.split('/objections/')[1].split('/')[0]}"
        url = f"{objection}/outcome"
        assert send(registrar, f"{objection}/recheck", {"findings": ""}, form_at=inside).status_code == 303
        assert send(registrar, f"{objection}/recheck", {"findings": "已核实"}, form_at=inside).status_code == 303
        assert send(registrar, url, {"outcome": "dismissed", "reason": ""}, form_at=inside).status_code == 303
        assert "有异议" in registrar.get(inside).get_data(as_text=True)
        assert send(registrar, url, {"outcome": "dismissed", "reason": "查无实据"}, form_at=inside).status_code == 303
        assert "查无实据" in registrar.get(inside).get_data(as_text=True)
        assert "查无实据" in client.get(filed.location).get_data(as_text=True)
    with clock.set_to(CODED_AT):
        closed = send(client, page, fields, form_at="/sign-in")
        assert closed.status_code == 409
        assert "公示期" in closed.get_data(as_text=True)


def test_the_certificate_fits_a_phone_and_shows_its_code(app: Flask, live_url: str, browser_page: Page) -> None:
    code = str(registered(app).code)
    browser_page.set_viewport_size({"width": 390, "height": 800})
    browser_page.goto(f"{live_url}/certificates/{code}")
    assert browser_page.inner_text(".certificate-code strong") == code
    assert browser_page.evaluate("document.documentElement.scrollWidth") <= 390
    assert browser_page.evaluate("document.querySelector('.certificate-qr').naturalWidth") > 0


def test_the_certificate_as_pdf_is_the_same_every_time_and_asks_nobody(app: Flask, client: FlaskClient) -> None:
    code = str(registered(app).code)
    with clock.set_to(CODED_AT):
        first = client.get(f"/certificates/{code}/certificate.pdf")
        assert (first.status_code, first.mimetype) == (200, "application/pdf")
        assert first.data.startswith(b"%PDF-")
        pdf_of.cache_clear()
        assert client.get(f"/certificates/{code.lower()}/certificate.pdf").data == first.data
        assert client.get("/certificates/330624-2026-000001-X/certificate.pdf").status_code == 404


def test_a_server_without_the_libraries_says_so_and_keeps_its_pages(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = str(registered(app).code)
    pdf_of.cache_clear()
    monkeypatch.setitem(sys.modules, "weasyprint", None)  # as on a machine without it
    with clock.set_to(CODED_AT):
        refused = client.get(f"/certificates/{code}/certificate.pdf")
        assert refused.status_code == 503
        assert "libpangoft2" in refused.get_data(as_text=True)
        assert client.get(f"/certificates/{code}").status_code == 200


def test_a_revoked_certificate_shows_since_when(app: Flask, client: FlaskClient) -> None:
    found = registered(app)
    with app.app_context(), db.transaction() as session:
        revoke(session, found.id)
    with clock.set_to(CODED_AT):
        shown = client.get(f"/certificates/{found.code}").get_data(as_text=True)
        assert "2026-07-16 被撤销" in shown
        history = client.get(f"/registry/products/{shown.split('/registry/products/')[1].split(chr(34))[0]}")
        assert "撤销登记" in history.get_data(as_text=True)
        assert f"/certificates/{found.code}" in client.get("/registry?state=revoked&q=气象").get_data(as_text=True)
        assert f"/certificates/{found.code}" not in client.get("/registry?state=effective").get_data(as_text=True)


def test_an_interested_party_asks_for_a_correction_on_the_certificate_with_proof(
    app: Flask, client: FlaskClient
) -> None:
    found = registered(app)
    with app.app_context(), db.transaction() as session:
        other, owner = make_merchant(session), session.get_one(Party, found.registrant_id)
    with clock.set_to(CODED_AT):
        page = f"/certificates/{found.code}"
        form = f'action="{page}/corrections"'
        own = as_person(app, Role.MERCHANT, party=owner, place="xinchang")
        for reader in (client, own):
            shown = reader.get(page).get_data(as_text=True)
            assert "利害关系人可以申请更正登记" in shown
            assert form not in shown
        person = as_person(app, Role.MERCHANT, party=other, place="xinchang")
        assert form in person.get(page).get_data(as_text=True)
        fields = {"party_id": str(other.id), "basis": "proof_of_error", "reason": "数据来源单位名称有误"}
        for wrong in (fields, {**fields, "reason": ""}, {**fields, "basis": "hearsay"}):
            refused = send(person, f"{page}/corrections", wrong, form_at=page)
            assert refused.status_code == 422, wrong
            assert form in refused.get_data(as_text=True)
        sent = {**fields, "proof": (BytesIO(b"decree"), "批复.pdf")}
        foreign = {**fields, "party_id": str(owner.id), "proof": (BytesIO(b"decree"), "批复.pdf")}
        assert send(person, f"{page}/corrections", foreign, form_at=page).status_code == 403
        made = send(person, f"{page}/corrections", sent, form_at=page)
        assert made.status_code == 303
        for reader in (person, own, as_person(app, Role.REVIEWER, place="xinchang")):
            seen = reader.get(made.location).get_data(as_text=True)
            assert other.name in seen
            assert "证明登记有误的材料" in seen
        again = {**fields, "proof": (BytesIO(b"decree"), "批复.pdf")}
        assert send(person, f"{page}/corrections", again, form_at=page).status_code == 409
        assert client.post(f"{page}/corrections", data=fields).status_code in (400, 401, 403)
