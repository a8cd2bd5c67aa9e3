"""Invoices over HTTP and in the browser."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from kernel import clock
from kernel.calendar import business_date
from kernel.identity import Role
from market.orders.model import Order
from registry.parties.model import Party
from tests.make import invoices as invoicing
from tests.make import market as make
from tests.make.clients import as_person, as_program, key, send

URL = "/api/v1/invoices"
AUGUST = datetime(2026, 8, 3, 2, 0, tzinfo=UTC)


def test_buyer_and_seller_go_from_the_request_to_the_red_letter(app, client, made):
    def world(session):
        order = session.get_one(Order, make.make_entitlement(session).order_id)
        parties = session.get_one(Party, order.buyer_id), session.get_one(Party, order.seller_id)
        return order, *parties

    order, buyer, seller = made(world)
    purchaser, seller_page = as_person(app, Role.BUYER, party=buyer), as_person(app, Role.MERCHANT, party=seller)
    buying, selling = as_program(app, Role.BUYER, party=buyer), as_program(app, Role.MERCHANT, party=seller)
    wanted = {"order_number": order.number, "type": "general", "title": buyer.name, "tax_number": buyer.uscc}
    assert client.post(URL, json=wanted, headers=key(buying)).json["code"] == "invoice.taxpayer_unknown"
    kind = {"kind": "general_taxpayer", "from_date": "2026-01-01"}
    assert send(seller_page, "/invoices/taxpayer", kind, form_at="/invoices").status_code == 303
    assert send(seller_page, "/invoices/taxpayer", kind, form_at="/invoices").status_code == 422
    form = f"/invoices/new?order_number={order.number}"
    refused = send(purchaser, "/invoices/new", {**wanted, "tax_number": "1"}, form_at=form)
    assert refused.status_code == 422
    asked = send(purchaser, "/invoices/new", wanted, form_at=form)
    assert asked.status_code == 303, asked.get_data(as_text=True)
    one = asked.headers["Location"]
    assert client.post(URL, json=wanted, headers=key(buying)).json["code"] == "invoice.invoiced_already"
    exported = client.get(f"{URL}/export?format=csv", headers=selling)
    assert "754.72" in exported.get_data().decode("utf-8-sig")
    assert seller_page.get("/invoices/export.xlsx").status_code == 200
    found = client.get(URL, headers=selling).json["items"][0]
    tag = client.get(f"{URL}/{found['number']}", headers=selling).headers["ETag"]
    today = business_date(datetime.fromisoformat(found["requested_at"])).isoformat()
    body = {"tax_system_number": "2" * 20, "issued_date": today}
    issued = client.post(f"{URL}/{found['number']}/issue", json=body, headers=key({**selling, "If-Match": tag}))
    assert issued.json["state"] == "issued", issued.json
    assert "754.72" in purchaser.get(one).get_data(as_text=True)
    red = send(purchaser, f"{one}/take_back", {"amount": "800.00", "reason": "退"}, form_at=one)
    assert red.status_code == 303, red.get_data(as_text=True)
    assert "−¥ 800.00" in purchaser.get("/invoices").get_data(as_text=True)


def test_a_month_is_invoiced_in_the_browser_and_read_by_programs(app, client, made):
    def world(session):
        product, person = make.make_offer(session), make.buyer_of(session)
        order = session.get_one(Order, make.make_entitlement(session, product, person).order_id)
        make.make_entitlement(session, product, person)
        invoicing.state(session, invoicing.sides(session, order)[1], now=make.SALE)
        return session.get_one(Party, order.buyer_id), session.get_one(Party, order.seller_id)

    buyer, seller = made(world)
    with clock.set_to(AUGUST):
        purchaser, buying = as_person(app, Role.BUYER, party=buyer), as_program(app, Role.BUYER, party=buyer)
        wanted = {"month": "2026-07", "seller_uscc": seller.uscc, "type": "general", "title": buyer.name,
                  "tax_number": buyer.uscc}  # fmt: skip
        early = client.post(f"{URL}/months", json=wanted | {"month": "2026-08"}, headers=key(buying))
        assert (early.status_code, early.json["code"]) == (422, "invoice.month_not_over")
        page = "/invoices/month?month=2026-07"
        assert seller.name in purchaser.get(page).get_data(as_text=True)
        assert purchaser.get("/invoices/month?month=x").status_code == 200
        asked = send(purchaser, "/invoices/month", wanted, form_at=page)
        assert asked.status_code == 303, asked.get_data(as_text=True)
        again = client.post(f"{URL}/months", json=wanted, headers=key(buying))
        assert again.json["code"] == "invoice.nothing_to_invoice"
        (found,) = client.get(URL, headers=buying).json["items"]
        assert (found["order_id"], found["month"], found["gross"]) == (None, "2026-07-01", "1600.00")
        lines = client.get(f"{URL}/{found['number']}/lines", headers=buying).json
        assert [line["tax"] for line in lines] == ["45.28", "45.28"]
        for url in ("/invoices", f"/invoices/{found['number']}"):
            assert "2026-07" in purchaser.get(url).get_data(as_text=True)
        selling = as_program(app, Role.MERCHANT, party=seller)
        exported = client.get(f"{URL}/export?format=json", headers=selling)
        (told,) = json.loads(exported.get_data())["invoices"]
        assert len(told["lines"]) == 2
