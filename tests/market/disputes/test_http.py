"""Disputes over HTTP and in the browser."""

from __future__ import annotations

from kernel.identity import Role
from market.orders.model import Order
from registry.parties.model import Party
from registry.products.model import Product
from tests.make import market as make
from tests.make import pricing
from tests.make import registry_base as base
from tests.make.clients import as_person, as_program, key, send

URL = "/api/v1/disputes"


def test_buyer_merchant_and_two_officers_settle_a_dispute(app, client, made):
    def world(session):
        order = session.get_one(Order, make.make_entitlement(session).order_id)
        found = [session.get_one(kind, wanted) for kind, wanted in (
            (Party, order.buyer_id), (Party, order.seller_id), (Product, order.product_id))]  # fmt: skip
        return order, *found

    order, buyer, seller, product = made(world)
    buying, selling = as_program(app, Role.BUYER, party=buyer), as_program(app, Role.MERCHANT, party=seller)
    officer, second = (as_person(app, Role.SUPERVISOR, place=base.PLACE) for _ in range(2))
    told = {"track": "buyer", "order_number": order.number, "amount": "100.00", "words": "多计", "contact": "1"}
    refused = client.post(URL, json={**told, "amount": "800.01"}, headers=key(buying))
    assert refused.json["code"] == "dispute.line_unfit"
    filed = client.post(URL, json=told, headers=key(buying))
    assert filed.status_code == 201, filed.json
    frozen = client.get(f"{URL}/holds/{order.number}", headers=selling).json
    assert (frozen["amount"], frozen["free"], frozen["held"][0]["source"]) == ("100.00", "700.00", filed.json["number"])
    page = f"/disputes/{filed.json['id']}"
    assert send(second, f"{page}/proceed", {"act": "review", "version": "1"}, form_at=page).status_code == 409
    assert send(officer, f"{page}/accept", {}, form_at=page).status_code == 303
    assert send(officer, f"{page}/proceed", {"act": "review"}, form_at=page).status_code == 303
    merchant = as_person(app, Role.MERCHANT, party=seller)
    assert "等待本单位陈述意见" in merchant.get("/disputes").get_data(as_text=True)
    assert send(merchant, f"{page}/state_view", {"words": "日志在案"}, form_at=page).status_code == 303
    idea = {"outcome": "upheld", "awarded": "100.00", "reason": "成立"}
    assert send(officer, f"{page}/propose", idea, form_at=page).status_code == 303
    word = {"is_confirmed": "true", "reason": "同意"}
    own = send(officer, f"{page}/confirm", {**word, "version": "3"}, form_at=page)
    assert own.status_code == 403
    assert send(second, f"{page}/confirm", word, form_at=page).status_code == 303
    assert client.get(f"{URL}/{filed.json['id']}", headers=buying).json["outcome"] == "upheld"
    assert "照常结算" in officer.get(page).get_data(as_text=True)
    assert send(second, f"{page}/close", {"words": "已退款"}, form_at=page).status_code == 303
    assert client.get(f"{URL}/holds/{order.number}", headers=selling).json["amount"] == "0.00"
    visitor, form = app.test_client(), f"/disputes/data-subjects/new?product_code={product.code}"
    subject = {"product_code": product.code, "words": "含本人信息", "name": "张三", "contact": "138"}
    assert pricing.post_form(visitor, form, {**subject, "name": ""}).status_code == 422
    answer = pricing.post_form(visitor, form, subject)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    mine = answer.headers["Location"]
    assert '<span class="badge-state badge-wait">待受理</span>' in visitor.get(mine).get_data(as_text=True)
    assert send(visitor, f"{mine}/withdrawal", {}, form_at=mine).status_code == 303
    assert client.get(f"{URL}/followed/{mine.rsplit('/', 1)[1]}").json["state"] == "withdrawn"
    assert visitor.get("/disputes/followed?reference=X", follow_redirects=True).status_code == 404
    by_program = client.post(f"{URL}/data-subjects", json=subject, headers=key({}))
    assert len(by_program.json["reference"]) == 26
    new = "/disputes/new"
    assert send(merchant, new, {"track": "merchant", "words": "x", "contact": "1"}, form_at=new).status_code == 422
