"""A buyer asks for money back, another person approves, a third sends it: on pages and as programs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel import clock, db
from kernel.identity import Role
from market.buyer_accounts import queries as accounts
from market.orders import queries as orders
from registry.parties.model import Party
from tests.make import market as make
from tests.make import paying
from tests.make import registry_base as base
from tests.make.clients import as_person, as_program, key, send


@pytest.fixture
def due(app):
    with clock.set_to(make.SALE + timedelta(hours=2)):
        with app.app_context(), db.transaction() as session:
            made = paying.make_due(session, 2)
            make.pay(session, orders.get(session, made[0].order_id))
        yield made


def buyer_of(app, payment) -> Party:
    with app.app_context():
        return db.session().get_one(Party, payment.buyer_id)


def test_a_refund_through_the_api(app, due):
    client, buyer = app.test_client(), as_program(app, Role.BUYER, party=buyer_of(app, due[0]))
    asked = {"payment_id": str(due[0].id), "amount": "300.00", "reason": "少交付", "client_reference": "R-1"}
    made = client.post("/api/v1/refunds", json=asked, headers=key(buyer))
    assert (made.status_code, made.json["state"]) == (201, "asked")
    too_much = client.post(
        "/api/v1/refunds", json=asked | {"amount": "500.01", "client_reference": "R-2"}, headers=key(buyer)
    )
    assert (too_much.status_code, too_much.json["code"]) == (409, "refund.more_than_paid")
    assert client.post("/api/v1/refunds", json=asked | {"amount": "0.00"}, headers=key(buyer)).status_code == 422
    url, version = f"/api/v1/refunds/{made.json['id']}", {"If-Match": made.headers["ETag"]}
    decision = {"act": "approve", "reason": "属实"}
    assert client.post(f"{url}/decision", json=decision, headers=key(buyer) | version).status_code == 403
    checker = as_program(app, Role.FINANCE_CHECKER, place=base.PLACE)
    approved = client.post(f"{url}/decision", json=decision, headers=key(checker) | version)
    assert approved.json["state"] == "approved"
    payer = as_program(app, Role.FINANCE_PAYER, place=base.PLACE)
    sent = {"bank_line": "OUT-1", "paid_at": clock.now().isoformat()}
    done = client.post(f"{url}/transfer", json=sent, headers=key(payer) | {"If-Match": approved.headers["ETag"]})
    assert (done.json["state"], done.json["evidence"]) == ("done", "bank:OUT-1")
    assert client.get("/api/v1/refunds?state=done", headers=buyer).json["items"][0]["number"] == made.json["number"]
    stranger = as_program(app, Role.FINANCE_CHECKER, place="futian")
    assert client.get(url, headers=stranger).status_code == 404


def test_a_refund_on_pages(app, due):
    party = buyer_of(app, due[0])
    buyer = as_person(app, Role.BUYER, party=party)
    page = f"/payments/{due[0].id}"
    assert "申请退款" in buyer.get(page).get_data(as_text=True)
    form = f"{page}/refunds/new"
    fields = {"payment_id": str(due[0].id), "amount": "900.00", "reason": "x", "client_reference": "R-1"}
    assert send(buyer, form, fields, form_at=form).status_code == 409
    made = send(buyer, form, fields | {"amount": "800.00"}, form_at=form)
    assert made.status_code == 303
    url = made.headers["Location"]
    checker = as_person(app, Role.FINANCE_CHECKER, place=base.PLACE)
    assert send(checker, f"{url}/decision", {"act": "approve", "reason": "属实"}, form_at=url).status_code == 303
    payer = as_person(app, Role.FINANCE_PAYER, place=base.PLACE)
    done = send(payer, f"{url}/transfer", {"bank_line": "OUT-1", "paid_at": "2026-07-20T11:00"}, form_at=url)
    assert done.status_code == 303
    assert "已退" in buyer.get("/refunds").get_data(as_text=True)
    assert buyer.get("/refunds?state=done").status_code == 200


def test_an_account_on_pages_and_paying_from_it(app, due):
    party = buyer_of(app, due[1])
    buyer, payment = as_person(app, Role.BUYER, party=party), due[1]
    made = send(buyer, "/buyer-accounts", {"place": base.PLACE}, form_at="/buyer-accounts")
    assert made.status_code == 303
    url = made.headers["Location"]
    preparer = as_person(app, Role.FINANCE_PREPARER, place=base.PLACE)
    fields = {"amount": "1000.00", "due_days": "15", "basis": "框架协议"}
    assert send(preparer, f"{url}/limits", fields, form_at=url).status_code == 303
    with app.app_context():
        session = db.session()
        account = accounts.of_buyer(session, payment.place, payment.buyer_id)
        (limit,) = accounts.limits(session, account.id)
    checker = as_person(app, Role.FINANCE_CHECKER, place=base.PLACE)
    assert send(checker, f"{url}/limits/{limit.id}", {"act": "confirm"}, form_at=url).status_code == 303
    page = f"/payments/{payment.id}"
    short = send(buyer, f"{page}/balance", {}, form_at=page)
    assert (short.status_code, "还差 800.00 元" in short.get_data(as_text=True)) == (409, True)
    assert send(buyer, f"{page}/account", {}, form_at=page).status_code == 303
    assert "800.00" in buyer.get(url).get_data(as_text=True)


def test_an_account_for_programs(app, due):
    client, buyer = app.test_client(), as_program(app, Role.BUYER, party=buyer_of(app, due[1]))
    made = client.post("/api/v1/buyer-accounts", json={"place": base.PLACE}, headers=key(buyer))
    assert made.status_code == 201
    url = f"/api/v1/buyer-accounts/{made.json['id']}"
    shown = client.get(url, headers=buyer).json
    assert (shown["balance"], shown["owed"], shown["limit"], shown["lines"]) == ("0.00", "0.00", None, [])
    paying_in = {"payment_id": str(due[1].id), "purse": "monthly"}
    refused = client.post("/api/v1/buyer-accounts/payments", json=paying_in, headers=key(buyer))
    assert (refused.status_code, refused.json["code"]) == (409, "buyer_account.no_credit")
    assert client.get(url, headers=as_program(app, Role.AUDITOR, place="futian")).status_code == 404
    assert len(client.get("/api/v1/buyer-accounts", headers=buyer).json["items"]) == 1
