"""Four eyes over HTTP: switching on, waiting, approving, sealing, and the record that is kept; pages and programs."""

from __future__ import annotations

import hashlib
import io
from datetime import timedelta
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from kernel import clock, db
from kernel.identity import Role
from market.contracts.model import Contract
from registry.parties.model import Party
from tests.make import market as make
from tests.make import pricing as prices
from tests.make.clients import as_person, as_program, key, send

ASKED = {"purpose": "industry_development", "scenario": "企业贷款贷前核验", "quantity": "1000", "term_months": "12"}


@pytest.fixture
def people(app):
    """A product on offer, and two persons of its buyer."""
    with clock.set_to(make.SALE):
        with app.app_context(), db.transaction() as session:
            product = make.make_offer(session)
            bank, seller = prices.make_buyer(session, name="示例银行"), session.get_one(Party, product.owner_id)
        yield SimpleNamespace(code=product.code, bank=bank, seller=seller)


def text_of(browser, url):
    answer = browser.get(url)
    assert answer.status_code == 200, (url, answer.get_data(as_text=True)[:500])
    return answer.get_data(as_text=True)


def order_of(browser, code):
    quoted = send(browser, "/quotes", {"product_code": code, **ASKED}, form_at=f"/products/{code}")
    number = quoted.location.rsplit("/", 1)[-1]
    placed = send(browser, "/orders", {"quote_number": number, "client_reference": number}, form_at=quoted.location)
    return placed.location.rsplit("/", 1)[-1]


def sign(browser, number):
    sha256 = text_of(browser, f"/orders/{number}").split('name="sha256" value="')[1][:64]
    return send(browser, f"/orders/{number}/signature", {"sha256": sha256}, form_at=f"/orders/{number}")


def test_the_second_person_on_pages(app, people):
    first, second = (as_person(app, Role.BUYER, party=people.bank) for _ in range(2))
    wanted = {"is_on": "true", "above": "500.00", "reason": "内控制度"}
    assert send(first, "/approvals/rules", wanted | {"above": "x"}, form_at="/approvals").status_code == 422
    assert send(first, "/approvals/rules", wanted, form_at="/approvals").status_code == 303
    url = text_of(second, "/approvals").split('action="/approvals/rules/')[1].split('"')[0]
    assert "复核采购复核规则的更改" in text_of(second, "/desk")
    own = send(first, f"/approvals/rules/{url}", {"act": "confirm"}, form_at="/approvals")
    assert own.status_code == 403
    assert send(second, f"/approvals/rules/{url}", {"act": "confirm"}, form_at="/approvals").status_code == 303
    with clock.set_to(make.SALE + timedelta(minutes=1)):
        assert 'value="500.00"' in text_of(first, "/approvals")  # a change begins with the rule as it stands
        number = order_of(first, people.code)
        assert "待本单位另一人复核" in text_of(first, f"/orders/{number}")
        page = f"/orders/{number}/approval"
        assert "须由本单位另一人复核" in text_of(first, page)
        assert number in text_of(second, "/desk")
        assert number not in text_of(first, "/approvals").split("复核记录")[1]
        assert send(second, page, {"act": "refuse"}, form_at=page).status_code == 422
        assert send(second, page, {"act": "approve"}, form_at=page).status_code == 303
        assert sign(first, number).status_code == 303
        assert "已同意" in text_of(second, "/approvals")


def test_the_second_person_for_programs(app, people):
    client = app.test_client()
    first, second = (as_program(app, Role.BUYER, party=people.bank) for _ in range(2))
    wanted = {"is_on": True, "above": "500.00", "reason": "内控制度"}
    made = client.post("/api/v1/approval-rules", json=wanted, headers=key(first))
    assert (made.status_code, made.json["state"]) == (201, "proposed")
    done = client.post(f"/api/v1/approval-rules/{made.json['id']}/decision", json={"act": "confirm"},
                       headers=key(second) | {"If-Match": made.headers["ETag"]})  # fmt: skip
    assert (done.status_code, done.json["state"]) == (200, "confirmed")
    asked = {**ASKED, "product_code": people.code, "quantity": 1000, "term_months": 12}
    with clock.set_to(make.SALE + timedelta(minutes=1)):
        quote = client.post("/api/v1/quotes", json=asked, headers=key(first)).json["number"]
        order = client.post("/api/v1/orders", json={"quote_number": quote, "client_reference": "A-1"},
                            headers=key(first))  # fmt: skip
        number = order.json["number"]
        waiting = client.get("/api/v1/approvals/waiting", headers=second).json
        assert [(one["order_number"], one["state"], one["above"]) for one in waiting] == [(number, "waiting", "500.00")]
        contract = client.get(f"/api/v1/orders/{number}/contract", headers=first)
        signing = {"sha256": contract.json["sha256"]}
        url, version = f"/api/v1/contracts/{contract.json['id']}", {"If-Match": contract.headers["ETag"]}
        early = client.post(f"{url}/signature", json=signing, headers=key(first) | version)
        assert (early.status_code, early.json["code"]) == (409, "approval.needed")
        approving = f"/api/v1/orders/{number}/approval"
        match = {"If-Match": order.headers["ETag"]}
        own = client.post(approving, json={"act": "approve"}, headers=key(first) | match)
        assert (own.status_code, own.json["code"]) == (403, "approval.second_person")
        assert client.post(approving, json={"act": "approve"}, headers=key(second) | match).status_code == 201
        assert client.get(approving, headers=first).json["decision"]["state"] == "approved"
        assert client.post(f"{url}/signature", json=signing, headers=key(first) | version).status_code == 200
        assert len(client.get("/api/v1/approvals", headers=second).json["items"]) == 1


def test_a_seal_and_the_contract_as_file_on_pages(app, people):
    buyer, seller = (as_person(app, role, party=party) for role, party in
                     ((Role.BUYER, people.bank), (Role.MERCHANT, people.seller)))  # fmt: skip
    number = order_of(buyer, people.code)
    assert sign(buyer, number).status_code == 303
    page = f"/orders/{number}"
    fields = {"kind": "sealed_document", "statement": "某电子认证机构签发", "sealed_at": "2026-07-20T10:00",
              "file": (io.BytesIO(b"%PDF-1.7 x"), "合同.pdf")}  # fmt: skip
    assert send(buyer, f"{page}/seals", fields, form_at=page).status_code == 303
    wrong = fields | {"file": (io.BytesIO(b"<html>"), "合同.pdf")}
    assert send(buyer, f"{page}/seals", wrong, form_at=page).status_code == 422
    seen = text_of(seller, page)
    assert "某电子认证机构签发" in seen
    file = seller.get(f"{page}/seals/" + seen.split(f"{page}/seals/")[1].split('"')[0])
    assert file.data == b"%PDF-1.7 x"
    supervisor = as_person(app, Role.SUPERVISOR, place="xinchang")
    assert "某电子认证机构签发" not in text_of(supervisor, page)
    with app.app_context():
        contract = db.session().scalars(sa.select(Contract)).one()
    text = buyer.get(f"{page}/contract.txt")
    assert hashlib.sha256(text.data).hexdigest() == contract.sha256
    assert buyer.get(f"{page}/contract.pdf").data.startswith(b"%PDF-")
