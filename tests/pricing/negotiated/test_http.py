"""Negotiating over HTTP: both sides by program and by page."""

from __future__ import annotations

import pytest

from kernel.identity import Role
from registry.parties.model import Party
from tests.make import negotiated as market
from tests.make import pricing as make
from tests.make.clients import as_person, as_program, key, send

URL = "/api/v1/negotiations"


@pytest.fixture
def product(made):
    return made(market.make_market_product)


@pytest.fixture
def merchant(made, product):
    return made(lambda session: session.get_one(Party, product.owner_id))


@pytest.fixture
def bank(made):
    return made(make.make_buyer)


def test_both_sides_negotiate_by_program_on_the_version_they_saw(app, client, product, merchant, bank):
    seller, buyer = as_program(app, Role.MERCHANT, party=merchant), as_program(app, Role.BUYER, party=bank)
    rule = {"product_id": str(product.id), "rule": market.RULE, "since": str(make.TODAY)}
    assert client.post(f"{URL}/rules", json=rule, headers=key(seller)).status_code == 201
    asked = {"product_id": str(product.id)}
    assert client.get(f"{URL}/rules", query_string=asked).json["items"][0]["rule"] == market.RULE
    terms = {
        "model": market.CHEAP, "valid_from": str(make.TODAY), "valid_until": str(market.NEXT_MONTH),
        "answer_by": str(make.TODAY),
    }  # fmt: skip
    offered = client.post(URL, json={**terms, **asked, "buyer_id": str(bank.id)}, headers=key(seller)).json
    lower = {**terms, "model": {"model": "per_unit", "unit_price": "0.45"}}
    at = f"{URL}/{offered['id']}"
    countered = client.post(f"{at}/counter", json=lower, headers={**key(buyer), "If-Match": '"v1"'})
    assert (countered.status_code, countered.json["state"]) == (200, "countered"), countered.json
    stale = client.post(f"{at}/acceptance", json={}, headers={**key(seller), "If-Match": '"v1"'})
    assert stale.status_code == 412
    seen = client.get(at, headers=seller)
    agreed = client.post(f"{at}/acceptance", json={}, headers={**key(seller), "If-Match": seen.headers["ETag"]})
    assert (agreed.status_code, agreed.json["state"]) == (200, "accepted"), agreed.json
    assert len(client.get(f"{at}/rounds", headers=buyer).json["items"]) == 3
    assert client.get(URL, query_string={"state": "accepted"}, headers=buyer).json["items"] == [agreed.json]
    late = client.post(f"{at}/withdrawal", json={}, headers={**key(seller), "If-Match": f'"v{agreed.json["version"]}"'})
    assert (late.status_code, late.json["code"]) == (409, "negotiation.wrong_state")


def test_both_sides_negotiate_in_the_browser_and_what_was_typed_stays(app, client, product, merchant, bank):
    seller, buyer = as_person(app, Role.MERCHANT, party=merchant), as_person(app, Role.BUYER, party=bank)
    page = f"/prices/{product.code}/negotiation"
    assert "不可面议" in client.get(page).get_data(as_text=True)
    rule = {"rule": market.RULE, "is_open": "true", "since": str(make.TODAY)}
    assert send(seller, f"{page}/rule", rule, form_at=page).status_code == 303
    offer = {
        "uscc": bank.uscc, "model": "per_unit", "unit_price": "0.50", "valid_from": str(make.TODAY),
        "valid_until": str(market.NEXT_MONTH), "answer_by": str(make.TODAY),
    }  # fmt: skip
    refused = send(seller, f"{page}/offer", {**offer, "unit_price": "five"}, form_at=page)
    assert refused.status_code == 422
    assert 'value="five"' in refused.get_data(as_text=True)
    made = send(seller, f"{page}/offer", offer, form_at=page)
    assert made.status_code == 303, made.get_data(as_text=True)
    at = made.headers["Location"]
    assert send(buyer, f"{at}/accept", {}, form_at=at).status_code == 303
    shown = buyer.get(at).get_data(as_text=True)
    assert "已成交" in shown
    assert market.RULE in shown
    assert at.rsplit("/", 1)[-1] in buyer.get("/negotiations?state=accepted").get_data(as_text=True)
    assert as_person(app, Role.PRICE, place="puer").get(at).status_code == 404
