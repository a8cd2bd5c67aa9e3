"""Free reuse and feedback over HTTP and in the browser."""

from __future__ import annotations

import io

from kernel.identity import Role
from registry.parties.model import Party
from tests.make import market as make
from tests.make.clients import as_person, as_program, key, send
from tests.market.reuse.test_commands import world


def test_a_department_opens_free_use_in_one_step(app, client, made):
    product, free, paid = made(world)
    person = as_person(app, Role.SOURCE, party=free)
    assert product.code in person.get("/reuse").get_data(as_text=True)
    wanted = {"product_code": product.code, "scenario": "内部核验", "quantity": "5", "client_reference": "R-9"}
    assert send(person, "/reuse", {**wanted, "quantity": "0"}, form_at="/reuse").status_code == 422
    opened = send(person, "/reuse", wanted, form_at="/reuse")
    assert opened.status_code == 303, opened.get_data(as_text=True)
    number = opened.headers["Location"].rsplit("/", 1)[1]
    program = as_program(app, Role.SOURCE, party=free)
    again = client.post("/api/v1/reuse", json={**wanted, "quantity": 5}, headers=key(program))
    assert (again.status_code, again.json["number"]) == (201, number)
    (offer,) = client.get("/api/v1/reuse/offers", headers=program).json
    assert offer["entitlements"] == [number]
    other = as_program(app, Role.SOURCE, party=paid)
    refused = client.post("/api/v1/reuse", json={**wanted, "quantity": 5}, headers=key(other))
    assert refused.json["code"] == "reuse.not_for_you"
    order = client.get("/api/v1/orders", headers=program).json["items"][0]
    assert order["amount"] == "0.00"
    assert "购买方签署" not in person.get(f"/orders/{order['number']}").get_data(as_text=True)


def test_a_seller_feeds_back_and_the_authority_receives(app, client, made):
    product = made(lambda session: make.make_offer(session, place="guangzhou"))
    party = made(lambda session: session.get_one(Party, product.owner_id))
    seller, officer = as_person(app, Role.MERCHANT, party=party), as_person(app, Role.SUPERVISOR, place="guangzhou")
    told = {"product_code": product.code, "kind": "simulated", "words": "仿真数据一千行"}
    assert send(seller, "/feedback", told, form_at="/feedback").status_code == 422
    file = (io.BytesIO(b"key\n1\n"), "rows.csv")
    assert send(seller, "/feedback", {**told, "file": file}, form_at="/feedback").status_code == 303
    program = as_program(app, Role.SUPERVISOR, place="guangzhou")
    (one,) = client.get("/api/v1/feedback?state=delivered", headers=program).json["items"]
    url = f"/feedback/{one['number']}/answer"
    assert send(officer, url, {"act": "receive"}, form_at="/feedback").status_code == 303
    assert send(officer, url, {"act": "receive", "version": "2"}, form_at="/feedback").status_code == 409
    assert officer.get(f"/feedback/{one['number']}/file").status_code == 200
    selling = as_program(app, Role.MERCHANT, party=party)
    assert client.get("/api/v1/feedback/due", headers=selling).json == []
    assert client.get(f"/api/v1/feedback/{one['number']}", headers=selling).json["state"] == "received"
