"""From an offer to the contract over HTTP: a price agreed on, and free use for the public with evidence."""

from __future__ import annotations

import base64
import io
from datetime import timedelta
from types import SimpleNamespace

import pytest

from kernel import clock, db
from kernel.calendar import business_date
from kernel.identity import Role
from registry.parties.model import Party
from tests.make import market as make
from tests.make import pricing as prices
from tests.make import registry_base as base
from tests.make.clients import as_person, as_program, key, send

DAY = str(business_date(make.SALE))
MONTH = str(business_date(make.SALE) + timedelta(days=31))
RULE = "年采购额超过 100 万元的金融机构可另行商定（公告〔2026〕3号）"
ASKED = {"scenario": "企业贷款贷前核验", "quantity": 1000, "term_months": 12}


@pytest.fixture
def people(app):
    """An offer of 0.80 per use, with buyer, seller and supervisor."""
    with clock.set_to(make.SALE):
        with app.app_context(), db.transaction() as session:
            product = make.make_offer(session)
            bank, seller = prices.make_buyer(session, name="示例银行"), session.get_one(Party, product.owner_id)
        yield SimpleNamespace(product=product, bank=bank, seller=seller)


def steps(client, headers):
    """Post and read as one program."""

    def post(url, body, **more):
        return client.post(url, json=body, headers=key(headers) | more)

    def read(url):
        return client.get(url, headers=headers)

    return post, read


def signed(client, number, *programs):
    for headers in programs:
        seen = client.get(f"/api/v1/orders/{number}/contract", headers=headers)
        done = client.post(f"/api/v1/contracts/{seen.json['id']}/signature", json={"sha256": seen.json["sha256"]},
                           headers=key(headers) | {"If-Match": seen.headers["ETag"]})  # fmt: skip
        assert done.status_code == 200, done.json
    return done.json


def test_a_counter_offer_becomes_quote_order_and_contract(app, client, people):
    bank, shop = (as_program(app, role, party=party) for role, party in
                  ((Role.BUYER, people.bank), (Role.MERCHANT, people.seller)))  # fmt: skip
    (buy, _), (sell, _) = steps(client, bank), steps(client, shop)
    product = {"product_id": str(people.product.id)}
    assert sell("/api/v1/negotiations/rules", product | {"rule": RULE, "since": DAY}).status_code == 201
    terms = {"model": {"model": "per_unit", "unit_price": "0.60"}, "valid_from": DAY, "valid_until": MONTH,
             "answer_by": DAY}  # fmt: skip
    offered = sell("/api/v1/negotiations", terms | product | {"buyer_id": str(people.bank.id)})
    at = f"/api/v1/negotiations/{offered.json['id']}"
    lower = terms | {"model": {"model": "per_unit", "unit_price": "0.45"}}
    countered = buy(f"{at}/counter", lower, **{"If-Match": offered.headers["ETag"]})
    agreed = sell(f"{at}/acceptance", {}, **{"If-Match": countered.headers["ETag"]})
    assert agreed.json["state"] == "accepted", agreed.json
    quote = buy("/api/v1/quotes", ASKED | {"product_code": people.product.code, "purpose": "industry_development"}).json
    assert (quote["amount"], quote["reason"], quote["state"]) == ("450.00", "negotiated", "open")
    why = client.get(f"/api/v1/quotes/{quote['number']}/explanation", headers=bank).json
    assert why["inputs"]["agreed"]["number"] == agreed.json["number"]
    order = buy("/api/v1/orders", {"quote_number": quote["number"], "client_reference": "N-1"}).json
    contract = signed(client, order["number"], bank, shop)
    assert contract["state"] == "concluded"
    assert f"面议 {agreed.json['number']}" in contract["text"]
    assert "450.00 元" in contract["text"]


def test_a_quote_that_ran_out_is_refused_and_says_so(app, client, people):
    bank = as_program(app, Role.BUYER, party=people.bank)
    buy, read = steps(client, bank)
    quote = buy("/api/v1/quotes", ASKED | {"product_code": people.product.code, "purpose": "industry_development"}).json
    with clock.set_to(make.SALE + timedelta(days=7, seconds=1)):
        bank = as_program(app, Role.BUYER, party=people.bank)
        buy, read = steps(client, bank)
        late = buy("/api/v1/orders", {"quote_number": quote["number"], "client_reference": "L-1"})
        assert (late.status_code, late.json["code"]) == (409, "quote.expired")
        assert read(f"/api/v1/quotes/{quote['number']}").json["state"] == "expired"


