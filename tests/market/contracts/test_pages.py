"""The whole trade in a browser without JavaScript: catalogue, product, quote, order, signatures, payment, access."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from flask import Flask

from kernel import clock, db
from kernel.identity import Role
from registry.parties.model import Party
from tests.make import market as make
from tests.make import pricing as prices
from tests.make.clients import as_person, send

ASKED = {"purpose": "industry_development", "scenario": "企业贷款贷前核验", "quantity": "1000", "term_months": "12"}


@pytest.fixture
def people(app: Flask):
    """A product on offer, and browsers of buyer, seller, finance and supervisor, on the day of the sale."""
    with clock.set_to(make.SALE):
        with app.app_context(), db.transaction() as session:
            product = make.make_guided_offer(session)
            make.load_data(session, product)
            party, bureau = prices.make_buyer(session, name="示例银行"), prices.make_buyer(session)
            prices.make_exemption(session, product, bureau)
            seller = session.get_one(Party, product.owner_id)
        yield SimpleNamespace(
            code=product.code, title=product.title, buyer=as_person(app, Role.BUYER, party=party),
            bureau=as_person(app, Role.BUYER, party=bureau), seller=as_person(app, Role.OPERATOR, party=seller),
            finance=as_person(app, Role.FINANCE_PREPARER, place="xinchang"), visitor=app.test_client(),
            supervisor=as_person(app, Role.SUPERVISOR, place="xinchang"),
        )  # fmt: skip


def text_of(browser, url: str) -> str:
    answer = browser.get(url)
    assert answer.status_code == 200, (url, answer.status_code)
    return answer.get_data(as_text=True)


def place_order(people, browser, **changed) -> str:
    asked = {"product_code": people.code, **ASKED, **changed}
    quoted = send(browser, "/quotes", asked, form_at=f"/products/{people.code}")
    assert quoted.status_code == 303, quoted.get_data(as_text=True)
    number = quoted.location.rsplit("/", 1)[-1]
    placed = send(browser, "/orders", {"quote_number": number, "client_reference": number}, form_at=quoted.location)
    assert placed.status_code == 303
    return placed.location.rsplit("/", 1)[-1]


def sign(browser, number: str):
    page = text_of(browser, f"/orders/{number}")
    sha256 = page.split('name="sha256" value="')[1][:64]
    return send(browser, f"/orders/{number}/signature", {"sha256": sha256}, form_at=f"/orders/{number}")


def test_anybody_searches_the_catalogue_and_reads_price_cap_certificate_and_lineage(people) -> None:
    assert people.title in text_of(people.visitor, "/catalogue")
    assert people.title in text_of(people.visitor, "/catalogue?q=核验&place=xinchang&domain=金融&delivery_form=api")
    assert people.title in text_of(people.visitor, "/catalogue?public_interest=true")
    assert people.title not in text_of(people.visitor, "/catalogue?q=没有这个词")
    assert people.title in text_of(people.visitor, "/catalogue?delivery_form=bad")
    assert people.title not in text_of(people.visitor, "/catalogue?place=nowhere")
    page = text_of(people.visitor, f"/products/{people.code}")
    for words in ("¥ 0.8", "政府指导价", "65号", "/certificates/", "信用评分", "712", "登录后可以询价"):
        assert words in page
    assert people.visitor.get("/products/XX-2026-000001").status_code == 404


def test_a_trade_goes_from_quote_to_access(people) -> None:
    quoted = send(people.buyer, "/quotes", {"product_code": people.code, **ASKED}, form_at=f"/products/{people.code}")
    page = text_of(people.buyer, quoted.location)
    assert all(words in page for words in ("¥ 800.00", "1000 次", "企业贷款贷前核验", "65号"))
    number = place_order(people, people.buyer)
    assert "签署合同" in text_of(people.buyer, f"/orders/{number}")
    assert sign(people.buyer, number).status_code == 303
    assert "签署合同" not in text_of(people.buyer, f"/orders/{number}")
    assert sign(people.seller, number).status_code == 303
    page = text_of(people.buyer, f"/orders/{number}")
    assert "附言只填写" in page
    reference = page.split('data-copy="ORD')[1].split('"')[0]
    line = {"bank_line": "ICBC-1", "reference": f"ORD{reference}", "amount": "799.99", "payer_name": "示例银行",
            "captured_at": "2026-07-20T09:55"}  # fmt: skip
    short = send(people.finance, "/payments/bank-lines", line, form_at="/payments")
    assert short.status_code == 422
    assert "少 0.01 元" in short.get_data(as_text=True)
    paid = send(people.finance, "/payments/bank-lines", line | {"amount": "800.00"}, form_at="/payments")
    assert paid.status_code == 303
    assert "ICBC-1" in text_of(people.finance, "/payments?state=captured")
    assert "使用权已开通" in text_of(people.buyer, f"/orders/{number}")
    listed = text_of(people.buyer, "/entitlements")
    held = listed.split("/entitlements/ENT-")[1].split('"')[0]
    page = text_of(people.buyer, f"/entitlements/ENT-{held}")
    for words in (f"/exchange/v1/products/{people.code}/records/", "Client-Reference", "1000", "2027-07-19", "可用"):
        assert words in page


def test_free_use_is_ordered_without_payment_and_refused_without_approval(people) -> None:
    public = {"purpose": "public_welfare"}
    refused = send(people.buyer, "/quotes", {"product_code": people.code, **ASKED, **public},
                   form_at=f"/products/{people.code}")  # fmt: skip
    assert refused.status_code == 409
    words = refused.get_data(as_text=True)
    assert "申请公益免费使用" in words
    assert 'value="企业贷款贷前核验"' in words
    number = place_order(people, people.bureau, **public)
    sign(people.bureau, number)
    sign(people.seller, number)
    page = text_of(people.bureau, f"/orders/{number}")
    assert "使用权已开通" in page
    assert "附言只填写" not in page
    assert "¥ 0.00" in page


def test_a_field_left_empty_is_named_and_the_rest_stays_typed(people) -> None:
    answer = send(people.buyer, "/quotes", {"product_code": people.code, **ASKED, "quantity": ""},
                  form_at=f"/products/{people.code}")  # fmt: skip
    assert answer.status_code == 422
    assert 'value="企业贷款贷前核验"' in answer.get_data(as_text=True)


def test_an_order_is_called_off_with_a_reason(people) -> None:
    number = place_order(people, people.buyer)
    url = f"/orders/{number}"
    assert send(people.buyer, f"{url}/cancellation", {"reason": ""}, form_at=url).status_code == 422
    assert send(people.buyer, f"{url}/cancellation", {"reason": "预算调整"}, form_at=url).status_code == 303
    assert "订单已取消" in text_of(people.buyer, url)
    assert number in text_of(people.buyer, "/orders?state=cancelled")


def test_lists_and_trades_are_shown_to_their_parties_and_watchers_only(people) -> None:
    number = place_order(people, people.buyer)
    for browser in (people.buyer, people.seller, people.finance, people.supervisor):
        assert number in text_of(browser, "/orders")
        assert people.title in text_of(browser, f"/orders/{number}")
    assert number not in text_of(people.bureau, "/orders")
    assert people.bureau.get(f"/orders/{number}").status_code == 404
    assert people.visitor.get(f"/orders/{number}").status_code == 302
    assert "QUO-" in text_of(people.buyer, "/quotes")


def test_orders_are_filtered_by_product_party_amount_and_state_and_nobody_filters_others_in(people) -> None:
    number = place_order(people, people.buyer)
    for query in (
        f"product={people.title}",
        "buyer=示例银行",
        "amount_from=800&amount_to=800",
        "state=placed",
        "sort=-amount",
    ):
        assert number in text_of(people.supervisor, f"/orders?{query}"), query
        assert number not in text_of(people.bureau, f"/orders?{query}"), query
    for query in ("product=水文", "buyer=没有的单位", "amount_to=799.99", "state=paid", "placed_to=2001-01-01"):
        assert number not in text_of(people.supervisor, f"/orders?{query}"), query
    assert people.supervisor.get("/orders?state=nonsense").status_code == 422
