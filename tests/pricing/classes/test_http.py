"""Classes of buyers over HTTP: the same acts by program and by page."""

from __future__ import annotations

import pytest

from kernel.identity import Role
from registry.parties.model import Party
from tests.make import negotiated as market
from tests.make import pricing as make
from tests.make.clients import as_person, as_program, key, send

URL = "/api/v1/tariffs/classes"


@pytest.fixture
def product(made):
    return made(market.make_market_product)


@pytest.fixture
def merchant(made, product):
    return made(lambda session: session.get_one(Party, product.owner_id))


def test_the_seller_publishes_admits_and_ends_by_program_and_others_read_what_they_may(
    app, client, made, product, merchant
):
    seller, bank = as_program(app, Role.MERCHANT, party=merchant), made(make.make_buyer)
    rule = {"product_id": str(product.id), "buyer_class": "甲级", "rule": "村镇银行", "since": str(make.TODAY)}
    assert client.post(f"{URL}/rules", json=rule, headers=key(seller)).status_code == 201
    listed = client.get(f"{URL}/rules", query_string={"product_id": str(product.id)}).json["items"]
    assert [row["rule"] for row in listed] == ["村镇银行"]
    member = client.post(URL, json={**rule, "party_id": str(bank.id)}, headers=key(seller)).json
    end = {"since": str(market.NEXT_MONTH), "reason": "不再符合"}
    ended = client.post(f"{URL}/{member['id']}/end", json=end, headers=key(seller))
    assert ended.status_code == 201, ended.json
    found = client.get(URL, query_string={"product_id": str(product.id)}, headers=seller).json["items"]
    assert [(row["party_name"], row["changes"][0]["act"]) for row in found] == [(bank.name, "ended")]
    again = client.post(f"{URL}/{member['id']}/end", json=end, headers=key(seller))
    assert (again.status_code, again.json["code"]) == (409, "buyer_class.not_a_member")
    stranger = as_program(app, Role.BUYER, party=bank)
    asked = {"query_string": {"product_id": str(product.id)}}
    assert client.get(URL, headers=stranger, **asked).status_code == 403


def test_the_page_keeps_what_was_typed_and_shows_rules_and_members(app, made, product, merchant):
    seller, bank = as_person(app, Role.MERCHANT, party=merchant), made(make.make_buyer)
    page = f"/prices/{product.code}/classes"
    refused = send(seller, f"{page}/rules", {"buyer_class": "甲级", "since": str(make.TODAY)}, form_at=page)
    assert refused.status_code == 422
    assert 'value="甲级"' in refused.get_data(as_text=True)
    typed = {"buyer_class": "甲级", "rule": "村镇银行", "since": str(make.TODAY)}
    assert send(seller, f"{page}/rules", typed, form_at=page).status_code == 303
    admitted = send(seller, f"{page}/members", {**typed, "uscc": bank.uscc}, form_at=page)
    assert admitted.status_code == 303, admitted.get_data(as_text=True)
    shown = seller.get(page).get_data(as_text=True)
    assert bank.name in shown
    assert "村镇银行" in seller.get(f"/prices/{product.code}").get_data(as_text=True)