def test_the_public_interest_asks_with_evidence_is_approved_and_opens_at_nothing(app, client, people):
    bureau, shop = (as_program(app, role, party=party) for role, party in
                    ((Role.BUYER, people.bank), (Role.MERCHANT, people.seller)))  # fmt: skip
    asking, _ = steps(client, bureau)
    wanted = ASKED | {"product_code": people.product.code, "purpose": "public_welfare"}
    early = asking("/api/v1/quotes", wanted)
    assert (early.status_code, early.json["code"]) == (409, "pricing.exemption_required")
    evidence = {"name": "说明.txt", "content_base64": base64.b64encode(b"flood").decode()}
    asked = {"product_id": str(people.product.id), "grantee_id": str(people.bank.id), "purpose": "public_welfare",
             "reason": "防汛预警", "valid_from": DAY, "valid_until": MONTH, "evidence": evidence,
             "quota": 1000}  # fmt: skip
    exemption = asking("/api/v1/exemptions", asked)
    assert exemption.status_code == 201, exemption.json
    approving, _ = steps(client, as_program(app, Role.SUPERVISOR, place=base.PLACE))
    url, version = f"/api/v1/exemptions/{exemption.json['id']}/approval", {"If-Match": exemption.headers["ETag"]}
    assert asking(url, None, **version).status_code == 403
    assert approving(url, None, **version).json["state"] == "approved"
    quote = asking("/api/v1/quotes", wanted).json
    assert (quote["amount"], quote["shadow_amount"], quote["reason"]) == ("0.00", "800.00", "public_interest")
    order = asking("/api/v1/orders", {"quote_number": quote["number"], "client_reference": "P-1"}).json
    assert order["exemption_id"] == exemption.json["id"]
    assert "不收取任何费用" in signed(client, order["number"], bureau, shop)["text"]
    assert client.get(f"/api/v1/orders/{order['number']}", headers=bureau).json["state"] == "fulfilled"
    assert client.get(f"/api/v1/orders/{order['number']}/record", headers=bureau).json["result"] == "已交付"
    again = asking("/api/v1/quotes", wanted)
    assert (again.status_code, again.json["code"]) == (409, "pricing.exemption_required")


def test_both_sides_agree_on_pages_and_the_price_stands_on_the_quote(app, people):
    seller, buyer = (as_person(app, role, party=party) for role, party in
                     ((Role.MERCHANT, people.seller), (Role.BUYER, people.bank)))  # fmt: skip
    page = f"/prices/{people.product.code}/negotiation"
    assert (
        send(seller, f"{page}/rule", {"rule": RULE, "is_open": "true", "since": DAY}, form_at=page).status_code == 303
    )
    offer = {"uscc": people.bank.uscc, "model": "per_unit", "unit_price": "0.50", "valid_from": DAY,
             "valid_until": MONTH, "answer_by": DAY}  # fmt: skip
    at = send(seller, f"{page}/offer", offer, form_at=page).headers["Location"]
    assert send(buyer, f"{at}/accept", {}, form_at=at).status_code == 303
    asked = {"product_code": people.product.code, "purpose": "industry_development", **ASKED}
    quoted = send(buyer, "/quotes", asked, form_at=f"/products/{people.product.code}")
    shown = buyer.get(quoted.location).get_data(as_text=True)
    assert "500.00" in shown
    assert "有效期至" in shown
    number = quoted.location.rsplit("/", 1)[-1]
    ordered = {"quote_number": number, "client_reference": number}
    assert send(buyer, "/orders", ordered, form_at=quoted.location).status_code == 303


def test_the_public_interest_on_pages(app, people):
    buyer, supervisor = as_person(app, Role.BUYER, party=people.bank), as_person(app, Role.SUPERVISOR, place=base.PLACE)
    form = {"product_id": str(people.product.id), "grantee_id": str(people.bank.id), "purpose": "public_governance",
            "reason": "防汛预警", "valid_from": DAY, "valid_until": MONTH,
            "evidence": (io.BytesIO(b"flood"), "说明.txt")}  # fmt: skip
    start = f"/exemptions/new?product={people.product.code}"
    made = prices.post_form(buyer, start, form)
    assert made.status_code == 303, made.get_data(as_text=True)
    at = made.headers["Location"]
    assert prices.post_form(supervisor, f"{at}/approve", {"version": "1"}, shown_at=at).status_code == 303
    asked = {"product_code": people.product.code, "purpose": "public_governance", **ASKED}
    quoted = send(buyer, "/quotes", asked, form_at=f"/products/{people.product.code}")
    assert "0.00" in buyer.get(quoted.location).get_data(as_text=True)
