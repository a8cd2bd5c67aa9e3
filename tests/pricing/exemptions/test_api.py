"""Free use in the public interest over HTTP."""

from __future__ import annotations

import base64

import pytest

from kernel.identity import Role
from tests.make import pricing as make
from tests.make import registry_base as base
from tests.make.clients import as_program, key

URL = "/api/v1/exemptions"


@pytest.fixture
def product(made):
    return made(make.make_priced_product)


@pytest.fixture
def bureau(made):
    return made(make.make_buyer)


def exemption_in(product, bureau, **changed):
    return {
        "product_id": str(product.id), "grantee_id": str(bureau.id), "purpose": "public_welfare", "reason": "防汛预警",
        "valid_from": "2026-07-01", "valid_until": "2026-12-31", **changed,
    }  # fmt: skip


def test_a_request_is_approved_used_and_revoked(app, client, product, bureau):
    grantee, supervisor = as_program(app, Role.BUYER, party=bureau), as_program(app, Role.SUPERVISOR, place=base.PLACE)
    evidence = {"name": "说明.txt", "content_base64": base64.b64encode(b"flood").decode()}
    made = client.post(URL, json=exemption_in(product, bureau, evidence=evidence, quota=200_000), headers=key(grantee))
    assert made.status_code == 201, made.json
    one = f"{URL}/{made.json['id']}"
    price, asked = f"/api/v1/prices/{product.code}", {"purpose": "public_welfare", "quantity": "120000"}
    assert client.get(price, query_string=asked, headers=grantee).json["code"] == "pricing.exemption_required"

    def decide(name, body=None):
        tag = client.get(one, headers=supervisor).headers["ETag"]
        return client.post(f"{one}/{name}", json=body, headers=key({**supervisor, "If-Match": tag}))

    assert decide("approval").json["state"] == "approved"
    free = client.get(price, query_string=asked, headers=grantee).json
    assert (free["amount"], free["shadow_amount"], free["reason"]) == ("0.00", "96000.00", "public_interest")
    assert made.json["number"] in str(free["explanation"])
    too_many = client.get(price, query_string={**asked, "quantity": "200001"}, headers=grantee)
    assert too_many.json["code"] == "pricing.exemption_required"
    assert decide("refusal", {"reason": "晚了"}).json["code"] == "exemption.wrong_state"
    revoked = decide("revocation", {"reason": "改作商用"})
    assert (revoked.json["state"], revoked.json["closed_reason"]) == ("revoked", "改作商用")
    assert client.get(price, query_string=asked, headers=grantee).status_code == 409


@pytest.mark.parametrize(
    "changed, code",
    [
        ({"purpose": "industry_development"}, "exemption.not_public_interest"),
        ({"valid_until": "2026-06-30"}, "exemption.term_reversed"),
        ({"quota": 0}, "request.validation"),
        ({"reason": " "}, "request.validation"),
    ],
)
def test_a_request_against_the_rules_is_refused_with_its_code(app, client, product, bureau, changed, code):
    grantee = as_program(app, Role.BUYER, party=bureau)
    refused = client.post(URL, json=exemption_in(product, bureau, **changed), headers=key(grantee))
    assert (refused.status_code, refused.json["code"]) == (422, code), refused.json


def test_strangers_see_and_decide_nothing(app, client, made, product, bureau):
    exemption = made(make.make_exemption, product, bureau, approved=False)
    one = f"{URL}/{exemption.id}"
    stranger = as_program(app, Role.BUYER, party=made(make.make_buyer))
    assert client.get(one, headers=stranger).status_code == 404
    assert client.get(URL, headers=stranger).json["items"] == []
    assert client.post(f"{one}/approval", headers=key({**stranger, "If-Match": '"v1"'})).status_code == 403
    elsewhere = as_program(app, Role.SUPERVISOR, place="puer")
    assert client.post(f"{one}/approval", headers=key({**elsewhere, "If-Match": '"v1"'})).status_code == 404
    assert client.post(URL, json=exemption_in(product, bureau), headers=key(stranger)).status_code == 403
